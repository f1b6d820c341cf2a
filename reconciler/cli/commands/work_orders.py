"""`reconciler work-orders`: what people are asked to do, and what they report back."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import click

from reconciler.cli.app import App
from reconciler.cli.options import FOLDER, RENDERERS, document_option, flag, lock_timeout_option, read_day, read_words
from reconciler.cli.streams import file_name, make_folder, replace_file
from reconciler.features.queries.directory import key_in, load_directory, require_somebody
from reconciler.features.work_orders.model import WorkList, note_overdue
from reconciler.features.work_orders.report import Evidence, OrderDesk, get_order, list_orders
from reconciler.model import FailureReason, ReconcilerError, Record, State, UsageError, is_administrator
from reconciler.systems.catalogue import load_remedies

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
    remedies = (f"  {number}. {remedy}" for number, remedy in enumerate(load_remedies()[why], start=1))
    app.notify("\n".join(("What to try, in this order:", *remedies)))


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
    for sheet in work.worksheets():
        # Each in the language of its reader.
        speech = app.speech_for(sheet.actor, sheet.orders[0].address.organization)
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
