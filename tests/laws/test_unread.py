"""Unread is never fine: whatever parts of a world cannot be read, no report gets cleaner and nothing is forgotten.

Worlds are those of every case of the planner and of the audits, with some of their drift known from an earlier audit;
parts are whole organizations, kinds, or what hangs on one thing. What is compared is what a reader gets: exit codes,
summaries, remarks, lists. Which addresses are hidden is judged by their text alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import assume, given, note, settings

from reconciler.apply.planning import PlanRequest
from reconciler.cli.commands.apply import code_of_apply
from reconciler.cli.commands.drift import code_of_drift
from reconciler.cli.planning import code_of_plan
from reconciler.engine.context import EVERYTHING
from reconciler.engine.drift import record_drift
from reconciler.engine.orders import withdrawn
from reconciler.engine.planner import Worlds, make_contexts, plan
from reconciler.features.drift import drift as drifting
from reconciler.features.drift.document import annotations_of_drift, summary_of_drift
from reconciler.features.planning.document import summary_of_plan
from reconciler.features.planning.report import annotations_of_plan
from reconciler.model import (
    Action,
    Address,
    DriftReport,
    DriftStatus,
    KnownDrift,
    Live,
    Record,
    Report,
    State,
    remember_drift,
)
from tests.engine.given import Case, read_case
from tests.tiers import scaled

CASES = Path(__file__).parents[1] / "cases"
PATHS = sorted([*(CASES / "plan").glob("*.yaml"), *(CASES / "drift").glob("*.yaml")])
CLAIMS = ("Access matches", "No changes", "Everything is as recorded", "No drift.")


@cache
def _case(path: Path) -> Case:
    case = read_case(path)
    return replace(case, targets=EVERYTHING)


class Look:
    """Everything that is told of one look at a world."""

    def __init__(self, case: Case, worlds: Worlds) -> None:
        self.case, self.worlds = case, worlds
        self.plan = plan(worlds, case.settings)
        self.drift = _audit(case, worlds)


def _audit(case: Case, worlds: Worlds) -> DriftReport:
    request = PlanRequest(desired=worlds.desired, settings=case.settings, today=worlds.today)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(drifting, "read_worlds", lambda *_args, **_more: worlds)
        return drifting.survey(request, provider_for=lambda _: object(), store=None)  # type: ignore[arg-type, return-value]  # nothing is read


def parts_of(worlds: Worlds) -> list[str]:
    """Every part that could be unreadable, of things that are live, declared or recorded."""
    known = {
        address
        for key in worlds.live
        for address in (
            *worlds.live[key].resources,
            *worlds.desired.resources.get(key, {}),
            *(worlds.recorded[key].records if key in worlds.recorded else ()),
        )
    }
    parts = {f"{address.organization}/" for address in known}
    parts |= {f"{address.organization}/{address.kind}/" for address in known if address.kind != "organization"}
    parts |= {f"{one.organization}/{one.kind}/{one.parts[0]}/" for one in known if len(one.parts) > 1}
    return sorted(parts)


def is_hidden(address: Address, parts: Iterable[str]) -> bool:
    return any(str(address).startswith(part) for part in parts)


def hide(live: Live, parts: Iterable[str]) -> Live:
    own = [part for part in parts if part.startswith(f"{live.organization}/")]
    resources = {address: found for address, found in live.resources.items() if not is_hidden(address, own)}
    return replace(live, resources=resources, unknown={**live.unknown, **dict.fromkeys(own, "it was made unreadable")})


def begins_anew(key: str, worlds: Worlds) -> bool:
    """Whether somebody has agreed to forget the whole past of an organization: only then may what was known go."""
    return any(
        approval.approve is Action.FORGET and approval.address == Address(key, "organization", key)
        for approval in worlds.desired.approvals
    )


def with_known(worlds: Worlds, known: dict[Address, KnownDrift]) -> Worlds:
    recorded = {}
    for key in worlds.live:
        state = worlds.recorded.get(key) or State(organization=key)
        recorded[key] = replace(state, drift={a: one for a, one in known.items() if a.organization == key})
    return replace(worlds, recorded={**worlds.recorded, **recorded})


@st.composite
def looks(draw: st.DrawFn) -> tuple[Look, Look, list[str]]:
    path = draw(st.sampled_from(PATHS))
    case = _case(path)
    found = Look(case, case.worlds)
    known = remember_drift(found.drift.items)
    chosen = draw(st.sets(st.sampled_from(sorted(known)))) if known else set()
    accepted = draw(st.sets(st.sampled_from(sorted(known)))) if known else set()
    worlds = with_known(
        case.worlds,
        {a: replace(known[a], reason="OPS-1") if a in accepted else known[a] for a in chosen},
    )
    there = parts_of(worlds)
    assume(there)  # a case may be about manifests alone
    parts = draw(st.lists(st.sampled_from(there), min_size=1, max_size=4, unique=True))
    note(f"{path.stem}: {parts}")
    blind = replace(worlds, live={key: hide(live, parts) for key, live in worlds.live.items()})
    return Look(case, worlds), Look(case, blind), parts


@settings(max_examples=scaled(300), deadline=None)
@given(looks())
def test_no_report_is_cleaner_and_no_exit_code_lower(both: tuple[Look, Look, list[str]]) -> None:
    seen, blind, parts = both
    codes = [code_of_drift(blind.drift, detailed=detailed) for detailed in (False, True)]
    codes += [code_of_apply(blind.plan, Report())]
    is_blocked = bool(blind.plan.blocked) and not blind.plan.unread  # another organization under this key: exit code 3
    codes += [] if is_blocked else [code_of_plan(blind.plan, detailed=detailed) for detailed in (False, True)]
    assert set(codes) == {1} or is_blocked
    assert not blind.drift.is_clean
    for said in (summary_of_drift(blind.drift), *([] if is_blocked else [summary_of_plan(blind.plan)])):
        assert said.startswith("Unread: ")
        assert not any(claim in said for claim in CLAIMS)
    assert "unread" in {remark.id for remark in annotations_of_drift(blind.drift).remarks}
    assert is_blocked or "unread" in {remark.id for remark in annotations_of_plan(blind.plan).remarks}
    before = {item.found.address for item in seen.drift.items if not is_hidden(item.found.address, parts)}
    assert before <= {item.found.address for item in blind.drift.items}


@settings(max_examples=scaled(300), deadline=None)
@given(looks())
def test_nothing_known_is_forgotten_and_nothing_is_done_where_nobody_could_look(
    both: tuple[Look, Look, list[str]],
) -> None:
    seen, blind, parts = both
    told = {item.found.address: item for item in blind.drift.items}
    for key, state in seen.worlds.recorded.items():
        is_asked = key in seen.worlds.live and not begins_anew(key, seen.worlds)
        for address, known in state.drift.items() if is_asked else ():
            if is_hidden(address, parts):
                assert told[address].status in (DriftStatus.KNOWN, DriftStatus.ACCEPTED, DriftStatus.OVERDUE)
                assert address not in {one.address for part in blind.drift.organizations for one in part.resolved}
                assert remember_drift(blind.drift.items)[address] == known
    for change in blind.plan.changes:
        assert not is_hidden(change.address, parts)
    for situation, part in zip(make_contexts(blind.worlds, blind.case.settings), blind.plan.organizations, strict=True):
        hidden = [address for address in situation.state.records if is_hidden(address, parts)]
        assert [_seen(situation.records[a]) for a in hidden] == [_seen(situation.state.records[a]) for a in hidden]
        noted = record_drift(situation)
        assert all(noted[a] == known for a, known in situation.state.drift.items() if is_hidden(a, parts))
        if any(one.startswith(f"{situation.organization.key}/") for one in parts):
            assert withdrawn(situation, part, EVERYTHING) == []


def _seen(record: Record) -> tuple[object, ...]:
    """What a record says of the system, and not of the manifests."""
    return record.address, record.attributes, record.status, record.identity, record.protect
