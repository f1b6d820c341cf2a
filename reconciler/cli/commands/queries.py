"""`reconciler who`, `access`, `why`, `expiring`, `report`, `systems`: what is known, without asking any system."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

import click

from reconciler.cli.app import App, Subject, SystemClock, load
from reconciler.cli.options import NEW_FILE, RENDERERS, as_of_option, document_option, flag, read_day, read_days
from reconciler.cli.review_folder import OpenedReview, review_names
from reconciler.cli.streams import replace_file
from reconciler.cli.workspace import Workspace
from reconciler.features.queries import access as reaching
from reconciler.features.queries import everything, reasons
from reconciler.features.queries import expiring as ends
from reconciler.features.queries.directory import Sources, load_about
from reconciler.features.report.model import AccessOverview, PendingWork, gather
from reconciler.features.report.page import render_report
from reconciler.model import AccessMatrix, ExitCode, PersonReport, UsageError, count
from reconciler.output import FORMS
from reconciler.output.document import Document, join
from reconciler.systems.catalogue import SYSTEMS, system_table

_Value = TypeVar("_Value", PersonReport, AccessMatrix)


@click.command()
@click.argument("person", required=False)
@flag("--all", "is_all", "Everybody, one row for each access; also who has none.")
@click.option(
    "--can",
    metavar="ROLE",
    help='Who has this role or more, or this permission, anywhere: `admin`, `operator`, `"finance manager"`, '
    "`direct_message`.",
)
@as_of_option
@document_option
@click.pass_obj
def who(app: App, person: str | None, *, is_all: bool, can: str | None, as_of: date | None) -> int:
    """Show everything one person has, in all organizations.

    PERSON is a key, an e-mail address, a phone number or a handle; somebody who is not in the manifests any more is
    found in the recorded states, and after that in the audit log. Asks no system.

    In place of PERSON, --all lists everybody, and --can those who have a role, a finance role or a permission, such as
    `admin`, `operator`, "finance manager" or `direct_message`.
    """
    sources = _sources(app, as_of)
    if sum((person is not None, is_all, can is not None)) != 1:
        raise UsageError("name a PERSON, or give one of --all and --can", advice="reconciler who --can admin")
    if person is not None:
        report = reaching.who(person, sources)
        app.show(RENDERERS.who, report)
        return _code(app, _without_state(report), as_of)
    if can is None:
        found = everything.read_everybody(sources)
        return _show_all(app, RENDERERS.who_all, found, everything.pieces_of_everybody, as_of)
    ability = everything.parse_ability(can)
    able = everything.read_everything(sources, ability)
    return _show_all(app, RENDERERS.access_all, able, everything.pieces_of_everything, as_of)


@click.command()
@click.argument("address", required=False)
@flag("--all", "is_all", "All organizations, one row for each who reaches something, in place of ADDRESS.")
@as_of_option
@document_option
@click.pass_obj
def access(app: App, address: str | None, is_all: bool, as_of: date | None) -> int:
    """Show who can reach something, with which role, and how.

    ADDRESS is the key of an organization, for everything in it, or `organization/kind/key` of an asset, a partner or a
    member, such as acme-bc/ad_account/us-brand. Asks no system.
    """
    sources = _sources(app, as_of)
    if (address is None) is not is_all:
        raise UsageError("give an ADDRESS, or --all", advice="reconciler access --all --format csv")
    if address is None:
        found = everything.read_everything(sources)
        return _show_all(app, RENDERERS.access_all, found, everything.pieces_of_everything, as_of)
    matrix = reaching.access(address, sources)
    app.show(RENDERERS.access, matrix)
    return _code(app, _without_state(matrix), as_of)


@click.command()
@click.argument("person")
@click.argument("address")
@as_of_option
@document_option
@click.pass_obj
def why(app: App, person: str, address: str, as_of: date | None) -> int:
    """Show why somebody can reach something, since when and by what.

    PERSON is as for `who`, also of the past, or the key of a partner. ADDRESS is the key of an organization, or
    `organization/kind/key` of an asset in it. Each way is told with its manifest lines, what is recorded and what was
    last live, and the entries of the audit log that began, changed and ended it. Asks no system.
    """
    sources = _sources(app, as_of)
    report = reasons.why(person, address, sources)
    app.show(RENDERERS.why, report)
    return _code(app, [report.reach.on.organization] if report.has_no_state else (), as_of)


@click.command()
@click.option(
    "--within", type=read_days, default="30d", metavar="DAYS", help="How far ahead: `30d`, `2w`. [default: 30d]"
)
@document_option
@click.pass_obj
def expiring(app: App, within: timedelta) -> int:
    """Show what ends by itself within some days.

    Access, people, invitations and requests that nobody answered, work orders, approvals, exceptions from policies and
    accepted drift, the nearest first; before them what has ended already and is still there. Asks no system.
    """
    sources, policies = _sources(app), app.config.policies
    found = ends.find_expiring(sources, settings=app.config.guards, exceptions=policies.exceptions, within=within)
    app.show(RENDERERS.expiring, found)
    declared = load_about(sources, [""]).organizations
    return _code(app, declared.keys() - set(app.store.organizations()))


def _code(app: App, without_state: Iterable[str], as_of: date | None = None) -> int:
    """Failed where nothing is known of what is there: what was not seen is never reported as fine."""
    if not (names := sorted(set(without_state))):
        return ExitCode.DONE
    message = f"nothing is known of what is there in {join(names)}: there is no state"
    advice = (
        "this is normal before the first `reconciler apply`; after it, correct `state:` in reconciler.yaml, or "
        "bring the state back from a copy with `reconciler state push`"
    )
    if as_of:
        message = f"nothing is known of {join(names)} at the end of {as_of}"
        advice = "ask about a later day; this one is from before what is kept"
    app.notify(message, level="error", advice=advice)
    return ExitCode.FAILED


def _without_state(value: PersonReport | AccessMatrix) -> Iterable[str]:
    if isinstance(value, PersonReport):
        return (*value.no_state, *value.not_kept)
    return [value.address.organization] if value.has_no_state else ()


def _show_all(
    app: App,
    subject: Subject,
    values: Iterable[_Value],
    pieces_of: Callable[[Iterable[_Value]], Iterator[Document]],
    as_of: date | None,
) -> int:
    """A list of everything; CSV is written while it is made."""
    without_state: list[str] = []

    def noted() -> Iterator[_Value]:
        for value in values:
            without_state.extend(_without_state(value))
            yield value

    if app.form != "csv":
        app.show(subject, list(noted()))
        return _code(app, without_state, as_of)
    write, style, header = load(FORMS["csv"]), app.style(sys.stdout), ""
    for piece in pieces_of(noted()):
        text = "".join(write(piece, style))
        is_next, before = text.startswith(header), "\n" if header else ""
        click.echo(text.removeprefix(header) if header and is_next else before + text, nl=False)
        header = text.partition("\n")[0] + "\n"
    return _code(app, without_state, as_of)


def _sources(app: App, as_of: date | None = None) -> Sources:
    """Of the day that is asked about; nothing can be recorded yet of a day to come."""
    if as_of is not None and as_of > app.today:
        raise UsageError(f"{as_of} has not come yet", advice="leave --as-of out to see what is recorded now")
    return Sources(files=app.files, store=app.store, today=app.today, as_of=as_of)


@click.command()
@click.argument("system", required=False)
@document_option
@click.pass_obj
def systems(app: App, system: str | None) -> None:
    """List systems, roles and what they may do.

    Role words are those that manifests use; the same word can mean different things in different systems. With
    SYSTEM, only that one. Pages that were read more than a year ago are listed: they may say something else by now.
    """
    if system is not None and system not in SYSTEMS:
        message = f"there is no system {system!r}; there are {', '.join(SYSTEMS)}"
        raise click.BadParameter(message, param_hint="SYSTEM")
    # A page that was read is as old as it is for this machine: no sandbox makes it older.
    app.show(RENDERERS.systems, system_table(SystemClock().now().date(), system or ""))


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
