"""What an edit is, and how it is written into a manifest: bytes go in or out where they must, all others stay. No I/O.

The places are PyYAML's marks. What is written in a way that nobody edits by hand either, such as `? key`, is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TypeGuard

import yaml
from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode, SequenceNode

from reconciler.manifests.nodes import is_date, read_plain
from reconciler.model import dataclass

Value = str | int | bool | None | Sequence["Value"] | Mapping[str, "Value"]
"""What can be written into a manifest; None is an empty value, and ids are text."""
Path = tuple[str, ...]
"""Keys from the top of a file, such as `("organizations", "acme-bc", "members", "eve")`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """Give a key a value, whether or not it has one; mappings on the way that are missing are made."""

    path: Path
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """Take a key out with everything under it, and every mapping around it that is empty then, up to `keep`."""

    path: Path
    keep: int = 2
    """So many keys from the top stay even when nothing is left under them, for instance an organization."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Add an item to the end of a list, which is made when it is missing."""

    path: Path
    item: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Take an item out of a list; the list stays, also when it is empty then."""

    path: Path
    item: str


Edit = Put | Drop | Join | Leave

_PLAIN = re.compile(r"[\w./+][\w./+@ -]*(?::[\w./+@-]+)*")
"""Words that every YAML reader takes for the same text, also inside of brackets."""
_COLON = re.compile(r"[ \t]*:")
_GAP = re.compile(r"(?:\s|#.*)*")
"""What may stand between the entries of something in brackets, beside the comma."""
_TEXT = re.compile(r"[|>][-+\d]*")
"""What a text of several lines begins with."""
_BLANK = re.compile(r"(?:[ \t]*\r?\n)*")
_MAX_IN_ONE_LINE = 80
"""Characters; a mapping that is longer gets a line for each of its keys."""


class NotWritableError(Exception):
    """This edit cannot be written here; the message says why."""


def is_plain(text: str) -> bool:
    """Whether a text can stand without quotes."""
    return bool(_PLAIN.fullmatch(text)) and not text.endswith(" ") and read_plain(text) == text


def is_plain_key(text: str) -> bool:
    """Whether a text can stand without quotes as a key."""
    return is_plain(text) and not is_date(text)


def write_key(text: str) -> str:
    """A key, in quotes only where it needs them."""
    return text if is_plain_key(text) else _quoted(text)


def write_inline(value: Value) -> str:
    """A value that stands behind its key, mappings and lists in brackets."""
    match value:
        case str():
            return value if is_plain(value) else _quoted(value)
        case Mapping():
            return "{" + ", ".join(f"{write_key(key)}: {write_inline(item)}" for key, item in value.items()) + "}"
        case Sequence():
            return "[" + ", ".join(map(write_inline, value)) + "]"
        case _:
            return json.dumps(value)


def _quoted(text: str) -> str:
    """In double quotes everything beyond ASCII would be an escape, which nobody can review."""
    is_readable = not text.isascii() and text.isprintable()
    return "'" + text.replace("'", "''") + "'" if is_readable else json.dumps(text)


def compose(text: str) -> Node | None:
    """The nodes of a text with their marks; the text must have been read without errors before."""
    node: Node | None = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return node


def write_edit(text: str, edit: Edit) -> str:
    """The text after an edit; raises NotWritableError."""
    page = _Layout(text)
    entries, found = page.walk(edit.path)
    match edit:
        case Put(path=path, value=value):
            return page.put(entries, path[len(entries) :], value)
        case Drop():
            holder = entries[-2][1] if len(entries) > 1 else page.root
            if isinstance(holder, MappingNode) and page.keeps_something(holder):
                return page.take_out(holder, entries[-1])
            return page.replace(entries[:-1], {}) if len(entries) > 1 else page.empty(holder)
        case Join(item=item) if isinstance(found, SequenceNode):
            return page.append(found, item)
        case Join(path=path, item=item):
            return write_edit(text, Put(path=path, value=[item]))
        case Leave(item=item) if isinstance(found, SequenceNode):
            for one in found.value:
                if one.value == item:
                    left = (
                        page.take_out(found, (one, one)) if page.keeps_something(found) else page.replace(entries, [])
                    )
                    return write_edit(left, edit)  # it may be listed several times
    return text


_Entry = tuple[Node, Node]
"""Key and value; an item of a list is both."""


class _Layout:
    """A text whose last line ends, and the nodes in it."""

    def __init__(self, text: str) -> None:
        self.newline = "\r\n" if "\r\n" in text else "\n"
        self.text = text if not text or text.endswith("\n") else text + self.newline
        self.root = compose(self.text)

    def walk(self, path: Path) -> tuple[list[_Entry], Node | None]:
        """The entries of a path that are there, from the top, and the value of the last one."""
        entries: list[_Entry] = []
        node = self.root
        for key in path:
            found = node.value if isinstance(node, MappingNode) else []
            entry = next((entry for entry in found if entry[0].value == key), None)
            if entry is None:
                break
            entries.append(entry)
            node = entry[1]
        return entries, node

    def put(self, entries: Sequence[_Entry], missing: Path, value: Value) -> str:
        """With a value behind the last of the entries, or behind the keys that are missing below it."""
        for key in reversed(missing[1:]):
            value = {key: value}
        if not missing:
            return self.replace(entries, value)
        holder = entries[-1][1] if entries else self.root
        if isinstance(holder, MappingNode):
            return self.insert(holder, missing[0], value)
        return self.replace(entries, {missing[0]: value}) if entries else self.begin({missing[0]: value})

    def begin(self, value: Mapping[str, Value]) -> str:
        """With the first entry, below comments at most."""
        return self.text + self._lines(value, 0)

    def empty(self, root: Node | None) -> str:
        """With no entry at all."""
        start, end = (root.start_mark.index, _end_of(root)) if root else (0, len(self.text))
        return self._splice(start, end, "{}" + (self.newline if self.text[end - 1] == "\n" else ""))

    def replace(self, entries: Sequence[_Entry], new: Value) -> str:
        """With another value for the last of the entries; comments beside the key and right below it stay."""
        key, old = entries[-1]
        colon = _COLON.match(self.text, key.end_mark.index)
        if colon is None:
            raise NotWritableError("its colon does not stand right behind it")
        start, end = old.start_mark.index, _end_of(old)
        holders = (self.root, *(value for _, value in entries[:-1]))
        is_in_brackets = any(isinstance(holder, CollectionNode) and holder.flow_style for holder in holders)
        below = new if _has_lines(new) and not is_in_brackets else {}
        text = _TEXT.match(self.text, start) if isinstance(old, ScalarNode) and old.style in ("|", ">") else None
        is_block = isinstance(old, CollectionNode) and not old.flow_style
        if not (below or text or is_block):
            return self._splice(start, end, f"{' ' * (start == colon.end())}{write_inline(new)}")
        beside = self._rest(text.end() if text else colon.end() if is_block else end).rstrip()
        is_apart = not is_block and old.start_mark.line > key.end_mark.line
        if is_apart or beside.lstrip()[:1] not in ("", "#"):
            raise NotWritableError("its value does not begin right behind it")
        above = self.text[self._next_line(colon.end()) : start - len(self._before(start))] if is_block else ""
        comments = above if above.strip() else ""
        lines = self._lines(below, key.start_mark.column + 2)
        shown = "" if below else f" {write_inline(new)}"
        return self._splice(colon.end(), self._next_line(end), f"{shown}{beside}{self.newline}{comments}{lines}")

    def insert(self, holder: MappingNode, key: str, value: Value) -> str:
        """With one more entry behind the last one of a mapping."""
        if holder.flow_style:
            return self._add(holder, f"{write_key(key)}: {write_inline(value)}")
        return self._insert_line(holder, self._lines({key: value}, holder.value[0][0].start_mark.column))

    def append(self, holder: SequenceNode, item: str) -> str:
        """With one more item behind the last one of a list, in quotes where that one is."""
        style = holder.value[-1].style if holder.value and isinstance(holder.value[-1], ScalarNode) else ""
        written = json.dumps(item) if style == '"' and item.isascii() else write_inline(item)
        if holder.flow_style:
            return self._add(holder, written)
        margin = " " * holder.start_mark.column
        return self._insert_line(holder, f"{margin}- {written}{self.newline}")

    def _insert_line(self, holder: CollectionNode, line: str) -> str:
        """Below comments that are indented further, because they belong to the last entry."""
        at = self._next_line(_end_of(holder))
        inner = re.compile(rf"(?: {{{holder.start_mark.column + 1},}}#.*\n)*").match(self.text, at)
        at = inner.end() if inner else at
        return self._splice(at, at, line)

    def _add(self, holder: CollectionNode, written: str) -> str:
        """With one more entry in brackets: on a line of its own where the last one has one."""
        start, close = holder.start_mark.index + 1, holder.end_mark.index - 1
        if not holder.value:
            return self._splice(start, close if self.text[start:close].isspace() else start, written)
        first, end = _span_of(holder, -1)
        comma = self._comma_behind(end)
        at = self._next_line(comma or end)
        margin = self._before(first)
        if margin.strip() or at > close:
            return self._splice(comma, comma, f" {written},") if comma else self._splice(end, end, f", {written}")
        if comma:
            return self._splice(at, at, f"{margin}{written},{self.newline}")
        return self._splice(end, at, f",{self.text[end:at]}{margin}{written}{self.newline}")

    def keeps_something(self, holder: CollectionNode) -> bool:
        """Whether anything stays of it without one of its entries or items: others, or comments in its brackets."""
        start, end = _span_of(holder, 0)
        around = self.text[holder.start_mark.index : start] + self.text[end : holder.end_mark.index]
        return len(holder.value) > 1 or (bool(holder.flow_style) and "#" in around)

    def take_out(self, holder: CollectionNode, entry: _Entry) -> str:
        """Without one of its entries or items."""
        number = next(n for n, one in enumerate(holder.value) if one in (entry, entry[0]))
        start, end = _span_of(holder, number)
        margin = self._before(start)
        if not holder.flow_style:
            if margin.strip() != ("-" if isinstance(holder, SequenceNode) else ""):
                raise NotWritableError("it has no line of its own")
            # Blank lines stood around what went; those before it are enough.
            first, last = start - len(margin), self._next_line(end)
            blank = None if first and self._before(first - 1).strip() else _BLANK.match(self.text, last)
            return self._splice(first, blank.end() if blank else last, "")
        stop = self._comma_behind(end) or end
        is_last_in_line = self._rest(stop).lstrip()[:1] in ("", "#")
        if not margin.strip() and is_last_in_line:
            return self._splice(start - len(margin), self._next_line(stop), "")
        if stop > end and not is_last_in_line:
            return self._splice(start, stop + len(self._rest(stop)) - len(self._rest(stop).lstrip()), "")
        if len(holder.value) == 1:
            return self._splice(start, stop, "")
        first, last = (_span_of(holder, number - 1)[1], end) if number else (start, _span_of(holder, 1)[0])
        if "#" in self.text[first:start] + self.text[stop:last]:
            raise NotWritableError("there is a comment next to it")
        return self._splice(first, last, "")

    def _lines(self, value: Mapping[str, Value], column: int) -> str:
        """The entries of a mapping, each on a line of its own."""
        return "".join(
            f"{' ' * column}{write_key(key)}:{self.newline}{self._lines(item, column + 2)}"
            if _has_lines(item)
            else f"{' ' * column}{write_key(key)}: {write_inline(item)}{self.newline}"
            for key, item in value.items()
        )

    def _splice(self, start: int, end: int, new: str) -> str:
        return f"{self.text[:start]}{new}{self.text[end:]}"

    def _comma_behind(self, at: int) -> int:
        """The place behind the comma that follows, comments between them or not; 0 where none does."""
        gap = _GAP.match(self.text, at)
        behind = gap.end() if gap else at
        return behind + 1 if self.text[behind : behind + 1] == "," else 0

    def _before(self, at: int) -> str:
        """What stands on the line before a place."""
        return self.text[self.text.rfind("\n", 0, at) + 1 : at]

    def _rest(self, at: int) -> str:
        """What stands on the line from a place on, without its end."""
        end = self.text.find("\n", at)
        return self.text[at:end].removesuffix("\r")

    def _next_line(self, at: int) -> int:
        """Where the next line begins; here, if one begins here."""
        return at if self.text[at - 1] == "\n" else self.text.index("\n", at) + 1


def _end_of(node: Node) -> int:
    """Where what is written of a node ends; a text of several lines ends with the blank lines behind it."""
    if isinstance(node, CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end_of(last[1] if isinstance(node, MappingNode) else last)
    return int(node.end_mark.index)


def _span_of(holder: CollectionNode, number: int) -> tuple[int, int]:
    """From where to where one entry or item is written."""
    entry = holder.value[number]
    key, value = entry if isinstance(holder, MappingNode) else (entry, entry)
    return key.start_mark.index, max(key.end_mark.index, _end_of(value))


def _has_lines(value: Value) -> TypeGuard[Mapping[str, Value]]:
    """Whether a mapping is too large for brackets, or has more than words in it."""
    if isinstance(value, str) or not isinstance(value, Mapping) or not value:
        return False
    length = sum(len(key) + len(str(item)) + 4 for key, item in value.items())
    return length > _MAX_IN_ONE_LINE or not all(isinstance(item, str | bool | None) for item in value.values())
