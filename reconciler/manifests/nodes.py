"""Parsed YAML that still knows where every key and value was written."""

from __future__ import annotations

from reconciler.model.finding import Place

Path = tuple[str | int, ...]
"""Keys and indexes from the top of a file."""
_NOTHING = object()


Mark = int
"""A position: lines before it, and characters before it in its line, in one number. See `mark_at`."""
LINE = 1 << 25
"""One line further; a file has fewer characters than this, so no column is as large."""


def mark_at(line: int, column: int) -> Mark:
    """A position, counted from 0 as YAML readers do."""
    return line * LINE + column


def place_of(file: str, mark: Mark) -> Place:
    """A mark as people count: from 1."""
    return Place(file, mark // LINE + 1, mark % LINE + 1)


class MapNode(dict[str, object]):
    """A YAML mapping: a plain dict for every reader, plus the marks of its keys and values."""

    __slots__ = ("apart", "mark", "marks")

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self.mark = mark
        self.marks: dict[str, Mark] = {}
        """Where each key is."""
        self.apart: dict[str, Mark] = {}
        """Where the value of a key is, unless it stands one space behind the key and its colon."""

    def value_mark(self, key: str) -> Mark:
        """Where the value of a key that is there begins."""
        mark = self.apart.get(key)
        return self.marks[key] + len(key) + 2 if mark is None else mark


class ListNode(list[object]):
    """A YAML sequence: a plain list for every reader, plus the marks of its items."""

    __slots__ = ("mark", "marks")

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self.mark = mark
        self.marks: list[Mark] = []


class Cursor:
    """A spot in one parsed file from which places of keys and items can be asked.

    Resolving works on validated documents, which know nothing of positions; a cursor walks the parsed file beside
    them. Whatever was not written, such as a default, has the place of what should contain it.
    """

    __slots__ = ("file", "node", "start")

    def __init__(self, file: str, node: object, start: Mark) -> None:
        self.file = file
        self.node = node
        self.start = start

    @classmethod
    def at_top(cls, file: str, node: MapNode) -> Cursor:
        """The whole file."""
        return cls(file, node, node.mark)

    @property
    def place(self) -> Place:
        """Where the thing starts: its key, if it has one."""
        return place_of(self.file, self.start)

    def into(self, *parts: str | int) -> Cursor:
        """The value under a key or an index, or under one after the other; it starts at its key, or at the item."""
        node, start = self.node, self.start
        for part in parts:
            if isinstance(node, MapNode) and isinstance(part, str) and (mark := node.marks.get(part)) is not None:
                node, start = node[part], mark
            elif isinstance(node, ListNode) and isinstance(part, int) and 0 <= part < len(node.marks):
                start, node = node.marks[part], node[part]
            else:
                node = None
        return Cursor(self.file, node, start)

    def key(self, *parts: str | int) -> Place:
        """Where the last of these keys (or items) is written."""
        return self.into(*parts).place

    def spot(self, part: str | int) -> Place:
        """The same for one key or item that is there, without a cursor: it is asked for every line."""
        node = self.node
        if not isinstance(node, MapNode | ListNode):
            return self.place
        mark = node.marks[part]  # type: ignore[index]  # a key of a mapping, or the number of an item
        return Place(self.file, mark // LINE + 1, mark % LINE + 1)

    def value(self, part: str) -> Place:
        """Where the value of a key is written, rather than the key."""
        node = self.node
        if isinstance(node, MapNode) and part in node.marks:
            return place_of(self.file, node.value_mark(part))
        return self.place


def inside(node: object, part: str | int) -> object:
    """The value under a key or an index; something that is no value when there is none."""
    if isinstance(node, MapNode) and isinstance(part, str):
        return node.get(part, _NOTHING)
    if isinstance(node, ListNode) and isinstance(part, int) and part < len(node):
        return node[part]
    return _NOTHING


def path_in(node: object, loc: Path) -> Path:
    """The keys and indexes of an error's location, without the names of union members that pydantic adds."""
    path: list[str | int] = []
    for index, part in enumerate(loc):
        inner = inside(node, part)
        if inner is not _NOTHING:
            node = inner
        elif index < len(loc) - 1 or not isinstance(node, MapNode):
            continue  # a member of a union; only the last part can be a key that is not there
        path.append(part)
    return tuple(path)
