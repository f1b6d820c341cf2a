"""From a parsed file to a validated document; what is wrong is told, taken out, and the rest goes on.

Going on matters: the findings of a run are shown all at once, so a wrong role must not hide an unknown person.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from reconciler.manifests.documents import developers_variant
from reconciler.manifests.fields import FieldSort, Matching, OneOf, StrictDocument
from reconciler.manifests.nodes import Cursor, ListNode, MapNode, Path, inside, path_in
from reconciler.manifests.partial_read import PartialRead
from reconciler.manifests.scalars import is_secret_name
from reconciler.manifests.words import note_unknown_role
from reconciler.model.finding import Notes, Place
from reconciler.model.integrity import EXPECTED, describe_misfit
from reconciler.model.suggestions import list_words, suggest_word
from reconciler.model.system import System
from reconciler.systems import SYSTEMS

_ROUNDS = 6
_NAMING = frozenset({"access", "ad_accounts", "shares", "members"})
"""Keys inside an asset or a group under which names stand."""
D = TypeVar("D", bound=StrictDocument)


def check_structure(model: type[D], node: MapNode, file: str, notes: Notes, doubts: PartialRead) -> D | None:
    """The document in `node`, which loses the parts that do not fit; None when nothing is left of it."""
    for turn in range(_ROUNDS):
        try:
            return model.model_validate(node)
        except ValidationError as problem:
            errors = problem.errors(include_url=False)
            if turn == 0:
                for error in errors:
                    note_structure_error(model, error, Cursor.at_top(file, node), notes)
            _take_out(errors, node, doubts)
    doubts.incomplete = doubts.is_blind = True
    return None


def _take_out(errors: Sequence[ErrorDetails], node: MapNode, doubts: PartialRead) -> None:
    """Remove what the errors are about, or replace it where what it belongs to would otherwise be lost."""
    repairs = {_path_of(error, node): _substitute(error) for error in errors}
    # Inner before outer and last before first, so that the places of the others stay true.
    for path in sorted(repairs, reverse=True):
        if not path:
            continue
        parent, last = _follow(node, path[:-1]), path[-1]
        substitute = repairs[path]
        if substitute is None:
            doubts.leave_out(path, inside(parent, last))
            _drop(parent, last)
            _remember(path, doubts)
        else:
            _put(parent, last, substitute)


def _path_of(error: ErrorDetails, node: MapNode) -> Path:
    """What has to go: for something that is missing, the mapping that lacks it."""
    path = path_in(node, error["loc"])
    return path[:-1] if error["type"] == "missing" else path


def _drop(parent: object, part: str | int) -> None:
    if isinstance(parent, MapNode):
        key = str(part)
        del parent[key], parent.marks[key]
    elif isinstance(parent, ListNode):
        index = int(part)
        del parent[index], parent.marks[index]


def _put(parent: object, part: str | int, value: str) -> None:
    if isinstance(parent, MapNode):
        parent[str(part)] = value
    elif isinstance(parent, ListNode):
        parent[int(part)] = value


def _follow(node: object, path: Path) -> object:
    for part in path:
        node = inside(node, part)
    return node


def _substitute(error: ErrorDetails) -> str | None:
    """A value that lets what surrounds it be looked at: some role, or the number that should have been text."""
    value = error["input"]
    if error["type"] == "unknown-role":
        values: tuple[str, ...] = error["ctx"]["field"].values
        return values[0]
    if error["type"] in {"bad-id", "empty-value", "string_type"} and type(value) is int:
        return str(abs(value))
    return None


def _remember(path: Path, doubts: PartialRead) -> None:
    """Judge whether names may have gone with what was taken out."""
    section = path[0]
    if section == "people" and len(path) > 2:
        doubts.people.add(str(path[1]))
    elif section in {"approvals", "moved", "version"}:
        return
    elif section != "organizations" or len(path) < 5 or _NAMING.intersection(map(str, path[4:])):
        doubts.incomplete = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One error of validating a file against its model."""

    model: type[BaseModel]
    error: ErrorDetails
    path: Path
    """Keys and indexes in the file, down to what the error is about."""
    top: Cursor

    @property
    def name(self) -> str:
        """What a person calls the thing: the last key on the way."""
        return next((part for part in reversed(self.path) if isinstance(part, str)), "the file")

    @property
    def key_place(self) -> Place:
        """Where its key is written."""
        return self.top.key(*self.path)

    @property
    def siblings(self) -> Collection[str]:
        """The keys that stand beside it, its own included."""
        cursor = self.top
        for part in self.path[:-1]:
            cursor = cursor.into(part)
        return cursor.node if isinstance(cursor.node, MapNode) else ()

    @property
    def place(self) -> Place:
        """Where its value is written."""
        if not self.path:
            return self.top.place
        cursor = self.top
        for part in self.path[:-1]:
            cursor = cursor.into(part)
        last = self.path[-1]
        return cursor.value(last) if isinstance(last, str) else cursor.key(last)

    def system(self, name: str) -> System:
        """The system of the organization it is in, in the variant which that seems to be."""
        organization = self.top.into(self.path[0]).into(self.path[1]).node
        written = organization if isinstance(organization, dict) else {}
        variants = SYSTEMS[name]
        return variants.get(developers_variant(written.get("kind"), written.get("role_system")), variants[""])


def note_structure_error(model: type[BaseModel], error: ErrorDetails, top: Cursor, notes: Notes) -> None:
    """Tell one error of validating `model` against the file that `top` stands for."""
    problem = Problem(model=model, error=error, path=path_in(top.node, error["loc"]), top=top)
    kind = error["type"]
    custom = error.get("ctx", {}).get("field")
    if kind in _SPECIAL:
        _SPECIAL[kind](problem, notes)
    elif isinstance(custom, OneOf):
        _note_unknown_word(custom, problem, notes)
    elif isinstance(custom, Matching):
        _note_malformed(custom, problem, notes)
    elif isinstance(custom, FieldSort) or kind in EXPECTED:
        _note_wrong_type(custom.expected if isinstance(custom, FieldSort) else EXPECTED[kind], problem, notes)
    else:
        advice = _advise_on_share(error)
        notes.error("out-of-range", f"`{problem.name}` {describe_misfit(error)}", problem.place, advice=advice)


def _advise_on_share(error: ErrorDetails) -> str:
    """A share that was written as a percentage."""
    value, most = error["input"], error.get("ctx", {}).get("le")
    is_percentage = most == 1 and isinstance(value, (int, float)) and 1 < value <= 100
    return f"write {value / 100:g} for {value:g} %" if is_percentage else ""


def _note_unknown_key(problem: Problem, notes: Notes) -> None:
    key = problem.name
    if is_secret_name(key):
        notes.error("secret", f"`{key}`: a file in git never holds a secret", problem.key_place, advice="delete it")
        return
    known = _keys_at(problem.model, problem.error["loc"][:-1])
    advice = suggest_word(key, known, taken=problem.siblings)
    notes.error("unknown-key", f"`{key}` is not known here", problem.key_place, advice=advice)


def _note_missing(problem: Problem, notes: Notes) -> None:
    owner = replace(problem, path=problem.path[:-1])
    name = f"`{owner.name}`" if owner.path and isinstance(owner.path[-1], str) else "this"
    advice = f"write `{problem.name}: ...`"
    notes.error("missing-key", f"{name} has no `{problem.name}`", owner.key_place, advice=advice)


def _note_no_system(problem: Problem, notes: Notes) -> None:
    advice = f"write `system:` with one of {list_words(SYSTEMS)}"
    notes.error("missing-key", f"`{problem.name}` has no `system`", problem.key_place, advice=advice)


def _note_unknown_system(problem: Problem, notes: Notes) -> None:
    written = str(problem.error["ctx"]["tag"])
    place = replace(problem, path=(*problem.path, "system")).place
    notes.error("unknown-system", f"`{written}` is no system", place, advice=suggest_word(written, SYSTEMS))


def _note_empty(problem: Problem, notes: Notes) -> None:
    notes.error(
        "empty-value",
        f"`{problem.name}` must not be empty",
        problem.place,
        advice="write at least one, or delete the key",
    )


_SPECIAL: dict[str, Callable[[Problem, Notes], None]] = {
    "extra_forbidden": _note_unknown_key,
    "missing": _note_missing,
    "union_tag_not_found": _note_no_system,
    "union_tag_invalid": _note_unknown_system,
    "too_short": _note_empty,
}


def _note_unknown_word(field: OneOf, problem: Problem, notes: Notes) -> None:
    value = problem.error["input"]
    words = [word for word in field.values if isinstance(word, str)]
    if not words:
        advice = f"write {field.values[0]}"
        written = str(value).lower() if isinstance(value, bool) else repr(value)
        notes.error(field.finding, f"version {written} is not known", problem.place, advice=advice)
    elif not isinstance(value, str):
        _note_wrong_type("text", problem, notes)
    elif field.kind:
        note_unknown_role(notes, value, problem.system(field.system), field.kind, problem.place)
    else:
        message = f"`{value}` is not known for `{problem.name}`"
        advice = suggest_word(value, words) or f"there are {list_words(words)}"
        notes.error(field.finding, message, problem.place, advice=advice)


def _note_malformed(field: Matching, problem: Problem, notes: Notes) -> None:
    value = problem.error["input"]
    if not isinstance(value, str) and not (field.finding == "bad-date" and type(value) is int):
        _note_wrong_type("text", problem, notes)
        return
    message = f"`{value}` is not {field.expected}" if value != "" else f"`{problem.name}` is empty"
    is_bare_handle = field.finding == "bad-handle" and re.fullmatch(r"[^@\s/]+", str(value))
    notes.error(field.finding, message, problem.place, advice=f'write "@{value}"' if is_bare_handle else "")


def _note_wrong_type(expected: str, problem: Problem, notes: Notes) -> None:
    name, value, place = problem.name, problem.error["input"], problem.place
    if value is None:
        notes.error("no-value", f"`{name}` has no value", place, advice=f"write {expected}, or delete the key")
    elif expected == "text" and isinstance(value, (int, float)):
        read = str(value).lower() if isinstance(value, bool) else str(value)
        message = f"`{name}` is text, but {read} is read as {_sort_of(value)}"
        notes.error("unquoted-text", message, place, advice=f'write "{read}" in quotes')
    else:
        advice = _advise_on_list(value, problem)
        what = f"an item of `{name}`" if problem.path and isinstance(problem.path[-1], int) else f"`{name}`"
        notes.error("wrong-type", f"{what} must be {expected}, not {_sort_of(value)}", place, advice=advice)


def _advise_on_list(value: object, problem: Problem) -> str:
    """A list of names where each needs a role, or the members of a group without the key above them."""
    if not isinstance(value, list) or not value or not isinstance(value[0], str):
        return ""
    if problem.path[0] == "groups" and len(problem.path) > 1:
        return f"write `{problem.name}: {{members: [{', '.join(map(str, value))}]}}`"
    return f"write `{value[0]}: ROLE` for each" if problem.name in ("access", "members", "shares") else ""


def _sort_of(value: object) -> str:
    if isinstance(value, (dict, list)):
        return "a mapping" if isinstance(value, dict) else "a list"
    return {bool: "true or false", int: "a number", float: "a number"}.get(type(value), "text")


def _keys_at(model: type[BaseModel], loc: Path) -> list[str]:
    """The keys that the mapping at a location may have, found by walking the types of the documents."""
    found: Any = model
    for part in loc:
        found = _step(found, part)
    if isinstance(found, type) and issubclass(found, BaseModel):
        return [info.alias or name for name, info in found.model_fields.items()]
    return []


def _step(annotation: Any, part: str | int) -> Any:
    """The type one level further in; for a union, the member that pydantic named in the location."""
    if get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        info = annotation.model_fields.get(str(part))
        return None if info is None else info.annotation
    arguments = get_args(annotation)
    if get_origin(annotation) in {Union, types.UnionType}:
        if part in {"short", "long"}:
            return arguments[part == "long"]
        return next((one for one in arguments if part in get_args(one.model_fields["system"].annotation)), None)
    return arguments[-1] if arguments else None
