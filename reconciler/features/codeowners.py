"""Who has to approve a change of which file, for a forge: `owners` of the manifests as CODEOWNERS."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any

from reconciler.editing.index import ManifestIndex
from reconciler.manifests.source import SourceFile
from reconciler.model import Desired, dataclass

BEGIN = "# BEGIN of what `reconciler codeowners` writes; change `owners` in the manifests instead"
END = "# END of what `reconciler codeowners` writes"
_BLOCK = re.compile(rf"\n*^{re.escape(BEGIN)}$.*?^{re.escape(END)}$\n?", re.MULTILINE | re.DOTALL)
_PLAIN_PATH = re.compile(r"[^\s#!*?\[\]\\]+(?: [^\s#!*?\[\]\\]+)*")
"""What both forges take as it stands, but for spaces."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeOwners:
    """Path -> owners as a forge knows them, the most general first; and what nobody would expect of it."""

    lines: Mapping[str, tuple[str, ...]]
    notices: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Owners:
    """Finds the owners of files."""

    desired: Desired
    workspace: tuple[str, ...]
    notices: dict[str, None] = field(default_factory=dict)

    def on_forge(self, owners: Iterable[str], of: str) -> tuple[str, ...]:
        """As a forge knows them: names on it as they are, people by their e-mail addresses."""
        found: dict[str, None] = {}
        for key in self.desired.expand_owners(owners):
            person = self.desired.people.get(key)
            name = person.identities.get("email", "") if person else key
            if name:
                found[name] = None
            else:
                self.notices[f"{key} owns {of} and has no e-mail address: write `@name` of the forge instead"] = None
        return tuple(found)

    def of_organization(self, key: str) -> tuple[str, ...]:
        return self.desired.organizations[key].owners or self.workspace

    def of_file(self, path: str, node: Any, through: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
        """Those of every organization that the file says something about, and of its groups and assets."""
        groups = (node or {}).get("groups") or {}
        keys = {key for key, one in self.desired.organizations.items() if one.place.file == path}
        touched = keys | {key for name in groups for key in through.get(str(name), ())}
        approvals = (one for one in self.desired.approvals if one.place is not None and one.place.file == path)
        touched |= {one.address.organization for one in approvals}
        by_owners: dict[tuple[str, ...], list[str]] = {}
        for key in sorted(touched & self.desired.organizations.keys()):
            by_owners.setdefault(self.of_organization(key), []).append(key)
        for key in sorted(keys):
            for address, one in self.desired.resources[key].items():
                if one.owners and one.owners != self.of_organization(key):
                    by_owners.setdefault(one.owners, []).append(str(address))
        owners = [owner for each in by_owners for owner in each]
        owners += [owner for name in groups for owner in self.desired.group_owners.get(str(name), ())]
        if len(by_owners) > 1:
            named = "; ".join(f"{', '.join(what)}: {', '.join(each) or 'nobody'}" for each, what in by_owners.items())
            self.notices[
                f"{path} is about things of several owners, and a forge asks any of them about the whole file "
                f"({named}); divide it where that is not meant"
            ] = None
        return tuple(owners) or self.workspace


def find_code_owners(
    desired: Desired, files: Sequence[SourceFile], *, workspace: tuple[str, ...], general: Iterable[str]
) -> CodeOwners:
    """Of all manifests, and of `general` paths that belong to the workspace, such as its own file."""
    owners = _Owners(desired=desired, workspace=workspace)
    index = ManifestIndex(files)
    lists = index.groups
    through: dict[str, set[str]] = defaultdict(set)  # `group:NAME` -> the organizations where a line names it
    for address, declared in desired.everything.items():
        for line in declared.lines:
            through[line.through].add(address.organization)
    reaching = {
        name: frozenset(key for outer in lists.giving_through(name) for key in through.get(outer, ()))
        for name in lists.listed
    }
    lines = {path: owners.on_forge(workspace, path) for path in general}
    only_there = frozenset(lines)
    for path in (file.path for file in files):
        lines[path] = owners.on_forge(owners.of_file(path, index.nodes[path], reaching), path)
    for path in [path for path in lines if not _PLAIN_PATH.fullmatch(path)]:
        owners.notices[f"{path!r} cannot stand in CODEOWNERS because of its name: rename it"] = None
        del lines[path]
    for path in [path for path, names in lines.items() if not names]:
        where = "" if path in only_there else " in an organization there, or"
        owners.notices[f"nobody owns {path}: write `owners`{where} in reconciler.yaml for all"] = None
        del lines[path]
    return CodeOwners(lines=lines, notices=tuple(owners.notices))


def merge_code_owners(text: str, found: CodeOwners, *, prefix: str, has_sections: bool) -> str:
    """A CODEOWNERS file with our lines at its end, where they win; everything else stays as people wrote it.

    In a section of its own where the forge has such, so that its owners are asked besides those of other sections.
    """
    rest = _BLOCK.sub("\n", text).strip("\n")
    lines = [" ".join((f"/{prefix}{path}".replace(" ", "\\ "), *names)) for path, names in found.lines.items()]
    body = "\n".join([BEGIN, *(["[Access]"] if has_sections else []), *lines, END])
    return f"{rest}\n\n{body}\n" if rest else f"{body}\n"
