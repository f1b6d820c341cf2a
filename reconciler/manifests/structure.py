"""From a parsed file to a validated document; what is wrong is told, taken out, and the rest goes on.

Going on matters: the findings of a run are shown all at once, so a wrong role must not hide an unknown person.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeVar

from reconciler.manifests.fields import (
    FieldSort,
    Matching,
    Misfit,
    OneOf,
    StrictDocument,
    developers_variant,
    read_mapping,
)
from reconciler.manifests.nodes import Cursor, MapNode, Path, inside, is_secret_name, note_unknown_role, path_in
from reconciler.manifests.source import ParsedFile, PartialRead
from reconciler.model import EXPECTED, Notes, Place, System, dataclass, describe_misfit, list_words, suggest_word
from reconciler.systems.catalogue import SYSTEMS

_MAX_ROUNDS = 6
_NAMING = frozenset({"access", "ad_accounts", "shares", "members"})
"""Keys inside an asset or a group under which names stand."""
_PRINTED_QUOTES = ("\u201c", "\u201d", "\u201e", "\u2018", "\u2019", "\u00ab")
"""What word processors and chats make of quotes."""
D = TypeVar("D", bound=StrictDocument)


def read_document(
    model: type[D], parsed: ParsedFile, notes: Notes, partial: PartialRead | None = None
) -> tuple[D, Cursor] | None:
    """The document in a file and the cursor at its top; None when there is nothing to read.

    What the YAML reader found faulty already is not told again.
    """
    notes.findings += parsed.findings
    if parsed.node is None:
        return None
    said, path = Notes(), parsed.file.path
    document = check_structure(model, parsed.node, path, said, partial or PartialRead())
    faulty = {finding.place for finding in parsed.findings}
    notes.findings += [finding for finding in said.findings if finding.place not in faulty]
    return None if document is None else (document, Cursor.at_top(path, parsed.node))


def check_structure(model: type[D], node: MapNode, file: str, notes: Notes, partial: PartialRead) -> D | None:
    """The document in `node`, which loses the parts that do not fit; None when nothing is left of it."""
    for turn in range(_MAX_ROUNDS):
        document, errors = read_mapping(model, node)
        if not errors:
            return document
        if turn == 0:
            for error in errors:
                _Problem(error, path_in(node, error["loc"]), Cursor.at_top(file, node), notes).report()
        _take_out(errors, node, partial)
    partial.incomplete = partial.is_blind = True
    return None


def _take_out(errors: Sequence[Misfit], node: MapNode, partial: PartialRead) -> None:
    """Remove what the errors are about, or replace it where what it belongs to would otherwise be lost."""
    repairs: dict[Path, str | None] = {}
    for error in errors:
        path = path_in(node, error["loc"])
        # For something that is missing, the mapping that lacks it has to go.
        repairs[path[:-1] if error["type"] == "missing" else path] = _substitute(error)
    # Inner before outer and last before first, so that the places of the others stay true.
    for path in sorted(filter(None, repairs), reverse=True):
        parent: Any = node
        for part in path[:-1]:
            parent = inside(parent, part)
        last, substitute = path[-1], repairs[path]
        if substitute is not None:
            parent[last] = substitute
            continue
        partial.leave_out(path, inside(parent, last))
        del parent[last], parent.marks[last]
        section = path[0]
        if section == "people" and len(path) > 2:
            partial.people.add(str(path[1]))
        elif section in {"approvals", "moved", "version"}:
            continue
        elif section != "organizations" or len(path) < 5 or _NAMING.intersection(map(str, path[4:])):
            partial.incomplete = True  # names may have gone with it


def _substitute(error: Misfit) -> str | None:
    """A value that lets what surrounds it be looked at: some role, or the number that should have been text."""
    value = error["input"]
    if error["type"] == "unknown-role":
        values: tuple[str, ...] = error["ctx"]["field"].values
        return values[0]
    if error["type"] in {"bad-id", "empty-value", "string_type"} and type(value) is int:
        return str(abs(value))
    return None


@dataclass(frozen=True, slots=True)
class _Problem:
    """One error of validating a file against its model, told in the words of the person who wrote the file."""

    error: Misfit
    path: Path
    """Keys and indexes in the file, down to what the error is about."""
    top: Cursor
    notes: Notes

    @property
    def name(self) -> str:
        """What a person calls the thing: the last key on the way."""
        return _name_of(self.path)

    @property
    def place(self) -> Place:
        """Where its value is written."""
        if not self.path or not isinstance(self.path[-1], str):
            return self.top.key(*self.path)
        return self.top.into(*self.path[:-1]).value(self.path[-1])

    def report(self) -> None:
        kind, value, name = self.error["type"], self.error["input"], self.name
        custom = self.error["ctx"].get("field")
        key_place = self.top.key(*self.path)
        if kind == "extra_forbidden":
            self._report_unknown_key(name, key_place)
        elif kind == "missing":
            owner = self.path[:-1]
            who = f"`{_name_of(owner)}`" if owner and isinstance(owner[-1], str) else "this"
            self._error("missing-key", f"{who} has no `{name}`", self.top.key(*owner), f"write `{name}: ...`")
        elif kind == "union_tag_not_found":
            advice = f"write `system:` with one of {list_words(SYSTEMS)}"
            self._error("missing-key", f"`{name}` has no `system`", key_place, advice)
        elif kind == "union_tag_invalid":
            system = str(self.error["ctx"]["tag"])
            place = self.top.into(*self.path).value("system")
            self._error("unknown-system", f"`{system}` is no system", place, suggest_word(system, SYSTEMS))
        elif kind == "too_short":
            advice = "write at least one, or delete the key"
            self._error("empty-value", f"`{name}` must not be empty", self.place, advice)
        elif isinstance(custom, OneOf):
            self._report_unknown_word(custom)
        elif isinstance(custom, Matching):
            self._report_malformed(custom)
        elif isinstance(custom, FieldSort) or kind in EXPECTED:
            self._report_wrong_type(custom.expected if isinstance(custom, FieldSort) else EXPECTED[kind])
        else:
            is_share = self.error["ctx"].get("le") == 1  # that was written as a percentage
            is_percentage = is_share and isinstance(value, (int, float)) and 1 < value <= 100
            advice = f"write {value / 100:g} for {value:g} %" if is_percentage else ""
            self._error("out-of-range", f"`{name}` {describe_misfit(self.error)}", self.place, advice)

    def _error(self, id_: str, message: str, place: Place, advice: str = "") -> None:
        self.notes.error(id_, message, place, advice=advice)

    def _report_unknown_key(self, key: str, place: Place) -> None:
        if is_secret_name(key):
            self._error("secret", f"`{key}`: a file in git never holds a secret", place, "delete it")
            return
        siblings = self.top.into(*self.path[:-1]).node
        advice = suggest_word(key, self.error["ctx"]["known"], taken=siblings if isinstance(siblings, MapNode) else ())
        self._error("unknown-key", f"`{key}` is not known here", place, advice)

    def _report_unknown_word(self, field: OneOf) -> None:
        value = self.error["input"]
        words = [word for word in field.values if isinstance(word, str)]
        if not words:
            written = str(value).lower() if isinstance(value, bool) else repr(value)
            message, advice = f"version {written} is not known", f"write {field.values[0]}"
            self._error(field.finding, message, self.place, advice)
        elif not isinstance(value, str):
            self._report_wrong_type("text")
        elif field.kind:
            note_unknown_role(self.notes, value, self._system(field.system), field.kind, self.place)
        else:
            advice = suggest_word(value, words) or f"there are {list_words(words)}"
            self._error(field.finding, f"`{value}` is not known for `{self.name}`", self.place, advice)

    def _system(self, name: str) -> System:
        """The system of the organization it is in, in the variant which that seems to be."""
        organization = self.top.into(*self.path[:2]).node
        written = organization if isinstance(organization, dict) else {}
        variants = SYSTEMS[name]
        return variants.get(developers_variant(written.get("kind"), written.get("role_system")), variants[""])

    def _report_malformed(self, field: Matching) -> None:
        value = self.error["input"]
        if not isinstance(value, str) and not (field.finding in ("bad-date", "bad-interval") and type(value) is int):
            self._report_wrong_type("text")
            return
        message = f"`{value}` is not {field.expected}" if value != "" else f"`{self.name}` is empty"
        is_bare_handle = field.finding == "bad-handle" and re.fullmatch(r"[^@\s/]+", str(value))
        advice = f'write "@{value}"' if is_bare_handle else ""
        if str(value)[:1] in _PRINTED_QUOTES:
            advice = f"write straight quotes: `\"` or `'`; `{str(value)[0]}` is a part of the text"
        self._error(field.finding, message, self.place, advice)

    def _report_wrong_type(self, expected: str) -> None:
        name, value, place = self.name, self.error["input"], self.place
        sort = {bool: "true or false", int: "a number", float: "a number"}.get(type(value), "text")
        if value is None:
            advice = f"write {expected}, or delete the key"
            self._error("no-value", f"`{name}` has no value", place, advice)
        elif expected == "text" and isinstance(value, (int, float)):
            read = str(value).lower() if isinstance(value, bool) else str(value)
            message = f"`{name}` is text, but {read} is read as {sort}"
            self._error("unquoted-text", message, place, f'write "{read}" in quotes')
        else:
            if isinstance(value, (dict, list)):
                sort = "a mapping" if isinstance(value, dict) else "a list"
            what = f"an item of `{name}`" if self.path and isinstance(self.path[-1], int) else f"`{name}`"
            advice = self._advise_on_list(value)
            if expected == "a number" and (percent := re.fullmatch(r"(\d{1,3}) ?%", str(value))):
                advice = f"write {int(percent[1]) / 100:g} for {value}"
            self._error("wrong-type", f"{what} must be {expected}, not {sort}", place, advice)

    def _advise_on_list(self, value: object) -> str:
        """A list of names where each needs a role, or the members of a group without the key above them."""
        if not isinstance(value, list) or not value or not isinstance(value[0], str):
            return ""
        if self.path[0] == "groups" and len(self.path) > 1:
            return f"write `{self.name}: {{members: [{', '.join(map(str, value))}]}}`"
        return f"write `{value[0]}: ROLE` for each" if self.name in ("access", "members", "shares") else ""


def _name_of(path: Path) -> str:
    return next((part for part in reversed(path) if isinstance(part, str)), "the file")
