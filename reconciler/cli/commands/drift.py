"""`reconciler drift`."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import date

import click

from reconciler.cli.app import App
from reconciler.cli.options import (
    RENDERERS,
    flag,
    lock_timeout_option,
    min_risk_option,
    page_options,
    read_address,
    read_day,
    read_words,
    shard_option,
)
from reconciler.cli.planning import find_unmatched_targets, read_request, warn_of_unmatched
from reconciler.engine.context import Shard
from reconciler.features.drift import drift as drifting
from reconciler.features.drift.document import summary_of_drift
from reconciler.features.drift.drift import remember, survey
from reconciler.model import Address, DriftReport, DriftStatus, ExitCode, UsageError, exit_code


@click.group(invoke_without_command=True)
@click.option(
    "--record/--no-record",
    default=True,
    help="Remember what was found until the next audit (default), or leave the state alone.",
)
@flag("--detailed-exitcode", "Exit with 2 when something is new or overdue.")
@click.option("--target", "targets", multiple=True, metavar="PATTERN", help="Only these addresses. Repeatable.")
@shard_option
@click.option("--now", type=read_day, metavar="DATE", help="Audit as of this UTC day.")
@lock_timeout_option
@min_risk_option
@page_options
@click.pass_context
def drift(
    context: click.Context,
    *,
    record: bool,
    detailed_exitcode: bool,
    targets: tuple[str, ...],
    shard: Shard,
    now: date | None,
) -> int:
    """Show what somebody changed outside of this tool.

    Compares what is live with what was recorded and declared. What was found is remembered, so that a later audit can
    tell what is new, how old everything else is, and what is resolved. No system is changed.
    """
    if context.invoked_subcommand is not None:
        return ExitCode.DONE

    app: App = context.obj
    request = read_request(app, today=now, targets=targets, shard=shard)
    warn_of_unmatched(app, find_unmatched_targets(app, request))
    with app.progress("reading the systems"):
        reach, max_age = app.provider_for, app.config.max_drift_age
        report = survey(request, provider_for=reach, store=app.store, max_age=max_age, on_notice=app.notify)
    app.show(RENDERERS.drift, report, outputs=_outputs)
    if record:
        # Not before it is told: what is remembered and was shown to nobody would never alarm anybody.
        sys.stdout.flush()
        remember(report, app.editor, request.desired)
    return code_of_drift(report, detailed=detailed_exitcode)


def code_of_drift(report: DriftReport, *, detailed: bool) -> ExitCode:
    """Failed when something could not be read; else only what is new or overdue counts, to alarm nobody twice."""
    return exit_code(failed=bool(report.unread), changed=detailed and report.wants_attention)


def _outputs(report: DriftReport) -> dict[str, str]:
    """`new`, `overdue`, `known`, `accepted`, `unread`, `clean`, `attention`, `summary`."""
    found = Counter(item.status for item in report.items)
    return {
        **{status.value: str(found[status]) for status in DriftStatus},
        "unread": str(len(report.unread)),
        "clean": str(report.is_clean).lower(),
        "attention": str(report.wants_attention).lower(),
        "summary": summary_of_drift(report),
    }


@drift.command()
@click.argument("address", type=read_address)
@click.option("--until", type=read_day, required=True, metavar="DATE", help="The UTC day on which it ends.")
@click.option("--reason", required=True, help="Why it may stay.")
@lock_timeout_option
@click.pass_obj
def accept(app: App, address: Address, *, until: date, reason: str) -> None:
    """Agree to live with a difference for a while.

    It holds for exactly the difference that the last audit found: when that thing changes again, it is new.
    """
    if until <= (today := app.today):
        raise UsageError(f"--until {until} is not in the future", advice=f"today is {today}")
    if not reason.strip():
        raise UsageError("--reason says nothing", advice="say why this may stay, for whoever reads it later")
    address, *_ = app.names_in_state(address, of=lambda state: state.drift)
    drifting.accept(address, app.editor, reason=reason.strip(), until=until)
    app.notify(f"{address}: accepted until {until}")


@drift.command()
@click.argument("address", type=read_address)
@click.option("--evidence", required=True, type=read_words, metavar="TEXT", help="What you saw, and where.")
@click.option(
    "--as",
    "values",
    multiple=True,
    metavar="VALUE",
    help="A permission that is there, where it is not what `drift` shows. Repeatable, for all of them.",
)
@lock_timeout_option
@click.pass_obj
def confirm(app: App, address: Address, *, evidence: str, values: tuple[str, ...]) -> None:
    """Say what somebody saw on the platform of what no program is shown, such as what a TikTok account's owner allows.

    It holds until something else is asked for. What is not as declared is asked for again by the next apply.
    """
    address, *_ = app.names_in_state(address, of=lambda state: state.records)
    record = drifting.confirm(address, app.editor, values=values, evidence=evidence)
    seen = " + ".join(record.confirmed.get("permissions", ["there"]))
    app.notify(f"{address}: confirmed as {seen}")


@drift.command()
@click.argument("address", type=read_address)
@lock_timeout_option
@click.pass_obj
def forget(app: App, address: Address) -> None:
    """Revoke an acceptance: the next audit reports the difference as if it were new."""
    for one in app.names_in_state(address, of=lambda state: state.drift):
        drifting.forget(one, app.editor)
        app.notify(f"{one}: forgotten")
