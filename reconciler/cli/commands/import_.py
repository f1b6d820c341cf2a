"""`reconciler import` and `adopt`: what is live becomes what is declared."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path

import click

from reconciler.cli.app import App
from reconciler.cli.options import FOLDER, flag, lock_timeout_option, now_option
from reconciler.cli.planning import read_request
from reconciler.cli.streams import replace_file
from reconciler.cli.workspace import read_files
from reconciler.editing.index import ManifestIndex
from reconciler.features.importing import adopt as adopting
from reconciler.features.importing.compose import clean_name, key_for_thing
from reconciler.features.importing.import_ import (
    Import,
    ImportRequest,
    document_of_import,
    draft_import,
    record_import,
    refuse_other_keys,
)
from reconciler.manifests.load import load_manifests
from reconciler.manifests.nodes import is_key
from reconciler.model import ExitCode, Organization, Place, ReconcilerError, UsageError, count
from reconciler.output.text import render_text
from reconciler.systems.catalogue import SYSTEMS, get_system

_NOWHERE = Place("", 1, 1)
_BY_ID = "one that no provider shows is named: `reconciler import ORG --system SYSTEM --id ID`"


@click.command("import")
@click.argument("organizations", nargs=-1, metavar="[ORG]...")
@flag("--all", "every", "Every organization that the configured providers show and no manifest declares.")
@click.option(
    "--system",
    type=click.Choice(["developers", "organization_account", "business_account", "business_center"]),
    metavar="SYSTEM",
    help="The system that ORG is on, where no provider lists it.",
)
@click.option(
    "--variant",
    type=click.Choice(["owner", "research"]),
    metavar="VARIANT",
    help="For developers: `owner` (the role system with an owner) or `research`.",
)
@click.option("--id", "identity", default="", metavar="ID", help="Id, handle or name of ORG in its system.")
@click.option(
    "--to", type=FOLDER, metavar="DIR", help="Where new files go; by default the first folder under `manifests:`."
)
@flag("--dry-run", "Print what would be written as a patch, and write nothing.")
@lock_timeout_option
@click.pass_obj
def import_(
    app: App, /, organizations: tuple[str, ...], *, every: bool, to: Path | None, dry_run: bool, **named: str | None
) -> int:
    """Write manifests that declare organizations exactly as they are.

    Reads everything there is, gives people and things readable keys, and proposes groups where the same people have the
    same access in several places. What cannot be declared stands in comments, with the reason. Everything is read back
    and planned before it is written: the first plan is empty. No file is overwritten and no system is changed.
    """
    # Nothing has to be there yet.
    entries = [entry for entry in app.config.manifests if os.path.lexists(app.root / entry)]
    files = read_files(app.root, entries, under="manifests")
    with app.progress("reading the systems") as notify:
        declared = load_manifests(files, today=app.today).readable.organizations
        chosen = tuple(_choose(app, organizations, declared, every=every, **named))
        if not chosen:
            app.notify(
                "nothing to import: the manifests declare every organization that the providers show", advice=_BY_ID
            )
            return ExitCode.DONE
        request = ImportRequest(
            organizations=chosen,
            files=ManifestIndex(files),
            folder=_folder_for(to, app.root, app.config.manifests),
            settings=app.config.guards,
            today=app.today,
            allowed_domains=tuple(app.config.allowed_domains),
        )
        refuse_other_keys(request, app.store)
        made = draft_import(request, provider_for=app.provider_for, on_notice=notify)
    if dry_run:
        click.echo(made.edit.patch, nl=False)
        return _report_unread(made, app)
    for path, text in made.edit.texts.items():
        (app.root / path).parent.mkdir(parents=True, exist_ok=True)
        replace_file(app.root / path, text)
    record_import(made, app.editor)
    click.echo(render_text(document_of_import(made), app.style(sys.stdout)), nl=False, color=True)
    rest = "takes away what people have who have left, and has nothing else" if made.has_leavers else "has nothing"
    app.notify(f"next: read the files, then `reconciler plan`: it {rest} to change in what was read")
    return _report_unread(made, app)


def _report_unread(made: Import, app: App) -> ExitCode:
    """What could not be read may hold people whom the files do not declare: no success."""
    unread = [f"{part}: {why}" for one in made.organizations for part, why in sorted(one.unknown.items())]
    if not unread:
        return ExitCode.DONE
    app.notify(f"{count(len(unread), 'part', 'parts')} could not be read and so not declared:", level="error")
    for text in unread:
        app.notify(f"  {text}")
    return ExitCode.FAILED


def _choose(
    app: App,
    wanted: Sequence[str],
    declared: Mapping[str, Organization],
    *,
    every: bool,
    system: str | None,
    variant: str | None,
    identity: str | None,
) -> Iterable[Organization]:
    """The organizations that the command line names; raises ReconcilerError where one is declared or unknown."""
    if bool(wanted) == every:
        raise UsageError("name organizations, or give --all" if not wanted else "--all takes no names")
    if system or identity or variant:
        if len(wanted) != 1 or not (system and identity):
            raise UsageError("one ORG needs both --system and --id", advice="import one organization after the other")
        (key,) = wanted
        _refuse_declared(key, declared)
        if not is_key(key):
            raise UsageError(f"{key!r} cannot be a key", advice="use letters, digits, `.`, `_`, `-` and `+`")
        if (variant or "") not in SYSTEMS[system]:
            raise UsageError(f"{system} has no variant {variant or ''!r}")
        return [Organization(key=key, system=get_system(system, variant or ""), identity=identity, place=_NOWHERE)]
    found = _explore(app, declared)
    if not every:
        return [_find(name, found, declared) for name in wanted]
    if not app.explorers():  # then nobody knows what there is
        raise ReconcilerError("no configured provider can be asked what there is", advice=_BY_ID)
    return found.values()


def _folder_for(to: Path | None, root: Path, entries: Sequence[str]) -> str:
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


def _explore(app: App, declared: Mapping[str, Organization]) -> dict[str, Organization]:
    """Everything that is not declared yet, under keys that are free."""
    known = {(one.system.name, one.identity.casefold()) for one in declared.values()}
    made: dict[str, Organization] = {}
    for provider, explorer in app.explorers().items():
        for found in explorer.find_organizations():
            # Only of the systems that the provider is configured for.
            responsible = found.system if found.system in app.config.providers else "default"
            same = (found.system, found.identity.casefold())
            if provider not in (responsible, found.nickname) or same in known:
                continue
            known.add(same)
            key = key_for_thing(found.identity, found.nickname or found.name, {*declared, *made})
            name = clean_name(found.name)
            made[key] = Organization(
                key=key,
                system=get_system(found.system, found.variant),
                identity=found.identity,
                name="" if name in (found.identity, key) else name,
                place=_NOWHERE,
            )
    return made


def _find(name: str, found: Mapping[str, Organization], declared: Mapping[str, Organization]) -> Organization:
    _refuse_declared(name, declared)
    matching = [one for key, one in found.items() if name in (key, one.identity, one.name)]
    if len(matching) == 1:
        return matching[0]
    message = f"several organizations are called {name!r}" if matching else f"no organization {name!r} was found"
    there = ", ".join(f"{one.key} ({one.system.title} {one.identity})" for one in matching or found.values())
    advice = f"there are: {there}" if found else ""
    raise ReconcilerError(message, advice=advice or "say what it is: --system SYSTEM --id ID")


def _refuse_declared(name: str, declared: Mapping[str, Organization]) -> None:
    if name in declared:
        message = f"{name} is declared already, in {declared[name].place}"
        raise ReconcilerError(message, advice=f"`reconciler adopt {name} --in-place` declares what is missing in it")


@click.command()
@click.argument("addresses", nargs=-1, metavar="[ADDRESS]...")
@flag("--in-place", "Change the files; without it, a patch is printed.")
@now_option
@click.pass_obj
def adopt(app: App, addresses: tuple[str, ...], in_place: bool, now: date | None) -> int:
    """Edit the manifests so that they declare what somebody changed outside of this tool.

    ADDRESS is an address, a pattern with `*`, or an organization; without any, all drift is adopted but what was
    accepted for a while. Comments, order and style stay. What cannot be edited safely is refused, with the reason.
    """
    request = read_request(app, today=now, targets=addresses)
    with app.progress("reading the systems"):
        domains, reach = app.config.allowed_domains, app.provider_for
        made = adopting.adopt(
            request, app.files, allowed_domains=domains, provider_for=reach, store=app.store, on_notice=app.notify
        )
    if in_place:
        app.write_edits(made.edit.texts)
    else:
        click.echo(made.edit.patch, nl=False)
    for one in made.refused:
        app.notify(f"{one.address} is not adopted: {one.reason}", level="warning", advice=one.advice)
    for part in made.unread:
        app.notify(part.finding.message, level="error", advice="what was changed there is not adopted")
    for address in made.adopted:
        app.notify(f"{address} {'is adopted' if in_place else 'would be adopted'}")
    is_partial = bool(made.refused or made.unread)
    if not made.adopted:
        app.notify("nothing is adopted" if is_partial else "nothing to adopt: the manifests say what is live")
    elif not in_place:
        app.notify("apply the patch with `git apply`, or give --in-place")
    return ExitCode.FAILED if is_partial else ExitCode.DONE
