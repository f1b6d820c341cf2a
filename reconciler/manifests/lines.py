"""The shape that nearly all manifests have, read line by line: several times faster than from the events of libyaml.

It is: block mappings; unquoted words and simple texts in double quotes; mappings and lists of those in one line;
comments and blank lines. Whatever is anything else, or would be a finding, makes this reader give up, and the reader
of events (`source`) judges the whole file. So nothing is refused here, and `tests/manifests/test_lines.py` holds that
the two never read anything differently.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from reconciler.manifests.nodes import LINE, ListNode, MapNode, Mark
from reconciler.manifests.scalars import MIN_LENGTH, WORDS, Surprise, looks_like_secret, read_plain

_KEY = r"[^\W\d][\w.@+-]*(?::[\w.@+-]+)*"
_ASCII_KEY = r"[A-Za-z_][A-Za-z0-9_.@+-]*(?::[A-Za-z0-9_.@+-]+)*"
"""The same in ASCII: without classes, a letter is one look into a table."""
_ROW, _ASCII_ROW = (re.compile(rf"^( *)(?:({key}):(?: (.*))?|#.*)?\n", re.MULTILINE) for key in (_KEY, _ASCII_KEY))
"""How a line is indented, a key and the rest of the line; no key for a comment or nothing."""
_SIMPLE = re.compile(r"[^\W\d](?: ?[\w.@+-])*")
_PLAIN = re.compile(r"\w(?: *[\w.@+/()&'=%,;!?*<>\"-]|:(?=[\w/@.-]))*")
_QUOTED = r'"[^"\\\t\n]*"'
_WHOLE_QUOTED = re.compile(_QUOTED)
_PART = re.compile(rf" *(?:({_KEY}): )?(?:([{{\[])|({_QUOTED}|\w(?: *[\w.@+/()&'=%-]|:(?=[\w/@.-]))*))")
"""What stands between two commas: a key perhaps, and a scalar, or the bracket that begins another mapping or list."""
_BETWEEN = re.compile(r" *([,}\]])")
_MAX_DEPTH = 15
_MAX_KEY = 200
_MAX_REST = 10_000
_MAX_KEPT = 4_096

_Scalar = str | int | float


class _Flow(NamedTuple):
    """A mapping or list in one line, wherever it stands."""

    keys: list[str] | None
    """None for a list."""
    values: list[_Scalar | _Flow]
    offsets: list[int]
    """How far behind its bracket each key or item is."""


class _Unusual(Exception):
    """Not for this reader."""


def read_lines(text: str) -> MapNode | None:
    """The top-level mapping, or None where the text is not of this shape through and through."""
    start = 4 if text.startswith("---\n") else 0
    if not text.endswith("\n"):
        text += "\n"
    rows = (_ASCII_ROW if text.isascii() else _ROW).findall(text, start)
    if len(rows) != text.count("\n", start):
        return None
    try:
        return _read_rows(rows, LINE if start else 0)
    except _Unusual:
        return None


def _read_rows(rows: list[tuple[str, str, str]], line: Mark) -> MapNode:
    root = node = MapNode(line)
    column, opened = 0, ""
    """Of the mapping that is being read, and the key whose value is to come on the lines below it."""
    around: list[tuple[int, MapNode]] = []
    line -= LINE
    for indent, key, rest in rows:
        line += LINE
        if not key:
            continue
        mark = line + len(indent)
        if len(indent) != column or opened:
            node = _change_level(around, (column, node), opened, mark)
            column, opened = len(indent), ""
        if (
            key in node.marks
            or key in WORDS
            or (len(key) >= MIN_LENGTH and (len(key) > _MAX_KEY or looks_like_secret(key)))
        ):
            raise _Unusual
        node.marks[key] = mark
        value, gap = _read_rest(rest)
        if value is None:
            opened = key
            continue
        if gap:
            node.apart[key] = mark + len(key) + 2 + gap
        node[key] = value if type(value) is not _Flow else _build(value, mark + len(key) + 2 + gap)
    if opened or not root:
        raise _Unusual
    root.mark = next(iter(root.marks.values()))
    return root


def _change_level(around: list[tuple[int, MapNode]], left: tuple[int, MapNode], opened: str, mark: Mark) -> MapNode:
    """The mapping that a line goes on with which is indented otherwise than the one before: a new one, or an outer."""
    column, node = left
    if opened:
        if mark % LINE <= column or len(around) > _MAX_DEPTH:
            raise _Unusual
        around.append(left)
        inner = MapNode(mark)
        node[opened], node.apart[opened] = inner, mark
        return inner
    while mark % LINE < column:
        column, node = around.pop()
    if mark % LINE != column:
        raise _Unusual
    return node


# Most lines give one of a few roles, so that what stands behind most keys was read before.
@lru_cache(maxsize=_MAX_KEPT)
def _read_rest(rest: str) -> tuple[_Scalar | _Flow | None, int]:
    """The value behind a key, None where it is on the lines below; and how many spaces too many stand before it."""
    if len(rest) > _MAX_REST:
        raise _Unusual
    if _SIMPLE.fullmatch(rest) and rest not in WORDS and not (len(rest) >= MIN_LENGTH and looks_like_secret(rest)):
        return rest, 0  # nothing below would say otherwise; most values are such
    written = rest.lstrip(" ")
    gap = len(rest) - len(written)
    if written.startswith("#"):
        return None, 0
    written = written.partition(" #")[0].rstrip(" ")
    if not written:
        return None, 0
    if written[0] in "{[":
        flow, end = _read_flow(written, 0, 1)
        if end < len(written):
            raise _Unusual
        return flow, gap
    if written[0] != '"' and not _PLAIN.fullmatch(written):
        raise _Unusual
    return _read_scalar(written), gap


@lru_cache(maxsize=_MAX_KEPT)
def _read_scalar(written: str) -> _Scalar:
    """The value of a scalar of the right form, in quotes or not."""
    value: _Scalar | Surprise | None
    if written[0] == '"':
        value = text = written[1:-1]
        if not _WHOLE_QUOTED.fullmatch(written):
            raise _Unusual
    else:
        text, value = written, read_plain(written)
    if value is None or isinstance(value, Surprise) or (len(text) >= MIN_LENGTH and looks_like_secret(text)):
        raise _Unusual
    return value


@lru_cache(maxsize=_MAX_KEPT)
def _is_usual_key(text: str) -> bool:
    return len(text) < MIN_LENGTH and text not in WORDS


def _read_flow(written: str, start: int, depth: int) -> tuple[_Flow, int]:
    """The mapping or list whose bracket stands at an index, and the index behind its end."""
    closing = "}" if written[start] == "{" else "]"
    flow = _Flow(keys=[] if closing == "}" else None, values=[], offsets=[])
    if written.startswith(closing, start + 1):
        return flow, start + 2
    end = start + 1
    while True:
        part = _PART.match(written, end)
        if part is None or depth > _MAX_DEPTH or (part[1] is None) != (flow.keys is None):
            raise _Unusual
        key, bracket, scalar = part.groups()
        if flow.keys is not None:
            if not _is_usual_key(key):
                raise _Unusual
            flow.keys.append(key)
        flow.offsets.append(part.start(1 if key else part.lastindex or 0) - start)
        end = part.end()
        if bracket:
            inner, end = _read_flow(written, end - 1, depth + 1)
            flow.values.append(inner)
        else:
            flow.values.append(_read_scalar(scalar))
        between = _BETWEEN.match(written, end)
        if between is None or between[1] not in (",", closing):
            raise _Unusual
        end = between.end()
        if between[1] == closing:
            if flow.keys and len(set(flow.keys)) < len(flow.keys):
                raise _Unusual
            return flow, end


def _build(flow: _Flow, mark: Mark) -> MapNode | ListNode:
    """The mapping or list that begins at a mark."""
    keys, values, offsets = flow
    if keys is None:
        items = ListNode(mark)
        items.marks = [mark + offset for offset in offsets]
        items.extend(
            [_build(one, at) if type(one) is _Flow else one for one, at in zip(values, items.marks, strict=True)]
        )
        return items
    node = MapNode(mark)
    for key, value, offset in zip(keys, values, offsets, strict=True):
        node.marks[key] = at = mark + offset
        node[key] = _build(value, at + len(key) + 2) if type(value) is _Flow else value
    return node
