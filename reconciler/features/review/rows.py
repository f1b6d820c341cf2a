"""What a review tells, one row at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.features.review.model import AccessChange, DangerousStep, Effect, Mark, PersonChange, ThingChange
from reconciler.features.review.words import DIRECTLY, MARK_WORDS, say_access, say_value, say_ways
from reconciler.model.finding import Place
from reconciler.model.kinds import KINDS
from reconciler.output.document import Row, Sign
from reconciler.output.rows import row_of
from reconciler.output.style import Tone
from reconciler.output.words import join, name_subject

EFFECT_SIGNS: dict[Effect, Sign] = {
    Effect.GAIN: Sign("+", Tone.ADD, "gains access"),
    Effect.LOSS: Sign("-", Tone.REMOVE, "loses access"),
    Effect.BOTH: Sign("~", Tone.CHANGE, "more in one respect, less in another"),
    Effect.WAY: Sign("=", Tone.QUIET, "the same access in another way"),
}
NEW = Sign("+", Tone.ADD, "new")
CHANGED = Sign("~", Tone.CHANGE, "changed")
GONE = Sign("-", Tone.REMOVE, "gone")
NEEDS_APPROVAL = Sign("!", Tone.ALARM, "needs an approval")


def _row(sign: Sign, subject: str, what: str, notes: Iterable[str], *, place: Place | None) -> Row:
    return row_of(sign, subject, what, "; ".join(notes), place=place)


def tell_access(change: AccessChange) -> Row:
    """`eve`, `analyst -> operator on ad account us`, and everything that deserves a second look."""
    return _row(
        EFFECT_SIGNS[change.effect],
        name_subject(change.subject),
        say_what(change),
        _notes(change),
        place=change.place,
    )


def say_what(change: AccessChange) -> str:
    """What is had before and after, and on what."""
    sides = [say_access(side) for side in (change.before, change.after) if side is not None]
    kind = KINDS[change.on.kind]
    thing = "" if change.on.kind == "organization" else f"{kind.title} {change.on.key}"
    values = " -> ".join(dict.fromkeys(sides))
    if not values:
        return f"access to {thing}"
    return f"{values} on {thing}" if thing else values


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
    if told != DIRECTLY:
        yield told
    if change.after is None:
        yield f"was in {change.earlier_place}"
        return
    yield from dict.fromkeys(f"reason: {way.reason}" for way in change.after.ways if way.reason)


def tell_thing(change: ThingChange) -> Row:
    """An organization, an asset or a connection, with the values that differ."""
    address = change.address
    kind = KINDS[address.kind]
    name = address.key if kind.name == "organization" else name_subject(address)
    if kind.parents:
        others = zip(kind.parents[1:], address.parts[1:], strict=True)
        what = f"{kind.title}: " + " ".join(f"{KINDS[parent].title} {part}" for parent, part in others)
    else:
        what = "; ".join(map(say_value, change.values)) if change.before and change.after else kind.title
    return _row(
        _sign(change),
        name,
        what,
        _values_of_one_side(change),
        place=change.after,
    )


def _sign(change: ThingChange | PersonChange) -> Sign:
    if change.before and change.after:
        return CHANGED
    return NEW if change.after else GONE


def _values_of_one_side(change: ThingChange | PersonChange) -> tuple[str, ...]:
    """What something new or gone is like, and where it was."""
    if change.before and change.after:
        return ()
    said = {value.name: value.after or value.before for value in change.values}
    values = tuple(f"{name} {value}" for name, value in said.items() if _USUAL.get(name) != value)
    return values if change.after else (*values, f"was in {change.before}")


_USUAL = {"employment": "employee", "mode": "additive", "ownership": "own"}
"""Values that go without saying for something new."""


def tell_person(change: PersonChange) -> Row:
    """An entry of the directory, and where the person has access."""
    values = "; ".join(map(say_value, change.values)) if change.before and change.after else "person"
    where = f"has access in {join(change.organizations)}" if change.organizations else "has no access"
    return _row(
        _sign(change),
        change.key,
        values,
        (*_values_of_one_side(change), where),
        place=change.after,
    )


def tell_step(step: DangerousStep) -> Row:
    """A step that a plan will not take without an approval."""
    kept = "cannot be undone" if step.irreversible else "disruptive"
    if step.approval is None:
        approval = f"needs an approval: {{approve: {step.action}, address: {step.address}}}"
    else:
        approval = f"approval given: {step.approval.reason or 'without a reason'}"
    return row_of(
        NEEDS_APPROVAL,
        str(step.address),
        f"{step.action.replace('_', ' ')}: {step.why}",
        details=(kept, approval),
        place=step.place,
    )
