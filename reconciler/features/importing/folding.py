"""Several edits of what is not there yet, made into one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from reconciler.editing.edits import Edit, Join, Path, Put, Value, depth_of
from reconciler.features.importing.compose import plant
from reconciler.manifests.source import SourceFile, parse_file


def fold(edits: Sequence[Edit], file: SourceFile) -> list[Edit]:
    """The same edits, where everything that goes into a new entry comes with it.

    So an asset is written together with its access, and a section with its entries, laid out as one piece.
    """
    node = parse_file(file).node
    new: dict[Path, dict[str, Value]] = {}
    folded: list[Edit | Path] = []
    for edit in edits:
        top = _first_missing(node, edit.path) if isinstance(edit, Put | Join) else None
        if top is None or not isinstance(edit, Put | Join):
            folded.append(edit)
            continue
        if top not in new:
            new[top] = {}
            folded.append(top)
        plant(new[top], _below(edit, top))
    return [one if not isinstance(one, tuple) else Put(path=one, value=new[one][one[-1]]) for one in folded]


def _below(edit: Put | Join, top: Path) -> Put | Join:
    """The edit counted from the new entry on."""
    below = replace(edit, path=edit.path[len(top) - 1 :])
    if isinstance(below, Put) and isinstance(below.value, Mapping):
        return Put(path=below.path, value=dict(below.value))
    return below


def _first_missing(node: object, path: Path) -> Path | None:
    """The part of a path that leads to the first key that is not there; None when all of it is."""
    depth = depth_of(node, path)
    return path[: depth + 1] if depth < len(path) else None
