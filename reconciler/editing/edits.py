"""Changes to manifests that leave everything else as a person wrote it: comments, order, style and blank lines.

What the writer wrote is not believed: the result is read again by the reader of manifests, must mean exactly what the
edits say, and no line may differ that does not belong to what was edited.
"""

from __future__ import annotations

import difflib
from codecs import BOM_UTF8
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import yaml

from reconciler.editing.writer import Drop, Edit, Join, Leave, NotWritableError, Path, Put, compose, write_edit
from reconciler.manifests.nodes import Cursor, MapNode
from reconciler.manifests.source import SourceFile, parse_file
from reconciler.model import ManifestError, Notes, Place, Severity

if TYPE_CHECKING:
    from yaml.nodes import Node


class EditError(ManifestError):
    """An edit that cannot be made without touching what it must not touch; nothing was changed."""


def edit_manifest(file: SourceFile, edits: Iterable[Edit]) -> str:
    """The text of a file after the edits, one after the other.

    Raises EditError, naming the line, for a file that cannot be read, for an edit of what is not there, and whenever
    the result would mean anything else than the edits say.
    """
    text, mark = "", mark_of(file)
    for edit in edits:
        text = _edit_once(file, edit)
        file = SourceFile(path=file.path, data=text.encode())
    return mark + (text or _parse(file)[1])


def mark_of(file: SourceFile) -> str:
    """The byte order mark with which a file begins: the reader does without it, and edits leave it there."""
    return "\ufeff" if (file.data or b"").startswith(BOM_UTF8) else ""


def render_patch(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """What changes between two sets of files, in the form that `git apply` reads; empty when nothing does."""
    parts: list[str] = []
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old == new:
            continue
        names = ("/dev/null" if old is None else f"a/{path}", "/dev/null" if new is None else f"b/{path}")
        texts = ((old or "").splitlines(keepends=True), (new or "").splitlines(keepends=True))
        lines = difflib.unified_diff(*texts, *names)
        parts += [line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines]
    return "".join(parts)


def _edit_once(file: SourceFile, edit: Edit) -> str:
    node, before = _parse(file)
    if isinstance(edit, Drop):
        edit = _widest(file, node, edit)
    wanted = _expected(file, node, edit)
    try:
        after = write_edit(before, edit)
    except NotWritableError as error:
        raise _refusal(file, node, edit, f"`{'.'.join(edit.path)}` cannot be edited: {error}") from error
    got, _ = _parse(SourceFile(path=file.path, data=after.encode()), written=True)
    # Compared as text, because to Python 1, 1.0 and True are equal, and so are mappings in another order.
    if repr(got) != repr(wanted):
        raise _refusal(file, node, edit, "the edit would change what other lines of this file mean")
    if not _is_local(before, after, _lines_of(before, edit.path)):
        raise _refusal(file, node, edit, "the edit would also change lines of this file that it must not touch")
    return after


def _is_local(before: str, after: str, touched: set[int]) -> bool:
    """Whether everything above and below the touched lines is as it was; where nothing is touched, lines only came in.

    Blank lines do not count: which of two went does not matter, and what they mean inside of texts was compared before.
    """
    old = [(number, line) for number, line in enumerate(before.splitlines()) if line.strip()]
    new = [line for line in after.splitlines() if line.strip()]
    if not touched:
        lines = [line for _, line in old]
        return _common(lines, new) + _common(lines[::-1], new[::-1]) >= len(lines)
    above = [line for number, line in old if number < min(touched)]
    below = [line for number, line in old if number > max(touched)]
    return (
        len(above) + len(below) <= len(new)
        and new[: len(above)] == above
        and new[len(new) - len(below) :] == below
    )  # fmt: skip


def _common(one: list[str], other: list[str]) -> int:
    """How many lines two texts have in common at the beginning."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _parse(file: SourceFile, *, written: bool = False) -> tuple[MapNode, str]:
    """The values of a file and its text with unix line ends left as they are."""
    parsed = parse_file(file)
    error = next((found for found in parsed.findings if found.severity is Severity.ERROR), None)
    if error is not None and error.id == "empty-file":
        return MapNode(0), parsed.text
    if parsed.node is None or error is not None:
        message = error.message if error else "it is no mapping"
        prefix = "the edit would break this file" if written else "this file has to be repaired before it can be edited"
        place = error.place if error else Place(file.path, 1, 1)
        raise _error(f"{prefix}: {message}", place)
    return parsed.node, parsed.text


def _expected(file: SourceFile, node: MapNode, edit: Edit) -> dict[str, Any]:
    """What the file has to mean afterwards, worked out without any YAML."""
    wanted: dict[str, Any] = _plain(node)
    *parents, key = edit.path
    here = wanted
    for depth, parent in enumerate(parents):
        if here.get(parent) is None and isinstance(edit, Put | Join):
            here[parent] = {}
        here = here.get(parent)  # type: ignore[assignment]  # checked in the next line
        if not isinstance(here, dict):
            what = "has no such key" if here is None else "is no mapping"
            raise _refusal(file, node, edit, f"`{'.'.join(parents[: depth + 1])}` {what}")
    match edit:
        case Put(value=value):
            here[key] = _plain(value)
        case Drop():
            del here[key]
        case Join(item=item):
            here[key] = [*(here.get(key) or []), item]
        case Leave(item=item):
            if item not in (here.get(key) or []):
                raise _refusal(file, node, edit, f"`{'.'.join(edit.path)}` does not list `{item}`")
            here[key] = [other for other in here[key] if other != item]
    return wanted


def _widest(file: SourceFile, node: MapNode, edit: Drop) -> Drop:
    """The same with the path of everything that goes: the entry, or what would be left empty around it."""
    chain: list[object] = [node]
    for key in edit.path:
        here = chain[-1]
        if not isinstance(here, dict) or key not in here:
            raise _refusal(file, node, edit, f"`{'.'.join(edit.path)}` is not there")
        chain.append(here[key])
    depth = len(edit.path) - 1
    while depth > edit.keep and len(chain[depth]) == 1:  # type: ignore[arg-type]  # all but the last are mappings
        depth -= 1
    return Drop(path=edit.path[: depth + 1], keep=edit.keep)


def _plain(value: object) -> Any:
    match value:
        case list() | tuple():
            return [_plain(item) for item in value]
        case Mapping():
            return {key: _plain(item) for key, item in value.items()}
        case _:
            return value


def _refusal(file: SourceFile, node: MapNode, edit: Edit, message: str) -> EditError:
    """An error at the deepest part of the path that is written down."""
    is_begun = edit.path[0] in node
    place = Cursor.at_top(file.path, node).key(*edit.path) if is_begun else Place(file.path, 1, 1)
    advice = f"change `{'.'.join(edit.path)}` by hand"
    return _error(message, place, advice)


def _error(message: str, place: Place | None, advice: str = "") -> EditError:
    notes = Notes()
    notes.error("unsafe-edit", message, place, advice=advice)
    return EditError(notes.findings)


def _lines_of(text: str, path: Path) -> set[int]:
    """Lines, counted from 0, that belong to a path: the entry itself, or the line its parent would grow on.

    The line of the parent is among them when the entry is all that the parent has: it becomes `{}`.
    """
    node = compose(text)
    lines = text.split("\n")
    parent = set(range(node.start_mark.line, node.end_mark.line + 1)) if node and _is_closed(node) else set()
    alone: set[int] = set()
    for key in path:
        entries = node.value if isinstance(node, yaml.MappingNode) else []
        entry = next((entry for entry in entries if entry[0].value == key), None)
        if entry is None:
            return parent if _is_closed(node) else set()
        name, value = entry
        own = _span(name, value, lines)
        if _is_closed(node):
            own |= parent
        alone = parent if len(entries) == 1 else set()
        node, parent = value, own
    return parent | set(sorted(alone)[:1])


def _is_closed(node: Node | None) -> bool:
    """Whether a new key cannot be a line of its own: there is nothing yet, or it is in brackets."""
    return node is not None and not (isinstance(node, yaml.MappingNode) and not node.flow_style and node.value)


def _span(name: Node, value: Node, lines: list[str]) -> set[int]:
    """All lines from a key to the end of its value.

    Blank lines behind a text of several lines are a part of that text, and comments behind a mapping are a part of it
    when they are indented like its entries. The entries of a list may stand below the first letter of its name.
    """
    first, last = name.start_mark.line, value.end_mark.line
    if value.end_mark.column == 0:
        last -= 1
    if isinstance(value, yaml.CollectionNode) and not value.flow_style:
        margin = " " * name.start_mark.column
        own = (f"{margin} ", f"{margin}-") if isinstance(value, yaml.SequenceNode) else (f"{margin} ",)
        while last > first and not lines[last].rstrip().startswith(own):
            last -= 1
    return set(range(first, max(first, last) + 1))
