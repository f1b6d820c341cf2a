"""An offboarding as sections of lines to be ticked: the same words for a terminal, a page and an issue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from reconciler.core.offboarding import Item, Matter, Offboarding, Progress, Surface
from reconciler.output.words import count


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing; plain text, not escaped."""

    progress: Progress
    where: str
    """The organization."""
    what: str
    then: str
    """What happens next, or how it is known to be over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Things of one sort."""

    title: str
    about: str = ""
    """What a reader has to know to act on it."""
    lines: tuple[Line, ...]


_ABOUT = {
    Matter.ACCESS: ("Access", "Taken away by `reconciler apply`, or by whoever its work orders name."),
    Matter.APP: ("Apps of their own", "Only the owner of an app can transfer it, and nobody can take that back."),
    Matter.CREDENTIALS: (
        "What they know",
        (
            "To be changed once they are out. Nothing shows whether it was done, so each is closed by the word of "
            "whoever did it: `reconciler work-orders done ID --evidence FILE|TEXT`."
        ),
    ),
    Matter.WORK_ORDER: ("What they were asked to do", ""),
    Matter.MANIFEST: ("Lines to take out by hand", ""),
}


def name_person(found: Offboarding) -> str:
    """`Nadia Haddad (nadia)`."""
    return f"{found.name} ({found.person})" if found.name else found.person


def say_when(found: Offboarding) -> str:
    """Since when, or when from."""
    if found.leaves is None:
        return "The manifests do not say that they leave."
    if found.age is None:
        return f"Leaves on {found.leaves}; until then nothing changes."
    since = f", {count(found.age, 'day', 'days')} ago" if found.age else ""
    return f"All access ends on {found.leaves}{since}."


def say_result(found: Offboarding) -> str:
    """The answer in a line."""
    if found.is_complete:
        return "Complete: nothing of theirs is left, and everybody has looked."
    parts = [
        f"{count(len(found.left), 'thing', 'things')} left" if found.left else "",
        f"{count(len(found.unseen), 'organization', 'organizations')} to be looked at" if found.unseen else "",
        "the manifests are not edited yet" if found.edited else "",
        "the day has not come" if found.leaves and found.leaves > found.today else "",
    ]
    said = ", ".join(filter(None, parts)) or "the manifests do not end their access"
    return f"Not complete: {said}."


def sections_of(found: Offboarding) -> Iterator[Section]:
    """What comes first, then everything by matter, then where somebody has to look; empty ones are left out."""
    if found.hurdles:
        lines = tuple(
            Line(
                progress=Progress.OPEN,
                where=one.address.organization if one.address else found.person,
                what=one.what,
                then=one.first,
            )
            for one in found.hurdles
        )
        yield Section(title="What has to come first", lines=lines)
    for matter, (title, about) in _ABOUT.items():
        items = [item for item in found.items if item.matter is matter]
        if items:
            yield Section(title=title, about=about, lines=tuple(_line(item, found.today) for item in items))
    if found.surfaces:
        yield Section(
            title="Where somebody has to have looked",
            about="Removal in one organization touches no other; this is over when a look after the last day finds "
            "nothing of theirs.",
            lines=tuple(_look(surface) for surface in found.surfaces),
        )


def _line(item: Item, today: date) -> Line:
    place = f"  [{item.place}]" if item.place else ""
    then = _say_next(item, today) + place
    return Line(progress=item.progress, where=item.address.organization, what=item.what, then=then)


def _say_next(item: Item, today: date) -> str:
    days = (today - item.since).days if item.since else 0
    age = f" (for {count(days, 'day', 'days')})" if days > 0 and item.progress is not Progress.OVER else ""
    match item.progress:
        case Progress.WAITING:
            return f"waits for {item.on or 'somebody'}{age}: {item.why}"
        case Progress.BLOCKED:
            return f"blocked by the guard {item.why}"
        case Progress.UNKNOWN:
            return f"nobody can see it{age}: {item.why}"
        case _:
            return f"{item.why}{age}"


def _look(surface: Surface) -> Line:
    seen = f"; seen on {surface.seen}" if surface.seen else ""
    return Line(progress=surface.progress, where=surface.organization, what=surface.title, then=f"{surface.why}{seen}")


def next_steps(found: Offboarding) -> Iterator[tuple[str, str]]:
    """What to do now, in words and as a command."""
    name = found.person
    if found.edited:
        when = "" if found.leaves in (None, found.today) else f" --on {found.leaves}"
        yield "Edit the manifests and ask people for what no plan can do", f"reconciler offboard {name}{when} --write"
    if any(item.progress is Progress.OPEN and item.matter is Matter.ACCESS for item in found.items):
        yield "Have the edit reviewed, then carry it out", "reconciler apply"
    elif any(item.matter is Matter.CREDENTIALS and not item.work_order for item in found.items) and not found.edited:
        yield "Ask people for what no plan can do", f"reconciler offboard {name} --write"
    if any(item.progress is Progress.WAITING for item in found.items):
        yield "See who has to act", "reconciler notices"
    if not found.is_complete:
        yield "See how far it is", f"reconciler offboard {name} --status"
