"""How a file is spoilt: its bytes, or values of the JSON in it. Pure, so that any source of chance can drive it."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

PIECES = (
    *(
        b"",
        b"\0",
        b"\n",
        b"\r\n",
        b" ",
        b"\t",
        b"  - ",
        b": ",
        b"#",
        b"&a ",
        b"*a",
        b"!!str ",
        b"<<: ",
        b"---\n",
        b"|\n",
    ),
    *(b"{", b"}", b"[", b"]", b'"', b"'", b",", b";", b"\\", b"\\ud800", b"\xff", b"\xed\xa0\x80", b"\xe2\x80\xae"),
    *(b"null", b"true", b"-1", b"1e999", b"NaN", b"9" * 30, b"2027-02-30", b"0001-01-01", b"9999-12-31", b"[" * 500),
    *(b"a@b.example", b"acme-bc/member/x", b"group:x", b"::error::", b"=cmd|' /C calc'!A0", b"<script>", b"${{ x }}"),
)
JUNK: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 7, 10**40, 1.5, 1e300, "", "x", "\x00", "\ud800", "\u202e", [], {}, [[]], {"": ""}),
    *(["x"], {"x": {}}, ["x", "x"], "a/b/c", "acme-bc/member/x", "acme-bc/organization/acme-bc", "2027-02-30"),
    *("9999-12-31", "0001-01-01", "2026-11-22", "2026-11-22T09:00:00", "0001-01-01T00:00:00+24:00", "active", "admin"),
    *("9999-12-31T23:59:59Z", "-P1D", "1" * 5000),
)
WAYS = ("set", "drop", "add")


class Cut(NamedTuple):
    """Some bytes go, and others come in their place; `at` counts in 65,536ths of the whole."""

    at: int
    length: int
    piece: bytes
    times: int = 1


def spoil_bytes(data: bytes, cuts: Sequence[Cut]) -> bytes:
    """The same with a few holes and strange pieces in it."""
    for cut in cuts:
        at = cut.at * len(data) >> 16
        data = data[:at] + cut.piece * cut.times + data[at + cut.length :]
    return data


def paths_in(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where there is a value in some JSON."""
    below = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(found for key, value in below for found in paths_in(value, (*path, key)))]


class Swap(NamedTuple):
    """A value becomes another one, goes, or comes twice."""

    path: int
    junk: Any
    way: str


def spoil_values(content: Any, swaps: Sequence[Swap]) -> Any:
    """The same with a few other values; an edit may reach into what one before it put there."""
    paths, content = paths_in(content), copy.deepcopy(content)
    for number, junk, way in swaps:
        *parents, last = paths[number % len(paths)] or (None,)
        if last is None:
            content = copy.deepcopy(junk)
            continue
        node = content
        try:
            for step in parents:
                node = node[step]
            if way == "set":
                node[last] = copy.deepcopy(junk)
            elif way == "drop":
                del node[last]
            elif isinstance(node, dict):
                node[str(junk)] = copy.deepcopy(node[last])
            else:
                node.append(copy.deepcopy(node[last]))
        except (AttributeError, KeyError, IndexError, TypeError):  # an edit before this one took its place away
            continue
    return content


def as_json(content: Any) -> bytes:
    """What is written the way a hostile writer would: half characters as escapes, numbers of any size."""
    return json.dumps(content).encode()
