"""The sandbox's world behind the emulated interface, and a client whose time is that world's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2

from reconciler.model import (
    KINDS,
    Action,
    Address,
    Change,
    Organization,
    Outcome,
    Place,
    Resource,
    Scope,
    Status,
    fingerprint_of,
)
from reconciler.providers.business_api.client import Client, Connection
from reconciler.providers.business_api.provider import BusinessApiProvider
from reconciler.sandbox.api.configuration import Options, issue_token
from reconciler.sandbox.api.emulator import Emulator
from reconciler.sandbox.api.transport import BusinessApiTransport
from reconciler.sandbox.registry import get_person
from reconciler.sandbox.world import World
from reconciler.systems.catalogue import get_system
from tests.sandbox.stage import EU, NORTH, OF_DEE, US, new_world

PLACE = Place("access/acme.yaml", 1, 1)
PEOPLE = {key: (f"{key}@acme.example",) for key in ("ana", "bo", "cy")}
CENTER = Organization(
    key="acme-bc", system=get_system("business_center"), identity="6900000000000000001", name="Acme", place=PLACE
)
ASSETS = {
    ("ad_account", "us"): US,
    ("ad_account", "eu"): EU,
    ("ad_account", "dee"): OF_DEE,
    ("tiktok_account", "handle"): "@acme",
    ("tiktok_account", "creator"): "@dee",
    ("catalog", "shoes"): "7200000000000000001",
    ("pixel", "web"): "7300000000000000001",
    ("shop", "shop"): "7400000000000000001",
    ("lead_library", "leads"): "7500000000000000001",
    ("managed_account", "care"): "7900000000000000001",
    ("asset_group", "europe"): "Europe",
    ("partner", "north"): NORTH,
}
SCOPE = Scope(organization=CENTER, people=PEOPLE, assets=ASSETS)


class WorldTicker:
    """Time that passes in the world when the client waits, and not otherwise."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.slept: list[float] = []

    def now(self) -> float:
        return self._world.seconds()

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._world.advance(timedelta(seconds=seconds))


@dataclass
class Stage:
    """Everything a story needs."""

    world: World
    emulator: Emulator
    provider: BusinessApiProvider
    client: Client
    ticker: WorldTicker
    codes: list[tuple[str, str]] = field(default_factory=list)
    """QR codes that were shown: handle and text."""
    scope: Scope = SCOPE

    def live(self, kind: str, key: str) -> Resource | None:
        return self.provider.read(self.scope).resources.get(Address("acme-bc", kind, key))

    def change(self, action: Action, kind: str, key: str, *, actor: str = "ana", **attributes: Any) -> Change:
        """A change as a plan would have it."""
        address = Address("acme-bc", kind, key)
        before = self.provider.read(self.scope).resources.get(address)
        ends = action in (Action.REMOVE, Action.REVOKE, Action.CANCEL_INVITATION, KINDS[kind].delete)
        status = Status.INVITED if action in (Action.INVITE, Action.REINVITE) else Status.ACTIVE
        after = None if ends else Resource(address=address, attributes=attributes, status=status)
        return Change(
            address=address,
            action=action,
            before=before,
            after=after,
            fingerprint=fingerprint_of(before),
            why="declared",
            actor=actor,
        )

    def do(self, action: Action, kind: str, key: str, *, actor: str = "ana", **attributes: Any) -> Outcome:
        return self.provider.apply(self.scope, self.change(action, kind, key, actor=actor, **attributes))

    def count(self, path: str) -> int:
        """How often an endpoint was called, as `POST bc/member/invite/`."""
        return self.emulator.counted[path]


@contextmanager
def staged(
    *,
    world: World | None = None,
    person: str = "ana",
    self_is: str = "",
    scope: Scope = SCOPE,
    transport: httpx2.BaseTransport | None = None,
    **options: Any,
) -> Iterator[Stage]:
    """The stage, with the emulator tuned by `options`."""
    world = world or new_world()
    emulator = Emulator(world, Options().changed(options))
    ticker = WorldTicker(world)
    codes: list[tuple[str, str]] = []
    connection = Connection(access_token=issue_token(world, get_person(world, person)), workers=1)
    transport = transport or BusinessApiTransport(emulator, sleep=ticker.sleep)
    with Client(connection, transport=transport, ticker=ticker) as client:
        provider = BusinessApiProvider(
            client, clock=world, self_is=self_is, show_code=lambda code: codes.append((code.handle, code.text))
        )
        yield Stage(world, emulator, provider, client, ticker, codes, scope)
    world.close()
