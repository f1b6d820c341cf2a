"""What is left of somebody who leaves: what has to end, how far that is, what has to come first, and what to do now."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from datetime import date
from enum import StrEnum
from typing import ClassVar

from reconciler.model import Address, Place, Plan, count, dataclass
from reconciler.output.document import (
    Block,
    Detail,
    Document,
    Items,
    Paragraph,
    Section,
    Span,
    Tick,
    code,
    edit_section,
    plain,
)
from reconciler.output.document import Item as Line
from reconciler.output.json import Output


class Matter(StrEnum):
    """What sort of thing a leaver leaves behind."""

    ACCESS = "access"
    """A membership, an invitation, a grant or a share that is there, as far as anybody can see."""
    APP = "app"
    """An app that is theirs in person."""
    CREDENTIALS = "credentials"
    """What they know and others go on using: the client secret of an app, the password of an account."""
    WORK_ORDER = "work_order"
    """What they were asked to do and have not done."""
    MANIFEST = "manifest"
    """A line that still speaks of them and has to be taken out by hand."""


class Progress(StrEnum):
    """How far one item is; only what is over counts, and only when it was seen or somebody answers for it."""

    OPEN = "open"
    """Somebody has to do something, or an apply does it."""
    WAITING = "waiting"
    """Asked for; it goes on when somebody acts or a newer look shows it."""
    BLOCKED = "blocked"
    """A guard stops it; something else has to come first."""
    UNKNOWN = "unknown"
    """Nobody can see whether it is over."""
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaverItem:
    """One thing that has to end."""

    matter: Matter
    address: Address
    what: str
    """In words: `standard, finance manager`, `operator on ad account us-brand`."""
    progress: Progress
    why: str
    """What happens next with it, or how it is known to be over."""
    on: str = ""
    """Whom it waits for: a person key, or who that is."""
    since: date | None = None
    """The UTC day on which it was asked for, or was over."""
    work_order: str = ""
    """Id of the work order about it."""
    place: Place | None = None
    """The manifest line that it comes from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """One organization, and whether anybody has looked there since the person left and found nothing of theirs."""

    organization: str
    title: str
    """What a person calls the system."""
    progress: Progress
    """Never waiting or blocked: those are items."""
    why: str
    seen: date | None = None
    """The UTC day of the last look at its members."""


@dataclass(frozen=True, slots=True)
class Blocker:
    """What has to be settled before somebody can go."""

    what: str
    first: str
    """What to do about it, in the imperative."""
    address: Address | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offboarding:
    """The way of one person out of everything."""

    JSON_PROPERTIES: ClassVar = ("is_complete",)
    JSON_HIDDEN: ClassVar = ("plan", "edited")

    person: str
    """Key."""
    name: str = ""
    today: date
    leaves: date | None
    """The UTC day on which the manifests end all access; None while they say nothing of the sort."""
    groups: tuple[str, ...] = ()
    """Groups of people they are in; they give nothing any more from that day on."""
    hurdles: tuple[Blocker, ...] = ()
    items: tuple[LeaverItem, ...] = ()
    """By matter and address."""
    surfaces: tuple[Surface, ...] = ()
    """By organization, those included in which they never had anything: nobody knows before somebody looks."""
    plan: Plan
    """What the manifests, as they are or as they would be edited, lead to for this person on that day."""
    edited: Mapping[str, str] = field(default_factory=dict)
    """Path of a manifest -> its text with the edit that makes the person leave; empty where nothing has to change."""
    patch: str = ""
    """The edit as a unified diff."""

    @property
    def left(self) -> tuple[LeaverItem, ...]:
        """What is not over."""
        return tuple(item for item in self.items if item.progress is not Progress.OVER)

    @property
    def unseen(self) -> tuple[Surface, ...]:
        """Where nobody has looked since."""
        return tuple(surface for surface in self.surfaces if surface.progress is not Progress.OVER)

    @property
    def is_complete(self) -> bool:
        """Whether the day has come, everything is over, and somebody has looked everywhere."""
        return self.age is not None and not (self.left or self.unseen or self.edited)

    @property
    def age(self) -> int | None:
        """Days since they left; None before that."""
        return (self.today - self.leaves).days if self.leaves is not None and self.leaves <= self.today else None


OFFBOARDING = Output(
    name="offboarding",
    title="Offboarding: what is left of one person, and who has to do what about it",
    value=Offboarding,
)

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


def document_of_offboarding(found: Offboarding) -> Document:
    """Who leaves and what is left; as Markdown a checklist that works as the body of an issue."""
    name = f"{found.name} ({found.person})" if found.name else found.person
    return Document(
        title=plain(f"Offboarding of {name}"),
        summary=summary_of_offboarding(found),
        blocks=(Paragraph(text=f"{_when(found)} As of {found.today}."), *_sections(found)),
        whole="checklist",
    )


def summary_of_offboarding(found: Offboarding) -> str:
    """The answer in a line."""
    if found.is_complete:
        return "Complete: nothing of theirs is left, and everybody has looked."
    parts = [
        f"{count(len(found.left), 'thing', 'things')} left" if found.left else "",
        f"{count(len(found.unseen), 'organization', 'organizations')} to be looked at" if found.unseen else "",
        "the manifests are not edited yet" if found.edited else "",
        "the day has not come" if found.leaves and found.leaves > found.today else "",
    ]
    return f"Not complete: {', '.join(filter(None, parts)) or 'the manifests do not end their access'}."


def _when(found: Offboarding) -> str:
    if found.leaves is None:
        return "The manifests do not say that they leave."
    if found.age is None:
        return f"Leaves on {found.leaves}; until then nothing changes."
    since = f", {count(found.age, 'day', 'days')} ago" if found.age else ""
    places = {item.address.organization for item in found.left if item.matter is Matter.ACCESS}
    if places and found.age:
        return f"All access should have ended on {found.leaves}{since}; still there in {len(places)}."
    return f"All access ends on {found.leaves}{since}."


def _sections(found: Offboarding) -> Iterator[Block]:
    """What to do now, what comes first, everything by matter, and where somebody has to look; no empty ones."""
    commands = (Line(text=(Span(f"{what}: "), code(command))) for what, command in _commands(found))
    yield from _section("What to do now", commands)
    places = ((one, one.address.organization if one.address else found.person) for one in found.hurdles)
    first = (_line(Progress.OPEN, place, one.what, one.first) for one, place in places)
    yield from _section("What has to come first", first)
    for matter, (title, about) in _ABOUT.items():
        yield from _section(title, (_item(item, found.today) for item in found.items if item.matter is matter), about)
    about = "Removal in one organization touches no other: a look after the last day has to find nothing there."
    seen = ((one, one.why + (f"; seen on {one.seen}" if one.seen else "")) for one in found.surfaces)
    looks = (_line(one.progress, one.organization, one.title, why) for one, why in seen)
    yield from _section("Where somebody has to have looked", looks, about)
    if edit := edit_section(found.patch):
        yield edit


def _section(title: str, lines: Iterable[Line], about: str = "") -> Iterator[Section]:
    """Nothing without lines. A page has room to say what a reader has to know to act on it."""
    if items := tuple(lines):
        explained = (Detail(full=Paragraph(text=about)),) if about else ()
        yield Section(title=title, blocks=(*explained, Items(items=items)))


def _line(progress: Progress, where: str, what: str, then: str) -> Line:
    tick = Tick.DONE if progress is Progress.OVER else Tick(progress)
    return Line(text=(code(where), Span(f" {what}")), tick=tick, details=(plain(then),))


def _item(item: LeaverItem, today: date) -> Line:
    place = f"  [{item.place}]" if item.place else ""
    days = (today - item.since).days if item.since else 0
    age = f" (for {count(days, 'day', 'days')})" if days > 0 and item.progress is not Progress.OVER else ""
    match item.progress:
        case Progress.WAITING:
            then = f"waits for {item.on or 'somebody'}{age}: {item.why}"
        case Progress.BLOCKED:
            then = f"blocked by the guard {item.why}"
        case Progress.UNKNOWN:
            then = f"nobody can see it{age}: {item.why}"
        case _:
            then = f"{item.why}{age}"
    return _line(item.progress, item.address.organization, item.what, then + place)


def _commands(found: Offboarding) -> Iterator[tuple[str, str]]:
    name = shlex.quote(found.person)
    if found.edited:
        when = "" if found.leaves in (None, found.today) else f" --on {found.leaves}"
        yield "Edit the manifests and ask people for what no plan can do", f"reconciler offboard {name}{when} --write"
    elif found.leaves is None and not found.is_complete:
        yield "Edit the manifests, so that they end it", f"reconciler offboard {name} --write"
    if found.leaves is not None and any(
        item.progress is Progress.OPEN and item.matter is Matter.ACCESS for item in found.items
    ):
        yield "Have the edit reviewed, then carry it out", "reconciler apply"
    elif any(item.matter is Matter.CREDENTIALS and not item.work_order for item in found.items) and not found.edited:
        yield "Ask people for what no plan can do", f"reconciler offboard {name} --write"
    if any(item.progress is Progress.WAITING for item in found.items):
        yield "See who has to act", "reconciler notices"
    if not found.is_complete:
        yield "See how far it is", f"reconciler offboard {name} --status"
