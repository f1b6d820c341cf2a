"""From a parsed file to a validated document; what is wrong is told, taken out, and the rest goes on.

Going on matters: the findings of a run are shown all at once, so a wrong role must not hide an unknown person.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from reconciler.manifests.doubts import Doubts
from reconciler.manifests.nodes import Cursor, ListNode, MapNode, Path, inside, path_in
from reconciler.manifests.notes import Notes

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from reconciler.manifests.terms import StrictDocument

_ROUNDS = 6
_NAMING = frozenset({"access", "ad_accounts", "shares", "members"})
"""Keys inside an asset or a group under which names stand."""

D = TypeVar("D", bound="StrictDocument")


def check_structure(model: type[D], node: MapNode, file: str, notes: Notes, doubts: Doubts) -> D | None:
    """The document in `node`, which loses the parts that do not fit; None when nothing is left of it."""
    from pydantic import ValidationError

    from reconciler.manifests.wording import note_structure_error

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


def _take_out(errors: Sequence[ErrorDetails], node: MapNode, doubts: Doubts) -> None:
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


def _remember(path: Path, doubts: Doubts) -> None:
    """Judge whether names may have gone with what was taken out."""
    section = path[0]
    if section == "people" and len(path) > 2:
        doubts.people.add(str(path[1]))
    elif section in {"approvals", "moved", "version"}:
        return
    elif section != "organizations" or len(path) < 5 or _NAMING.intersection(map(str, path[4:])):
        doubts.incomplete = True
