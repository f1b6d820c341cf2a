"""`reconciler audit`."""

from __future__ import annotations

import sys
from datetime import date

import click

from reconciler.cli.options import DateType
from reconciler.cli.session import Session
from reconciler.cli.upkeep import format_option, open_configured_store
from reconciler.core.audit import entries_of
from reconciler.core.errors import ExitCode


@click.group()
def audit() -> None:
    """Read and verify the log of what was done."""


@audit.command("log")
@click.option("--organization", default="", metavar="KEY", help="Only this organization.")
@click.option("--person", default="", metavar="KEY", help="Only what is about this person's access.")
@click.option("--since", type=DateType(), metavar="DATE", help="Only from this UTC day on.")
@format_option
@click.pass_obj
def log(session: Session, organization: str, person: str, since: date | None, format_: str) -> None:
    """Show what was done, oldest first."""
    from reconciler.audit.log import AuditLog, Selection
    from reconciler.subjects.catalogue import RENDERERS

    selection = Selection(organization=organization, person=person, since=since)
    links = AuditLog(open_configured_store(session)).select(selection)
    entries = [entry for link in links for entry in entries_of(link.record, number=link.number)]
    click.echo(RENDERERS.audit_log[format_](entries, session.style(sys.stdout)), nl=False, color=True)


@audit.command("verify")
@click.option("--head", default="", metavar="DIGEST", help="The log must also contain the record with this digest.")
@click.pass_obj
def verify(session: Session, head: str) -> int:
    """Follow the chain of records, and name the first one that does not fit.

    Prints the digest of the last record. Kept elsewhere and given as --head later, it also shows that nothing was cut
    off at the end.
    """
    from reconciler.audit.log import AuditLog

    trail = AuditLog(open_configured_store(session))
    verdict = trail.verify()
    if verdict.broken:
        session.notify(verdict.broken, level="error", advice=f"{verdict.records} records before it fit together")
        return ExitCode.FAILED
    if head and all(link.digest != head for link in trail.links()):
        message = f"the log does not contain the record {head[:12]}…: its end was cut off, or it was written anew"
        session.notify(message, level="error")
        return ExitCode.FAILED
    click.echo(f"{verdict.records} records with {verdict.entries} entries fit together; the last one is {verdict.head}")
    return ExitCode.DONE
