"""A new manifest as a person would lay it out: short things on one line, everything else below one another."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from reconciler.editing.edits import Path, Value, is_plain, is_plain_key
from reconciler.manifests.scalars import find_hidden

_WIDTH = 100
_MAX_IN_A_LINE = 4
_ALWAYS_BELOW = frozenset({"members"})
"""Mappings that grow, so that every entry has its own line in a review."""

Tree = Mapping[str, Value]


def render_manifest(tree: Tree, *, head: Sequence[str] = (), tails: Mapping[Path, Sequence[str]] | None = None) -> str:
    """The text of a file; `head` are comments at its top, `tails` those at the end of a mapping."""
    lines = [*map(_comment, head), *_mapping(tree, (), tails or {})]
    return "".join(f"{line}\n" for line in lines)


def _mapping(tree: Tree, path: Path, tails: Mapping[Path, Sequence[str]]) -> Iterator[str]:
    indent = "  " * len(path)
    for key, value in tree.items():
        here = (*path, key)
        start = f"{indent}{_key(key)}:"
        if here not in tails and _fits(value, here, start):
            yield f"{start} {_inline(value)}"
        elif isinstance(value, Mapping):
            yield start
            yield from _mapping(value, here, tails)
        else:
            yield start
            yield from (f"{indent}  - {_inline(item)}" for item in value or ())  # type: ignore[union-attr]  # a list
    yield from (f"{indent}{_comment(line)}" for line in tails.get(path, ()))


def _fits(value: Value, path: Path, start: str) -> bool:
    """Whether a value stands behind its key."""
    if isinstance(value, str) or not isinstance(value, Mapping | Sequence):
        return True
    if len(start) + len(_inline(value)) >= _WIDTH:
        return False
    if not isinstance(value, Mapping) or not value:
        return True
    if len(path) == 1 or path[-1] in _ALWAYS_BELOW or path[:-1] == ("organizations",):
        return False
    is_flat = path[0] == "people" or not any(isinstance(item, Mapping) for item in value.values())
    return is_flat and len(value) <= _MAX_IN_A_LINE


def _inline(value: Value) -> str:
    match value:
        case str():
            return value if is_plain(value) else _quoted(value)
        case Mapping():
            return "{" + ", ".join(f"{_key(key)}: {_inline(item)}" for key, item in value.items()) + "}"
        case Sequence():
            return "[" + ", ".join(map(_inline, value)) + "]"
        case _:
            return json.dumps(value)


def _key(text: str) -> str:
    return text if is_plain_key(text) else _quoted(text)


def _quoted(text: str) -> str:
    if text.isascii():
        return json.dumps(text)
    # In double quotes everything beyond ASCII would be escaped by other writers; nobody can review that.
    return "'" + text.replace("'", "''") + "'"


def _comment(text: str) -> str:
    """A line of a comment; what nobody could see in it is shown."""
    shown = text if text.isprintable() and not find_hidden(text) else ascii(text)[1:-1]
    return f"# {shown}".rstrip()
