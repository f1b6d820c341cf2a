"""A step told in terms of access: who it is about, what they can do before and after, more or less.

Reviewers judge access, not API calls, so this is what plans and reports speak.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from enum import StrEnum

from reconciler.model.access import is_administrator, is_downgrade
from reconciler.model.change import Change, Waiting
from reconciler.model.kinds import INVITATIONS, KINDS, Action, Shape
from reconciler.model.resource import Attributes
from reconciler.model.system import System
from reconciler.model.values import dataclass
from reconciler.output.document import Row, Section, words_of
from reconciler.output.rows import ADD, BLOCKED, CHANGE, REMOVE, SIGNS, foremost_section, row_of
from reconciler.output.words import count, join, name_access, name_subject
from reconciler.systems import SYSTEMS

_MANY = 3
"""From so many organizations on, one row tells of all."""


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

    def __str__(self) -> str:
        return f"{self.subject} ({self.access})" if self.access else self.subject


def terms_of(system: str, step: Change | Waiting) -> AccessTerms:
    """A step on something in a system, by the name that a plan has for the system."""
    kind, is_gone = step.address.kind, step.before is None or step.before.status.is_gone
    had = step.before.attributes if step.before is not None and not is_gone else None
    gets = step.after.attributes if step.after is not None else None
    sides = [side for side in (had, gets) if side is not None]
    known = _system_that_knows(system, kind, sides)
    roles = known.roles.get(kind, ()) if known is not None and KINDS[kind].shape is Shape.GRANT else ()
    return AccessTerms(
        subject=name_subject(step.address),
        access=name_access(step.address, *sides),
        direction=_direction(known, kind, step.action, had or {}, gets or {}),
        is_admin=known is not None and any(is_administrator(known, kind, side) for side in sides),
        is_asset_admin=len(roles) > 1 and any(side.get("role") == roles[0].name for side in sides),
        is_money=known is not None and _money(known, kind, had) != _money(known, kind, gets),
        is_company=(kind == "partner" or KINDS[kind].is_share) and SIGNS[step.action] is not REMOVE,
        is_irreversible=isinstance(step, Change) and bool(step.irreversible),
    )


def _system_that_knows(system: str, kind: str, sides: Sequence[Attributes]) -> System | None:
    """The variant of a system in which all these roles exist; a plan names only the system itself."""
    roles = [role for side in sides if isinstance(role := side.get("role"), str)]
    variants = SYSTEMS.get(system, {}).values()
    return next((variant for variant in variants if all(variant.find_role(kind, role) for role in roles)), None)


def _direction(known: System | None, kind: str, action: Action, had: Attributes, gets: Attributes) -> Direction:
    if SIGNS[action] is REMOVE:
        return Direction.LOSS
    if SIGNS[action] is ADD:
        is_access = KINDS[kind].shape in (Shape.MEMBERSHIP, Shape.GRANT)
        return Direction.GAIN if is_access else Direction.OTHER
    if known is None or SIGNS[action] is not CHANGE:
        return Direction.OTHER
    less = is_downgrade(known, kind, before=had, after=gets)
    more = is_downgrade(known, kind, before=gets, after=had)
    if less is more:
        # Both or neither; what decides then is whether somebody stops or starts to manage other people.
        was, becomes = (is_administrator(known, kind, side) for side in (had, gets))
        less, more = was and not becomes, becomes and not was
    if less is more:
        return Direction.OTHER
    return Direction.LOSS if less else Direction.GAIN


def _money(known: System, kind: str, side: Attributes | None) -> set[tuple[str, object]]:
    """The values among attributes by which somebody manages or sees money."""
    found: set[tuple[str, object]] = set()
    for name, value in (side or {}).items():
        role = known.find_role(kind if name == "role" else f"{kind}.{name}", value) if isinstance(value, str) else None
        if role is not None and role.handles_money:
            found.add((name, value))
    return found


def change_row(terms: AccessTerms, change: Change) -> Row:
    """The row of a change: its action and cause, whom it goes to, and whatever a reviewer must not overlook."""
    action = change.action.replace("_", " ")
    if change.action in INVITATIONS and change.after is not None and change.after.identity:
        # A key alone does not say who gets the invitation.
        action = f"{action} {change.after.identity}"
    details = {
        "cost": change.cost,
        "cannot be undone": change.irreversible,
        "allowed by an approval": change.approval,
    }
    return row_of(
        SIGNS[change.action],
        terms.subject,
        terms.access,
        f"{action}: {change.why}" if change.why else action,
        place=change.place,
        details=[f"{label}: {text}" for label, text in details.items() if text],
    )


def first_section(found: Sequence[tuple[str, AccessTerms, Row]]) -> Section | None:
    """What is foremost in all organizations; None without any.

    What cannot be undone stands before who manages people, other companies, and money; what a guard stopped changes
    nothing and stands last.
    """

    def rank(item: tuple[str, AccessTerms, Row]) -> tuple[bool, ...]:
        _, terms, row = item
        kinds = (terms.is_irreversible, terms.is_admin, terms.is_company, terms.is_money)
        return (row.sign is BLOCKED, *(not kind for kind in kinds))

    matters = {
        "what cannot be undone": any(terms.is_irreversible for _, terms, _ in found),
        "admins": any(terms.is_admin or terms.is_asset_admin for _, terms, _ in found),
        "other companies": any(terms.is_company for _, terms, _ in found),
        "money": any(terms.is_money for _, terms, _ in found),
    }
    title = join([matter for matter, is_there in matters.items() if is_there])
    rows = [(organization, row) for organization, _, row in sorted(found, key=rank)]
    return foremost_section(f"{title[:1].upper()}{title[1:]}", _once(rows))


def _once(found: Sequence[tuple[str, Row]]) -> Iterator[tuple[str, Row]]:
    """The same step stopped by the same guard in many organizations as one row, unless each can be let through."""
    alike: dict[tuple[object, ...], list[tuple[str, Row]]] = {}
    for number, (organization, row) in enumerate(found):
        is_stopped = row.sign is BLOCKED and not row.snippet
        guard = words_of(row.details[0]).partition(":")[0] if row.details else ""
        key = (row.cells, row.note, guard) if is_stopped else (number,)
        alike.setdefault(key, []).append((organization, row))
    for items in alike.values():
        if len(items) < _MANY:
            yield from items
            continue
        first = items[0][1]
        names = ", ".join(organization for organization, _ in items)
        each = tuple(f"{name}: {words_of(row.details[0])}" for name, row in items if row.details)
        merged = replace(first, place=None, details=(f"in {names}", *first.details), more=each)
        yield count(len(items), "organization", "organizations"), merged
