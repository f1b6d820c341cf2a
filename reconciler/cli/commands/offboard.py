"""`reconciler offboard`."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import click

from reconciler.cli.departures import LeaveTaking, read_departure, show_saved_plan
from reconciler.cli.durations import lock_timeout_option
from reconciler.cli.exit_codes import code_of_offboarding
from reconciler.cli.options import DateType
from reconciler.cli.progress import show_progress
from reconciler.cli.session import Session
from reconciler.cli.showing import document_option, show_result
from reconciler.core.errors import UsageError


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
    from reconciler.subjects.catalogue import RENDERERS

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
