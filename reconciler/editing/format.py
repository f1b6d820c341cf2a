"""Manifests in their usual form, without touching meaning, comments or order.

Only what no reader looks at changes: the byte order mark, line ends, spaces at the end of lines, and blank lines in
rows and at both ends. Indentation stays, because people align what belongs together. Texts over several lines are left
alone. The result is read again and must mean the same, or nothing is changed.
"""

from __future__ import annotations

from collections.abc import Iterator

from yaml.events import ScalarEvent, StreamEndEvent

from reconciler.manifests.source import SourceFile, events_of, parse_file
from reconciler.model.finding import Finding, Notes, Place, Severity


def format_manifest(file: SourceFile) -> tuple[str | None, tuple[Finding, ...]]:
    """The file in its usual form; None with findings when it cannot be read or would mean something else."""
    before = parse_file(file)
    errors = tuple(finding for finding in before.findings if finding.severity is Severity.ERROR)
    if before.node is None or errors:
        return None, errors
    text = "".join(f"{line}\n" for line in _usual_lines(before.text))
    after = parse_file(SourceFile(path=file.path, data=text.encode()))
    # Compared as text, because to Python 1, 1.0 and True are equal, and so are mappings in another order.
    if repr(after.node) != repr(before.node):
        notes = Notes()
        message = "formatting would change what the file means, so it stays as it is"
        notes.error("unsafe-format", message, Place(file.path, 1, 1), advice="format it by hand, and report this")
        return None, tuple(notes.findings)
    return text, ()


def _usual_lines(text: str) -> Iterator[str]:
    text = text.replace("\r\n", "\n")
    fixed = _lines_of_long_texts(text)
    lines = text.removesuffix("\n").split("\n")
    blank = True  # so that blank lines at the top go
    waiting: list[str] = []
    for number, line in enumerate(lines):
        kept = line if number in fixed else line.rstrip(" \t")
        if kept or number in fixed:
            yield from waiting
            waiting = []
            yield kept
            blank = False
        elif not blank:
            waiting = [""]
            blank = True


def _lines_of_long_texts(text: str) -> set[int]:
    """Lines on which a text that takes several lines begins, goes on or ends."""
    next_event = events_of(text)
    lines: set[int] = set()
    while not isinstance(event := next_event(), StreamEndEvent):
        if isinstance(event, ScalarEvent) and event.start_mark is not None and event.end_mark is not None:
            first, last = event.start_mark.line, event.end_mark.line - (event.end_mark.column == 0)
            if last > first:
                lines.update(range(first, last + 1))
    return lines
