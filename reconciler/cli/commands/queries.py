"""`reconciler who`, `access`, `why` and `expiring`: who has what, without asking any system."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

import click

from reconciler.cli.app import App, Subject
from reconciler.cli.options import RENDERERS, as_of_option, document_option, flag, read_days
from reconciler.features.queries import access as reaching
from reconciler.features.queries import everything, reasons
from reconciler.features.queries import expiring as ends
from reconciler.model import ExitCode, UsageError
from reconciler.output.document import join


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
    sources = app.sources(as_of)
    if sum((person is not None, is_all, can is not None)) != 1:
        raise UsageError("name a PERSON, or give one of --all and --can", advice="reconciler who --can admin")
    if person is not None:
        report = reaching.who(person, sources)
        app.show(RENDERERS.who, report)
        return _code(app, everything.list_unrecorded(report), as_of)
    if can is None:
        return _show_all(app, RENDERERS.who_all, everything.read_everybody(sources), as_of)
    ability = everything.parse_ability(can)
    able = everything.read_everything(sources, ability)
    return _show_all(app, RENDERERS.access_all, able, as_of)


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
    sources = app.sources(as_of)
    if (address is None) is not is_all:
        raise UsageError("give an ADDRESS, or --all", advice="reconciler access --all --format csv")
    if address is None:
        return _show_all(app, RENDERERS.access_all, everything.read_everything(sources), as_of)
    matrix = reaching.access(address, sources)
    app.show(RENDERERS.access, matrix)
    return _code(app, everything.list_unrecorded(matrix), as_of)


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
    sources = app.sources(as_of)
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
    sources, policies = app.sources(), app.config.policies
    found = ends.find_expiring(sources, settings=app.config.guards, exceptions=policies.exceptions, within=within)
    app.show(RENDERERS.expiring, found)
    return _code(app, sources.list_without_state())


def _code(app: App, without_state: Iterable[str], as_of: date | None = None) -> int:
    """Failed where nothing is known of what is there: what was not seen is never reported as fine."""
    if not (names := sorted(set(without_state))):
        return ExitCode.DONE
    message = f"nothing is known of what is there in {join(names)}: there is no state"
    advice = (
        "this is normal before the first `reconciler apply` that could read it; after that, correct `state:` in "
        "reconciler.yaml, or bring the state back from a copy with `reconciler state push`"
    )
    if as_of:
        message = f"nothing is known of {join(names)} at the end of {as_of}"
        advice = "ask about a later day; this one is from before what is kept"
    app.notify(message, level="error", advice=advice)
    return ExitCode.FAILED


def _show_all(app: App, subject: Subject, values: Iterable[Any], as_of: date | None) -> int:
    """A list of everything; CSV is written while it is made."""
    without_state: list[str] = []

    def noted() -> Iterator[Any]:
        for value in values:
            without_state.extend(everything.list_unrecorded(value))
            yield value

    app.show(subject, noted() if app.form == "csv" else list(noted()))
    return _code(app, without_state, as_of)
