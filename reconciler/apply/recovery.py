"""Finding out what became of a call whose answer never came, by looking; never by sending it again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from reconciler.apply.journal import LoadedState
from reconciler.apply.state_builder import StateBuilder
from reconciler.engine.identities import Renamed
from reconciler.model.change import Change
from reconciler.model.kinds import Action
from reconciler.model.live import Live, Part, Unknown
from reconciler.model.outcome import Applied, Failed, InDoubt, Outcome
from reconciler.model.resource import Resource, fingerprint_of
from reconciler.model.state import State
from reconciler.model.system import System

_IN_TWO_STEPS = frozenset({Action.REINVITE, Action.REMOVE_AND_INVITE, Action.CHANGE_GRANT, Action.CHANGE_SHARE})
"""Take away and give anew, at least where a system cannot do it in place: cut off in between, what is gone is gone
through us. What a partner may do is lowered in no other way."""

_NO_EFFECT = "no answer came; looked at again, it had no effect"
_SOMETHING_ELSE = "no answer came; looked at again, it is neither as it was nor as it should become"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A state whose doubts are cleared up as far as the system could be read."""

    state: State
    """With the serial it had before: nothing has been written yet."""
    findings: tuple[tuple[Change, Outcome], ...] = ()
    """What became of each change that was in doubt."""


def settle(state: State, live: Live, *, system: System, today: date) -> Settled:
    """Clear up everything that an earlier run began and never heard of again."""
    if not state.in_doubt:
        return Settled(state=state)
    builder = StateBuilder(state, system=system, today=today)
    findings = [(change, _settle_one(change, live, builder)) for change in state.in_doubt.values()]
    return Settled(state=replace(builder.state(), serial=state.serial), findings=tuple(findings))


def settle_renamed(recorded: State, renamed: Renamed, live: Live, *, system: System, today: date) -> Settled:
    """Like `settle`, under the names of today; what was begun in another organization stays in doubt here."""
    if not renamed.another:
        return settle(renamed.state, live, system=system, today=today)
    unknown: dict[str, str] = {Part.everything(recorded.organization): f"{renamed.another} was not looked at"}
    return settle(recorded, Live(organization=recorded.organization, unknown=unknown), system=system, today=today)


def _settle_one(change: Change, live: Live, builder: StateBuilder) -> Outcome:
    found = live.find(change.address)
    if isinstance(found, Unknown):
        return InDoubt(reason=f"no answer came, and it could not be read since: {found.reason}")
    outcome = judge(change, found) or Failed(reason=_SOMETHING_ELSE)
    if isinstance(outcome, Failed):
        # Nobody refused it, so nobody is to be kept from trying again today; it is planned anew from what is there.
        builder.forget(change)
    else:
        builder.take(change, outcome)
    return outcome


def judge(change: Change, found: Resource | None) -> Applied | Failed | None:
    """What became of a change, from what the system shows now; None when it is neither done nor as it was."""
    if fingerprint_of(found) == change.fingerprint:
        return Failed(reason=_NO_EFFECT)
    if _has_taken_effect(change, found):
        return Applied(live=found)
    if found is None and change.action in _IN_TWO_STEPS:
        return Applied(live=None)
    was_absent = change.before is None or change.before.status.is_gone
    if found is not None and not found.status.is_gone and was_absent:
        # It went on from there: an invitation that was accepted meanwhile, for instance.
        return Applied(live=found)
    return None


def _has_taken_effect(change: Change, found: Resource | None) -> bool:
    if change.after is None:
        return found is None or found.status.is_gone
    return (
        found is not None
        and found.status is change.after.status
        and (found.shows(change.after.attributes) or found.pending == change.after.attributes)
    )


def left_behind(loaded: LoadedState, settled: Settled, *, is_running: bool = False) -> list[str]:
    """What to say to the user of a run that did not come to its end, or has not yet, or got no answer."""
    told = []
    if loaded.is_torn and not is_running:
        organization = loaded.state.organization
        told += [
            f"{organization}: the last journal record was cut off by a crash; it never took effect and is left out"
        ]
    for change, outcome in settled.findings:
        who = "an earlier run got no answer to"
        if change.address in loaded.unanswered:
            who = "another run is at" if is_running else "an earlier run was cut off during"
        what = f"{change.address}: {who} {change.action.value.replace('_', ' ')}"
        match outcome:
            case Applied():
                told += [f"{what}; it took effect"]
            case Failed():
                told += [f"{what}; it had no effect, and is planned anew"]
            case _:
                told += [f"{what}; whether it took effect cannot be told yet, so it is left alone"]
    return told
