"""The edit of the manifests that makes somebody leave: one line where they are in the directory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from reconciler.editing.edits import Drop, Edit, Leave, Path, Put, edit_manifest, render_patch
from reconciler.manifests.source import SourceFile, parse_file
from reconciler.model.declared import Person
from reconciler.model.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestEdit:
    """What would be written into which files."""

    texts: Mapping[str, str]
    """Path -> new text, of the files that change."""
    patch: str
    """The same as a unified diff."""


def edit_all(files: Sequence[SourceFile], edits: Mapping[str, Sequence[Edit]]) -> ManifestEdit:
    """Carry edits out, file by file; raises EditError."""
    by_path = {file.path: file for file in files}
    texts = {path: edit_manifest(by_path[path], wanted) for path, wanted in sorted(edits.items()) if wanted}
    before = {path: parse_file(by_path[path]).text for path in texts}
    changed = {path: text for path, text in texts.items() if text != before[path]}
    return ManifestEdit(texts=changed, patch=render_patch({path: before[path] for path in changed}, changed))


def make_leave(files: Sequence[SourceFile], key: str, person: Person | None, *, on: date, today: date) -> ManifestEdit:
    """The edit after which somebody has no access from a UTC day on.

    Whoever is in the directory gets `ends`, which covers everything and keeps what they had readable; an end that has
    passed stays. An e-mail address that stands where a person may stand is taken out, or ends with each of its
    memberships when the day is still to come.
    """
    if person is not None:
        has_left = person.ends is not None and person.ends <= min(on, today)
        edits: list[Edit] = [] if has_left else [Put(path=("people", key, "ends"), value=on.isoformat())]
        return edit_all(files, {person.place.file: edits})
    return edit_all(files, {file.path: list(_edits_in(file, key, on if on > today else None)) for file in files})


def _edits_in(file: SourceFile, key: str, expires: date | None) -> Iterator[Edit]:
    for mention in _mentions(parse_file(file).node, key, ()):
        if expires is None:
            yield mention.removal
        elif mention.path[0] == "groups":
            advice = f"give them an entry under `people`, or run this again on {expires}"
            raise UsageError(f"{key} is in {mention.path[1]}, and a group has no end for its members", advice=advice)
        elif mention.path[-1] == "members":
            yield mention.ending_on(expires)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mention:
    """Where somebody is named as a member, or as somebody who has access."""

    path: Path
    """Of the mapping or list."""
    name: str
    """As it is written."""
    holder: object

    @property
    def removal(self) -> Edit:
        if isinstance(self.holder, list):
            return Leave(path=self.path, item=self.name)
        return Drop(path=(*self.path, self.name))

    def ending_on(self, day: date) -> Put:
        """A membership with its end, which its grants share; what is written as a word becomes a mapping."""
        terms = self.holder[self.name] if isinstance(self.holder, dict) else None
        path = (*self.path, self.name)
        if isinstance(terms, dict):
            return Put(path=(*path, "expires"), value=day.isoformat())
        return Put(path=path, value={"role": str(terms), "expires": day.isoformat()})


def _mentions(node: object, key: str, path: Path) -> Iterator[_Mention]:
    """Under organizations and groups alone: `people` has keys of its own."""
    if not isinstance(node, dict):
        return
    for name, inner in node.items():
        here = (*path, str(name))
        if path[:1] in (("organizations",), ("groups",)) and name in {"members", "access"}:
            spelled = [str(one) for one in inner if str(one).casefold() == key.casefold()] if inner else []
            if spelled:
                yield _Mention(path=here, name=spelled[0], holder=inner)
        else:
            yield from _mentions(inner, key, here)
