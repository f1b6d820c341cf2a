"""One call that has passed the first checks, and what an endpoint is; how the API calls what the world knows.

Numbers are stable, have 19 digits, and are never mixed up with one another.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

from reconciler.sandbox.api.configuration import Caller, Options, RefusedCall, refuse_if_code
from reconciler.sandbox.api.messages import KINDS, Parameter, Parameters, ident, paged, refuse_missing
from reconciler.sandbox.assets import asset_id, get_asset_identity
from reconciler.sandbox.registry import SandboxOrganization, find_active, find_organization
from reconciler.sandbox.world import Refusal, Row, World

_PEOPLE: Final = 6_800_000_000_000_000_000
_GROUPS: Final = 7_700_000_000_000_000_000


def user_id(person: int) -> str:
    """Of a person, in every Business Center."""
    return str(_PEOPLE + person)


def person_of(number: str) -> int:
    """The person behind a user id; any other number is nobody's."""
    return int(number) - _PEOPLE


def group_id(group: int) -> str:
    """Of an asset group."""
    return str(_GROUPS + group)


def pixel_code(identity: str) -> str:
    """The code that web pages carry: 20 upper-case letters and digits, not the pixel's id."""
    return "C" + base64.b32encode(hashlib.sha256(identity.encode()).digest()).decode()[:19]


def mask(address: str) -> str:
    """First and last character of the local part, as many stars as there are characters between, and the domain.

    How short local parts are masked is not published; here at least one star is always there.
    """
    local, _, domain = address.partition("@")
    hidden = local[:1] * (len(local) > 1) + "*" * max(len(local) - 2, 1) + local[-1] * (len(local) > 2)
    return f"{hidden}@{domain}"


Data = Mapping[str, Any]
_Item = TypeVar("_Item")

_PAGE_SIZE: Final = 10

_SCOPES: Final = {
    "bc/member/": 156,
    "bc/partner/": 155,
    "bc/asset/": 153,
    "bc/pixel/": 153,
    "bc/asset_group/": 7153155400966176769,
}
"""Beginning of a path -> what the token's owner must have given the app, unless the endpoint says so itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What an endpoint's function gets: checked parameters, and the world that it may look at or change."""

    world: World
    options: Options
    caller: Caller
    params: Mapping[str, Any]
    turn: int = 0
    """How many calls there were before, for rows that change their order."""

    @property
    def bc(self) -> SandboxOrganization:
        """The Business Center that `bc_id` names; the caller is in it, as an admin unless all members are served."""
        place = self._find_bc()
        if place is None:
            refuse_missing("bc_id")
        return place

    def _find_bc(self) -> SandboxOrganization | None:
        return find_organization(self.world, system="business_center", identity=self.get("bc_id"))

    def require_permission(self, route: Route) -> None:
        """The app needs the scope; the person has to be in the Business Center, and to be an admin of it."""
        options = self.options
        if route.serves != "everybody" and not self.caller.may_use(route.scope):
            refuse_if_code(options.missing_scope, f"No permission to operate {route.path}: the scope is missing.")
        if route.serves not in ("admins", "members"):
            return
        place = self._find_bc()
        own = None if place is None else find_active(place, self.caller.person)
        is_open = route.serves == "members" or (route.path == "bc/member/get/" and options.standard_may_list_members)
        if own is None or (own["role"] != "admin" and not is_open):
            code = options.codes.get("not-an-admin", 40001)
            raise RefusedCall(code, f"No permission to operate business center {self.get('bc_id')}")

    @property
    def filtering(self) -> Mapping[str, Any]:
        """What narrows a list."""
        found: Mapping[str, Any] = self.params.get("filtering", {})
        return found

    @property
    def keyword(self) -> str:
        """What a list is searched for; empty finds everything."""
        return str(self.filtering.get("keyword", "")).casefold()

    @property
    def kind(self) -> str:
        """The world's word for the asset type, an account where none is named; empty where the world has no word."""
        return KINDS.get(self.get("asset_type", "TT_ACCOUNT"), "")

    @property
    def asset(self) -> dict[str, str]:
        """The asset that is asked about, as the rules of the world take it."""
        return {"kind": self.kind, "identity": self.identity(self.kind, self.get("asset_id"))}

    @property
    def ad_account(self) -> str:
        """What the world calls the ad account that is named."""
        return self.identity("ad_account", self.get("advertiser_id"))

    def identity(self, kind: str, number: str) -> str:
        """What the world calls an asset with this number."""
        return get_asset_identity(self.world, kind, number)

    def group(self, number: str) -> Row:
        """The group with this id; none is a Refusal."""
        row = self.world.find("asset_group", organization=self.bc.id, id=int(number) - _GROUPS)
        if row is None:
            raise Refusal("unknown", f"asset group {number} does not exist")
        return row

    def get(self, name: str, default: str = "") -> str:
        """A text among the parameters."""
        return str(self.params.get(name, default))

    def member(self, number: str) -> Row:
        """The active membership of a user id; whoever is not in is a Refusal."""
        row = find_active(self.bc, person_of(number))
        if row is None:
            raise Refusal("unknown", f"user {number} is not a member of business center {self.bc.identity}")
        return row

    def act(self, rule: Callable[..., None], **values: object) -> None:
        """Apply a rule of the world to the Business Center, in the caller's name."""
        rule(self.bc, actor=self.caller.person, **values)

    def format_address(self, address: str) -> str:
        """The address, masked or not. `some` masks half of all addresses, always the same half."""
        masking = self.options.mask_emails
        is_masked = masking == "all" or (masking == "some" and sum(address.encode()) % 2 == 0)
        return mask(address) if is_masked else address

    def account_name(self, account: Row) -> str:
        """A TikTok account's handle or title; one that was never given a title has its handle, written as a title."""
        handle, name = str(account["identity"]), str(account["name"])
        if self.options.account_names == "handle":
            return handle
        return name if name != handle else handle.removeprefix("@").replace(".", " ").title()

    def search(self, rows: Sequence[Row]) -> list[Row]:
        """The assets whose name has the keyword in it, or whose number is the keyword; all of them without one."""
        return [row for row in rows if self.keyword in row["name"].casefold() or self.keyword == asset_id(row)]

    def page(self, items: Sequence[_Item], show: Callable[[_Item], Data], *, key: str = "list") -> dict[str, Any]:
        """One page of a list, shown, and which one it is."""
        if self.options.row_order == "shifting" and len(items) > 1:
            first, *others = items
            cut = self.turn % len(others)
            items = [first, *others[cut:], *others[:cut]]
        page, size = self.params.get("page", 1), self.params.get("page_size", _PAGE_SIZE)
        info = {"page": page, "page_size": size, "total_number": len(items), "total_page": -(-len(items) // size)}
        return {key: [show(item) for item in items[(page - 1) * size : page * size]], "page_info": info}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One endpoint: where it is, what it takes, whom it serves, and the function that answers."""

    method: Literal["GET", "POST"]
    path: str
    answer: Callable[[Call], Data | None]
    """None is an empty object; Refusal and RefusedCall become return codes."""
    parameters: Parameters
    scope: int | None
    """What the token's owner must have given the app; None needs nothing."""
    serves: Literal["admins", "members", "tokens", "everybody"]
    """Admins or all members of the Business Center that `bc_id` names, whoever has a token, or also who has none."""
    changes: bool
    """Whether it changes the world, as every POST does and one GET."""
    drops_null: bool
    """Whether keys without a value are left out of the answer."""
    takes_forms: bool
    """Whether the body may also be a web form."""


class Endpoints:
    """The endpoints of one module in their order, each described beside the function that answers it.

    What serves admins or members takes `bc_id` before everything else, then what it shares with other endpoints, and a
    list of at most `rows` on a page takes `page` and `page_size` at last.
    """

    def __init__(self) -> None:
        self.routes: list[Route] = []

    def add(
        self,
        endpoint: str,
        shared: Parameters | None = None,
        /,
        *,
        scope: int | None = None,
        serves: Literal["admins", "members", "tokens", "everybody"] = "admins",
        rows: int = 0,
        changes: bool = False,
        drops_null: bool = False,
        takes_forms: bool = False,
        **parameters: Parameter,
    ) -> Callable[[Callable[[Call], Data | None]], Callable[[Call], Data | None]]:
        """Decorate the function that answers `GET path` or `POST path`; without a `scope` that of its kind counts."""
        method, path = endpoint.split(" ")
        own = {"bc_id": ident(required=True)} if serves in ("admins", "members") else {}

        def remember(answer: Callable[[Call], Data | None]) -> Callable[[Call], Data | None]:
            self.routes.append(
                Route(
                    method="GET" if method == "GET" else "POST",
                    path=path,
                    answer=answer,
                    parameters={**own, **(shared or {}), **parameters, **(paged(rows) if rows else {})},
                    scope=scope or next((number for kind, number in _SCOPES.items() if path.startswith(kind)), None),
                    serves=serves,
                    changes=changes or method == "POST",
                    drops_null=drops_null,
                    takes_forms=takes_forms,
                )
            )
            return answer

        return remember
