"""`reconciler offboard`: how somebody leaves, as one edit of the manifests and what is left besides."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from pathlib import Path

import click

from reconciler.apply.planning import read_worlds
from reconciler.cli.app import App
from reconciler.cli.options import RENDERERS, document_option, flag, lock_timeout_option, out_option, read_day
from reconciler.cli.planning import is_blocked, save_plan
from reconciler.editing.index import ManifestEdit, make_leave
from reconciler.engine.holdings import PersonReport
from reconciler.engine.planner import Worlds
from reconciler.features.offboarding.document import Offboarding
from reconciler.features.offboarding.offboarding import Leaver, follow_leaver, leaving_day
from reconciler.features.offboarding.rotation import RotationDesk, find_known_secrets
from reconciler.features.queries.access import who
from reconciler.manifests.people import key_of_address
from reconciler.model import ReconcilerError, UsageError, exit_code


@click.command()
@click.argument("person")
@click.option(
    "--on", type=read_day, metavar="DATE", help="The UTC day from which all access is gone.  [default: today]"
)
@flag("--status", "Only report how far it is, from the manifests as they are.")
@flag("--write", "Edit the manifests, and issue work orders for secrets and passwords.")
@out_option
@flag("--detailed-exitcode", "Exit with 2 while something is left.")
@document_option
@lock_timeout_option
@click.pass_obj
def offboard(
    app: App, person: str, *, on: date | None, status: bool, write: bool, out: Path | None, detailed_exitcode: bool
) -> int:
    """Remove somebody from every organization, and report what is left.

    PERSON is a key, an e-mail address, a phone number or a handle. Looks at every system, shows the edit of the
    manifests, what the next plan does about each thing of theirs, what has to come first, and which secrets and
    passwords they may know. Nothing is changed without --write, and no system is changed at all: that is what apply is
    for.
    """
    if status and (write or on is not None or out is not None):
        raise UsageError("--status only looks", advice="leave --on, --write and --out away")
    if out is not None and not write:
        message = "a plan of manifests that are not written yet cannot be applied"
        raise UsageError(message, advice="give --write too, or leave --out away")
    with app.progress("reading the systems"):
        found = _follow(app, person, on=on, is_planned=not status, write=write)
    app.show(RENDERERS.offboarding, found)
    if out is not None:
        if found.plan.today > found.today:
            message = f"the plan is of {found.plan.today}, and no plan can be applied before its day"
            raise UsageError(message, advice="leave --out away; `reconciler apply` on that day does the same")
        save_plan(app, found.plan, out)
    is_changed = detailed_exitcode and not found.is_complete
    return exit_code(failed=bool(found.plan.unread), blocked=is_blocked(found.plan), changed=is_changed)


def _follow(app: App, person: str, *, on: date | None, is_planned: bool, write: bool) -> Offboarding:
    """How far somebody's way out is; where it is planned, with an edit that is taken as if it were written."""
    now = app.clock.now()
    today = now.date()
    try:
        report = who(person, app.sources())
    except ReconcilerError:
        # An address that nothing mentions is looked for all the same: somebody may have added it by hand.
        if "@" not in person.strip()[1:]:
            raise
        report = PersonReport(key=key_of_address(person), today=today)
    edit = ManifestEdit(texts={}, patch="")
    if is_planned:
        edit = make_leave(app.files, report.key, report.person, on=on or today, today=today)

    def look() -> tuple[Leaver, Worlds]:
        """All three worlds on the day on which the person leaves, or today when that has passed."""
        desired = app.check_edits(edit.texts, today=today).desired
        leaves = leaving_day(report, desired, on or today)
        day = max(today, leaves or today)
        moment = now if day == today else datetime.combine(day, time(), UTC)
        request = app.request(desired, today=day, moment=moment)
        worlds = read_worlds(request, provider_for=app.provider_for, store=app.store, on_notice=app.notify)
        return Leaver(report=report, leaves=leaves, edited=edit.texts, patch=edit.patch), worlds

    if write:
        _ = app.check_edits(edit.texts, today=today).desired  # raises where what would be written is wrong
        app.write_edits(edit.texts)
        edit = ManifestEdit(texts={}, patch="")
        leaver, worlds = look()
        if leaver.leaves is None:
            raise ReconcilerError(f"the manifests do not say that {report.key} leaves")
        desk = RotationDesk(worlds=worlds, editor=app.editor, leaver=report.key, leaves=leaver.leaves)
        for order in desk.issue(find_known_secrets(leaver.keys, leaver.holdings, worlds)):
            app.notify(f"work order {order.id}: {order.actor or order.actor_role} is asked to act")
    leaver, worlds = look()
    if on is not None and leaver.leaves is not None and leaver.leaves < on:
        app.notify(
            f"the manifests end their access on {leaver.leaves}, and that stays: offboarding makes nothing longer"
        )
    return follow_leaver(leaver, worlds, settings=app.config.guards, today=today)
