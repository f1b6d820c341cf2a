"""A review in words: access, ways, values, and what there is to judge in numbers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from reconciler.features.review.model import AccessChange, Effect, Mark, Review, Side, ValueChange
from reconciler.model.access import Access
from reconciler.model.resource import Attributes
from reconciler.output.words import count, join, name_attributes

MARK_WORDS: dict[Mark, str] = {
    Mark.ADMIN: "admin",
    Mark.MONEY: "money",
    Mark.ACCOUNT: "another account",
    Mark.FIRST: "first access here",
    Mark.LAST: "nothing left here",
    Mark.OUTSIDE_DIRECTORY: "not in the directory",
    Mark.OUTSIDE_DOMAINS: "outside the allowed domains",
}
DIRECTLY = "directly"
_NOTHING = "nothing"


def say_access(access: Access) -> str:
    """`standard, finance analyst, until 2027-01-31`; empty for what carries no role and no date.

    What changes by time alone is told one after the other: `admin, until 2027-01-31; then standard`.
    """
    if len(access.spans) <= 1:
        return _say_days(access.attributes, access.starts, access.ends)
    said = []
    for before, span in zip((None, *access.spans), access.spans, strict=False):
        follows = before is not None and before.ends == span.starts
        told = _say_days(span.attributes, None if follows else span.starts, span.ends) or "access"
        said.append(f"then {told}" if follows else told)
    return "; ".join(said)


def _say_days(attributes: Attributes, starts: date | None, ends: date | None) -> str:
    dates = [f"from {starts}" if starts else "", f"until {ends}" if ends else ""]
    return ", ".join(part for part in (name_attributes(attributes), *dates) if part)


def say_ways(access: Access, change: AccessChange) -> str:
    """`directly`, `through group:buyers`, `through asset group all`; several are joined."""
    said = []
    for way in access.ways:
        hops = [way.through] if way.through else []
        if way.address.kind == "asset_group_access" and change.on.kind == "ad_account":
            hops.append(f"asset group {way.address.parts[0]}")
        said.append(f"through {join(hops)}" if hops else DIRECTLY)
        if len(access.ways) > 1 and way.attributes:
            said[-1] += f" {name_attributes(way.attributes)}"
        if way.protect:
            said[-1] += ", protected"
    return " and ".join(dict.fromkeys(said))


def say_value(value: ValueChange) -> str:
    """`mode: additive -> authoritative`."""
    return f"{value.name}: {say_sides(value)}"


def say_sides(value: ValueChange) -> str:
    """`additive -> authoritative`."""
    return f"{value.before or _NOTHING} -> {value.after or _NOTHING}"


def say_side(side: Side) -> str:
    """`main (1a2b3c4d5e6f)`; a working tree and a full id stand alone."""
    is_id = side.commit.startswith(side.name)
    return (
        side.name[:12] if side.commit and is_id else f"{side.name} ({side.commit[:12]})" if side.commit else side.name
    )


def say_summary(review: Review) -> str:
    """What there is to judge, counted: people rather than lines."""
    if review.head.problems:
        return "Nothing could be compared."
    if review.is_empty:
        return "No changes of access."
    return f"Review: {', '.join(_counts(review)) or 'no changes of access'}."


def _counts(review: Review) -> Iterator[str]:
    for effect, verbs in (
        (Effect.GAIN, ("gains access", "gain access")),
        (Effect.LOSS, ("loses access", "lose access")),
        (Effect.BOTH, ("gets other access", "get other access")),
    ):
        whose = {change.subject for change in review.access if change.effect is effect}
        people = {subject.key for subject in whose if subject.kind == "member"}
        partners = len({subject for subject in whose if subject.kind == "partner"})
        if people:
            yield f"{count(len(people), 'person', 'people')} {verbs[len(people) > 1]}"
        if partners:
            yield f"{count(partners, 'partner', 'partners')} {verbs[partners > 1]}"
    if review.dropped:
        yield f"{count(len(review.dropped), 'organization', 'organizations')} no longer managed"
    if kept := {person for one in review.dropped for person in one.people}:
        yield f"{count(len(kept), 'person keeps', 'people keep')} access that nobody watches"
    marks = [mark for change in review.access if change.effect is not Effect.WAY for mark in change.marks]
    if admins := marks.count(Mark.ADMIN):
        yield count(admins, "admin change", "admin changes")
    if money := marks.count(Mark.MONEY):
        yield count(money, "change about money", "changes about money")
    steps = [step for step in review.steps if step.approval is None]
    if steps:
        yield count(len(steps), "step that needs an approval", "steps that need an approval")
    new = (*review.findings, *review.policy_findings)
    if new:
        yield count(len(new), "new finding", "new findings")
