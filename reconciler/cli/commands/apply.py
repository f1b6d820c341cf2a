"""`reconciler apply`."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from reconciler.cli.actions_files import takes_outputs, write_outputs
from reconciler.cli.durations import lock_timeout_option
from reconciler.cli.exit_codes import code_of_apply
from reconciler.cli.link_codes import clear_codes
from reconciler.cli.options import Limits, planning_options
from reconciler.cli.origin import DIRTY, read_origin
from reconciler.cli.plans import read_plan
from reconciler.cli.progress import show_progress
from reconciler.cli.requests import Prepared, make_plan, prepare
from reconciler.cli.runs import make_run, sources_of
from reconciler.cli.session import Session, is_interactive
from reconciler.cli.showing import page_options, show_result
from reconciler.cli.worksheet_files import make_folder
from reconciler.core.errors import ExitCode, ReconcilerError, UsageError

if TYPE_CHECKING:
    from reconciler.core.change import Change
    from reconciler.core.outcome import Outcome, Report
    from reconciler.core.plan import Plan


@click.command()
@click.argument(
    "plan_file", metavar="[PLAN]", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--auto-approve", is_flag=True, help="Do not ask; for automation, after a review elsewhere.")
@click.option(
    "--expect-digest",
    metavar="SHA256",
    help="Only the plan with this digest, which is what was reviewed; anything else is a stale plan.",
)
@click.option(
    "--require-clean",
    is_flag=True,
    help="Refuse to run unless a commit holds everything that the plan is made from, as the audit log will name it.",
)
@click.option(
    "--qr-to",
    "codes_to",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Write QR codes for owners of TikTok accounts here, as a page and as pictures.",
)
@page_options
@lock_timeout_option
@planning_options
@click.pass_obj
def apply(
    session: Session,
    *,
    plan_file: Path | None,
    auto_approve: bool,
    expect_digest: str | None,
    require_clean: bool,
    codes_to: Path | None,
    format_: str,
    max_chars: int,
    lock_timeout: timedelta,
    **limits: Unpack[Limits],
) -> int:
    """Carry out a saved plan or a new one.

    A saved PLAN was reviewed when it was made, so nothing is asked; it is refused when the manifests or the state have
    moved on since, and so is every change in it that would not be planned again today. A consent that was given on the
    command line of `plan` held for that run: give it again. Without PLAN, a plan is made, shown, and carried out after
    the answer `yes`.

    Waiting for people is a normal end: exit code 0. A failed change gives 1, a blocked one 3, a stale plan or a locked
    state 4.
    """
    _check_usage(plan_file, limits, auto_approve=auto_approve)
    if expect_digest is not None and plan_file is None:
        raise UsageError("--expect-digest is about a saved plan", advice="give the PLAN that was reviewed")
    saved = read_plan(plan_file, expected_digest=expect_digest) if plan_file else None
    prepared = prepare(session, limits)
    if codes_to is not None:
        make_folder(codes_to)  # now, because a code that cannot be written is asked for in vain
        prepared.wiring.codes_to = codes_to
    if require_clean:
        _refuse_dirty(session, prepared)
    plan = saved or _show_new_plan(prepared, session, is_result=format_ == "text")
    if not plan.does_nothing and saved is None and not auto_approve and not _approved(plan):
        session.notify("not approved: nothing was changed")
        return ExitCode.FAILED
    clear_codes(session.home, now=prepared.wiring.clock().now(), is_over=prepared.request.targets.covers)
    report = _carry_out(plan, prepared, session, format_, max_chars=max_chars, lock_timeout=lock_timeout)
    if saved is not None and saved.does_nothing:
        session.notify("this plan has no changes: nothing was carried out")
    if plan_file is not None and report.blocked:
        session.notify(f"what is blocked, and what would allow it: `{session.command('show', str(plan_file))}`")
    return code_of_apply(plan, report)


def _check_usage(plan_file: Path | None, limits: Limits, *, auto_approve: bool) -> None:
    is_limited = limits["targets"] or limits["excludes"] or limits["retry"] or limits["shard"].count > 1
    if plan_file is not None and (is_limited or not limits["refresh"]):
        message = "a saved plan is carried out as it is"
        raise UsageError(message, advice="give these options to `reconciler plan`")
    if plan_file is None and not auto_approve and not is_interactive(sys.stdin):
        message = "nobody is here to approve the plan: stdin is not a terminal"
        raise UsageError(message, advice="save a plan with `reconciler plan -o FILE` and apply that, or --auto-approve")


def _refuse_dirty(session: Session, prepared: Prepared) -> None:
    commit = read_origin(session.root, sources_of(prepared.wiring.config)).commit
    if not commit or commit.endswith(DIRTY):
        what = "what is declared here is in no commit" if commit else "this workspace is in no git repository"
        raise ReconcilerError(f"{what}, and --require-clean was given", advice="commit it, and apply that commit")


def _show_new_plan(prepared: Prepared, session: Session, *, is_result: bool) -> Plan:
    """Make and show a plan: on stdout, unless stdout is kept for a machine-readable report."""
    from reconciler.subjects.catalogue import RENDERERS

    with show_progress(session, "reading the systems"):
        plan = make_plan(prepared, session)
    stream = sys.stdout if is_result else sys.stderr
    click.echo(
        RENDERERS.plan["text"](plan, session.style(stream)), nl=not plan.does_nothing, err=not is_result, color=True
    )
    return plan


def _approved(plan: Plan) -> bool:
    from reconciler.subjects.plan_words import say_counts

    question = f"Carry out {say_counts(plan)}? Only `yes` is taken as a yes"
    try:
        return str(click.prompt(question, default="", show_default=False, err=True)) == "yes"
    except click.Abort:
        click.echo(err=True)  # the question's line is still open
        raise


def _carry_out(
    plan: Plan, prepared: Prepared, session: Session, format_: str, *, max_chars: int, lock_timeout: timedelta
) -> Report:
    """Apply and report; what was done is reported even when something stops the run in the middle.

    A plan without changes is carried out too: who has accepted or left since the last run is then recorded.
    """
    from reconciler.audit.log import AuditLog
    from reconciler.core.outcome import Report, Result
    from reconciler.output.words import count
    from reconciler.subjects.catalogue import RENDERERS
    from reconciler.subjects.step_outputs import outputs_of_report
    from reconciler.workflows.applying import apply_plan

    results: list[Result] = []
    report: Report | None = None
    wiring = prepared.wiring
    store = wiring.store()
    try:
        with show_progress(session, f"applying {count(len(plan.changes), 'change', 'changes')}") as tell:

            def on_result(change: Change, outcome: Outcome) -> None:
                results.append(Result(change, outcome))
                tell(f"{len(results)} of {len(plan.changes)}: {change.address}")

            report = apply_plan(
                plan,
                prepared.request,
                provider_for=wiring.provider_for,
                store=store,
                run=make_run(wiring, store, session, lock_timeout=lock_timeout, on_result=on_result),
            )
        if takes_outputs():
            write_outputs({"audit_head": AuditLog(store).read_head()})
        return report
    finally:
        report = report or Report(results=tuple(results))
        if not plan.does_nothing or report.blocked or format_ != "text":
            show_result(
                RENDERERS.report,
                plan,
                report,
                session=session,
                format_=format_,
                max_chars=max_chars,
                outputs=outputs_of_report,
            )
