"""`reconciler audit`."""

from __future__ import annotations

import re
import sys
from datetime import date

import click

from reconciler.audit.chain import Witness
from reconciler.audit.log import AuditLog, Selection
from reconciler.cli.actions_files import write_outputs
from reconciler.cli.options import DateType
from reconciler.cli.session import Session
from reconciler.cli.showing import document_option
from reconciler.cli.upkeep import open_configured_store, require_somebody
from reconciler.cli.workspace import read_config, read_manifest_files
from reconciler.core.audit import entries_of
from reconciler.core.errors import ExitCode, ReconcilerError
from reconciler.output.words import count
from reconciler.ports import StateStore
from reconciler.subjects.catalogue import RENDERERS
from reconciler.workflows.directory import load_directory
from reconciler.workflows.naming import nearest
from reconciler.workflows.states import read_marks

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
@click.option("--person", default="", metavar="KEY", help="Only what is about this person's access.")
@click.option("--since", type=DateType(), metavar="DATE", help="Only from this UTC day on.")
@document_option
@click.pass_obj
def log(session: Session, organization: str, person: str, since: date | None, format_: str) -> None:
    """Show what was done, oldest first."""
    store = open_configured_store(session)
    selection = Selection(organization=organization, person=person, since=since)
    links = AuditLog(store).select(selection)
    entries = [entry for link in links for entry in entries_of(link.record, number=link.number)]
    if not entries and (organization or person):
        _require_names(session, store, organization=organization, person=person)
    click.echo(RENDERERS.audit_log[format_](entries, session.style(sys.stdout)), nl=False, color=True)


def _require_names(session: Session, store: StateStore, *, organization: str, person: str) -> None:
    """A misspelt name must not look like one of whom nothing is known."""
    records = [link.record for link in AuditLog(store).links()]
    organizations = {*store.organizations(), *(record.organization for record in records)}
    if organization and organization not in organizations:
        message = f"there is no organization {organization!r}: it has no state, and the log has nothing of it"
        raise ReconcilerError(message, advice=nearest(organization, organizations))
    if person:
        files = read_manifest_files(session.root, read_config(session.root).manifests)
        people = load_directory(files).people
        require_somebody(person, {*people, *(entry.person for record in records for entry in record.entries)})


@audit.command("verify")
@click.option(
    "--head", type=DigestType(), metavar="DIGEST", help="The log must also contain the record with this digest."
)
@click.pass_obj
def verify(session: Session, head: str | None) -> int:
    """Follow the chain of records, and name the first one that does not fit.

    Its end has to be what the states remember of it. Prints the digest of the last record: kept elsewhere and given as
    --head later, it also shows a log that was written anew together with the states.
    """
    store = open_configured_store(session)
    trail = AuditLog(store)
    verdict = trail.verify(_read_witnesses(store))
    if verdict.broken:
        # A run may have ended between the look at the states and the look at the log.
        verdict = trail.verify(_read_witnesses(store))
    if verdict.broken:
        before = count(verdict.records, "record before it is whole", "records before it fit together")
        session.notify(verdict.broken, level="error", advice=before)
        return ExitCode.FAILED
    if head and all(link.digest != head for link in trail.links()):
        message = f"the log does not contain the record {head[:12]}…: its end was cut off, or it was written anew"
        session.notify(message, level="error")
        return ExitCode.FAILED
    if verdict.put_aside:
        message = f"{verdict.put_aside} bytes of records that were cut off once are kept beside the log, in audit.torn"
        session.notify(message, level="warning")
    write_outputs({"audit_head": verdict.head})
    click.echo(f"{verdict.records} records with {verdict.entries} entries fit together; the last one is {verdict.head}")
    return ExitCode.DONE


def _read_witnesses(store: StateStore) -> list[Witness]:

    return [Witness(organization=key, mark=mark, is_behind=is_behind) for key, mark, is_behind in read_marks(store)]
