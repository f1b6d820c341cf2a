"""`reconciler observe`: what people copied from a page that no program can read."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from reconciler.cli.app import App
from reconciler.cli.options import RENDERERS, document_option, flag, lock_timeout_option, read_moment, read_words
from reconciler.features.drift.drift import drift_after
from reconciler.features.rosters.observe import Sighting
from reconciler.features.rosters.observe import observe as observe_roster
from reconciler.features.rosters.parse import MAX_SIZE
from reconciler.manifests.source import SourceFile
from reconciler.model import Organization, ReconcilerError, UsageError, code_of_findings


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
    help="When the list was looked at, `2026-11-22` or `2026-11-22T09:30`, in UTC; now by default.",
)
@flag("--accept-partial", "is_part", "It is a part: whoever it does not list stays unknown.")
@flag("--complete", "is_whole", "It is everything, although it lists much less than before.")
@flag(
    "--same-organization", "is_vouched_for", "It is of ORG, although it looks like another's; the audit log keeps that."
)
@flag("--dry-run", "Show what was understood and what has changed, and keep nothing.")
@lock_timeout_option
@document_option
@click.pass_obj
def observe(
    app: App,
    /,
    organization: str,
    paths: tuple[str, ...],
    *,
    form: str | None,
    taken: datetime | None,
    dry_run: bool,
    **given: Any,
) -> int:
    """Import a list of members or apps that somebody copied from its page.

    It is for organizations that no program can read, and may be an exported file as well. Everything that was not
    understood is shown; whoever it may be about is unknown, and never taken to be absent. A file that cannot be read
    changes nothing.
    """
    if given["is_part"] and given["is_whole"]:
        raise UsageError("--accept-partial and --complete say the opposite of each other")
    now = app.clock.now()
    if taken and taken > now:
        raise UsageError(f"--taken is in the future: it is {now:%Y-%m-%d %H:%M:%SZ} now")
    editor, files = app.editor, tuple(map(_read_roster, paths))
    by = editor.origin.operator
    sighting = Sighting(
        organization=organization, files=files, form=form or "", taken=taken or now, observed_by=by, **given
    )
    desired = app.read_workspace(today=now.date()).desired
    if not dry_run:
        _require_manual_reading(app, desired.organizations.get(organization))
    observation = observe_roster(sighting, desired=desired, editor=editor, is_dry=dry_run)
    if app.settings_for(desired.organizations[organization]).kind == "work_orders":
        provider, state = app.provider_for(desired.organizations[organization]), app.read_state(organization)
        found = drift_after(observation, app.request(desired), provider=provider, state=state)
        observation = replace(observation, drift=found)
    app.show(RENDERERS.observation, observation)
    return code_of_findings(observation.findings)


def _require_manual_reading(app: App, organization: Organization | None) -> None:
    """What a program reads by itself is never planned from a roster; one that is kept all the same would mislead."""
    kind = organization and app.settings_for(organization).kind
    if organization is None or kind == "work_orders":
        return
    message = f"{organization.key} is read by its provider, {kind}; a roster of it would not be used"
    advice = f"where only people can look: `{organization.key}: {{kind: work_orders}}` under `providers:`, or --dry-run"
    raise ReconcilerError(message, advice=advice)


def _read_roster(path: str) -> SourceFile:
    # One byte more than is accepted, so that the reader sees that it is too much.
    if path == "-":
        return SourceFile(path="<stdin>", data=sys.stdin.buffer.read(MAX_SIZE + 1))
    try:
        with Path(path).open("rb") as stream:
            return SourceFile(path=read_words(path), data=stream.read(MAX_SIZE + 1))
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror or error}"
        raise ReconcilerError(message) from error
