"""Which operation carries a change out by hand."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.access import is_downgrade
from reconciler.model.change import Change
from reconciler.model.kinds import KINDS, person_in
from reconciler.model.system import System
from reconciler.systems.loading import load_handbook


def choose(change: Change, system: System) -> str:
    """Key of the operation; empty where no person on this system can carry the change out, or nobody needs to."""
    by_case = load_handbook(system.name).choices.get((change.address.kind, change.action), {"": ""})
    return next(by_case[case] for case in _cases(change, system) if case in by_case)


def _cases(change: Change, system: System) -> Iterator[str]:
    """What is special about a change, the most telling first; always ends with the ordinary case."""
    before, after = change.before, change.after
    had = before.attributes if before else {}
    wanted = after.attributes if after else {}
    if system.variant:
        yield system.variant
    if change.action is KINDS[change.address.kind].create and before is not None and before.status.is_pending:
        yield "answer"
    if before is None:
        yield "missing"
    if change.actor and change.actor == person_in(change.address):
        yield "self"
    if system.is_handed_over(wanted.get("role")) or system.is_handed_over(had.get("role")):
        yield "handover"
    if is_downgrade(system, change.address.kind, before=had, after=wanted):
        yield "lower"
    if after is not None and after.identity.startswith("+"):
        yield "phone"
    yield ""
