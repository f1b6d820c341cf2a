"""`reconciler audit`."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from typing import Any

import click

from reconciler.apply.states import read_marks
from reconciler.audit.log import AuditLog, HeadWitness, Selection, find_risk
from reconciler.cli.app import App
from reconciler.cli.catalogue import RENDERERS
from reconciler.cli.options import document_option, read_day
from reconciler.cli.state_editor import require_somebody
from reconciler.cli.streams import write_outputs
from reconciler.features.queries.directory import find_in, load_directory
from reconciler.features.queries.person_access import find_past
from reconciler.model.errors import ExitCode, ReconcilerError, UsageError
from reconciler.model.kinds import Action
from reconciler.model.outcome import entries_of
from reconciler.model.ports import StateStore
from reconciler.model.risk import Risk
from reconciler.model.suggestions import suggest_names
from reconciler.output.text import fold
from reconciler.output.words import count

_DIGEST = re.compile(r"[0-9a-f]{64}")


class DigestType(click.ParamType[str]):
    """A whole SHA-256; a part of one, or the empty value of an unset variable, would check nothing."""

    name = "digest"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """As `audit verify` prints it."""
        if not _DIGEST.fullmatch(value):
            self.fail(f"{value!r} is no digest: give the 64 hexadecimal digits that `audit verify` printed", param, ctx)
        return value


@click.group()
def audit() -> None:
    """Read and verify the log of what was done."""


@audit.command("log")
@click.option("--organization", default="", metavar="KEY", help="Only this organization.")
@click.option("--person", default="", metavar="PERSON", help="Only this person's access, also of the past.")
@click.option("--address", default="", metavar="ADDRESS", help="Only this address with what hangs on it, or a pattern.")
@click.option("--outcome", default="", metavar="OUTCOME", help="Only what came to this: applied, failed, accepted, ...")
@click.option("--min-risk", type=click.Choice([*map(str, Risk)]), help="Only what risks at least this.")
@click.option("--since", type=read_day, metavar="DATE", help="Only from this UTC day on.")
@click.option("--until", type=read_day, metavar="DATE", help="Only up to the end of this UTC day.")
@document_option
@click.pass_obj
def log(app: App, /, *, min_risk: str | None, format_: str, **chosen: Any) -> None:
    """Show what was done, oldest first."""
    selection = Selection(**chosen)
    if selection.since and selection.until and selection.until < selection.since:
        raise UsageError(f"--until {selection.until} is before --since {selection.since}", advice="swap the two days")
    if selection.person:
        selection = replace(selection, person=_find_person(app, selection.person))
    links = AuditLog(app.store).select(selection)
    entries = [entry for link in links for entry in entries_of(link.record, number=link.number)]
    if not entries:
        _require_names(app, selection)
    if min_risk is not None:
        silent = sum(find_risk(entry) is None and entry.action in set(Action) for entry in entries)
        entries = [entry for entry in entries if (risk := find_risk(entry)) and risk.rank <= Risk(min_risk).rank]
        if silent:
            what = count(silent, "entry does not say its risk and is", "entries do not say their risk and are")
            app.notify(f"{what} left out; without --min-risk they are shown", level="warning")
    app.show(RENDERERS.audit_log, entries, format_=format_)


def _find_person(app: App, text: str) -> str:
    """The key of somebody in the directory, or of the past, who is known by this name; else the name itself."""
    person = find_in(load_directory(app.files).people, text)
    return person.key if person else find_past(text, app.store, as_of=None)[0] or text


def _require_names(app: App, selection: Selection) -> None:
    """A misspelt name must not look like one of whom nothing is known."""
    records = [link.record for link in AuditLog(app.store).links()]
    organizations = {*app.store.organizations(), *(record.organization for record in records)}
    entries = [entry for record in records for entry in record.entries]
    if selection.organization and selection.organization not in organizations:
        message = f"there is no organization {selection.organization!r}: it has no state, and the log has nothing of it"
        raise ReconcilerError(message, advice=suggest_names(selection.organization, organizations))
    if selection.person:
        people = load_directory(app.files).people
        require_somebody(selection.person, {*people, *(entry.person for entry in entries)})
    for name, asked, alone, there in (
        ("outcome", selection.outcome, Selection(outcome=selection.outcome), {entry.outcome for entry in entries}),
        ("address", selection.address, Selection(address=selection.address), {entry.address for entry in entries}),
    ):
        if asked and next(AuditLog(app.store).select(alone), None) is None:
            message = f"the log has nothing of the {name} {asked!r}"
            raise ReconcilerError(message, advice=suggest_names(asked, there))


@audit.command("verify")
@click.option(
    "--head", type=DigestType(), metavar="DIGEST", help="The log must also contain the record with this digest."
)
@click.pass_obj
def verify(app: App, head: str | None) -> int:
    """Follow the chain of records, and name the first one that does not fit.

    Its end has to be what the states remember of it. Prints the digest of the last record: kept elsewhere and given as
    --head later, it also shows a log that was written anew together with the states.
    """
    trail = AuditLog(app.store)
    verdict = trail.verify(_read_witnesses(app.store))
    if verdict.broken:
        # A run may have ended between the look at the states and the look at the log.
        verdict = trail.verify(_read_witnesses(app.store))
    if verdict.broken:
        before = count(verdict.records, "record before it is whole", "records before it fit together")
        app.notify(verdict.broken, level="error", advice=before)
        return ExitCode.FAILED
    if head and all(link.digest != head for link in trail.links()):
        message = f"the log does not contain the record {head[:12]}…: its end was cut off, or it was written anew"
        app.notify(message, level="error")
        return ExitCode.FAILED
    if verdict.put_aside:
        torn = count(verdict.put_aside, "byte", "bytes")
        message = f"{torn} of records that were cut off once are kept beside the log, in audit.torn"
        app.notify(message, level="warning")
    write_outputs({"audit_head": verdict.head})
    records = count(verdict.records, "record", "records")
    entries = count(verdict.entries, "entry", "entries")
    text = f"{records} with {entries} fit together; the last one is {verdict.head}"
    click.echo("\n".join(fold(text, app.style(sys.stdout).width)))
    return ExitCode.DONE


def _read_witnesses(store: StateStore) -> list[HeadWitness]:
    return [HeadWitness(organization=key, mark=mark, is_behind=is_behind) for key, mark, is_behind in read_marks(store)]
