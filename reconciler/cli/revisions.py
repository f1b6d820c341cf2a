"""A workspace as a commit has it, read as the working tree would be, without a checkout."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.cli.files import CONFIG_FILE
from reconciler.cli.repository import Repository
from reconciler.manifests.config import load_config
from reconciler.manifests.filenames import is_read
from reconciler.manifests.source import LARGEST, SourceFile
from reconciler.workflows.reviewing import Revision

_FOLDER, _LINK, _SUBMODULE = "40000", "120000", "160000"
_LONGEST_LINK = 4096
_MOST_LINKS = 40
"""In one path; as many as Linux follows."""


class UnusablePathError(Exception):
    """A path in the tree leads to nothing that may be read; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """What a path leads to once all links are followed."""

    path: str
    """Its real path from the top of the repository."""
    mode: str
    id: str

    @property
    def is_folder(self) -> bool:
        return self.mode == _FOLDER


def read_revision(repository: Repository, commit: str, *, name: str, workspace: str) -> Revision:
    """The workspace in the folder `workspace` of a commit, given from the top of the repository."""
    tree = _Tree(repository, commit, workspace.strip("/"))
    config = tree.read(CONFIG_FILE)
    if config is None:
        return Revision(name=name, commit=commit)
    loaded = load_config(config)
    if loaded.config is None:
        return Revision(name=name, commit=commit, config=loaded)
    return Revision(
        name=name,
        commit=commit,
        config=loaded,
        files=tree.read_files(loaded.config.manifests, under="manifests"),
        policies=tree.read_files(loaded.config.policies.sources, under="policies"),
    )


@dataclass(frozen=True, slots=True)
class _Tree:
    """The files of one commit, named as they are seen from a workspace in it."""

    repository: Repository
    commit: str
    workspace: str

    def read(self, name: str) -> SourceFile | None:
        """One file; None when there is nothing of that name."""
        path = posixpath.normpath(posixpath.join(self.workspace, name))
        try:
            entry = self._find(path)
        except UnusablePathError as error:
            return SourceFile(path=name, data=None, problem=str(error))
        return None if entry is None else self._read(name, entry)

    def read_files(self, entries: Iterable[str], *, under: str) -> list[SourceFile]:
        """All YAML files in some files or folders, each once, sorted by path; the same that a checkout would give."""
        found = {file.path: file for entry in entries for file in self._read_entry(entry, under)}
        return sorted(found.values(), key=lambda file: file.path)

    def _read_entry(self, entry: str, under: str) -> Iterator[SourceFile]:
        path = posixpath.normpath(posixpath.join(self.workspace, entry))
        try:
            found = self._find(path)
        except UnusablePathError as error:
            yield SourceFile(path=self._named(path), data=None, problem=str(error))
            return
        if found is None:
            problem = f"it does not exist, but stands under `{under}:` in {CONFIG_FILE}"
            yield SourceFile(path=self._named(path), data=None, problem=problem)
        else:
            yield from self._read_below(path, found, frozenset())

    def _read_below(self, path: str, entry: _Entry, above: frozenset[str]) -> Iterator[SourceFile]:
        """Manifest files in a file or folder. Hidden ones and submodules are passed over."""
        if entry.mode == _SUBMODULE:
            return
        if not entry.is_folder:
            yield self._read(self._named(path), entry)
            return
        if entry.path in above:
            problem = "symbolic link to a folder above itself"
            yield SourceFile(path=self._named(path), data=None, problem=problem)
            return
        for name in sorted(self.repository.read_tree(entry.id)):
            if not name.startswith("."):
                yield from self._read_child(posixpath.join(path, name), name, above | {entry.path})

    def _read_child(self, path: str, name: str, above: frozenset[str]) -> Iterator[SourceFile]:
        try:
            child = self._find(path)
        except UnusablePathError as error:
            # Whatever it meant to declare is missing, so it must not be passed over.
            yield SourceFile(path=self._named(path), data=None, problem=str(error))
            return
        if child is not None and (child.is_folder or is_read(name)):
            yield from self._read_below(path, child, above)

    def _read(self, name: str, entry: _Entry) -> SourceFile:
        if entry.is_folder or entry.mode == _SUBMODULE:
            return SourceFile(path=name, data=None, problem="not a regular file")
        # One byte more than is accepted, so that the reader sees that it is too much.
        found = self.repository.find_object(entry.id, limit=LARGEST + 1)
        if found is None:
            return SourceFile(path=name, data=None, problem="its content is not in this clone")
        return SourceFile(path=name, data=found.data)

    def _named(self, path: str) -> str:
        return posixpath.relpath(path, self.workspace or ".")

    def _find(self, path: str) -> _Entry | None:
        """What is at a path from the top, through links that stay inside of the repository; None where nothing is."""
        waiting = [part for part in reversed(path.split("/")) if part not in ("", ".")]
        if path.startswith("/"):
            raise UnusablePathError("outside of the repository")
        trail: list[_Entry] = [_Entry(path="", mode=_FOLDER, id=self.commit)]
        links = 0
        while waiting:
            part = waiting.pop()
            if part == "..":
                trail.pop()
                if not trail:
                    raise UnusablePathError("outside of the repository")
                continue
            entry = self._step(trail[-1], part)
            if entry is None:
                if links:
                    raise UnusablePathError("broken symbolic link")
                return None
            if entry.mode != _LINK:
                trail.append(entry)
                continue
            links += 1
            if links > _MOST_LINKS:
                raise UnusablePathError("loop of symbolic links")
            waiting += [part for part in reversed(self._target(entry).split("/")) if part not in ("", ".")]
        return trail[-1]

    def _step(self, folder: _Entry, name: str) -> _Entry | None:
        if not folder.is_folder:
            return None
        found = self.repository.read_tree(folder.id).get(name)
        return None if found is None else _Entry(path=posixpath.join(folder.path, name), mode=found[0], id=found[1])

    def _target(self, link: _Entry) -> str:
        found = self.repository.find_object(link.id, limit=_LONGEST_LINK)
        target = found.data.decode(errors="surrogateescape") if found else ""
        if not target or target.startswith("/"):
            raise UnusablePathError("symbolic link that leads out of the repository")
        return target
