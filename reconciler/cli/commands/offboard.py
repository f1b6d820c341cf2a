"""`reconciler offboard`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Self

import click

from reconciler.apply.planning import PlanRequest, read_worlds
from reconciler.cli.app import App
from reconciler.cli.catalogue import RENDERERS
from reconciler.cli.exits import exit_code
from reconciler.cli.options import document_option, lock_timeout_option, out_option, read_day
from reconciler.cli.planning import is_blocked, save_plan
from reconciler.cli.state_editor import open_editor
from reconciler.cli.workspace import Workspace, check_files, with_edits
from reconciler.editing.person_edits import ManifestEdit, make_leave
from reconciler.engine.planner import Worlds
from reconciler.features.offboarding.model import Offboarding
from reconciler.features.offboarding.offboarding import Leaver, follow_leaver, leaving_day
from reconciler.features.offboarding.rotation import RotationDesk, find_known_secrets
from reconciler.features.queries import person_access as knowing
from reconciler.manifests.people import key_of_address
from reconciler.model.errors import ReconcilerError, UsageError
from reconciler.model.holding import PersonReport
from reconciler.model.values import dataclass


@click.command()
@click.argument("person")
@click.option(
    "--on", type=read_day, metavar="DATE", help="The UTC day from which all access is gone.  [default: today]"
)
@click.option("--status", is_flag=True, help="Only report how far it is, from the manifests as they are.")
@click.option("--write", is_flag=True, help="Edit the manifests, and ask people for what no plan can do.")
@out_option
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 while something is left.")
@document_option
@lock_timeout_option
@click.pass_obj
def offboard(
    app: App,
    person: str,
    *,
    on: date | None,
    status: bool,
    write: bool,
    out: Path | None,
    detailed_exitcode: bool,
    format_: str,
    lock_timeout: timedelta,
) -> int:
    """Remove somebody from every organization, and report what is left.

    PERSON is a key, an e-mail address, a phone number or a handle. Looks at every system, shows the edit of the
    manifests, what the next plan does about each thing of theirs, what has to come first, and which secrets and
    passwords they may know. Nothing is changed without --write, and no system is changed at all: that is what apply is
    for.
    """
    _refuse_nonsense(on=on, status=status, write=write, out=out)
    with app.progress("reading the systems"):
        leaver = _Leaver.find(app, person, on=on, is_planned=not status)
        if write:
            leaver.write_manifests()
            leaver.issue_orders(lock_timeout)
        found = leaver.follow()
    app.show(RENDERERS.offboarding, found, format_=format_)
    if out is not None:
        if found.plan.today > found.today:
            message = f"the plan is of {found.plan.today}, and no plan can be applied before its day"
            raise UsageError(message, advice="leave --out away; `reconciler apply` on that day does the same")
        save_plan(app, found.plan, out)
    is_changed = detailed_exitcode and not found.is_complete
    return exit_code(failed=bool(found.plan.unread), blocked=is_blocked(found.plan), changed=is_changed)


def _refuse_nonsense(*, on: date | None, status: bool, write: bool, out: Path | None) -> None:
    if status and (write or on is not None or out is not None):
        raise UsageError("--status only looks", advice="leave --on, --write and --out away")
    if out is not None and not write:
        message = "a plan of manifests that are not written yet cannot be applied"
        raise UsageError(message, advice="give --write too, or leave --out away")


@dataclass(kw_only=True)
class _Leaver:
    """Somebody who leaves; `edit` is taken as if it were written."""

    app: App
    report: PersonReport
    on: date | None
    """The UTC day; None for today, or for what the manifests say."""
    now: datetime
    edit: ManifestEdit

    @classmethod
    def find(cls, app: App, person: str, *, on: date | None, is_planned: bool) -> Self:
        """With an edit that makes the manifests say that the person leaves, if that is planned."""
        now = app.clock.now()
        today = now.date()
        try:
            report = knowing.who(person, files=app.files, store=app.store, today=today)
        except ReconcilerError:
            # An address that nothing mentions is looked for all the same: somebody may have added it by hand.
            if "@" not in person.strip()[1:]:
                raise
            report = PersonReport(key=key_of_address(person), today=today)
        edit = ManifestEdit(texts={}, patch="")
        if is_planned:
            edit = make_leave(app.files, report.key, report.person, on=on or today, today=today)
        return cls(app=app, report=report, on=on, now=now, edit=edit)

    def check(self) -> Workspace:
        """The manifests as they would be."""
        files = with_edits(self.app.files, self.edit.texts)
        return check_files(self.app.root, self.app.config, files, today=self.now.date())

    def write_manifests(self) -> None:
        """Only after what would be written was found to be right."""
        _ = self.check().desired
        self.app.write_edits(self.edit.texts)
        self.app.files = with_edits(self.app.files, self.edit.texts)
        self.edit = replace(self.edit, texts={}, patch="")

    def issue_orders(self, lock_timeout: timedelta) -> None:
        """Ask people for what no plan can do."""
        leaver, worlds = self._look()
        if leaver.leaves is None:
            raise ReconcilerError(f"the manifests do not say that {self.report.key} leaves")
        desk = RotationDesk(
            worlds=worlds,
            editor=open_editor(self.app, lock_timeout),
            leaver=self.report.key,
            leaves=leaver.leaves,
            at=self.now,
        )
        for order in desk.issue(find_known_secrets(leaver.keys, leaver.holdings, worlds)):
            self.app.notify(f"work order {order.id}: {order.actor or order.actor_role} is asked to act")

    def follow(self) -> Offboarding:
        """How far it is."""
        leaver, worlds = self._look()
        return follow_leaver(leaver, worlds, settings=self.app.config.guards, today=self.now.date())

    def _look(self) -> tuple[Leaver, Worlds]:
        """All three worlds on the day on which the person leaves, or today when that has passed."""
        app, today, desired = self.app, self.now.date(), self.check().desired
        leaves = leaving_day(self.report, desired, self.on or today)
        day = max(today, leaves or today)
        moment = self.now if day == today else datetime.combine(day, time(), UTC)
        request = PlanRequest(desired=desired, settings=app.config.guards, today=day, moment=moment)
        worlds = read_worlds(request, provider_for=app.provider_for, store=app.store, on_notice=app.notify)
        return Leaver(report=self.report, leaves=leaves, edited=self.edit.texts, patch=self.edit.patch), worlds
