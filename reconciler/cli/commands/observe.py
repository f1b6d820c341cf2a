"""`reconciler observe`."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypedDict, Unpack

import click

from reconciler.apply.planning import PlanRequest
from reconciler.apply.states import read_state
from reconciler.cli.app import App
from reconciler.cli.catalogue import RENDERERS
from reconciler.cli.exits import code_of_findings
from reconciler.cli.options import document_option, lock_timeout_option, read_moment, read_words
from reconciler.cli.state_editor import open_editor
from reconciler.cli.workspace import read_workspace
from reconciler.features.drift import drift_after
from reconciler.features.rosters.observe import RosterFile, Sighting
from reconciler.features.rosters.observe import observe as observe_roster
from reconciler.features.rosters.parse import MAX_SIZE
from reconciler.model.declared import Organization
from reconciler.model.errors import ReconcilerError, UsageError


class _Options(TypedDict):
    """What whoever hands it in says about it, as click passes it."""

    form: str | None
    kind: str
    taken: datetime | None
    accept_partial: bool
    complete: bool
    same_organization: bool
    dry_run: bool
    lock_timeout: timedelta


@click.command()
@click.argument("organization", metavar="ORG")
@click.option(
    "--from",
    "paths",
    multiple=True,
    required=True,
    metavar="FILE",
    help="The list, as CSV, JSON or text copied from its page; `-` is stdin. Repeatable, for the pages of one list.",
)
@click.option("--as", "form", type=click.Choice(["csv", "json", "page"]), help="What FILE is; told from it by default.")
@click.option("--kind", type=click.Choice(["member", "app"]), default="member", help="What the list is of.")
@click.option(
    "--taken",
    type=read_moment,
    metavar="TIME",
    help=("When the list was looked at, `2026-11-22` or `2026-11-22T09:30`, in UTC; now by default."),
)
@click.option("--accept-partial", is_flag=True, help="It is a part: whoever it does not list stays unknown.")
@click.option("--complete", is_flag=True, help="It is everything, although it lists much less than before.")
@click.option(
    "--same-organization",
    is_flag=True,
    help="It is of ORG, although it looks like another's; the audit log keeps that.",
)
@click.option("--dry-run", is_flag=True, help="Show what was understood and what has changed, and keep nothing.")
@lock_timeout_option
@document_option
@click.pass_obj
def observe(app: App, organization: str, paths: tuple[str, ...], format_: str, **options: Unpack[_Options]) -> int:
    """Import a list of members or apps that somebody copied from its page.

    It is for organizations that no program can read, and may be an exported file as well. Everything that was not
    understood is shown; whoever it may be about is unknown, and never taken to be absent. A file that cannot be read
    changes nothing.
    """
    if options["accept_partial"] and options["complete"]:
        raise UsageError("--accept-partial and --complete say the opposite of each other")
    now = app.clock.now()
    taken = options["taken"] or now
    if taken > now:
        raise UsageError(f"--taken is in the future: it is {now:%Y-%m-%d %H:%M:%SZ} now")
    editor = open_editor(app, options["lock_timeout"])
    sighting = Sighting(
        organization=organization,
        files=tuple(map(_read_roster, paths)),
        kind=options["kind"],
        form=options["form"] or "",
        taken=taken,
        observed_by=editor.origin.operator,
        is_part=options["accept_partial"],
        is_whole=options["complete"],
        is_vouched_for=options["same_organization"],
    )
    desired = read_workspace(app.root, app.config, today=now.date()).desired
    if not options["dry_run"]:
        _require_manual_reading(app, desired.organizations.get(organization))
    observation = observe_roster(sighting, desired=desired, editor=editor, is_dry=options["dry_run"])
    if app.settings_for(desired.organizations[organization]).kind == "work_orders":
        request = PlanRequest(desired=desired, settings=app.config.guards, today=now.date(), moment=now)
        provider = app.provider_for(desired.organizations[organization])
        state = read_state(app.store, organization)
        observation = replace(observation, drift=drift_after(observation, request, provider=provider, state=state))
    app.show(RENDERERS.observation, observation, format_=format_)
    return code_of_findings(observation.findings)


def _require_manual_reading(app: App, organization: Organization | None) -> None:
    """What a program reads by itself is never planned from a roster; one that is kept all the same would mislead."""
    kind = organization and app.settings_for(organization).kind
    if organization is None or kind == "work_orders":
        return
    message = f"{organization.key} is read by its provider, {kind}; a roster of it would not be used"
    advice = f"where only people can look: `{organization.key}: {{kind: work_orders}}` under `providers:`, or --dry-run"
    raise ReconcilerError(message, advice=advice)


def _read_roster(path: str) -> RosterFile:
    # One byte more than is accepted, so that the reader sees that it is too much.
    if path == "-":
        return RosterFile(name="<stdin>", data=sys.stdin.buffer.read(MAX_SIZE + 1))
    try:
        with Path(path).open("rb") as stream:
            return RosterFile(name=read_words(path), data=stream.read(MAX_SIZE + 1))
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}"
        raise ReconcilerError(message) from error
