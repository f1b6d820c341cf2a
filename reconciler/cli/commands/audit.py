"""`reconciler audit`: what was done. No system is touched."""

from __future__ import annotations

import re
from typing import Any

import click

from reconciler.apply.states import read_witnesses
from reconciler.audit.entries import OUTCOMES
from reconciler.audit.log import Selection, digest_of, find_risk
from reconciler.cli.app import App
from reconciler.cli.options import RENDERERS, document_option, read_day
from reconciler.cli.streams import write_outputs
from reconciler.features.queries.log import read_entries
from reconciler.model import Action, ExitCode, Risk, UsageError, count


def read_digest(typed: str) -> str:
    """A whole SHA-256; a part of one, or the empty value of an unset variable, would check nothing."""
    if not re.fullmatch(r"[0-9a-f]{64}", typed):
        message = f"{typed!r} is no digest: give the 64 hexadecimal digits that `audit verify` printed"
        raise click.BadParameter(message)
    return typed


@click.group()
def audit() -> None:
    """Read and verify the log of what was done."""


@audit.command("log")
@click.option("--organization", default="", metavar="KEY", help="Only this organization.")
@click.option(
    "--person",
    default="",
    metavar="PERSON",
    help="Only what is about this person's access, also under the keys that they had before; by key, address or "
    "number, also somebody of the past.",
)
@click.option(
    "--address",
    default="",
    metavar="ADDRESS",
    help="Only this address with what hangs on it, such as all access to an asset, also under the names it had before; "
    "or a pattern with `*`.",
)
@click.option(
    "--outcome",
    type=click.Choice(OUTCOMES),
    metavar="OUTCOME",
    help=f"Only what came to this: {', '.join(f'`{one}`' for one in OUTCOMES)}.",
)
@click.option(
    "--min-risk",
    type=click.Choice([*map(str, Risk)]),
    help="Only what risks at least this; what does not say it is left out, and counted on stderr.",
)
@click.option("--since", type=read_day, metavar="DATE", help="Only from this UTC day on.")
@click.option("--until", type=read_day, metavar="DATE", help="Only up to the end of this UTC day.")
@document_option
@click.pass_obj
def show_log(app: App, /, *, outcome: str | None, min_risk: str | None, **chosen: Any) -> None:
    """Show what was done, oldest first."""
    selection = Selection(outcome=outcome or "", **chosen)
    if selection.since and selection.until and selection.until < selection.since:
        raise UsageError(f"--until {selection.until} is before --since {selection.since}", advice="swap the two days")
    entries = read_entries(selection, app.store, app.sources)
    if min_risk is not None:
        silent = sum(find_risk(entry) is None and entry.action in set(Action) for entry in entries)
        entries = [entry for entry in entries if (risk := find_risk(entry)) and risk.rank <= Risk(min_risk).rank]
        if silent:
            what = count(silent, "entry does not say its risk and is", "entries do not say their risk and are")
            app.notify(f"{what} left out; without --min-risk they are shown", level="warning")
    app.show(RENDERERS.audit_log, entries)


@audit.command("verify")
@click.option(
    "--head", type=read_digest, metavar="DIGEST", help="The log must also contain the record with this digest."
)
@click.pass_obj
def verify_log(app: App, head: str | None) -> int:
    """Follow the chain of records, and name the first one that does not fit.

    Its end has to be what the states remember of it. Prints the digest of the last record: kept elsewhere and given as
    --head later, it also shows a log that was written anew together with the states.
    """
    trail = app.audit_log
    verdict = trail.verify(list(read_witnesses(app.store)))
    if verdict.broken:
        # A run may have ended between the look at the states and the look at the log.
        verdict = trail.verify(list(read_witnesses(app.store)))
    if verdict.broken:
        before = count(verdict.records, "record before it is whole", "records before it fit together")
        app.notify(verdict.broken, level="error", advice=before)
        return ExitCode.FAILED
    if head and all(digest_of(line) != head for line in app.store.read_audit()):
        message = f"the log does not contain the record {head[:12]}…: its end was cut off, or it was written anew"
        app.notify(message, level="error")
        return ExitCode.FAILED
    if verdict.put_aside:
        torn = count(verdict.put_aside, "byte", "bytes")
        message = f"{torn} of records that were cut off once are kept beside the log, in audit.torn"
        app.notify(message, level="warning")
    if not verdict.records:
        advice = "this is normal before the first `reconciler apply`; after it, look at `state:` in reconciler.yaml"
        app.notify("the audit log has no record yet, so nothing was verified", level="warning", advice=advice)
    write_outputs({"audit_head": verdict.head})
    records = count(verdict.records, "record", "records")
    entries = count(verdict.entries, "entry", "entries")
    app.echo(f"{records} with {entries} fit together; the last one is {verdict.head}")
    return ExitCode.DONE
