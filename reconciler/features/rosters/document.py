"""What a roster shows: who is in it, what has changed since the one before, and what was not understood."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from reconciler.model import KINDS, Observation, Part, Resource, Roster, Severity, count
from reconciler.output.document import (
    Block,
    Detail,
    Document,
    Findings,
    Paragraph,
    Row,
    Section,
    Table,
    bullets,
    code,
    plain,
)
from reconciler.output.json import Output
from reconciler.output.rows import ADD, CHANGE, REMOVE, drift_row, rows_section

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
        blocks=tuple(filter(None, _blocks(observation))),
        summary=plain(summary),
        whole="roster",
    )


def _blocks(observation: Observation) -> Iterator[Block | None]:
    yield from (_roster(roster, observation) for roster in observation.rosters)
    if observation.previous:
        yield _differences(observation, observation.previous)
    yield rows_section("Drift", map(drift_row, observation.drift))
    unknown = (plain(f"{_name_scope(one)}: {why}") for one, why in sorted(observation.unknown.items()))
    yield bullets("Unknown, so plans leave it alone", unknown)
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
    rows = []
    for one in roster.resources:
        place = observation.places.get(one.address)
        file = f"{place.file.rpartition('/')[2]}:" if place and len(observation.texts) > 1 else ""
        status, since = one.status.replace("_", " "), str(one.since or "")
        told = (plain(_values(one)), status, since, plain(one.identity), plain(f"{file}{place.line}" if place else ""))
        rows.append(Row(cells=(code(one.address.key), *told)))
    header = ("who" if roster.kind == "member" else "what", "is", "status", "since", "shown as", "line")
    return Section(
        title=plain(f"{observation.organization}: {number}"),
        about=plain(f"{observation.title}, taken {_format_time(roster.taken)}, from {roster.source}"),
        blocks=(Table(header=header, rows=tuple(rows)),) if rows else (),
    )


def _differences(observation: Observation, previous: datetime) -> Block:
    since = f"since the roster of {_format_time(previous)}"
    if not observation.differences:
        return Paragraph(text=f"Nothing has changed {since}.")
    rows = []
    for one in observation.differences:
        sides = [f"{_values(side)} {side.status.replace('_', ' ')}".strip() for side in (one.before, one.after) if side]
        name = code(f"{one.address.kind}/{one.address.key}")
        rows.append(Row(cells=(name, plain(" -> ".join(filter(None, sides)))), sign=_SIGNS[one.what]))
    return Section(title=f"Changed {since}", blocks=(Table(header=("what", "shows"), rows=tuple(rows)),))


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


def _format_time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%MZ}"
