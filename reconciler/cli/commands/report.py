"""`reconciler report`: one page for auditors and managers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import click

from reconciler.cli.app import App
from reconciler.cli.options import NEW_FILE, read_day
from reconciler.cli.review_folder import OpenedReview, review_names
from reconciler.cli.streams import replace_file
from reconciler.cli.workspace import Workspace
from reconciler.features.report.model import AccessOverview, PendingWork, gather
from reconciler.features.report.page import render_report
from reconciler.model import UsageError, count

_USUAL_PERIOD = timedelta(days=30)


@click.command()
@click.option("-o", "--out", type=NEW_FILE, required=True, metavar="FILE", help="Write the page here.")
@click.option(
    "--since",
    type=read_day,
    metavar="DATE",
    help="Tell changes from this UTC day on; by default those of the last 30 days.",
)
@click.pass_obj
def report(app: App, out: Path, since: date | None) -> None:
    """Write one HTML page that tells who may do what, for auditors and managers.

    It holds everybody's access with filters, the paths that lead there, admins over the next twelve months, what waits,
    known drift, findings and changes. Asks no system, and the page loads nothing.
    """
    now = app.clock.now()
    if since is not None and since > now.date():
        raise UsageError(f"{since} has not come yet", advice="give the first day whose changes shall be told")
    with app.stage("manifests"):
        workspace = app.read_workspace(today=now.date())
    with app.stage("states"):
        overview = AccessOverview(
            title=app.root.resolve().name,
            at=now,
            since=since or now.date() - _USUAL_PERIOD,
            min_admins=app.config.guards.min_admins,
            allowed_domains=tuple(app.config.allowed_domains),
            people=workspace.desired.people,
            findings=(*workspace.findings, *workspace.policies.findings),
            reviews=tuple(_open_reviews(app, workspace)),
        )
        overview = gather(overview, workspace.desired, app.store, app.config.guards)
    with app.stage("output"):
        replace_file(out, render_report(overview))
    app.notify(f"{out} is written: open it in a browser")


def _open_reviews(app: App, workspace: Workspace) -> Iterator[PendingWork]:
    """What each reviewer has not decided yet."""
    for opened in (OpenedReview.read(app, name, workspace) for name in review_names(app)):
        campaign = opened.campaign
        for sheet in opened.progress().sheets if campaign.closed is None else ():
            if sheet.open:
                yield PendingWork(
                    sort="access review",
                    about=sheet.file,
                    what=f"decide on {count(sheet.open, 'access', 'accesses')} of {sheet.total}",
                    on=sheet.name or sheet.reviewer,
                    since=campaign.started,
                    due=campaign.due,
                    is_overdue=sheet.is_late,
                )
