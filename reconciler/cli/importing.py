"""Which organizations an import is about."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.wiring import Wiring
from reconciler.core.declared import Organization
from reconciler.core.errors import ReconcilerError, UsageError
from reconciler.core.finding import Place
from reconciler.core.system import System

if TYPE_CHECKING:
    from reconciler.cli.commands.import_ import Said
    from reconciler.manifests.source import SourceFile
    from reconciler.ports import FoundOrganization

_NOWHERE = Place("", 1, 1)


def choose(
    wanted: Sequence[str], said: Said, *, wiring: Wiring, files: Sequence[SourceFile], today: date
) -> tuple[Organization, ...]:
    """The organizations that the command line names; raises ReconcilerError where one is declared or unknown."""
    from reconciler.manifests.load import load_manifests

    declared = load_manifests(files, today=today).readable.organizations
    if bool(wanted) == said["every"]:
        raise UsageError("name organizations, or give --all" if not wanted else "--all takes no names")
    if said["system"] or said["identity"] or said["variant"]:
        return (_named(wanted, said, declared),)
    found = _explore(wiring, declared)
    if said["every"]:
        if not found:
            message = "the configured providers show no organization that is not declared yet"
            advice = "one that no provider shows is named: `reconciler import ORG --system SYSTEM --id ID`"
            raise ReconcilerError(message, advice=advice)
        return tuple(found.values())
    return tuple(_find(name, found, declared) for name in wanted)


def folder_for(to: Path | None, root: Path, entries: Sequence[str]) -> str:
    """Where new files go, relative to the workspace; raises UsageError for a folder that is not read."""
    if to is None:
        folders = [entry for entry in entries if not entry.endswith((".yaml", ".yml"))]
        if not folders:
            raise UsageError("`manifests:` names no folder for new files", advice="add one, and give it with --to DIR")
        return folders[0].rstrip("/")
    folder = Path(os.path.relpath(to.resolve(), root.resolve()))
    if not any(folder.is_relative_to(entry) for entry in entries):
        message = f"{folder} is no part of the manifests of this workspace"
        raise UsageError(message, advice=f"`manifests:` has {', '.join(entries)}")
    return folder.as_posix()


def _named(wanted: Sequence[str], said: Said, declared: Mapping[str, Organization]) -> Organization:
    from reconciler.manifests.keys import is_key
    from reconciler.systems import SYSTEMS

    if len(wanted) != 1 or not (said["system"] and said["identity"]):
        raise UsageError("one ORG needs both --system and --id", advice="import one organization after the other")
    (key,) = wanted
    _refuse_declared(key, declared)
    if not is_key(key):
        raise UsageError(f"{key!r} cannot be a key", advice="use letters, digits, `.`, `_`, `-` and `+`")
    variants = SYSTEMS[said["system"]]
    if said["variant"] not in variants:
        raise UsageError(f"{said['system']} has no variant {said['variant']!r}")
    return Organization(key=key, system=variants[said["variant"]], identity=said["identity"], place=_NOWHERE)


def _explore(wiring: Wiring, declared: Mapping[str, Organization]) -> dict[str, Organization]:
    """Everything that is not declared yet, under keys that are free."""
    from reconciler.manifests.newcomers import clean_name, key_for_thing

    known = {(one.system.name, one.identity.casefold()) for one in declared.values()}
    made: dict[str, Organization] = {}
    for found in _found(wiring):
        if (found.system, found.identity.casefold()) in known:
            continue
        known.add((found.system, found.identity.casefold()))
        key = key_for_thing(found.identity, found.nickname or found.name, {*declared, *made})
        name = clean_name(found.name)
        made[key] = Organization(
            key=key,
            system=_system_of(found),
            identity=found.identity,
            name="" if name in (found.identity, key) else name,
            place=_NOWHERE,
        )
    return made


def _found(wiring: Wiring) -> Iterator[FoundOrganization]:
    """What each provider shows of the systems that it is configured for."""
    providers = wiring.config.providers
    for name, explorer in wiring.explorers().items():
        for found in explorer.find_organizations():
            responsible = found.system if found.system in providers else "default"
            if name in (responsible, found.nickname):
                yield found


def _system_of(found: FoundOrganization) -> System:
    from reconciler.systems import get_system

    return get_system(found.system, found.variant)


def _find(name: str, found: Mapping[str, Organization], declared: Mapping[str, Organization]) -> Organization:
    _refuse_declared(name, declared)
    matching = [one for key, one in found.items() if name in (key, one.identity, one.name)]
    if len(matching) == 1:
        return matching[0]
    message = f"several organizations are called {name!r}" if matching else f"no organization {name!r} was found"
    advice = f"there are: {_listed(matching or found.values())}" if found else ""
    raise ReconcilerError(message, advice=advice or "say what it is: --system SYSTEM --id ID")


def _listed(found: Iterable[Organization]) -> str:
    return ", ".join(f"{one.key} ({one.system.title} {one.identity})" for one in found)


def _refuse_declared(name: str, declared: Mapping[str, Organization]) -> None:
    if name in declared:
        message = f"{name} is declared already, in {declared[name].place}"
        raise ReconcilerError(message, advice=f"`reconciler adopt {name} --in-place` declares what is missing in it")
