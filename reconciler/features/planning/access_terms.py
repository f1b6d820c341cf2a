"""A step told in terms of access: who it is about, what they can do before and after, more or less.

Reviewers judge access, not API calls, so this is what plans and reports speak.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from reconciler.model.address import INVITATIONS, KINDS, Action, Shape
from reconciler.model.change import Change, Mark, Waiting, is_administrator, is_downgrade
from reconciler.model.resource import Attributes
from reconciler.model.system import System
from reconciler.model.values import dataclass
from reconciler.output.document import Row
from reconciler.output.rows import ADD, BLOCKED, CHANGE, MARKS, REMOVE, SIGNS, Judged, row_of
from reconciler.output.words import name_access, name_subject
from reconciler.systems import SYSTEMS

_SAID = frozenset({Mark.DISRUPTIVE, Mark.MESSAGES, Mark.MONEY, Mark.OUTSIDE_DOMAINS, Mark.OUTSIDE_DIRECTORY})
"""Marks that nothing else in the row says."""


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

    def __str__(self) -> str:
        return f"{self.subject} ({self.access})" if self.access else self.subject


def terms_of(system: str, step: Change | Waiting) -> AccessTerms:
    """A step on something in a system, by the name that a plan has for the system."""
    kind, is_gone = step.address.kind, step.before is None or step.before.status.is_gone
    had = step.before.attributes if step.before is not None and not is_gone else None
    gets = step.after.attributes if step.after is not None else None
    sides = [side for side in (had, gets) if side is not None]
    known = _system_that_knows(system, kind, sides)
    return AccessTerms(
        subject=name_subject(step.address),
        access=name_access(step.address, *sides),
        direction=_direction(known, kind, step.action, had or {}, gets or {}),
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


def judge_row(organization: str, terms: AccessTerms, step: Change | Waiting, row: Row, *, common: str = "") -> Judged:
    """The row of a step with what decides where it stands; `common` is its reason without what is about it alone."""
    return Judged(
        organization=organization,
        row=row,
        risk=step.risk,
        marks=step.marks,
        is_loss=terms.direction is Direction.LOSS,
        is_held=row.sign is BLOCKED,
        common=common,
    )


def describe_change(change: Change) -> tuple[str, str]:
    """What is done and why, and the same without the address that is invited: many may have that in common."""
    action = change.action.replace("_", " ")
    # A key alone does not say who gets the invitation.
    invited = change.after.identity if change.action in INVITATIONS and change.after is not None else ""
    why = "no reason given" if change.why == "declared" else change.why
    reasons = [MARKS[mark] for mark in change.marks if mark in _SAID]
    reasons += [f"until {change.expires}"] if change.expires else []
    common = "; ".join([f"{action}: {why}" if why else action, *reasons])
    return f"{action} {invited}{common[len(action) :]}" if invited else common, common


def change_row(terms: AccessTerms, change: Change) -> Row:
    """The row of a change: its action and cause, whom it goes to, and whatever a reviewer must not overlook."""
    details = {
        "cost": change.cost,
        "cannot be undone": change.irreversible,
        "allowed by an approval": change.approval,
    }
    return row_of(
        SIGNS[change.action],
        terms.subject,
        terms.access,
        describe_change(change)[0],
        place=change.place,
        details=[f"{label}: {text}" for label, text in details.items() if text],
    )
