"""Where in a file an edit may leave traces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from reconciler.manifests.nodes import MapNode, place_of
from reconciler.model.finding import Place

if TYPE_CHECKING:
    from yaml.nodes import Node


def lines_of(text: str, path: tuple[str, ...]) -> set[int]:
    """Lines, counted from 0, that belong to a path: the entry itself, or the line its parent would grow on.

    The line of the parent is among them when the entry is all that the parent has: it becomes `{}`.
    """
    node: Node | None = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    lines = text.split("\n")
    parent: set[int] = set()
    alone: set[int] = set()
    for key in path:
        entry = _find(node, key)
        if entry is None:
            return parent if _is_closed(node) else set()
        (name, value), siblings = entry
        own = _span(name, value, lines)
        if _is_closed(node):
            own |= parent
        alone = parent if siblings == 0 else set()
        node, parent = value, own
    return parent | set(sorted(alone)[:1])


def place_in(file: str, node: MapNode, path: tuple[str, ...]) -> Place:
    """The position of the deepest part of a path that is written down."""
    place = Place(file, 1, 1)
    here: object = node
    for key in path:
        if not isinstance(here, MapNode) or key not in here:
            break
        place = place_of(file, here.marks[key][0])
        here = here[key]
    return place


def _is_closed(node: Node | None) -> bool:
    """Whether a new key cannot be a line of its own: there is nothing yet, or it is in brackets."""
    return node is not None and not (isinstance(node, yaml.MappingNode) and not node.flow_style and node.value)


def _find(node: Node | None, key: str) -> tuple[tuple[Node, Node], int] | None:
    """The entry of a key, and how many others there are."""
    if not isinstance(node, yaml.MappingNode):
        return None
    return next(((entry, len(node.value) - 1) for entry in node.value if entry[0].value == key), None)


def _span(name: Node, value: Node, lines: list[str]) -> set[int]:
    """All lines from a key to the end of its value.

    Blank lines behind a text of several lines are a part of that text, and comments behind a mapping are a part of it
    when they are indented like its entries.
    """
    first, last = name.start_mark.line, value.end_mark.line
    if value.end_mark.column == 0:
        last -= 1
    if isinstance(value, yaml.CollectionNode) and not value.flow_style:
        column = name.start_mark.column
        while last > first and _is_outside(lines[last], column):
            last -= 1
    return set(range(first, max(first, last) + 1))


def _is_outside(line: str, column: int) -> bool:
    """Whether a blank line, a comment or the next key does not belong to the entry that begins in `column`."""
    text = line.lstrip()
    return not text or len(line) - len(text) <= column
