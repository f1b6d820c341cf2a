"""A roster as it was understood, and what it shows otherwise than the one before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from reconciler.model.finding import Severity
from reconciler.model.kinds import KINDS
from reconciler.model.resource import Resource
from reconciler.model.roster import Observation, Roster, RosterDifference
from reconciler.output.document import (
    Block,
    Detail,
    Document,
    Findings,
    Inline,
    Item,
    Items,
    Paragraph,
    Row,
    Section,
    Table,
    code,
    plain,
)
from reconciler.output.drift_rows import show_drift
from reconciler.output.json import Output
from reconciler.output.rows import rows_section
from reconciler.output.signs import ADD, CHANGE, REMOVE
from reconciler.output.words import count

OBSERVATION = Output(
    name="observation", title="Roster: the members or apps that somebody read off a page", value=Observation
)
_SIGNS = {"new": ADD, "changed": CHANGE, "gone": REMOVE}


def document_of_observation(observation: Observation) -> Document:
    """What was read, what has changed, what is unknown, and everything that was not understood."""
    return Document(
        title=plain(f"Roster of {observation.organization}"),
        is_title_needless=True,
        blocks=tuple(_blocks(observation)),
        summary=_closing(observation),
        whole="roster",
    )


def _blocks(observation: Observation) -> Iterator[Block]:
    yield from (_roster(roster, observation) for roster in observation.rosters)
    if observation.previous:
        yield _differences(observation)
    drift = rows_section("Drift", map(show_drift, observation.drift))
    if drift:
        yield drift
    if observation.unknown:
        items = (Item(text=plain(f"{_scope(prefix)}: {why}")) for prefix, why in sorted(observation.unknown.items()))
        yield Section(title="Unknown, so plans leave it alone", blocks=(Items(items=tuple(items)),))
    if observation.findings:
        everything = Findings(findings=observation.findings, texts=observation.texts)
        wrong = tuple(one for one in observation.findings if one.severity is not Severity.NOTE)
        # Whoever handed in another file is not helped by what was not understood in each of its lines.
        yield (
            everything if observation.is_usable else Detail(full=everything, brief=replace(everything, findings=wrong))
        )


def _roster(roster: Roster, observation: Observation) -> Section:
    kind = KINDS[roster.kind].title
    number = count(len(roster.resources), kind, KINDS[roster.kind].plural)
    unclear = sum(not prefix.endswith("/") for prefix in roster.unknown)
    number += f", and {unclear:,} of whom too little is said" if unclear else ""
    who = "who" if roster.kind == "member" else "what"
    header = (who, "is", "status", "since", "shown as", "line")
    rows = tuple(Row(cells=_cells(one, observation)) for one in roster.resources)
    return Section(
        title=plain(f"{observation.organization}: {number}"),
        about=plain(f"{observation.title}, taken {_when(roster.taken)}, from {roster.source}"),
        blocks=(Table(header=header, rows=rows),) if rows else (),
    )


def _cells(one: Resource, observation: Observation) -> tuple[Inline, ...]:
    status = one.status.replace("_", " ")
    line = _line(one, observation)
    return (code(one.address.key), plain(_values(one)), status, str(one.since or ""), plain(one.identity), plain(line))


def _line(resource: Resource, observation: Observation) -> str:
    """With the name of the file where there are several."""
    place = observation.places.get(resource.address)
    if place is None:
        return ""
    return str(place.line) if len(observation.texts) == 1 else f"{place.file.rpartition('/')[2]}:{place.line}"


def _differences(observation: Observation) -> Block:
    since = f"since the roster of {_when(observation.previous)}"
    if not observation.differences:
        return Paragraph(text=f"Nothing has changed {since}.")
    rows = tuple(map(_difference, observation.differences))
    return Section(title=f"Changed {since}", blocks=(Table(header=("what", "shows"), rows=rows),))


def _difference(difference: RosterDifference) -> Row:
    before, after = _shown(difference.before), _shown(difference.after)
    told = f"{before} -> {after}" if before and after else before or after
    name = f"{difference.address.kind}/{difference.address.key}"
    return Row(cells=(code(name), plain(told)), sign=_SIGNS[difference.what])


def _scope(prefix: str) -> str:
    """An address, or what a prefix stands for."""
    organization, kind, key = prefix.split("/", 2)
    if not key:
        return f"every {KINDS[kind].title} of {organization} that is not listed"
    return f"every {KINDS[kind].title} of {key.rstrip('/')} that is not listed" if key.endswith("/") else prefix


def _closing(observation: Observation) -> Inline:
    if observation.is_kept:
        return plain(f"Kept: {observation.organization} is planned from this roster now.")
    if observation.is_usable:
        return "Not kept, because this was only a look."
    return "Not kept: what was known before stays."


def _shown(resource: Resource | None) -> str:
    """Values and status in words; empty for what is not there."""
    return "" if resource is None else f"{_values(resource)} {resource.status.replace('_', ' ')}".strip()


def _values(resource: Resource) -> str:
    """The role by itself, everything else with its name."""
    named = [_pair(name, value) for name, value in sorted(resource.attributes.items())]
    named += [f"pending {_pair(name, value)}" for name, value in sorted(resource.pending.items())]
    return ", ".join([*named, *(f"{name} not shown" for name in resource.unread)])


def _pair(name: str, value: str | tuple[str, ...]) -> str:
    text = value if isinstance(value, str) else "+".join(value)
    return text if name == "role" else f"{name} {text}"


def _when(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%MZ}" if moment else ""
