"""Manifests in their usual form, without touching meaning, comments or order.

Only what no reader looks at changes: the byte order mark, line ends, spaces at the end of lines and before values, and
blank lines in rows and at both ends. Indentation stays, and so do values that people align below each other, which move
together. Texts over several lines are left alone. The result is read again and must mean the same, or nothing changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from yaml.events import ScalarEvent, StreamEndEvent

from reconciler.manifests.source import SourceFile, events_of, parse_file
from reconciler.model import Finding, Notes, Place, Severity

_KEY = re.compile(r""" *(?:- +)?(?P<key>[\w@.+/-]+|"[^"\\]*"|'[^']*'):(?P<gap> +)(?=[^\s#])""")
"""The first key of a line, up to its value on the same line."""


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


def refuse_format(file: Path) -> Finding:
    """What to say of a file that is no manifest of the workspace; nothing of it is shown."""
    notes = Notes()
    message = f"{file} is no manifest of this workspace, so it stays as it is"
    notes.error("not-a-manifest", message, None, advice="`manifests:` in reconciler.yaml says where they are")
    return notes.findings[0]


def _usual_lines(text: str) -> Iterator[str]:
    text = text.replace("\r\n", "\n")
    fixed = _lines_of_long_texts(text)
    lines = _squeezed(text.removesuffix("\n").split("\n"), fixed)
    is_begun = is_apart = False
    for number, line in enumerate(lines):
        kept = line if number in fixed else line.rstrip(" \t")
        if not kept and number not in fixed:
            is_apart = is_begun  # blank lines at the top go
            continue
        if is_apart:
            yield ""
        yield kept
        is_begun, is_apart = True, False


def _squeezed(lines: list[str], fixed: set[int]) -> list[str]:
    """One space before a value; of values that begin in one column, before that of the longest key."""
    counted = [number for number, line in enumerate(lines) if number in fixed or line.lstrip()[:1] not in ("", "#")]
    found = [(number, None if number in fixed else _KEY.match(lines[number])) for number in counted]
    for _, aligned in groupby(found, key=lambda one: one[1] and (one[1].end(), one[1].start("key"))):
        block = [(number, key) for number, key in aligned if key]
        spare = min((len(key["gap"]) for _, key in block), default=1) - 1
        for number, key in block:
            start = key.start("gap")
            lines[number] = lines[number][:start] + lines[number][start + spare :]
    return lines


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
