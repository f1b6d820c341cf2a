"""A change told in terms of access: who it is about, what they can do before and after, more or less.

Reviewers judge access, not API calls, so this is what plans and reports speak.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.access import is_administrator, is_downgrade
from reconciler.model.address import Address
from reconciler.model.kinds import KINDS, Action, Shape
from reconciler.model.resource import Attributes, Resource
from reconciler.model.system import System
from reconciler.output.names import name_access, name_subject
from reconciler.output.signs import ADD, CHANGE, REMOVE, SIGNS
from reconciler.systems import SYSTEMS


class Direction(StrEnum):
    """What a change does to access."""

    GAIN = "gain"
    LOSS = "loss"
    OTHER = "other"
    """Neither or both: ownership, a new asset, a role that can do other things."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessTerms:
    """One line of a plan before it is laid out."""

    subject: str
    """Who or what: a person, `partner north-agency`, `TikTok account acme-handle`."""
    access: str
    """`standard -> admin`, `operator on ad account us-brand`."""
    direction: Direction
    is_admin: bool
    """Whether a role that manages other people is won or lost."""
    is_asset_admin: bool = False
    """Whether the highest role on an asset is won or lost, where there are several."""
    is_money: bool = False
    """Whether a right to manage or see money is won or lost."""
    is_company: bool = False
    """Whether another company comes in, or gets at something."""
    is_irreversible: bool = False

    @property
    def is_foremost(self) -> bool:
        """Whether a change has to be shown however many there are."""
        return self.is_admin or self.is_asset_admin or self.is_money or self.is_company or self.is_irreversible


def describe(
    system: str,
    address: Address,
    action: Action,
    *,
    before: Resource | None,
    after: Resource | None,
    is_irreversible: bool = False,
) -> AccessTerms:
    """Tell one step on one address; `before` and `after` as in `Change`."""
    had = before.attributes if before is not None and not before.status.is_gone else None
    gets = after.attributes if after is not None else None
    return AccessTerms(
        subject=name_subject(address),
        access=name_access(address, *(side for side in (had, gets) if side is not None)),
        direction=_direction(system, address.kind, action, had, gets),
        is_admin=_concerns_admin(system, address.kind, had, gets),
        is_asset_admin=_concerns_highest(system, address.kind, had, gets),
        is_money=_concerns_money(system, address.kind, had, gets),
        is_company=(address.kind == "partner" or KINDS[address.kind].is_share) and SIGNS[action] is not REMOVE,
        is_irreversible=is_irreversible,
    )


def _direction(system: str, kind: str, action: Action, had: Attributes | None, gets: Attributes | None) -> Direction:
    if SIGNS[action] is REMOVE:
        return Direction.LOSS
    if SIGNS[action] is ADD:
        is_access = KINDS[kind].shape in (Shape.MEMBERSHIP, Shape.GRANT)
        return Direction.GAIN if is_access else Direction.OTHER
    known = _system_that_knows(system, kind, had or {}, gets or {})
    if known is None or SIGNS[action] is not CHANGE:
        return Direction.OTHER
    less = is_downgrade(known, kind, before=had or {}, after=gets or {})
    more = is_downgrade(known, kind, before=gets or {}, after=had or {})
    if less is more:
        # Both or neither; what decides then is whether somebody stops or starts to manage other people.
        was, becomes = (is_administrator(known, kind, side or {}) for side in (had, gets))
        less, more = was and not becomes, becomes and not was
    if less is more:
        return Direction.OTHER
    return Direction.LOSS if less else Direction.GAIN


def _concerns_admin(system: str, kind: str, *sides: Attributes | None) -> bool:
    known = _system_that_knows(system, kind, *(side or {} for side in sides))
    return known is not None and any(is_administrator(known, kind, side or {}) for side in sides)


def _concerns_highest(system: str, kind: str, *sides: Attributes | None) -> bool:
    known = _system_that_knows(system, kind, *(side or {} for side in sides))
    roles = known.roles.get(kind, ()) if known is not None and KINDS[kind].shape is Shape.GRANT else ()
    return len(roles) > 1 and any(side.get("role") == roles[0].name for side in sides if side)


def _concerns_money(system: str, kind: str, *sides: Attributes | None) -> bool:
    known = _system_that_knows(system, kind, *(side or {} for side in sides))
    if known is None:
        return False
    had, gets = ({item for item in (side or {}).items() if _handles_money(known, kind, *item)} for side in sides)
    return had != gets


def _handles_money(system: System, kind: str, name: str, value: str | tuple[str, ...]) -> bool:
    role = system.find_role(kind if name == "role" else f"{kind}.{name}", value) if isinstance(value, str) else None
    return role is not None and role.handles_money


def _system_that_knows(system: str, kind: str, *sides: Attributes) -> System | None:
    """The variant of a system in which all these roles exist; a plan names only the system itself."""
    roles = [role for side in sides if isinstance(role := side.get("role"), str)]
    variants = SYSTEMS.get(system, {}).values()
    return next((variant for variant in variants if all(variant.find_role(kind, role) for role in roles)), None)
