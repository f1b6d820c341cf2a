"""Findings as workflow commands of GitHub Actions, which its runner turns into annotations on files and lines.

Of each sort the runner shows ten for a step and drops the rest in silence, so the tenth says how many there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.model.finding import Finding, Place, Severity
from reconciler.output.style import Style
from reconciler.output.visible import make_visible
from reconciler.output.words import count

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
_MAX_SHOWN = 10


def render_workflow_commands(findings: Sequence[Finding], style: Style) -> str:
    """One line for each that will be shown, errors first; those in files before those in none."""
    ordered = sorted(findings, key=lambda finding: finding.sort_key)
    lines = [
        line
        for severity in Severity
        for line in _render([finding for finding in ordered if finding.severity is severity], severity, style)
    ]
    return "".join(f"{line}\n" for line in lines)


def _render(findings: Sequence[Finding], severity: Severity, style: Style) -> Iterator[str]:
    command = _COMMANDS[severity]
    shown = findings if len(findings) <= _MAX_SHOWN else findings[: _MAX_SHOWN - 1]
    for finding in shown:
        advice = f"\nadvice: {finding.advice}" if finding.advice else ""
        message = f"{finding.message}{advice}"
        yield f"::{command} {_properties(finding, style)}::{_data(message)}"
    if len(shown) < len(findings):
        rest = count(len(findings) - len(shown), "more is", "more are")
        yield f"::{command} title=reconciler::{rest} not shown here; the step summary has them"


def _properties(finding: Finding, style: Style) -> str:
    values = {**_position(finding.place, style), "title": finding.id}
    return ",".join(f"{name}={_property(value)}" for name, value in values.items())


def _position(place: Place | None, style: Style) -> dict[str, str]:
    if place is None:
        return {}
    return {"file": f"{style.prefix}{place.file}", "line": str(place.line), "col": str(place.column)}


def _data(message: str) -> str:
    """The message as the runner takes it; lines stay lines, everything else invisible becomes visible."""
    visible = "\n".join(map(make_visible, message.split("\n")))
    return visible.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return make_visible(value).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
