"""Findings on a terminal: place, message, the line itself with a caret, and advice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.model.finding import Finding, Place, Severity
from reconciler.output.document import Findings
from reconciler.output.folding import fold
from reconciler.output.style import Style, Tone
from reconciler.output.visible import display_width, make_visible, show_source

_TONES = {Severity.ERROR: Tone.ALARM, Severity.WARNING: Tone.WARN, Severity.NOTE: Tone.STRONG}
_MAX_LINE = 120
_SECRETS = frozenset({"secret", "literal-secret", "unknown-store"})
"""Findings on lines that hold one."""
_HIDDEN = "(the line is not shown, because it may hold a secret)"


def finding_lines(block: Findings, style: Style) -> Iterator[str]:
    """All findings in reading order."""
    lines_of = {path: text.splitlines() for path, text in block.texts.items()}
    _hide_secrets(block.findings, lines_of)
    for finding in sorted(block.findings, key=lambda finding: finding.sort_key):
        yield from _finding(finding, lines_of, style)


def _hide_secrets(findings: Sequence[Finding], lines_of: Mapping[str, list[str]]) -> None:
    """Take lines that hold a secret out of sight, for every finding on them: terminals and CI logs are kept."""
    for finding in findings:
        place = finding.place
        lines = lines_of.get(place.file, []) if place else []
        if finding.id in _SECRETS and place is not None and 1 <= place.line <= len(lines):
            lines[place.line - 1] = _HIDDEN


def _finding(finding: Finding, lines_of: Mapping[str, list[str]], style: Style) -> Iterator[str]:
    where = f"{_show_place(finding.place)}: " if finding.place else ""
    label = style.paint(f"{finding.severity}[{finding.id}]", _TONES[finding.severity])
    yield from fold(f"{style.paint(where, Tone.STRONG)}{label}: {make_visible(finding.message)}", style.width)
    yield from _excerpt(finding.place, lines_of, style)
    yield from (f"  see also: {_show_place(place)}" for place in finding.related)
    if finding.advice:
        yield from fold(f"advice: {make_visible(finding.advice)}", style.width, "  ")


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
    longest = min(_MAX_LINE, style.width - len("  …  …")) if style.width else _MAX_LINE
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
