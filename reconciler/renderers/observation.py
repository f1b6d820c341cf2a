"""A roster as it was understood, for a terminal."""

from __future__ import annotations

from datetime import UTC, datetime

from reconciler.core.inspection import Inspection
from reconciler.core.kinds import KINDS
from reconciler.core.observation import Difference, Observation
from reconciler.core.resource import Resource
from reconciler.core.roster import Roster
from reconciler.output.document import Table
from reconciler.output.style import Style, Tone
from reconciler.output.text_findings import list_findings
from reconciler.output.text_table import table_lines
from reconciler.output.visible import make_visible
from reconciler.output.words import count
from reconciler.renderers.table import render_table
from reconciler.subjects.drift import show_drift

_SIGNS = {"new": ("+", Tone.ADD), "changed": ("~", Tone.CHANGE), "gone": ("-", Tone.REMOVE)}


def render_observation(observation: Observation, style: Style) -> str:
    """What was read, what is unknown, what has changed, and everything that was not understood."""
    inspection = Inspection(findings=observation.findings, texts=observation.texts)
    blocks = [_show_roster(roster, observation, style) for roster in observation.rosters]
    blocks += [_show_differences(observation, style)] if observation.previous else []
    blocks += [_show_drift(observation, style)] if observation.drift else []
    blocks += [_show_unknown(observation, style)] if observation.unknown else []
    blocks += [list_findings(inspection.findings, style, inspection.texts)] if observation.findings else []
    return "\n".join([*filter(None, blocks), _closing(observation)])


def _show_roster(roster: Roster, observation: Observation, style: Style) -> str:
    kind = KINDS[roster.kind].title
    number = count(len(roster.resources), kind, f"{kind}s")
    head = style.paint(f"{make_visible(observation.organization)}: {number}", Tone.STRONG)
    told = f"{head} ({observation.title}), taken {_when(roster.taken)}, from {make_visible(roster.source)}\n"
    if not roster.resources:
        return told
    rows = [
        (
            one.address.key,
            _values(one),
            one.status.value.replace("_", " "),
            str(one.since or ""),
            one.identity,
            _show_line(one, observation),
        )
        for one in roster.resources
    ]
    who = "who" if roster.kind == "member" else "what"
    return told + render_table((who, "is", "status", "since", "shown as", "line"), rows, style)


def _show_line(resource: Resource, observation: Observation) -> str:
    """With the name of the file where there are several."""
    place = observation.places.get(resource.address)
    if place is None:
        return ""
    return str(place.line) if len(observation.texts) == 1 else f"{place.file.rpartition('/')[2]}:{place.line}"


def _show_differences(observation: Observation, style: Style) -> str:
    since = f"since the roster of {_when(observation.previous)}"
    if not observation.differences:
        return f"nothing has changed {since}\n"
    lines = [_show_difference(one, style) for one in observation.differences]
    return "".join(f"{line}\n" for line in (style.paint(f"changed {since}:", Tone.STRONG), *lines))


def _show_difference(difference: Difference, style: Style) -> str:
    sign, tone = _SIGNS[difference.what]
    before, after = _shown(difference.before), _shown(difference.after)
    told = f"{before} -> {after}" if before and after else before or after
    return style.paint(make_visible(f"{sign} {difference.address.kind}/{difference.address.key}: {told}"), tone)


def _show_drift(observation: Observation, style: Style) -> str:
    rows = tuple(show_drift(found) for found in observation.drift)
    lines = table_lines(Table(header=("what", "access"), rows=rows), style, "    ")
    return "".join(f"{line}\n" for line in (style.paint("drift:", Tone.STRONG), *lines))


def _show_unknown(observation: Observation, style: Style) -> str:
    head = style.paint("unknown, so plans leave it alone:", Tone.STRONG)
    lines = [make_visible(f"  {_scope(prefix)}: {why}") for prefix, why in sorted(observation.unknown.items())]
    return "".join(f"{line}\n" for line in (head, *lines))


def _scope(prefix: str) -> str:
    """An address, or what a prefix stands for."""
    organization, kind, key = prefix.split("/", 2)
    if not key:
        return f"every {KINDS[kind].title} of {organization} that is not listed"
    return f"every {KINDS[kind].title} of {key.rstrip('/')} that is not listed" if key.endswith("/") else prefix


def _closing(observation: Observation) -> str:
    if observation.is_kept:
        return f"Kept: {make_visible(observation.organization)} is planned from this roster now.\n"
    if observation.is_usable:
        return "Not kept, because this was only a look.\n"
    return "Not kept: what was known before stays.\n"


def _shown(resource: Resource | None) -> str:
    """Values and status in words; empty for what is not there."""
    return "" if resource is None else f"{_values(resource)} {resource.status.value.replace('_', ' ')}".strip()


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
