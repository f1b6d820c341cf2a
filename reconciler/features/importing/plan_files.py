"""Which file of a workspace gets what, when manifests are written by the tool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from reconciler.editing.edits import Path, Put, Value, edit_manifest, find_file
from reconciler.features.importing.compose import Composition, remarks_on
from reconciler.features.importing.layout import render_manifest
from reconciler.features.importing.model import Import, ImportedOrganization
from reconciler.manifests.load import SourceFile, load_manifests
from reconciler.model.declared import Desired, Organization
from reconciler.model.errors import ManifestError, ReconcilerError
from reconciler.model.finding import Severity
from reconciler.model.settings import GuardSettings

_MAX_EDITS = 50
"""More people than this get a file of their own, because every edit is checked line by line."""
_PEOPLE = "people"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """What to import, and what there is already."""

    organizations: tuple[Organization, ...]
    """None of them is declared yet."""
    files: tuple[SourceFile, ...]
    folder: str
    """Where new files go, relative to the workspace."""
    settings: GuardSettings
    today: date
    allowed_domains: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    """Names of the groups that there are already."""


def file_away(
    request: ImportRequest,
    compositions: Mapping[str, Composition],
    *,
    people: Mapping[str, Value],
    unread: Mapping[str, Mapping[str, str]],
) -> Import:
    """The files to be written; raises ReconcilerError rather than overwrite one."""
    met = {address.key for made in compositions.values() for address in made.declared if address.kind == "member"}
    people = {key: entry for key, entry in sorted(people.items()) if key in met}
    before, after = _file_people(request, people, first=min(compositions))
    imported: list[ImportedOrganization] = []
    for key, made in compositions.items():
        file = _path(request, key)
        remarks = remarks_on(key, made.held_back, unread[key])
        tails: dict[Path, list[str]] = {("organizations", key): remarks} if remarks else {}
        after[file] = render_manifest({"version": 1, **made.tree}, tails=tails)
        imported.append(
            ImportedOrganization(
                organization=key,
                file=file,
                declared=tuple(made.declared),
                groups=tuple(team.name for team in made.teams),
                held_back=tuple(made.held_back),
                unknown=unread[key],
            )
        )
    _refuse_overwriting(request, before, after)
    return Import(before=before, after=after, people=tuple(people), organizations=tuple(imported))


def get_desired(request: ImportRequest, changed: Mapping[str, str]) -> Desired:
    """What the manifests want once some files have other texts; raises ManifestError when they have errors."""
    files = {file.path: file for file in request.files}
    files |= {path: SourceFile(path=path, data=text.encode()) for path, text in changed.items()}
    loaded = load_manifests(list(files.values()), today=request.today, allowed_domains=request.allowed_domains)
    if loaded.desired is None:
        raise ManifestError([finding for finding in loaded.findings if finding.severity is Severity.ERROR])
    return loaded.desired


def read_back(request: ImportRequest, made: Import) -> Desired:
    """What the workspace will say once the files are written."""
    return get_desired(request, made.after)


def _file_people(
    request: ImportRequest, people: Mapping[str, Value], *, first: str
) -> tuple[dict[str, str], dict[str, str]]:
    """New people go where people are declared; before and after, of that file."""
    present = find_file(request.files, (_PEOPLE,))
    if not people:
        return {}, {}
    if present is None or len(people) > _MAX_EDITS:
        name = _PEOPLE if present is None else f"{_PEOPLE}-{first}"
        return {}, {_path(request, name): render_manifest({"version": 1, _PEOPLE: people})}
    edits = [Put(path=(_PEOPLE, key), value=entry) for key, entry in people.items()]
    return {present.path: edit_manifest(present, [])}, {present.path: edit_manifest(present, edits)}


def _refuse_overwriting(request: ImportRequest, before: Mapping[str, str], after: Mapping[str, str]) -> None:
    there = {file.path for file in request.files}
    taken = sorted(path for path in after if path in there and path not in before)
    if taken:
        advice = "give another folder: --to DIR"
        raise ReconcilerError(f"{taken[0]} is there already, and is not overwritten", advice=advice)


def _path(request: ImportRequest, name: str) -> str:
    return f"{request.folder}/{name}.yaml" if request.folder not in ("", ".") else f"{name}.yaml"
