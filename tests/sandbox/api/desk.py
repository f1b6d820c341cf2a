"""An emulator on the small world of the sandbox's stories, and somebody who speaks to it through HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reconciler.sandbox.api.configuration import Options, issue_token
from reconciler.sandbox.api.emulator import Emulator
from reconciler.sandbox.registry import find_or_add_person, get_person
from reconciler.sandbox.world import World
from tests.contracts.schemas_business_api import check_response
from tests.sandbox.stage import Stage, new_world

if TYPE_CHECKING:
    import httpx2

BASE = "https://business-api.tiktok.com/open_api/v1.3/"
BC = "6900000000000000001"
NORTH = "6900000000000000002"
US, EU = "7100000000000000001", "7100000000000000002"
SHOES, PIXEL, SHOP, LEADS = "7200000000000000001", "7300000000000000001", "7400000000000000001", "7500000000000000001"


def user(desk: Desk, person: str) -> str:
    """The number of somebody, as the API tells it."""
    return str(6_800_000_000_000_000_000 + get_person(desk.world, person))


@dataclass(kw_only=True)
class Desk:
    """One person at work. Every answer is held against the schemas on its way."""

    emulator: Emulator
    token: str
    slept: list[float] = field(default_factory=list)

    @property
    def world(self) -> World:
        return self.emulator.world

    @property
    def stage(self) -> Stage:
        return Stage(self.world)

    def as_(self, person: str) -> Desk:
        """Somebody else at the same emulator; an address nobody has yet is a stranger's."""
        number = find_or_add_person(self.world, person) if "@" in person else get_person(self.world, person)
        return Desk(emulator=self.emulator, token=issue_token(self.world, number), slept=self.slept)

    def tune(self, **options: object) -> None:
        self.emulator.options = self.emulator.options.changed(options)

    def client(self, **more: Any) -> httpx2.Client:
        import httpx2

        from reconciler.sandbox.api.transport import BusinessApiTransport

        transport = BusinessApiTransport(self.emulator, sleep=self.slept.append)
        return httpx2.Client(transport=transport, base_url=BASE, headers={"Access-Token": self.token}, **more)

    def get(self, path: str, /, **query: object) -> dict[str, Any]:
        """What a GET answers: the whole envelope. Objects and lists are sent as JSON text."""
        texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in query.items()}
        with self.client() as client:
            return self._checked(client.get(path, params={"bc_id": BC, **texts}))

    def post(self, path: str, /, **body: object) -> dict[str, Any]:
        """What a POST answers: the whole envelope."""
        with self.client() as client:
            return self._checked(client.post(path, json={"bc_id": BC, **body}))

    def read(self, path: str, /, **query: object) -> dict[str, Any]:
        """What a GET that goes well answers."""
        answer = self.get(path, **query)
        assert answer["code"] == 0, answer["message"]
        data: dict[str, Any] = answer["data"]
        return data

    def rows(self, path: str, /, key: str = "list", **query: object) -> list[dict[str, Any]]:
        """The rows of a list that fits on one page."""
        data = self.read(path, **query)
        assert data["page_info"]["total_page"] <= 1
        rows: list[dict[str, Any]] = data[key]
        return rows

    def write(self, path: str, /, **body: object) -> dict[str, Any]:
        """What a POST that goes well answers."""
        answer = self.post(path, **body)
        assert answer["code"] == 0, answer["message"]
        data: dict[str, Any] = answer["data"]
        return data

    def refused(self, path: str, /, **body: object) -> tuple[int, str]:
        """Code and text of a POST that is refused."""
        answer = self.post(path, **body)
        assert answer["code"] != 0
        return answer["code"], answer["message"]

    def members(self) -> dict[str, str]:
        """Everybody in the Business Center: address -> status and roles."""
        return {
            row["user_email"]: " ".join(
                filter(None, (row["relation_status"], row["user_role"], row["ext_user_role"]["finance_role"]))
            )
            for row in self.rows("bc/member/get/", page_size=20)
        }

    @staticmethod
    def _checked(response: httpx2.Response) -> dict[str, Any]:
        check_response(response.request.method, str(response.request.url), response.status_code, response.content)
        document: dict[str, Any] = response.json()
        assert response.headers["X-TT-LOGID"] == document["request_id"]
        return document


@contextmanager
def new_desk(person: str = "ana", *, knobs: dict[str, Any] | None = None, **options: object) -> Iterator[Desk]:
    """Somebody at work in a world of their own, without limits and masks unless asked for."""
    chosen = {"tier": "unlimited", "mask_emails": "none", **options}
    with new_world(**(knobs or {})) as world:
        emulator = Emulator(world, Options().changed(chosen))
        yield Desk(emulator=emulator, token=issue_token(world, get_person(world, person)))
