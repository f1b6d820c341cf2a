# Long because the quick way to read a file and the exact one have to agree line by line.
"""YAML text to plain values with positions, refusing whatever two readers could read differently.

Nearly all manifests have one plain shape, which is read line by line, several times faster than from the events of
libyaml. What could not be understood is kept apart: a misspelt section or a file that is not YAML would make every name
in it unknown, and a hundred findings would bury the one that matters. So findings that something is missing are held
back where what was left out may declare it; a name that stands nowhere in it is unknown whatever else is wrong.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from functools import lru_cache
from typing import Any, NamedTuple

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from reconciler.manifests.nodes import (
    CONTROL,
    HIDDEN,
    LINE,
    MIN_LENGTH,
    WORDS,
    ListNode,
    MapNode,
    Mark,
    Surprise,
    find_hidden,
    is_date,
    looks_like_secret,
    place_of,
    read_plain,
)
from reconciler.manifests.syntax_errors import note_syntax_error
from reconciler.model import Finding, Notes, Place, dataclass

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
            if len(key) >= MIN_LENGTH or key in WORDS:
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


MAX_SIZE = 20 * 1024 * 1024
"""Bytes; a manifest larger than this is a mistake or an attack."""
MAX_DEPTH = 40
_PLAIN_ASCII = bytes([9, 10, 13, *range(32, 127)])
_BRACKETS = re.compile(r"""(?P<text>"(?:\\.|[^"\\])*"|'(?:[^']|'')*')|(?P<opened>[\[{])|(?P<closed>[\]}])""")
_MERGE_MARK = re.compile(r"^(?:<{7}|>{7})(?: |$)", re.MULTILINE)
_REPAIRS = {
    "but stands under": "correct the entry, take it out, or make the file or folder that it names",
    "link": "put the file itself there, correct the link, or delete it",
    "not a regular file": "put a file there, or take it away",
    "Permission denied": "let whoever runs this read it",
    "No such file": "bring it back: `git log -- PATH` shows where it went",
    "workspace of its own": "move it out of the folders under `manifests:`, or name the folders beside it there",
    "outside of": "name something in the repository",
    "in this clone": "fetch its content: `git fetch --refetch --no-filter`, or clone anew without `--filter`",
    "": "look at it where this runs; in a pull request, at what the checkout left out",
}
"""What a problem says -> what to do; the first that fits."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of the workspace, as the caller found it."""

    path: str
    """Relative to the workspace, with forward slashes."""
    data: bytes | None
    """None when it could not be read; `problem` then says why."""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """What could be read of a file."""

    file: SourceFile
    node: MapNode | None
    """The top-level mapping; None after a finding that leaves nothing to look at."""
    text: str
    """For showing source lines; empty when the file has no readable text."""
    findings: tuple[Finding, ...]


def digests_of(files: Iterable[SourceFile]) -> dict[str, str]:
    """Path -> SHA-256 of each file; how lines end makes no other manifests."""
    return {file.path: hashlib.sha256((file.data or b"").replace(b"\r\n", b"\n")).hexdigest() for file in files}


def parse_file(file: SourceFile) -> ParsedFile:
    """The top-level mapping of a file with positions, and everything that is wrong with the file as YAML."""
    notes, node = Notes(), None
    text = _read_text(file, notes)
    if text is not None and (node := read_lines(text)) is None:
        node = _read_events(text, file.path, notes)
    return ParsedFile(file=file, node=node, text=read_text(file) if text is None else text, findings=(*notes.findings,))


def read_text(file: SourceFile) -> str:
    """The text of a file, to show lines of it; of one that is no text, what can be shown."""
    data = (file.data or b"")[:MAX_SIZE]
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode(errors="replace")


def _read_text(file: SourceFile, notes: Notes) -> str | None:
    """The text without a byte order mark; None after a finding when it cannot be read safely."""
    top, data = Place(file.path, 1, 1), file.data
    if data is None:
        problem = file.problem or "unknown reason"
        advice = next(advice for part, advice in _REPAIRS.items() if part in problem)
        notes.error("unreadable-file", f"this cannot be read: {problem}", top, advice=advice)
        return None
    if file.path.encode(errors="ignore").decode() != file.path:
        # Plans, states and logs name files, and can only hold text.
        notes.error("unreadable-file", "its name is no text in UTF-8", top, advice="give the file another name")
        return None
    if len(data) > MAX_SIZE:
        message = f"the file has {len(data):,} bytes; more than {MAX_SIZE:,} are not read"
        notes.error("file-too-large", message, top, advice="split it; any file may hold any section")
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(errors="replace")
        message = f"byte {error.start} ({data[error.start]:#04x}) is not UTF-8"
        notes.error("not-utf8", message, _place_at(before, len(before), file.path), advice="save the file as UTF-8")
        return None
    # Deleting every harmless byte is ten times faster than searching for a harmful one.
    if text.isascii() and not data.translate(None, _PLAIN_ASCII) and b"\r" not in data:
        return text
    if match := CONTROL.search(text):
        message = f"control character U+{ord(match[0]):04X} in the file"
        notes.error("control-character", message, _place_at(text, match.start(), file.path), advice="delete it")
        return None
    if match := HIDDEN.search(text):
        name = unicodedata.name(match[0], "unnamed character").lower()
        message = f"invisible character U+{ord(match[0]):04X} ({name}): the file does not say what it shows"
        notes.error("hidden-character", message, _place_at(text, match.start(), file.path), advice="delete it")
        return None
    return text


def _place_at(text: str, index: int, file: str) -> Place:
    """The place of a character, by its index."""
    return Place(file, text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))


def _read_events(text: str, file: str, notes: Notes) -> MapNode | None:
    """The top-level mapping of any text there can be; None after a finding."""
    if merge := _MERGE_MARK.search(text):
        advice = "choose what shall stand there, and take the marks `<<<<<<<`, `=======` and `>>>>>>>` out"
        place = _place_at(text, merge.start(), file)
        notes.error("unfinished-merge", "a merge was left unfinished here", place, advice=advice)
        return None
    builder = _Builder(file, notes)
    try:
        return builder.document(text)
    except _StopReadingError:
        pass
    except yaml.MarkedYAMLError as error:
        if not builder.found_too_deep(error, text):
            note_syntax_error(error, text, file, notes)
    except yaml.YAMLError:
        notes.error("yaml-syntax", "not YAML: it holds what no YAML file can hold", Place(file, 1, 1))
    return None


class _StopReadingError(Exception):
    """The rest of the file would only repeat or hide the finding that was just made."""


def events_of(text: str) -> Callable[[], Any]:
    """The next event of a YAML text each time it is called; libyaml's where it is installed."""
    if not text.endswith("\n"):  # the two readers see the end of a last line without it in different places
        text += "\n"
    if yaml.__with_libyaml__:
        from yaml._yaml import CParser

        next_event: Callable[[], Any] = CParser(text).get_event
        return next_event
    events: Iterator[Any] = yaml.parse(text, Loader=yaml.SafeLoader)
    return events.__next__


class _Builder:
    """Turns the events of one document into values."""

    _next: Callable[[], Any]

    def __init__(self, file: str, notes: Notes) -> None:
        self._file = file
        self._notes = notes
        self._depth = 0
        self._opened: tuple[Any, int] = (None, 0)

    def document(self, text: str) -> MapNode | None:
        """The top-level mapping; None after a finding."""
        self._next = events_of(text)
        self._next()  # the start of the stream
        if isinstance(self._next(), StreamEndEvent):
            is_workspace = self._file.rpartition("/")[2] == "reconciler.yaml"
            other = "; `reconciler init` writes an example elsewhere" if is_workspace else ", or delete the file"
            advice = f"write `version: 1` and at least one section{other}"
            self._notes.error("empty-file", "the file is empty", Place(self._file, 1, 1), advice=advice)
            return None
        first: Any = self._next()
        value = self._value(first)
        self._next()  # the end of the document
        following: Any = self._next()
        if type(following) is DocumentStartEvent:
            advice = "put the second document into a file of its own"
            self._error("several-documents", "a file holds one YAML document", following, advice)
        if isinstance(value, MapNode):
            return value
        if not isinstance(first, AliasEvent):
            message = "the top level must be a mapping such as `version: 1`"
            self._error("not-a-mapping", message, first)
        return None

    def _value(self, event: Any) -> object:
        sort = type(event)
        if sort is ScalarEvent:
            return self._scalar(event)
        if sort is MappingStartEvent:
            return self._nested(event, self._mapping)
        if sort is SequenceStartEvent:
            return self._nested(event, self._sequence)
        advice = "write the value out, or use a group"
        self._error("yaml-anchor", f"alias `*{event.anchor}`: aliases are not read", event, advice)
        return None

    def _nested(self, event: Any, build: Callable[[Mark], object]) -> object:
        if event.anchor is not None or event.tag is not None:
            self._refuse_decoration(event)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._note_too_deep(place_of(self._file, _mark_of(event)))
            raise _StopReadingError
        self._opened = (event.start_mark, self._depth)
        value = build(_mark_of(event))
        self._depth -= 1
        return value

    def found_too_deep(self, error: yaml.MarkedYAMLError, text: str) -> bool:
        """Note it when what a reader stumbled over lies behind too many brackets.

        libyaml looks ahead in a line and may refuse to count further before it tells of the first bracket.
        """
        mark = error.problem_mark
        lines = text.split("\n")
        if mark is None or mark.line >= len(lines):
            return False
        line = lines[mark.line][: mark.column + 1]
        opened, depth = self._opened
        start = 0
        if opened is None or opened.line != mark.line:
            depth = self._depth
        else:
            start = opened.column + line.startswith(("[", "{"), opened.column)
        for found in _BRACKETS.finditer(line, start):
            if not found["text"]:
                depth += 1 if found["opened"] else -1
            if depth > MAX_DEPTH:
                self._note_too_deep(Place(self._file, mark.line + 1, found.start() + 1))
                return True
        return False

    def _note_too_deep(self, place: Place) -> None:
        self._notes.error("too-deep", f"nested deeper than {MAX_DEPTH} levels", place)

    def _mapping(self, mark: Mark) -> MapNode:
        node = MapNode(mark)
        marks, apart = node.marks, node.apart
        next_event = self._next
        while True:
            event = next_event()
            if type(event) is MappingEndEvent:
                return node
            key = self._key(event)
            value_event = next_event()
            value = self._scalar(value_event) if type(value_event) is ScalarEvent else self._value(value_event)
            if key is None:
                continue
            at = _mark_of(event)
            if key in marks:
                first = place_of(self._file, marks[key])
                message, place = f"`{key}` is already there in line {first.line}", place_of(self._file, at)
                self._notes.error("duplicate-key", message, place, advice="keep one of the two", related=(first,))
                continue
            marks[key] = at
            if (behind := _mark_of(value_event)) != at + len(key) + 2:
                apart[key] = behind
            node[key] = value

    def _sequence(self, mark: Mark) -> ListNode:
        node = ListNode(mark)
        next_event = self._next
        while True:
            event = next_event()
            if type(event) is SequenceEndEvent:
                return node
            node.append(self._value(event))
            node.marks.append(_mark_of(event))

    def _scalar(self, event: Any) -> str | int | float | bool | None:
        text: str = event.value
        if event.anchor is not None or event.tag is not None:
            self._refuse_decoration(event)
        if len(text) >= MIN_LENGTH and looks_like_secret(text):
            advice = "take it out, and revoke it: it is in the history of the file now"
            self._error("secret", "this value looks like a password, token or key", event, advice)
        if event.style:  # quoted or a block: it is what it says
            is_plain = text.isascii() and text.isprintable()
            if event.style == '"' and not is_plain and (hidden := find_hidden(text)):
                message = f"the text contains the invisible character U+{ord(hidden):04X}"
                self._error("hidden-character", message, event, "delete it")
            return text
        value = read_plain(text)
        if isinstance(value, Surprise):
            self._note_surprise(text, value, event)
            return text
        return value

    def _key(self, event: Any) -> str | None:
        """The text of a key; None when it has none or is not to be kept."""
        sort = type(event)
        if sort is not ScalarEvent:
            self._error("key-not-text", "a key must be text", event)
            self._value(event)
            return None
        if event.value == "<<" and not event.style:
            advice = "write the keys out; a group can hold what several places share"
            self._error("yaml-merge", "merge keys `<<` are not read", event, advice)
            return None
        value = self._scalar(event)
        if value.__class__ is str and value[:1].isalpha():  # a name, as nearly all are
            return value
        if not event.style and is_date(event.value):
            self._note_surprise(event.value, Surprise("yaml-date", "a date"), event)
        if not isinstance(value, str):
            read_as = "truth value" if isinstance(value, bool) else "number"
            read = "nothing" if value is None else f"the {read_as} {event.value}"
            advice = f'write "{event.value}" in quotes'
            self._error("key-not-text", f"this key is read as {read}, not as text", event, advice)
        return str(event.value)

    def _refuse_decoration(self, event: Any) -> None:
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._error("yaml-tag", f"tag `{tag}`: tags are not read", event, "delete the tag")
        if event.anchor is not None:
            message = f"anchor `&{event.anchor}`: anchors are not read"
            self._error("yaml-anchor", message, event, "write the value out where it is needed")

    def _note_surprise(self, text: str, surprise: Surprise, event: Any) -> None:
        message = f"some YAML readers take `{text}` for {surprise.reads}"
        advice = f'write "{text}" in quotes'
        self._error(surprise.id, message, event, advice + surprise.otherwise)

    def _error(self, id_: str, message: str, event: Any, advice: str = "") -> None:
        self._notes.error(id_, message, place_of(self._file, _mark_of(event)), advice=advice)


def _mark_of(event: Any) -> Mark:
    """Where an event begins."""
    mark = event.start_mark
    position: Mark = mark.line * LINE + mark.column
    return position


_READ = re.compile(r".+\.ya?ml", re.IGNORECASE)
_MEANT = re.compile(r".+\.ya?ml[.~_ -].*|.+\.ya?ml~?", re.IGNORECASE)
_OF_EDITORS = re.compile(r"\.#.*|#.*#|.*~|\..*\.sw[a-p]|4913")
"""Locks and copies that editors leave behind for a while."""


def is_read(name: str) -> bool:
    """Whether a file in a folder is read for its name."""
    return not name.startswith(".") and _READ.fullmatch(name) is not None


def looks_meant(name: str) -> bool:
    """Whether a file that is not read for its name has one that says it was meant to be."""
    return not is_read(name) and _MEANT.fullmatch(name) is not None and _OF_EDITORS.fullmatch(name) is None


def note_passed_over(path: str, notes: Notes) -> None:
    """The finding for a file that is not read because of its name, or of that of its folder."""
    hidden = any(part.startswith(".") and part not in (".", "..") for part in path.split("/"))
    right = "take the dot off its name" if hidden else "end its name in .yaml"
    message = f"`{path}` is not read because of its name"
    notes.warning("passed-over", message, Place(path, 1, 1), advice=f"{right}, or move it elsewhere")


_UNKNOWN = {"unknown-person": 0, "unknown-group": 0, "unknown-organization": 0, "unknown-asset": 1}
"""Findings about one name that is missing -> which of the names in their message it is."""
_ABSENCES = frozenset({"not-a-member", "no-admin", "few-admins", "empty-members", "empty-owner"})
"""Findings about everything that is missing somewhere."""
_DROPPING = frozenset({"duplicate-key", "several-documents", "yaml-anchor", "yaml-merge"})
"""Findings of the YAML reader after which something that was written is not there; a key that is no text may go too,
but has no name that anybody could miss."""
_NAMED = re.compile(r"""["']?([^\s"'{},\[\]:]+)["']?[ \t]*:(?=\s|$)""")
_BETWEEN_TICKS = re.compile(r"`([^`]*)`")


@dataclass(slots=True)
class PartialRead:
    """Grows while files are read."""

    incomplete: bool = False
    """Whether something that declares names was left out."""
    people: set[str] = field(default_factory=set)
    """Keys of people of whom some part was left out."""
    is_blind: bool = False
    """Whether a file could not be read at all, so that nobody knows which names it declares."""
    names: set[str] = field(default_factory=set)
    """Everything that is called something in what was left out."""
    lines: dict[str, set[tuple[str, int]]] = field(default_factory=dict)
    """What looks like a key in a file of which not everything is there -> files and lines where it stands."""

    def after_reading(self, parsed: ParsedFile) -> None:
        """Take into account what the YAML reader left out of a file."""
        if parsed.node is not None and not any(finding.id in _DROPPING for finding in parsed.findings):
            return
        self.incomplete = True
        self.is_blind |= not parsed.text and parsed.node is None and parsed.file.data != b""
        for number, line in enumerate(parsed.text.splitlines(), start=1):
            for key in _NAMED.findall(line):
                self.lines.setdefault(key, set()).add((parsed.file.path, number))

    def leave_out(self, path: Iterable[str | int], value: object) -> None:
        """Remember the names in a part that is taken out, and those on the way to it."""
        self.names.update(part for part in path if isinstance(part, str))
        self.names.update(_names_in(value))

    def may_have_lost(self, name: str, at: Place | None = None) -> bool:
        """Whether a name may be declared in what was left out; the place where it is used says nothing."""
        used, lines = (at.file, at.line) if at else None, self.lines.get(name, ())
        return self.is_blind or name in self.names or len(lines) > (used in lines)

    def explain(self, finding: Finding) -> bool:
        """Whether a finding may only be the consequence of others."""
        if finding.id in _UNKNOWN:
            quoted = _BETWEEN_TICKS.findall(finding.message)
            return len(quoted) > (index := _UNKNOWN[finding.id]) and self.may_have_lost(quoted[index], finding.place)
        return self.incomplete and finding.id in _ABSENCES


def _names_in(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _names_in(inner)
    elif isinstance(value, list):
        for item in value:
            yield from _names_in(item)
