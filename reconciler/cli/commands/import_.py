"""`reconciler import`."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from reconciler.cli.durations import lock_timeout_option
from reconciler.cli.files import replace_file
from reconciler.cli.importing import choose, folder_for
from reconciler.cli.progress import show_progress
from reconciler.cli.session import Session
from reconciler.cli.upkeep import make_upkeep
from reconciler.cli.wiring import Wiring
from reconciler.cli.workspace import read_config, read_manifests_so_far
from reconciler.core.errors import ExitCode
from reconciler.output.words import count

if TYPE_CHECKING:
    from reconciler.core.imported import Import


class Said(TypedDict):
    """What the command line says, as click passes it."""

    every: bool
    system: str
    variant: str
    identity: str
    to: Path | None
    dry_run: bool
    lock_timeout: timedelta


@click.command("import")
@click.argument("organizations", nargs=-1, metavar="[ORG]...")
@click.option("--all", "every", is_flag=True, help="Every organization that the configured providers show.")
@click.option(
    "--system",
    default="",
    type=click.Choice(["", "developers", "organization_account", "business_account", "business_center"]),
    metavar="SYSTEM",
    help="The system that ORG is on.",
)
@click.option(
    "--variant",
    default="",
    type=click.Choice(["", "owner", "research"]),
    metavar="VARIANT",
    help="For developers: `owner` (the role system with an owner) or `research`.",
)
@click.option("--id", "identity", default="", metavar="ID", help="Id, handle or name of ORG in its system.")
@click.option("--to", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Where new files go.")
@click.option("--dry-run", is_flag=True, help="Print what would be written as a patch, and write nothing.")
@lock_timeout_option
@click.pass_obj
def import_(session: Session, organizations: tuple[str, ...], **said: Unpack[Said]) -> int:
    """Write manifests that declare organizations exactly as they are.

    Reads everything there is, gives people and things readable keys, and proposes groups where the same people have the
    same access in several places. What cannot be declared stands in comments, with the reason. Everything is read back
    and planned before it is written: the first plan is empty. No file is overwritten and no system is changed.
    """
    from reconciler.manifests.editing import render_patch
    from reconciler.workflows.directory import load_directory
    from reconciler.workflows.filing import ImportRequest
    from reconciler.workflows.importing import draft_import, record_import

    config = read_config(session.root)
    wiring = Wiring(root=session.root, config=config)
    files = read_manifests_so_far(session.root, config.manifests)
    today = wiring.clock().now().date()
    with show_progress(session, "reading the systems") as tell:
        request = ImportRequest(
            organizations=choose(organizations, said, wiring=wiring, files=files, today=today),
            files=tuple(files),
            folder=folder_for(said["to"], session.root, config.manifests),
            settings=config.guards,
            today=today,
            allowed_domains=tuple(config.allowed_domains),
            groups=tuple(load_directory(files).groups),
        )
        made = draft_import(request, provider_for=wiring.provider_for, on_notice=tell)
    if said["dry_run"]:
        click.echo(render_patch(made.before, made.after), nl=False)
        return _answer_for_unread(made, session)
    for path, text in made.after.items():
        (session.root / path).parent.mkdir(parents=True, exist_ok=True)
        replace_file(session.root / path, text)
    record_import(made, make_upkeep(session, wiring.store(), lock_timeout=said["lock_timeout"]))
    _tell(made, session)
    return _answer_for_unread(made, session)


def _answer_for_unread(made: Import, session: Session) -> ExitCode:
    """What could not be read may hold people whom the files do not declare: no success."""
    unread = [f"{part}: {why}" for one in made.organizations for part, why in sorted(one.unknown.items())]
    if not unread:
        return ExitCode.DONE
    session.notify(f"{count(len(unread), 'part', 'parts')} could not be read and so not declared:", level="error")
    for text in unread:
        session.notify(f"  {text}")
    return ExitCode.FAILED


def _tell(made: Import, session: Session) -> None:
    from reconciler.output.text import render_text
    from reconciler.subjects.imports import document_of_import

    click.echo(render_text(document_of_import(made), session.style(sys.stdout)), nl=False, color=True)
    session.notify("next: read the files, then `reconciler plan`: it has nothing to change in what was read")
