"""A review told in words, one line at a time: what all renderers of reviews speak.

Texts may hold anything that a manifest may hold; whoever lays them out makes them safe for where they go.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from reconciler.core.finding import Place
from reconciler.core.kinds import KINDS
from reconciler.core.resource import Attributes
from reconciler.core.review import (
    Access,
    AccessChange,
    DangerousStep,
    Effect,
    Mark,
    PersonChange,
    Review,
    Side,
    ThingChange,
    ValueChange,
)
from reconciler.output.words import count, join
from reconciler.subjects.access_terms import name_attributes, name_subject
from reconciler.subjects.signs import Sign

EFFECT_SIGNS: dict[Effect, Sign] = {
    Effect.GAIN: Sign.ADD,
    Effect.LOSS: Sign.REMOVE,
    Effect.BOTH: Sign.CHANGE,
    Effect.WAY: Sign.UNMANAGED,
}
EFFECT_MEANINGS: dict[Effect, str] = {
    Effect.GAIN: "gains access",
    Effect.LOSS: "loses access",
    Effect.BOTH: "more in one respect, less in another",
    Effect.WAY: "the same access in another way",
}
MARK_WORDS: dict[Mark, str] = {
    Mark.ADMIN: "admin",
    Mark.MONEY: "money",
    Mark.ACCOUNT: "another account",
    Mark.FIRST: "first access here",
    Mark.LAST: "nothing left here",
    Mark.OUTSIDE_DIRECTORY: "not in the directory",
    Mark.OUTSIDE_DOMAINS: "outside the allowed domains",
}
NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewTerms:
    """One line of a review before it is laid out."""

    sign: Sign
    subject: str
    what: str
    notes: tuple[str, ...] = ()
    place: Place | None = None


def tell_access(change: AccessChange) -> ReviewTerms:
    """`eve`, `analyst -> operator on ad account us`, and everything that deserves a second look."""
    return ReviewTerms(
        sign=EFFECT_SIGNS[change.effect],
        subject=name_subject(change.subject),
        what=_what_is_had(change),
        notes=tuple(_notes(change)),
        place=change.place,
    )


def _what_is_had(change: AccessChange) -> str:
    sides = [say_access(side) for side in (change.before, change.after) if side is not None]
    kind = KINDS[change.on.kind]
    thing = "" if change.on.kind == "organization" else f"{kind.title} {change.on.key}"
    values = " -> ".join(dict.fromkeys(sides))
    if not values:
        return f"access to {thing}"
    return f"{values} on {thing}" if thing else values


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


def _notes(change: AccessChange) -> Iterator[str]:
    for mark in change.marks:
        if mark is Mark.ACCOUNT and change.before and change.after:
            yield f"another account: {change.before.identity} -> {change.after.identity}"
        elif mark is Mark.FIRST and change.after and change.after.identity:
            yield f"first access here, as {change.after.identity}"
        else:
            yield MARK_WORDS[mark]
    ways = [say_ways(side, change) for side in (change.before, change.after) if side is not None]
    told = " -> ".join(dict.fromkeys(ways))
    if told != _DIRECTLY:
        yield told
    if change.after is None:
        yield f"was in {change.earlier_place}"
        return
    yield from dict.fromkeys(f"reason: {way.reason}" for way in change.after.ways if way.reason)


_DIRECTLY = "directly"


def say_ways(access: Access, change: AccessChange) -> str:
    """`directly`, `through group:buyers`, `through asset group all`; several are joined."""
    said = []
    for way in access.ways:
        hops = [way.through] if way.through else []
        if way.address.kind == "asset_group_access" and change.on.kind == "ad_account":
            hops.append(f"asset group {way.address.parts[0]}")
        said.append(f"through {join(hops)}" if hops else _DIRECTLY)
        if len(access.ways) > 1 and way.attributes:
            said[-1] += f" {name_attributes(way.attributes)}"
        if way.protect:
            said[-1] += ", protected"
    return " and ".join(dict.fromkeys(said))


def tell_thing(change: ThingChange) -> ReviewTerms:
    """An organization, an asset or a connection, with the values that differ."""
    address = change.address
    kind = KINDS[address.kind]
    name = address.key if kind.name == "organization" else name_subject(address)
    if kind.parents:
        others = zip(kind.parents[1:], address.parts[1:], strict=True)
        what = f"{kind.title}: " + " ".join(f"{KINDS[parent].title} {part}" for parent, part in others)
    else:
        what = "; ".join(map(say_value, change.values)) if change.before and change.after else kind.title
    return ReviewTerms(
        sign=_sign(change),
        subject=name,
        what=what,
        notes=_values_of_one_side(change),
        place=change.after,
    )


def _sign(change: ThingChange | PersonChange) -> Sign:
    if change.before and change.after:
        return Sign.CHANGE
    return Sign.ADD if change.after else Sign.REMOVE


def _values_of_one_side(change: ThingChange | PersonChange) -> tuple[str, ...]:
    """What something new or gone is like, and where it was."""
    if change.before and change.after:
        return ()
    said = {value.name: value.after or value.before for value in change.values}
    values = tuple(f"{name} {value}" for name, value in said.items() if _USUAL.get(name) != value)
    return values if change.after else (*values, f"was in {change.before}")


_USUAL = {"employment": "employee", "mode": "additive", "ownership": "own"}
"""Values that go without saying for something new."""


def tell_person(change: PersonChange) -> ReviewTerms:
    """An entry of the directory, and where the person has access."""
    values = "; ".join(map(say_value, change.values)) if change.before and change.after else "person"
    where = f"has access in {join(change.organizations)}" if change.organizations else "has no access"
    return ReviewTerms(
        sign=_sign(change),
        subject=change.key,
        what=values,
        notes=(*_values_of_one_side(change), where),
        place=change.after,
    )


def tell_step(step: DangerousStep) -> ReviewTerms:
    """A step that a plan will not take without a consent."""
    kept = "cannot be undone" if step.irreversible else "risky"
    if step.consent is None:
        consent = f"needs a consent: {{allow: {step.action}, address: {step.address}}}"
    else:
        consent = f"consent given: {step.consent.reason or 'without a reason'}"
    return ReviewTerms(
        sign=Sign.BLOCKED,
        subject=str(step.address),
        what=f"{step.action.replace('_', ' ')}: {step.why}",
        notes=(kept, consent),
        place=step.place,
    )


def say_value(value: ValueChange) -> str:
    """`mode: additive -> authoritative`."""
    return f"{value.name}: {value.before or NOTHING} -> {value.after or NOTHING}"


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
    marks = [mark for change in review.access if change.effect is not Effect.WAY for mark in change.marks]
    if admins := marks.count(Mark.ADMIN):
        yield count(admins, "admin change", "admin changes")
    if money := marks.count(Mark.MONEY):
        yield count(money, "change about money", "changes about money")
    steps = [step for step in review.steps if step.consent is None]
    if steps:
        yield count(len(steps), "step that needs a consent", "steps that need a consent")
    new = (*review.findings, *review.policy_findings)
    if new:
        yield count(len(new), "new finding", "new findings")
