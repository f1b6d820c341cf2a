"""A roster as it was understood, and what it shows otherwise than the one before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from reconciler.model.finding import Severity
from reconciler.model.kinds import KINDS
from reconciler.model.live import Part
from reconciler.model.resource import Resource
from reconciler.model.roster import Observation, Roster, RosterDifference
from reconciler.output.document import (
    Block,
    Detail,
    Document,
    Findings,
    Item,
    Items,
    Paragraph,
    Row,
    Section,
    Table,
    code,
    plain,
)
from reconciler.output.json import Output
from reconciler.output.rows import ADD, CHANGE, REMOVE, drift_row, rows_section
from reconciler.output.words import count

OBSERVATION = Output(
    name="observation", title="Roster: the members or apps that somebody read off a page", value=Observation
)
_SIGNS = {"new": ADD, "changed": CHANGE, "gone": REMOVE}


def document_of_observation(observation: Observation) -> Document:
    """What was read, what has changed, what is unknown, and everything that was not understood."""
    summary = "Not kept: what was known before stays."
    if observation.is_kept:
        summary = f"Kept: {observation.organization} is planned from this roster now."
    elif observation.is_usable:
        summary = "Not kept, because this was only a look."
    return Document(
        title=plain(f"Roster of {observation.organization}"),
        is_title_needless=True,
        blocks=tuple(_blocks(observation)),
        summary=plain(summary),
        whole="roster",
    )


def _blocks(observation: Observation) -> Iterator[Block]:
    yield from (_roster(roster, observation) for roster in observation.rosters)
    if observation.previous:
        yield _differences(observation)
    drift = rows_section("Drift", map(drift_row, observation.drift))
    if drift:
        yield drift
    if observation.unknown:
        items = (Item(text=plain(f"{_name_scope(one)}: {why}")) for one, why in sorted(observation.unknown.items()))
        yield Section(title="Unknown, so plans leave it alone", blocks=(Items(items=tuple(items)),))
    if observation.findings:
        everything = Findings(findings=observation.findings, texts=observation.texts)
        wrong = tuple(one for one in observation.findings if one.severity is not Severity.NOTE)
        # Whoever handed in another file is not helped by what was not understood in each of its lines.
        brief = replace(everything, findings=wrong)
        yield everything if observation.is_usable else Detail(full=everything, brief=brief)


def _roster(roster: Roster, observation: Observation) -> Section:
    number = count(len(roster.resources), KINDS[roster.kind].title, KINDS[roster.kind].plural)
    unclear = sum(not Part(part).is_whole for part in roster.unknown)
    number += f", and {unclear:,} of whom too little is said" if unclear else ""
    header = ("who" if roster.kind == "member" else "what", "is", "status", "since", "shown as", "line")
    rows = tuple(_row(one, observation) for one in roster.resources)
    return Section(
        title=plain(f"{observation.organization}: {number}"),
        about=plain(f"{observation.title}, taken {_format_time(roster.taken)}, from {roster.source}"),
        blocks=(Table(header=header, rows=rows),) if rows else (),
    )


def _row(resource: Resource, observation: Observation) -> Row:
    place, line = observation.places.get(resource.address), ""
    if place is not None:
        file = f"{place.file.rpartition('/')[2]}:" if len(observation.texts) > 1 else ""
        line = f"{file}{place.line}"
    return Row(
        cells=(
            code(resource.address.key),
            plain(_values(resource)),
            resource.status.replace("_", " "),
            str(resource.since or ""),
            plain(resource.identity),
            plain(line),
        )
    )


def _differences(observation: Observation) -> Block:
    since = f"since the roster of {_format_time(observation.previous)}"
    if not observation.differences:
        return Paragraph(text=f"Nothing has changed {since}.")
    rows = tuple(map(_difference, observation.differences))
    return Section(title=f"Changed {since}", blocks=(Table(header=("what", "shows"), rows=rows),))


def _difference(difference: RosterDifference) -> Row:
    sides = [
        f"{_values(side)} {side.status.replace('_', ' ')}".strip()
        for side in (difference.before, difference.after)
        if side is not None
    ]
    name = f"{difference.address.kind}/{difference.address.key}"
    return Row(cells=(code(name), plain(" -> ".join(filter(None, sides)))), sign=_SIGNS[difference.what])


def _name_scope(prefix: str) -> str:
    """An address, or what a prefix stands for."""
    part = Part(prefix)
    if not part.is_whole:
        return part
    return f"every {KINDS[part.kind].title} of {part.parent or part.organization} that is not listed"


def _values(resource: Resource) -> str:
    """The role by itself, everything else with its name."""
    said = [(name, value, "") for name, value in sorted(resource.attributes.items())]
    said += [(name, value, "pending ") for name, value in sorted(resource.pending.items())]
    texts = []
    for name, value, lead in said:
        text = value if isinstance(value, str) else "+".join(value)
        texts.append(f"{lead}{text}" if name == "role" else f"{lead}{name} {text}")
    return ", ".join([*texts, *(f"{name} not shown" for name in resource.unread)])


def _format_time(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%MZ}" if moment else ""
