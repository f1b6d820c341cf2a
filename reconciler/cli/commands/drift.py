"""`reconciler drift`."""

from __future__ import annotations

import sys
from datetime import date, timedelta

import click

from reconciler.cli.durations import lock_timeout_option
from reconciler.cli.exit_codes import code_of_drift
from reconciler.cli.options import DateType, Limits, ShardType
from reconciler.cli.progress import show_progress
from reconciler.cli.requests import prepare, refuse_or_mention_strays
from reconciler.cli.session import Session
from reconciler.cli.showing import page_options, show_result
from reconciler.cli.upkeep import AddressType, make_upkeep, names_in_state, open_configured_store
from reconciler.cli.wiring import Wiring
from reconciler.cli.words import WordsType
from reconciler.cli.workspace import read_config
from reconciler.core.address import Address
from reconciler.core.errors import ExitCode, UsageError
from reconciler.subjects.catalogue import RENDERERS
from reconciler.subjects.step_outputs import outputs_of_drift
from reconciler.workflows import drifting
from reconciler.workflows.drifting import remember, survey
from reconciler.workflows.sharding import EVERYTHING, Shard


@click.group(invoke_without_command=True)
@click.option("--record/--no-record", default=True, help="Remember what was found until the next audit, or do not.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when something is new or overdue.")
@click.option("--target", "targets", multiple=True, metavar="PATTERN", help="Only these addresses. Repeatable.")
@click.option("--shard", type=ShardType(), default=EVERYTHING, metavar="K/N", help="Only the K-th of N parts.")
@click.option("--now", type=DateType(), metavar="DATE", help="Audit as of this UTC day.")
@lock_timeout_option
@page_options
@click.pass_context
def drift(  # one parameter for each option
    context: click.Context,
    *,
    record: bool,
    detailed_exitcode: bool,
    targets: tuple[str, ...],
    shard: Shard,
    now: date | None,
    lock_timeout: timedelta,
    format_: str,
    max_chars: int,
) -> int:
    """Show what somebody changed outside of this tool.

    Compares what is live with what was recorded and declared. What was found is remembered, so that a later audit can
    tell what is new, how old everything else is, and what is gone again. No system is changed.
    """
    if context.invoked_subcommand is not None:
        return ExitCode.DONE

    session: Session = context.obj
    limits = Limits(targets=targets, excludes=(), refresh=True, consents=(), retry=False, shard=shard)
    prepared = prepare(session, limits, today=now)
    store = prepared.wiring.store()
    refuse_or_mention_strays(prepared, store, session)
    with show_progress(session, "reading the systems"):
        report = survey(
            prepared.request,
            provider_for=prepared.wiring.provider_for,
            store=store,
            max_age=prepared.wiring.config.max_drift_age,
            on_notice=session.notify,
        )
    show_result(
        RENDERERS.drift, report, session=session, format_=format_, max_chars=max_chars, outputs=outputs_of_drift
    )
    if record:
        # Not before it is told: what is remembered and was shown to nobody would never alarm anybody.
        sys.stdout.flush()
        remember(report, make_upkeep(session, store, lock_timeout=lock_timeout), prepared.request.desired)
    return code_of_drift(report, detailed=detailed_exitcode)


@drift.command()
@click.argument("address", type=AddressType())
@click.option("--until", type=DateType(), required=True, metavar="DATE", help="The UTC day on which it ends.")
@click.option("--reason", required=True, help="Why it may stay.")
@lock_timeout_option
@click.pass_obj
def accept(session: Session, address: Address, *, until: date, reason: str, lock_timeout: timedelta) -> int:
    """Agree to live with a difference for a while.

    It holds for exactly the difference that the last audit found: when that thing changes again, it is new.
    """
    today = Wiring(root=session.root, config=read_config(session.root)).clock().now().date()
    if until <= today:
        raise UsageError(f"--until {until} is not in the future", advice=f"today is {today}")
    if not reason.strip():
        raise UsageError("--reason says nothing", advice="say why this may stay, for whoever reads it later")
    store = open_configured_store(session)
    address, *_ = names_in_state(session, store, address, of=lambda state: state.drift)
    upkeep = make_upkeep(session, store, lock_timeout=lock_timeout)
    acceptance = drifting.Acceptance(address=address, reason=reason.strip(), until=until, by=upkeep.origin.operator)
    drifting.accept(acceptance, upkeep)
    session.notify(f"{address}: accepted until {until}")
    return ExitCode.DONE


@drift.command()
@click.argument("address", type=AddressType())
@click.option("--evidence", required=True, type=WordsType(), metavar="TEXT", help="What you saw, and where.")
@click.option("--as", "values", multiple=True, metavar="VALUE", help="What is there, if it is not this. Repeatable.")
@lock_timeout_option
@click.pass_obj
def confirm(
    session: Session, address: Address, *, evidence: str, values: tuple[str, ...], lock_timeout: timedelta
) -> int:
    """Say what somebody saw on the platform of what no program is shown, such as what a TikTok account's owner allows.

    It holds until something else is asked for. What is not as declared is asked for again by the next apply.
    """
    store = open_configured_store(session)
    address, *_ = names_in_state(session, store, address, of=lambda state: state.records)
    record = drifting.confirm(
        address, make_upkeep(session, store, lock_timeout=lock_timeout), values=values, evidence=evidence
    )
    seen = " + ".join(record.confirmed["permissions"])
    session.notify(f"{address}: confirmed as {seen}")
    return ExitCode.DONE


@drift.command()
@click.argument("address", type=AddressType())
@lock_timeout_option
@click.pass_obj
def forget(session: Session, address: Address, *, lock_timeout: timedelta) -> int:
    """Take an acceptance back: the next audit tells of the difference as if it were new."""
    store = open_configured_store(session)
    for one in names_in_state(session, store, address, of=lambda state: state.drift):
        drifting.forget(one, make_upkeep(session, store, lock_timeout=lock_timeout))
        session.notify(f"{one}: forgotten")
    return ExitCode.DONE
