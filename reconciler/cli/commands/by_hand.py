"""`reconciler work-orders`, `notices` and `observe`: what people are asked to do, and what they hand in."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from reconciler.apply.planning import PlanRequest
from reconciler.apply.states import read_state
from reconciler.cli.app import App
from reconciler.cli.link_codes import read_speech, speech_for, write_messages
from reconciler.cli.options import (
    FOLDER,
    RENDERERS,
    document_option,
    flag,
    lock_timeout_option,
    read_day,
    read_moment,
    read_words,
)
from reconciler.cli.review_folder import OpenedReview, review_names
from reconciler.cli.streams import file_name, make_folder, replace_file
from reconciler.cli.workspace import Workspace
from reconciler.features.drift.drift import drift_after
from reconciler.features.queries.directory import find_in, key_in, load_directory, require_somebody
from reconciler.features.rosters.observe import Sighting
from reconciler.features.rosters.observe import observe as observe_roster
from reconciler.features.rosters.parse import MAX_SIZE
from reconciler.features.work_orders.document import list_messages
from reconciler.features.work_orders.model import WorkList, note_overdue
from reconciler.features.work_orders.notices import collect_notices
from reconciler.features.work_orders.report import Evidence, OrderDesk, get_order, list_orders
from reconciler.manifests.source import SourceFile
from reconciler.model import (
    ExitCode,
    FailureReason,
    Organization,
    ReconcilerError,
    Record,
    State,
    UsageError,
    WorkOrder,
    code_of_findings,
    count,
    exit_code,
    is_administrator,
    suggest_names,
)
from reconciler.systems.catalogue import load_remedies
from reconciler.systems.languages import write_catalogue

_FORMS = {"markdown": ".md", "html": ".html"}
_MARK = "<!-- written by `reconciler work-orders export`; the next export replaces it -->"
"""Stands in every page, at its beginning or end; a file without it is somebody else's."""
_REASONS = tuple(reason.value.replace("_", "-") for reason in FailureReason if reason is not FailureReason.NOT_SEEN)
_actor_option = click.option("--actor", default="", metavar="PERSON", help="Only what this person has to do.")
_organization_option = click.option(
    "--organization", default="", metavar="ORG", help="Only those about this organization."
)
_by_option = click.option(
    "--by", default="", type=read_words, metavar="WHO", help="Who says so; by default whoever runs this."
)


@click.group("work-orders")
def work_orders() -> None:
    """List what people were asked to do, and report back."""


@work_orders.command("list")
@_actor_option
@_organization_option
@flag("--all", "closed", "Also those that have ended within the last year.")
@document_option
@click.pass_obj
def list_(app: App, actor: str, organization: str, closed: bool) -> None:
    """List the work orders that are open, or done and not yet seen on the system."""
    app.show(RENDERERS.work_orders, _read_work(app, actor=actor, organization=organization, closed=closed))


@work_orders.command("show")
@click.argument("order_id", metavar="ID")
@document_option
@click.pass_obj
def show(app: App, order_id: str) -> None:
    """Show one work order with every step."""
    order = get_order(app.store, order_id)
    app.show(RENDERERS.work_order, order if app.form == "json" else note_overdue(order, app.clock.now()))


@work_orders.command("done")
@click.argument("order_id", metavar="ID")
@click.option("--evidence", required=True, metavar="FILE|TEXT", help="What proves it: a file, a link, a sentence.")
@_by_option
@lock_timeout_option
@click.pass_obj
def done(app: App, order_id: str, evidence: str, by: str) -> None:
    """Report that a work order was carried out.

    It counts as true when a later look at the system, or a later roster, shows it. Of a file only its name and
    SHA-256 are kept.
    """
    given = _read_evidence(evidence)
    desk = OrderDesk(app.editor)
    order = desk.done(order_id, given, by=by or desk.editor.origin.operator)
    look = f"`reconciler observe {order.address.organization} --from FILE`"
    proof = f"the next plan looks whether it is true; where no program can look, hand in a list first: {look}"
    app.notify(f"{order.id} is done; {'nothing else will ever show it' if order.is_taken else proof}")


@work_orders.command("failed")
@click.argument("order_id", metavar="ID")
@click.option(
    "--because",
    "reason",
    required=True,
    type=click.Choice(_REASONS),
    metavar="REASON",
    help=f"Why it could not be done: {', '.join(_REASONS)}.",
)
@click.option("--note", default="", type=read_words, metavar="TEXT", help="What happened, in words.")
@_by_option
@lock_timeout_option
@click.pass_obj
def failed(app: App, order_id: str, reason: str, note: str, by: str) -> None:
    """Report that a work order could not be carried out, and why.

    The same is asked for again after a while that depends on the reason, or at once with `reconciler plan --retry`.
    """
    desk = OrderDesk(app.editor)
    why = FailureReason(reason.replace("-", "_"))
    order = desk.failed(order_id, why, note=note, by=by or desk.editor.origin.operator)
    app.notify(f"{order.id} has failed; the next plan says what comes of it")
    click.echo("What to try, in this order:", err=True)
    for number, remedy in enumerate(load_remedies()[why], start=1):
        click.echo(f"  {number}. {remedy}", err=True)


@work_orders.command("assign")
@click.argument("order_id", metavar="ID")
@click.option(
    "--to",
    "person",
    default="",
    metavar="PERSON",
    help="Who shall carry it out: a key, an e-mail address, a phone number or a handle.",
)
@click.option(
    "--due",
    type=read_day,
    metavar="DATE",
    help="The UTC day by the end of which it shall be done; not after the order ends.",
)
@_by_option
@lock_timeout_option
@click.pass_obj
def assign(app: App, order_id: str, person: str, due: date | None, by: str) -> None:
    """Ask somebody else to carry out an open work order, or by another day.

    PERSON is a key, an e-mail address, a phone number or a handle; somebody who can do it there, as far as is recorded.
    """
    if not person and due is None:
        raise UsageError("nothing is said of the work order", advice="name a person with --to, or a day with --due")
    desired = app.desired

    def administers(state: State, record: Record) -> bool:
        organization = desired.organizations.get(state.organization)
        return organization is not None and is_administrator(organization.system, "member", record.attributes)

    desk = OrderDesk(app.editor, administers=administers)
    key = key_in(desired.people, person) if person else ""
    order = desk.assign(order_id, key, due=due, by=by or desk.editor.origin.operator)
    who, until = order.actor or order.actor_role, f", by {order.due}" if order.due else ""
    tells = f"; `{app.command('notices', '--person', order.actor)}` tells them" if order.actor else ""
    app.notify(f"{order.id} is asked of {who} now{until}{tells}")


@work_orders.command("export")
@click.option("--to", "folder", required=True, type=FOLDER, metavar="DIR", help="Where to; made if it is not there.")
@_actor_option
@_organization_option
@click.pass_obj
def export(app: App, folder: Path, actor: str, organization: str) -> None:
    """Write one page for each person who has something to do, as Markdown and as HTML.

    Pages of an earlier export are replaced, and removed where nothing is left to do; other files are never touched.
    """
    work = _read_work(app, actor=actor, organization=organization)
    written = _write_worksheets(app, work, folder, is_everything=not actor and not organization)
    for path in written:
        click.echo(path)
    if not written:
        app.notify("no work order is open")


def _read_work(app: App, *, actor: str = "", organization: str = "", closed: bool = False) -> WorkList:
    """The orders, and the names of people as far as the manifests can be read."""
    if organization:
        app.require_state(organization)
    orders = list_orders(app.store, organization=organization, actor=actor, closed=closed)
    people = load_directory(app.files).people if orders or actor else {}
    if actor and not orders:
        asked = [name for one in list_orders(app.store, closed=True) for name in (one.actor, one.actor_role)]
        require_somebody(actor, {*people, *asked})
    names = {key: person.name for key, person in people.items() if person.name}
    return WorkList(orders=orders, names=names, at=app.clock.now())


def _read_evidence(text: str) -> Evidence:
    """What names a file is a file."""
    if not text.strip():
        raise UsageError("the evidence is empty", advice="name a file, or write what proves it")
    if re.fullmatch(r"[^\s:]+\.[A-Za-z0-9]{2,4}", text) and not Path(text).is_file():
        # It was most likely meant as the name of a file.
        raise UsageError(f"there is no file {text}", advice="correct its name, or say in a sentence what proves it")
    try:
        path = Path(text)
        if not path.is_file():
            return Evidence.of(read_words(text))
        return Evidence.of(read_words(path.name), path.read_bytes())
    except (OSError, ValueError) as error:
        if isinstance(error, PermissionError):
            raise ReconcilerError(f"{text} cannot be read: {error.strerror}") from error
        # Longer than any file name, or with a character that none may have.
        return Evidence.of(read_words(text))


def _write_worksheets(app: App, work: WorkList, folder: Path, *, is_everything: bool) -> list[Path]:
    """Write the pages; returns their paths.

    Nothing is written when a file of somebody else is in the way. With `is_everything`, pages of an earlier export are
    removed where nothing is left to do.
    """
    style, pages = app.style(sys.stdout), dict[Path, str]()
    desired = app.read_declared()
    for sheet in work.worksheets():
        # Each in the language of its reader.
        speech = speech_for(app.root, desired, sheet.actor, sheet.orders[0].address.organization)
        for form, ending in _FORMS.items():
            text = RENDERERS.worksheet[form](replace(sheet, speech=speech), style).rstrip()
            # The mark stands at the end: a doctype has to come first.
            pages[folder / f"{file_name(sheet.actor or sheet.name)}{ending}"] = f"{text}\n{_MARK}\n"
    for path in pages:
        if os.path.lexists(path) and not _is_ours(path):
            message = f"{path} was not written by an export"
            raise ReconcilerError(message, advice="move it away, or export to another folder")
    if pages:
        make_folder(folder)
    for path, text in pages.items():
        replace_file(path, text)
    if is_everything and folder.is_dir():
        for path in sorted(path for ending in _FORMS.values() for path in folder.glob(f"*{ending}")):
            if path not in pages and _is_ours(path):
                path.unlink(missing_ok=True)
    return sorted(pages)


def _is_ours(path: Path) -> bool:
    try:
        return not path.is_symlink() and path.is_file() and path.read_bytes().rstrip().endswith(_MARK.encode())
    except OSError:
        return False


@click.command()
@click.option(
    "--person",
    default="",
    metavar="PERSON",
    help="Only the message for this person: a key, an e-mail address, a phone number or a handle.",
)
@click.option(
    "--messages",
    "language",
    metavar="LANGUAGE",
    help="Print all messages with their translation (`de`, ...), as `templates/LANGUAGE.po` has them.",
)
@flag("--write", "With `--messages`: write `templates/LANGUAGE.po`. What is in it stays, and what it lacks is added.")
@document_option
@click.pass_obj
def notices(app: App, person: str, language: str | None, write: bool) -> int:
    """Write one message for each person who has to act.

    PERSON is a key, an e-mail address, a phone number or a handle. Nothing is sent: whoever runs this decides how.
    Exits with 1 when an access review could not be read, so that its reviewers are not reminded.
    """
    if write and language is None:
        raise UsageError("--write says no language", advice="name one, as in `--messages fr --write`")
    if write and language:
        path, added, untold = write_messages(app.root, language)
        click.echo(path.relative_to(app.root))
        rest = f"{count(untold, 'message has', 'messages have')} no translation yet" if untold else "all are translated"
        app.notify(f"{count(added, 'message was', 'messages were')} added; {rest}")
        return ExitCode.DONE
    if language is not None:
        click.echo(write_catalogue(list_messages(), read_speech(app.root, language)), nl=False)
        return ExitCode.DONE
    now = app.clock.now()
    workspace = app.read_workspace(today=now.date())
    desired = workspace.desired
    found = find_in(desired.people, person)
    key = found.key if found else person
    unread: list[str] = []
    asked = list(_reminders(app, workspace, unread))
    states = (read_state(app.store, organization) for organization in app.store.organizations())
    collected = collect_notices(states, desired, at=now, settings=app.config.guards, person=key, reminders=asked)
    if person and found is None and not collected.notices:
        message = f"nobody is known as {person!r}, and nobody by that name has anything to do"
        raise ReconcilerError(message, advice=suggest_names(person, desired.people))
    languages = {one.language: read_speech(app.root, one.language) for one in collected.notices if one.language}
    for name in (name for name, speech in languages.items() if not speech.messages):
        command = app.command("notices", "--messages", name, "--write")
        advice = f"fill in templates/{name}.po, which `{command}` writes"
        app.notify(f"there are no messages in {name}: they are in English", level="warning", advice=advice)
    app.show(RENDERERS.notices, replace(collected, speeches=languages))
    return exit_code(failed=bool(unread))


def _reminders(app: App, workspace: Workspace, unread: list[str]) -> Iterator[WorkOrder]:
    """What reviewers of access still have to decide; a review that cannot be read keeps nobody's message back."""
    for name in review_names(app):
        try:
            yield from OpenedReview.read(app, name, workspace).reminders()
        except ReconcilerError:
            advice = f"`{app.command('review', 'status', name)}` says why"
            app.notify(f"access review {name} cannot be read", level="warning", advice=advice)
            unread.append(name)


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
        request = PlanRequest(desired=desired, settings=app.config.guards, today=now.date(), moment=now)
        provider = app.provider_for(desired.organizations[organization])
        state = read_state(app.store, organization)
        observation = replace(observation, drift=drift_after(observation, request, provider=provider, state=state))
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
