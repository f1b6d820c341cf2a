"""A workspace as a commit has it, read from a git repository. Nothing is checked out, nothing written.

The `git` executable is asked and no library: it is there wherever a checkout came from, reads every format that it
writes (worktrees, partial and shallow clones, SHA-256, packed references) and refuses folders of other owners, which
libraries that read the files themselves do not.

A repository may come from a stranger. Only commands that read objects are used, which know no hooks, filters, pagers or
aliases; names reach git over its standard input, where nothing is an option; replaced objects are not believed; and no
transport is allowed, so that no missing object makes git run a program or call a host.
"""

from __future__ import annotations

import os
import posixpath
import re
import shlex
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import IO, Self

from reconciler.cli.app import App
from reconciler.cli.streams import CONFIG_FILE
from reconciler.cli.workspace import manifests_among, read_files, read_manifest_files
from reconciler.features.review.model import Commit, Revision
from reconciler.manifests.config import load_config
from reconciler.manifests.source import MAX_SIZE, SourceFile, is_read
from reconciler.model import ReconcilerError, UsageError, dataclass, suggest_names

_TIMEOUT = 60.0
_MAX_LISTED = 5
"""So many branches are listed when none was meant for sure."""
_NOT_INHERITED = ("GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_PREFIX")
"""Set while git runs a hook; they would point elsewhere than `-C`."""
_SAFE = {
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",  # messages are recognised
}
_OBJECT_ID = re.compile(rb"(?:[0-9a-f]{40}|[0-9a-f]{64})")
_HEXADECIMAL = re.compile(r"[0-9a-f]{7,64}")
_MIN_ID = 40
_TREE_ENTRY = re.compile(rb"([0-7]+) ([^\0]+)\0")
_FOLDER, _LINK, _SUBMODULE = "40000", "120000", "160000"
_MAX_LINK_SIZE = 4096
_MAX_LINKS = 40
"""In one path; as many as Linux follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitObject:
    """One object of the repository."""

    id: str
    type: str
    """commit | tree | blob | tag."""
    data: bytes
    """At most as many bytes as were asked for."""


@dataclass(slots=True)
class Repository:
    """An open repository; use it with `with`, because a git process answers in the background."""

    folder: Path
    prefix: str
    """From the top of the repository to `folder`, with a slash at the end; empty at the top and where there is none."""
    is_bare: bool
    _git: subprocess.Popen[bytes]
    _errors: IO[bytes]
    _trees: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._git.kill()
        self._git.communicate()
        self._errors.close()

    def get_commit(self, name: str) -> str:
        """The full id of the commit that a name means; raises ReconcilerError with the command that would bring it."""
        if not name or name.startswith("-") or any(ord(letter) < 32 for letter in name):
            advice = "give a branch, a tag or the id of a commit"
            raise UsageError(f"{name!r} is not the name of a revision", advice=advice)
        found = self.find_object(f"{name}^{{commit}}", limit=0)
        if found is None:
            raise ReconcilerError(f"there is no commit {name!r} here", advice=self._advise_on_missing(name))
        return found.id

    def get_merge_base(self, one: str, other: str) -> str:
        """The commit, given two by their ids, from which both went their ways."""
        run = _run(self.folder, "merge-base", one, other)
        commit = run.stdout.decode().strip()
        if run.returncode != 0 or not commit:
            message = "the two revisions have no common ancestor here"
            advice = "git fetch --unshallow" if self._is_shallow() else "compare them as they are, with two dots"
            raise ReconcilerError(message, advice=advice)
        return commit

    def list_commits(self, base: str, head: str, workspace: str) -> Iterator[Commit]:
        """What led from one commit to the other in a workspace, the newest first; nothing where git cannot tell."""
        folder = f"{workspace.strip('/')}/" if workspace.strip("/") else ""
        fields = "%x00%H%x00%an%x00%s%x00"
        told = ("--no-show-signature", "--no-ext-diff", "--no-textconv", "--no-renames", "--name-only")
        found = f":(top,literal){folder}" if folder else ":(top)"
        run = _run(self.folder, "log", "-z", *told, f"--format={fields}", f"{base}..{head}", "--", found)
        texts = iter(run.stdout.decode(errors="replace").split("\0"))
        commit: Commit | None = None
        for text in texts:
            if _HEXADECIMAL.fullmatch(text) and len(text) >= _MIN_ID:
                if commit is not None:
                    yield commit
                commit = Commit(id=text, author=next(texts, ""), subject=next(texts, ""))
            elif commit is not None and (path := text.strip("\n")).startswith(folder) and path:
                commit = replace(commit, files=(*commit.files, path.removeprefix(folder)))
        if commit is not None:
            yield commit

    def find_object(self, name: str, *, limit: int) -> GitObject | None:
        """The object that a name means, with its first `limit` bytes; None when it is not here."""
        if self._git.stdin is None or self._git.stdout is None:  # both are pipes; this is for the type checker
            raise ReconcilerError("git cannot be asked")
        try:
            self._git.stdin.write(f"{name}\n".encode(errors="surrogateescape"))
            self._git.stdin.flush()
            answer = self._git.stdout.readline().split()
        except BrokenPipeError:
            answer = []
        if not answer:
            raise self._failure()
        if len(answer) != 3 or not _OBJECT_ID.fullmatch(answer[0]):
            return None
        return GitObject(id=answer[0].decode(), type=answer[1].decode(), data=self._read(int(answer[2]), limit))

    def read_tree(self, id_: str) -> Mapping[str, tuple[str, str]]:
        """Name -> mode and object id of everything directly in a tree or in the tree of a commit."""
        if id_ not in self._trees:
            found = self.find_object(f"{id_}^{{tree}}", limit=2**31)
            if found is None:
                message = f"the folder with the id {id_} is not in this clone"
                raise ReconcilerError(message, advice="run git fsck; the clone is damaged")
            self._trees[id_] = _parse_tree(found.data, digits=len(found.id))
        return self._trees[id_]

    def _read(self, size: int, limit: int) -> bytes:
        """The content that follows an answer: what is wanted of it, while the rest and the line end are passed over."""
        stream = self._git.stdout
        wanted = b"" if stream is None else stream.read(min(size, limit))
        left = size - len(wanted) + 1
        while stream is not None and left > 0 and (passed := stream.read(min(left, 1 << 20))):
            left -= len(passed)
        if left:
            raise self._failure()
        return wanted

    def _failure(self) -> ReconcilerError:
        """Why git gave up; it does so at the first object that a partial clone has left at its origin."""
        self._git.wait(_TIMEOUT)
        self._errors.seek(0)
        said = self._errors.read()
        # Asked, because git words what is missing in another way with every version.
        if _list_lines(self.folder, "config", "--get-regexp", r"^remote\..*\.promisor$"):
            message = "this is a partial clone, and what has to be read is not in it"
            return ReconcilerError(message, advice="clone without --filter")
        return ReconcilerError(f"git stopped answering: {_first_line(said) or 'it said nothing'}")

    def _is_shallow(self) -> bool:
        return _run(self.folder, "rev-parse", "--is-shallow-repository").stdout.strip() == b"true"

    def _advise_without_remote(self, name: str) -> str:
        """Nothing can be fetched here, so it is another name, or there is nothing to compare with yet."""
        names = _list_lines(self.folder, "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags")
        if not names:
            return "nothing is committed here yet: commit the manifests once, then change them"
        listed = f"; there are: {', '.join(names[:_MAX_LISTED])}{', ...' if names[_MAX_LISTED:] else ''}"
        return suggest_names(name, names) or f"`diff HEAD` shows what is not committed yet{listed}"

    def _advise_on_missing(self, name: str) -> str:
        """The command that would bring the commit, as far as the name tells."""
        plain = re.split(r"[~^@{:]", name, maxsplit=1)[0]
        remote, slash, branch = plain.removeprefix("refs/remotes/").partition("/")
        if plain != name and self.find_object(f"{plain}^{{commit}}", limit=0):
            return "git fetch --unshallow" if self._is_shallow() else f"{plain} has no such ancestor or path"
        if not plain.startswith("refs/") and self.find_object(f"origin/{plain}^{{commit}}", limit=0):
            return f"did you mean origin/{plain}?"
        if not _HEXADECIMAL.fullmatch(plain) and not _list_lines(self.folder, "remote"):
            return self._advise_without_remote(plain)
        depth = " --depth=1" if self._is_shallow() else ""
        if _HEXADECIMAL.fullmatch(plain):
            return f"git fetch{depth} origin {plain}"
        if not slash or plain.startswith("refs/"):
            return f"git fetch{depth} origin {shlex.quote(plain)}, and give FETCH_HEAD"
        target = shlex.quote(f"+refs/heads/{branch}:refs/remotes/{remote}/{branch}")
        return f"git fetch{depth} {shlex.quote(remote)} {target}"


def open_repository(folder: Path) -> Repository:
    """The repository that a folder is in; raises ReconcilerError when there is none or git refuses to read it."""
    run = _run(folder, "rev-parse", "--is-bare-repository", "--show-prefix")
    if run.returncode != 0:
        raise _refusal(folder, run.stderr)
    is_bare, prefix = (*os.fsdecode(run.stdout).split("\n"), "")[:2]
    said = tempfile.TemporaryFile()  # noqa: SIM115  # closed together with the repository
    git = subprocess.Popen(  # noqa: S603  # fixed arguments
        ["git", "-C", str(folder), "cat-file", "--batch"],  # noqa: S607  # which git is the user's choice
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=said,
        env=_environment(),
    )
    return Repository(folder=folder, prefix=prefix, is_bare=is_bare == "true", _git=git, _errors=said)


def _refusal(folder: Path, said: bytes) -> ReconcilerError:
    text = said.decode(errors="replace")
    place = str(folder.resolve())
    if "not a git repository" in text:
        return ReconcilerError(f"{place} is not in a git repository", advice="name a workspace in one with -C DIR")
    if "dubious ownership" in text:
        message = f"git does not read {place}, because the repository belongs to another user"
        named = re.search(r"repository at '([^'\n]+)'", text)  # the top of the repository, not the workspace
        trusted = shlex.quote(named[1] if named else place)
        advice = f"if you trust it: git config --global --add safe.directory {trusted}"
        return ReconcilerError(message, advice=advice)
    return ReconcilerError(f"git cannot read {place}: {_first_line(said)}")


def _first_line(said: bytes) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[0].removeprefix("fatal: ") if lines else ""


def _parse_tree(data: bytes, *, digits: int) -> dict[str, tuple[str, str]]:
    """Entries of a tree object: mode, name and the raw id behind a zero byte."""
    entries: dict[str, tuple[str, str]] = {}
    at = 0
    while match := _TREE_ENTRY.match(data, at):
        at = match.end() + digits // 2
        entries[os.fsdecode(match.group(2))] = (match.group(1).decode(), data[match.end() : at].hex())
    return entries


def _run(folder: Path, *command: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603  # fixed arguments and ids that git gave
            ["git", "-C", str(folder), *command],  # noqa: S607  # which git is the user's choice
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
            env=_environment(),
        )
    except FileNotFoundError as error:
        raise ReconcilerError("git is not installed", advice="install git; it is asked for both revisions") from error
    except subprocess.TimeoutExpired as error:
        raise ReconcilerError(f"git did not answer within {_TIMEOUT:.0f} seconds") from error


def _list_lines(folder: Path, *command: str) -> list[str]:
    """What git lists, line by line."""
    return _run(folder, *command).stdout.decode(errors="replace").splitlines()


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED} | _SAFE


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


def read_both(
    app: App, repository: Repository, base: str, head: str, workspace: str, *, from_merge_base: bool
) -> tuple[Revision, Revision]:
    """The workspace at `base` and at `head`, which is the working tree where it is empty."""
    commit = repository.get_commit(base)
    after_commit = repository.get_commit(head or "HEAD") if head or from_merge_base else ""
    if from_merge_base:
        commit, base = repository.get_merge_base(commit, after_commit), f"merge base with {base}"
    before = read_revision(repository, commit, name=base, workspace=workspace)
    if not head:
        return before, _read_working_tree(app)
    after = read_revision(repository, after_commit, name=head, workspace=workspace)
    if after.config is None:
        where = f"in {workspace.strip('/')} " if workspace.strip("/") else ""
        advice = "name the folder of the workspace with -C DIR, or with --path DIR in a bare repository"
        raise ReconcilerError(f"there is no {CONFIG_FILE} {where}at {head}", advice=advice)
    return before, after


def _read_working_tree(app: App) -> Revision:
    name, loaded = "working tree", app.loaded
    if loaded.config is None:
        return Revision(name=name, config=loaded)
    files = read_manifest_files(app.root, loaded.config)
    policies = read_files(app.root, loaded.config.policies.sources, under="policies")
    return Revision(name=name, config=loaded, files=files, policies=policies)


def read_revision(repository: Repository, commit: str, *, name: str, workspace: str) -> Revision:
    """The workspace in the folder `workspace` of a commit, given from the top of the repository."""
    tree = _Tree(repository, commit, workspace.strip("/"))
    config = tree.read(CONFIG_FILE)
    if config is None:
        return Revision(name=name, commit=commit)
    loaded = load_config(config)
    if loaded.config is None:
        return Revision(name=name, commit=commit, config=loaded)
    files = manifests_among(tree.read_files(loaded.config.manifests, under="manifests"), loaded.config)
    policies = tree.read_files(loaded.config.policies.sources, under="policies")
    return Revision(name=name, commit=commit, config=loaded, files=files, policies=policies)


@dataclass(frozen=True, slots=True)
class _Tree:
    """The files of one commit, named as they are seen from a workspace in it."""

    repository: Repository
    commit: str
    workspace: str

    def read(self, name: str) -> SourceFile | None:
        """One file; None when there is nothing of that name."""
        entry = self._find(posixpath.normpath(posixpath.join(self.workspace, name)))
        return None if entry is None else self._read(name, entry)

    def read_files(self, entries: Iterable[str], *, under: str) -> list[SourceFile]:
        """All YAML files in some files or folders, each once, sorted by path; the same that a checkout would give."""
        found: dict[str, SourceFile] = {}
        for entry in entries:
            path = posixpath.normpath(posixpath.join(self.workspace, entry))
            missing = f"it does not exist, but stands under `{under}:` in {CONFIG_FILE}"
            found |= {file.path: file for file in self._read_below(path, self._find(path) or missing, frozenset())}
        return sorted(found.values(), key=lambda file: file.path)

    def _read_below(self, path: str, entry: _Entry | str, above: frozenset[str]) -> Iterator[SourceFile]:
        """Manifest files in a file or folder. Hidden ones and submodules are passed over."""
        name = posixpath.relpath(path, self.workspace or ".")
        if isinstance(entry, str) or not (entry.is_folder or entry.mode == _SUBMODULE):
            yield self._read(name, entry)
        elif entry.path in above:
            yield self._read(name, "symbolic link to a folder above itself")
        elif entry.is_folder:
            for below in sorted(self.repository.read_tree(entry.id)):
                inner = posixpath.join(path, below)
                child = None if below.startswith(".") else self._find(inner)
                # Whatever a path that leads to nothing meant to declare is missing, so it is not passed over.
                if child is not None and (isinstance(child, str) or child.is_folder or is_read(below)):
                    yield from self._read_below(inner, child, above | {entry.path})

    def _read(self, name: str, entry: _Entry | str) -> SourceFile:
        if isinstance(entry, str):
            return SourceFile(path=name, data=None, problem=entry)
        if entry.is_folder or entry.mode == _SUBMODULE:
            return SourceFile(path=name, data=None, problem="not a regular file")
        # One byte more than is accepted, so that the reader sees that it is too much.
        found = self.repository.find_object(entry.id, limit=MAX_SIZE + 1)
        if found is None:
            return SourceFile(path=name, data=None, problem="its content is not in this clone")
        return SourceFile(path=name, data=found.data)

    def _find(self, path: str) -> _Entry | str | None:
        """What is at a path from the top, through links that stay inside of the repository.

        None where nothing is; where a path leads to nothing that may be read, the reason.
        """
        if path.startswith("/"):
            return "outside of the repository"
        waiting = [part for part in reversed(path.split("/")) if part not in ("", ".")]
        trail: list[_Entry] = [_Entry(path="", mode=_FOLDER, id=self.commit)]
        links = 0
        while waiting:
            part = waiting.pop()
            if part == "..":
                trail.pop()
                if not trail:
                    return "outside of the repository"
                continue
            folder = trail[-1]
            found = self.repository.read_tree(folder.id).get(part) if folder.is_folder else None
            if found is None:
                return "broken symbolic link" if links else None
            entry = _Entry(path=posixpath.join(folder.path, part), mode=found[0], id=found[1])
            if entry.mode != _LINK:
                trail.append(entry)
                continue
            links += 1
            if links > _MAX_LINKS:
                return "loop of symbolic links"
            link = self.repository.find_object(entry.id, limit=_MAX_LINK_SIZE)
            target = link.data.decode(errors="surrogateescape") if link else ""
            if not target or target.startswith("/"):
                return "symbolic link that leads out of the repository"
            waiting += [part for part in reversed(target.split("/")) if part not in ("", ".")]
        return trail[-1]
