"""Findings for a terminal: place, message, the line itself with a caret, advice, and one line of summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.core.finding import Finding, Place, Severity
from reconciler.renderers.folding import fold
from reconciler.renderers.style import Style, Tone
from reconciler.renderers.visible import display_width, make_visible, show_source
from reconciler.renderers.words import count, join

_TONES = {Severity.ERROR: Tone.ALARM, Severity.WARNING: Tone.WARN, Severity.NOTE: Tone.STRONG}
_NOUNS = {
    Severity.ERROR: ("error", "errors"),
    Severity.WARNING: ("warning", "warnings"),
    Severity.NOTE: ("note", "notes"),
}
_LONGEST_LINE = 120
_SECRETS = frozenset({"secret", "literal-secret"})
"""Findings on lines that hold one."""
_HIDDEN = "(the line is not shown, because it holds a secret)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What a look at some files found."""

    findings: Sequence[Finding]
    texts: Mapping[str, str] = field(default_factory=dict)
    """Path -> text of the files, for the line with the caret; a missing file only loses its caret."""
    files: int = 0
    """How many files were looked at."""
    policies: frozenset[str] = frozenset()
    """Ids of the findings that come from policies."""


def render_findings(inspection: Inspection, style: Style) -> str:
    """All findings in reading order and a summary line; ends with a newline."""
    return f"{render_finding_list(inspection, style)}{render_summary(inspection)}\n"


def render_finding_list(inspection: Inspection, style: Style) -> str:
    """All findings in reading order; empty when there are none."""
    lines_of = {path: text.splitlines() for path, text in inspection.texts.items()}
    _hide_secrets(inspection.findings, lines_of)
    ordered = sorted(inspection.findings, key=lambda finding: finding.sort_key)
    return "".join(f"{_render_one(finding, lines_of, style)}\n" for finding in ordered)


def _hide_secrets(findings: Sequence[Finding], lines_of: Mapping[str, list[str]]) -> None:
    """Take lines that hold a secret out of sight, for every finding on them: terminals and CI logs are kept."""
    for finding in findings:
        place = finding.place
        lines = lines_of.get(place.file, []) if place else []
        if finding.id in _SECRETS and place is not None and 1 <= place.line <= len(lines):
            lines[place.line - 1] = _HIDDEN


def render_summary(inspection: Inspection) -> str:
    """One line: `2 errors and 1 warning in 3 files.` or `No findings in 3 files.`."""
    where = f" in {count(inspection.files, 'file', 'files')}" if inspection.files else ""
    severities = [finding.severity for finding in inspection.findings]
    counted = [
        count(severities.count(severity), *nouns) for severity, nouns in _NOUNS.items() if severity in severities
    ]
    return f"{join(counted) or 'No findings'}{where}."


def _render_one(finding: Finding, lines_of: Mapping[str, list[str]], style: Style) -> str:
    where = f"{_show_place(finding.place)}: " if finding.place else ""
    label = style.paint(f"{finding.severity}[{finding.id}]", _TONES[finding.severity])
    lines = fold(f"{style.paint(where, Tone.STRONG)}{label}: {make_visible(finding.message)}", style.width)
    lines += _excerpt(finding.place, lines_of, style)
    lines += [f"  see also: {_show_place(place)}" for place in finding.related]
    if finding.advice:
        lines += fold(f"advice: {make_visible(finding.advice)}", style.width, "  ")
    return "\n".join(lines)


def _show_place(place: Place) -> str:
    return make_visible(str(place))


def _excerpt(place: Place | None, lines_of: Mapping[str, list[str]], style: Style) -> list[str]:
    """The source line and a caret under the column; nothing when the line is not at hand."""
    lines = lines_of.get(place.file, []) if place else []
    if place is None or not 1 <= place.line <= len(lines):
        return []
    line = lines[place.line - 1]
    if line is _HIDDEN:
        return [f"  {style.paint(_HIDDEN, Tone.QUIET)}"]
    longest = min(_LONGEST_LINE, style.width - len("  …  …")) if style.width else _LONGEST_LINE
    start = _window_start(line, place.column, longest)
    lead = "… " if start else ""
    shown = show_source(line[start : start + longest])
    tail = " …" if len(line) > start + longest else ""
    indent = display_width(lead + show_source(line[start : place.column - 1]))
    return [f"  {style.paint(lead + shown + tail, Tone.QUIET)}", f"  {' ' * indent}{style.paint('^', Tone.ALARM)}"]


def _window_start(line: str, column: int, longest: int) -> int:
    """Where to cut a long line so that the column stays in sight."""
    if len(line) <= longest or column <= longest * 2 // 3:
        return 0
    return min(column - longest // 2, len(line) - longest)
