"""`reconciler offboard`."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import click

from reconciler.cli.durations import lock_timeout_option
from reconciler.cli.exit_codes import code_of_offboarding
from reconciler.cli.files import replace_file
from reconciler.cli.options import DateType
from reconciler.cli.progress import show_progress
from reconciler.cli.session import Session
from reconciler.cli.showing import document_option, show_result
from reconciler.cli.upkeep import make_upkeep
from reconciler.cli.wiring import Wiring
from reconciler.cli.workspace import check_files, read_config, read_manifest_files
from reconciler.core.errors import ReconcilerError, UsageError
from reconciler.core.holding import PersonReport
from reconciler.core.offboarding import Offboarding
from reconciler.core.planning.planner import Worlds
from reconciler.manifests.leaving import ManifestEdit, make_leave
from reconciler.manifests.source import SourceFile
from reconciler.subjects.catalogue import RENDERERS
from reconciler.workflows import knowing
from reconciler.workflows.chores import ChoreDesk, Chores
from reconciler.workflows.offboarding import Departure, follow_departure, leaving_day
from reconciler.workflows.planning import PlanRequest, read_worlds


@click.command()
@click.argument("person")
@click.option(
    "--on", type=DateType(), metavar="DATE", help="The UTC day from which all access is gone.  [default: today]"
)
@click.option("--status", is_flag=True, help="Only tell how far it is, from the manifests as they are.")
@click.option("--write", is_flag=True, help="Edit the manifests, and ask people for what no plan can do.")
@click.option(
    "-o", "--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Save the plan for apply."
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 while something is left.")
@document_option
@lock_timeout_option
@click.pass_obj
def offboard(
    session: Session,
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
    """See somebody out of every organization, and tell what is left.

    PERSON is a key, an e-mail address, a phone number or a handle. Looks at every system, shows the edit of the
    manifests, what the next plan does about each thing of theirs, what has to come first, and which secrets and
    passwords they may know. Nothing is changed without --write, and no system is changed at all: that is what apply is
    for.
    """
    _refuse_nonsense(on=on, status=status, write=write, out=out)
    taking = LeaveTaking(session=session, person=person, on=on, is_planned=not status)
    with show_progress(session, "reading the systems"):
        found = read_departure(taking, lock_timeout=lock_timeout, write=write)
    show_result(RENDERERS.offboarding, found, session=session, format_=format_)
    if out is not None:
        show_saved_plan(found, out, session)
    return code_of_offboarding(found, detailed=detailed_exitcode)


def _refuse_nonsense(*, on: date | None, status: bool, write: bool, out: Path | None) -> None:
    if status and (write or on is not None or out is not None):
        raise UsageError("--status only looks", advice="leave --on, --write and --out away")
    if out is not None and not write:
        message = "a plan of manifests that are not written yet cannot be applied"
        raise UsageError(message, advice="give --write too, or leave --out away")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveTaking:
    """What was asked for."""

    session: Session
    person: str
    on: date | None
    """The UTC day; None for today, or for what the manifests say."""
    is_planned: bool
    """Whether the manifests shall say that the person leaves; else they are taken as they are."""


def read_departure(taking: LeaveTaking, *, write: bool, lock_timeout: timedelta) -> Offboarding:
    """Look at everything; with `write` edit the manifests first and issue the work orders, then look again."""
    case = _Case(taking)
    if not write:
        return case.follow()
    case.write_manifests()
    case.issue(lock_timeout=lock_timeout)
    return case.follow()


def show_saved_plan(found: Offboarding, out: Path, session: Session) -> None:
    """Save the plan, and say how to carry it out."""
    if found.plan.today > found.today:
        message = f"the plan is of {found.plan.today}, and no plan can be applied before its day"
        raise UsageError(message, advice="leave --out away; `reconciler apply` on that day does the same")
    replace_file(out, RENDERERS.plan["json"](found.plan, session.style(sys.stdout)))
    session.notify(f"the plan is saved: carry it out with `{session.command('apply', str(out))}`")


class _Case:
    """One departure in one workspace."""

    def __init__(self, taking: LeaveTaking) -> None:

        self._session = taking.session
        self._config = read_config(taking.session.root)
        self._wiring = Wiring(root=taking.session.root, config=self._config)
        self._store = self._wiring.store()
        self._now = self._wiring.clock().now()
        self._files = read_manifest_files(taking.session.root, self._config.manifests)
        self._report = self._who(taking.person)
        self._edit = ManifestEdit(texts={}, patch="")
        if taking.is_planned:
            self._edit = self._make_edit(taking.on)
        self._on = taking.on

    @property
    def _today(self) -> date:
        return self._now.date()

    def _who(self, text: str) -> PersonReport:
        """An address that nothing mentions any more is looked for all the same: somebody may have added it by hand."""
        try:
            return knowing.who(text, files=self._files, store=self._store, today=self._today)
        except ReconcilerError:
            if "@" not in text.strip()[1:]:
                raise
            return PersonReport(key=text.strip().casefold(), today=self._today)

    def _make_edit(self, on: date | None) -> ManifestEdit:

        report = self._report
        return make_leave(self._files, report.key, report.person, on=on or self._today, today=self._today)

    def _edited_files(self) -> list[SourceFile]:
        return [
            replace(file, data=self._edit.texts[file.path].encode()) if file.path in self._edit.texts else file
            for file in self._files
        ]

    def write_manifests(self) -> None:
        """Only after what would be written was found to be right."""
        _ = check_files(self._session.root, self._config, self._edited_files(), today=self._today).desired
        for path, text in self._edit.texts.items():
            replace_file(self._session.root / path, text)
            self._session.notify(f"{path} is edited")
        self._files = self._edited_files()
        self._edit = replace(self._edit, texts={}, patch="")

    def follow(self) -> Offboarding:
        """How far it is."""
        departure, worlds = self._look()
        return follow_departure(departure, worlds, settings=self._config.guards, today=self._today)

    def issue(self, *, lock_timeout: timedelta) -> None:
        """Ask people for what no plan can do."""
        departure, worlds = self._look()
        if departure.leaves is None:
            raise ReconcilerError(f"the manifests do not say that {self._report.key} leaves")
        desk = ChoreDesk(
            worlds=worlds,
            upkeep=make_upkeep(self._session, self._store, lock_timeout=lock_timeout),
            leaver=self._report.key,
            leaves=departure.leaves,
            at=self._now,
        )
        for order in desk.issue(Chores.of(departure.keys, departure.holdings, worlds)):
            self._session.notify(f"work order {order.id}: {order.actor or order.actor_role} is asked to act")

    def _look(self) -> tuple[Departure, Worlds]:
        """All three worlds on the day on which the person leaves, or today when that has passed."""
        workspace = check_files(self._session.root, self._config, self._edited_files(), today=self._today)
        desired = workspace.desired
        leaves = leaving_day(self._report, desired, self._on or self._today)
        day = max(self._today, leaves or self._today)
        request = PlanRequest(
            desired=desired,
            settings=self._config.guards,
            today=day,
            moment=self._now if day == self._today else datetime.combine(day, time(), UTC),
        )
        worlds = read_worlds(
            request, provider_for=self._wiring.provider_for, store=self._store, on_notice=self._session.notify
        )
        departure = Departure(report=self._report, leaves=leaves, edited=self._edit.texts, patch=self._edit.patch)
        return departure, worlds
