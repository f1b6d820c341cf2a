"""`reconciler apply`."""

from __future__ import annotations

import sys
from collections import deque
from dataclasses import asdict
from pathlib import Path
from typing import Unpack

import click

from reconciler.apply.apply import Run, apply_plan
from reconciler.apply.planning import PlanRequest
from reconciler.cli.app import DIRTY, App
from reconciler.cli.options import (
    FOLDER,
    NEW_FILE,
    PLAN_FILE,
    RENDERERS,
    Limits,
    flag,
    kept_option,
    lock_timeout_option,
    page_options,
    planning_options,
)
from reconciler.cli.planning import (
    SettledKeeper,
    clear_link_codes,
    is_blocked,
    make_plan,
    make_request,
    read_everything,
    read_plan,
)
from reconciler.cli.streams import CONFIG_FILE, Course, ask, is_interactive, make_folder, takes_outputs, write_outputs
from reconciler.features.planning.report import name_outcome, summary_of_report
from reconciler.model import (
    Change,
    ExitCode,
    Failed,
    InDoubt,
    Origin,
    Outcome,
    Plan,
    ReconcilerError,
    Refused,
    Report,
    Result,
    UsageError,
    count,
)


@click.command()
@click.argument("plan_file", metavar="[PLAN]", required=False, type=PLAN_FILE)
@flag("--auto-approve", "Do not ask; for automation, after a review elsewhere.")
@click.option(
    "--expect-digest",
    metavar="SHA256",
    help="Only the PLAN with this digest, which is what was reviewed; anything else is exit code 4.",
)
@flag(
    "--require-clean",
    "Refuse, with exit code 1, unless a commit holds the manifests, `reconciler.yaml` and the rules as they are; for "
    "pipelines.",
)
@kept_option(
    "codes_to",
    "--qr-to",
    type=FOLDER,
    metavar="DIR",
    help="Write QR codes for owners of TikTok accounts here, as a page with the steps and as PNG and SVG; taken away "
    "when they lapse, were used, or are asked for anew.",
)
@click.option(
    "--comment-to",
    type=NEW_FILE,
    metavar="FILE",
    help="Write the report here too, as Markdown for `publish --keep`; also of a run that was stopped in the middle.",
)
@page_options
@lock_timeout_option
@planning_options
@click.pass_obj
def apply(
    app: App,
    *,
    plan_file: Path | None,
    auto_approve: bool,
    expect_digest: str | None,
    require_clean: bool,
    comment_to: Path | None,
    **limits: Unpack[Limits],
) -> int:
    """Apply a saved plan or a new one.

    A saved PLAN was reviewed when it was made, so nothing is asked; it is refused when the manifests or the state have
    moved on since, and so is every change in it that would not be planned again today. An approval that was given
    on the command line of `plan` held for that run: give it again. Without PLAN, a plan is made, shown, and carried out
    after the answer `yes`.

    Waiting for people is a normal end: exit code 0. A failed change gives 1, a blocked one 3, a stale plan or a locked
    state 4.
    """
    is_limited = limits["targets"] or limits["excludes"] or limits["retry"] or limits["shard"].count > 1
    if plan_file is not None and (is_limited or not limits["refresh"]):
        message = "a saved plan is carried out as it is"
        raise UsageError(message, advice="give these options to `reconciler plan`")
    if expect_digest is not None and plan_file is None:
        raise UsageError("--expect-digest is about a saved plan", advice="give the PLAN that was reviewed")
    saved = read_plan(plan_file, expected_digest=expect_digest) if plan_file else None
    with app.stage("manifests"):
        workspace = read_everything(app, today=app.today)
    request = make_request(app, workspace, **limits)
    if plan_file is None and not auto_approve and not is_interactive(sys.stdin):
        message = "nobody is here to approve the plan: stdin is not a terminal"
        raise UsageError(message, advice="save a plan with `reconciler plan -o FILE` and apply that, or --auto-approve")
    if app.codes_to is not None:
        make_folder(app.codes_to)  # now, because a code that cannot be written is asked for in vain
    commit = _origin_of(app).commit if require_clean else ""
    if require_clean and (not commit or commit.endswith(DIRTY)):
        message = "what is declared here is in no commit, and --require-clean was given"
        raise ReconcilerError(message, advice="commit it, and apply that commit")
    plan = saved or _show_new_plan(app, request, is_result=app.form == "text")
    if not plan.does_nothing and saved is None and not auto_approve and not ask(f"Carry out {describe_counts(plan)}?"):
        app.notify("not approved: nothing was changed")
        return ExitCode.FAILED
    clear_link_codes(app, is_over=request.targets.covers)
    keeper = SettledKeeper(app, request, workspace)
    report = _carry_out(app, plan, request, keeper, comment_to=comment_to)
    keeper.write()
    if saved is not None and saved.does_nothing:
        app.notify("this plan has no changes: nothing was carried out")
    if plan_file is not None and report.blocked:
        app.notify(f"what is blocked, and what would allow it: `{app.command('show', str(plan_file))}`")
    return code_of_apply(plan, report)


def describe_counts(plan: Plan) -> str:
    """`5 changes in 2 organizations`."""
    touched = sum(1 for part in plan.organizations if part.changes)
    changes = count(len(plan.changes), "change", "changes")
    asks = f", {count(len(plan.asks), 'request', 'requests')} to people" if plan.asks else ""
    return f"{changes} in {count(touched, 'organization', 'organizations')}{asks}"


def _origin_of(app: App) -> Origin:
    """Where everything comes from that decides what a plan says."""
    return app.read_origin(CONFIG_FILE, *app.config.manifests, *app.config.policies.sources)


def _show_new_plan(app: App, request: PlanRequest, *, is_result: bool) -> Plan:
    """Make and show a plan: on stdout, unless stdout is kept for a machine-readable report."""
    with app.progress("reading the systems"):
        plan = make_plan(app, request)
    stream = sys.stdout if is_result else sys.stderr
    click.echo(RENDERERS.plan["text"](plan, app.style(stream)), nl=not plan.does_nothing, err=not is_result, color=True)
    return plan


def _carry_out(app: App, plan: Plan, request: PlanRequest, keeper: SettledKeeper, *, comment_to: Path | None) -> Report:
    """Apply and report; what was done is reported even when something stops the run in the middle.

    A plan without changes is carried out too: who has accepted or left since the last run is then recorded.
    """
    results: list[Result] = []
    report: Report | None = None
    ahead = deque(change.address for change in plan.changes)
    course = Course(len(plan.changes) + len(plan.asks), awaited=ahead[0].organization if ahead else "")
    try:
        with app.progress(f"applying {count(len(plan.changes), 'change', 'changes')}", course) as tell:

            def on_result(change: Change, outcome: Outcome) -> None:
                results.append(Result(change, outcome))
                if ahead:
                    ahead.popleft()  # in the order of the plan, but for a few that were refused first
                course.note(name_outcome(outcome), awaited=str(ahead[0]) if ahead else "")
                tell(str(change.address))

            run = Run(
                clock=app.clock,
                terms=app.lease_terms,
                origin=_origin_of(app),
                on_result=on_result,
                on_notice=app.notify,
                on_settled=keeper.take,
            )
            report = apply_plan(plan, request, provider_for=app.provider_for, store=app.store, run=run)
        if takes_outputs():
            write_outputs({"audit_head": app.audit_log.read_head()})
        return report
    finally:
        report = report or Report(results=tuple(results))
        if not plan.does_nothing or report.blocked or app.form != "text" or comment_to is not None:
            app.show(RENDERERS.report, plan, report, comment_to=comment_to, outputs=_outputs)


def code_of_apply(plan: Plan, report: Report) -> ExitCode:
    """The worst outcome decides; waiting for people is what a good run ends with.

    What failed in an earlier run and is not tried again makes this one fail too, and so does what could not be read.
    """
    if plan.unread or report.unread or plan.deferred or report.of(Failed, InDoubt):
        return ExitCode.FAILED
    if report.of(Refused):
        return ExitCode.CONFLICT
    return ExitCode.BLOCKED if report.blocked or is_blocked(plan) else ExitCode.DONE


def _outputs(plan: Plan, report: Report) -> dict[str, str]:
    """`applied`, `waits`, `failed`, `refused`, `in_doubt`, `unread`, `summary`."""
    counts = {word: str(number) for word, number in asdict(report.summary).items() if word != "not_tried"}
    return {**counts, "unread": str(len(report.unread)), "summary": summary_of_report(plan, report)}
