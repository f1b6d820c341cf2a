"""One call that has passed the first checks, and what an endpoint is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from reconciler.sandbox.api.access import Caller
from reconciler.sandbox.api.messages import RefusedCall
from reconciler.sandbox.api.numbers import person_of
from reconciler.sandbox.api.options import Options
from reconciler.sandbox.api.parameters import Parameters
from reconciler.sandbox.organizations import SandboxOrganization, find_active
from reconciler.sandbox.refusal import Refusal
from reconciler.sandbox.world import Row, World

Data = Mapping[str, Any]

_Item = TypeVar("_Item")

_PAGE_SIZE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What an endpoint's function gets: checked parameters, and the world that it may look at or change."""

    world: World
    options: Options
    caller: Caller
    params: Mapping[str, Any]
    place: SandboxOrganization | None = None
    turn: int = 0
    """How many calls there were before, for rows that change their order."""

    @property
    def bc(self) -> SandboxOrganization:
        """The Business Center that `bc_id` names; the caller is in it, as an admin wherever the route says so."""
        if self.place is None:
            raise RefusedCall(40002, "Missing required field(s): bc_id.")
        return self.place

    @property
    def filtering(self) -> Mapping[str, Any]:
        """What narrows a list."""
        found: Mapping[str, Any] = self.params.get("filtering", {})
        return found

    def get(self, name: str, default: str = "") -> str:
        """A text among the parameters."""
        return str(self.params.get(name, default))

    def member(self, number: str) -> Row:
        """The active membership of a user id; whoever is not in is a Refusal."""
        row = find_active(self.world, self.bc, person_of(number))
        if row is None:
            raise Refusal("unknown", f"user {number} is not a member of business center {self.bc.identity}")
        return row

    def page(self, items: Sequence[_Item], show: Callable[[_Item], Data], *, key: str = "list") -> dict[str, Any]:
        """One page of a list, shown, and which one it is."""
        if self.options.row_order == "shifting" and len(items) > 1:
            first, *others = items
            cut = self.turn % len(others)
            items = [first, *others[cut:], *others[:cut]]
        page, size = self.params.get("page", 1), self.params.get("page_size", _PAGE_SIZE)
        shown = [show(item) for item in items[(page - 1) * size : page * size]]
        info = {
            "page": page,
            "page_size": size,
            "total_number": len(items),
            "total_page": -(-len(items) // size),
        }
        return {key: shown, "page_info": info}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One endpoint: where it is, what it takes, whom it serves, and the function that answers."""

    method: Literal["GET", "POST"]
    path: str
    answer: Callable[[Call], Data | None]
    """None is an empty object; Refusal and ApiError become return codes."""
    parameters: Parameters
    scope: int | None = None
    """What the token's owner must have given the app; None needs nothing."""
    needs_admin: bool = True
    """Whether the caller must be an admin of the Business Center that `bc_id` names."""
    needs_token: bool = True
    changes: bool = False
    """Whether it changes the world although it is a GET."""
    drops_null: bool = False
    """Whether keys without a value are left out of the answer."""
    takes_forms: bool = False
    """Whether the body may also be a web form."""

    @property
    def writes(self) -> bool:
        """Whether it has to be asked of the live world."""
        return self.changes or self.method == "POST"
