"""Given three worlds, this plan and nothing else: one file in tests/cases/plan for each rule of the planner.

A case says what is declared, recorded and live, and what is wanted of the plan. Sections of `want` that are left out
are wanted empty. Besides its own expectation every case has to obey the laws below.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TypeVar

import pytest

from reconciler.apply.planning import divide
from reconciler.engine.planner import EVERY_PERSON, Worlds, find_names, join_plans, make_contexts, plan
from reconciler.model import Action, Address, Approval, Person, Place, Plan, Record, plan_from_json, plan_to_json
from tests.engine.given import Case, read_case
from tests.engine.model import Ground, broken_rules
from tests.engine.told import SECTIONS, describe_ends, describe_plan, describe_risks, in_full, read_approval
from tests.lawbook import Lawbook

_PATHS = sorted((Path(__file__).parents[1] / "cases" / "plan").glob("*.yaml"))

K = TypeVar("K")
V = TypeVar("V")

every_case = pytest.mark.parametrize("path", _PATHS, ids=lambda path: path.stem)
LAWS = Lawbook()


@cache
def _case(path: Path) -> Case:
    return read_case(path)


@cache
def _plan(path: Path) -> Plan:
    return _plan_again(_case(path), _case(path).worlds)


def _plan_again(case: Case, worlds: Worlds) -> Plan:
    return plan(worlds, case.settings, targets=case.targets)


@LAWS.law
def the_plan_is_what_the_case_wants(path: Path) -> None:
    want = _case(path).want
    assert want.keys() <= set(SECTIONS)
    wanted, planned = in_full(want), in_full(describe_plan(_plan(path)))
    if wanted != planned:
        difference = difflib.unified_diff(wanted, planned, "wanted", "planned", lineterm="", n=9)
        pytest.fail("\n".join(difference), pytrace=False)


@LAWS.law
def everything_that_waits_says_since_when_and_what_ends_it(path: Path) -> None:
    case, waiting = _case(path), _plan(path).waiting
    assert all(one.since is not None and one.since <= case.worlds.today and one.ends for one in waiting)
    assert case.ends is None or case.ends == describe_ends(_plan(path))


@LAWS.law
def every_step_says_what_it_risks(path: Path) -> None:
    assert _case(path).risks in (None, describe_risks(_plan(path)))


@LAWS.law
def the_same_worlds_told_in_another_order_give_the_same_plan(path: Path) -> None:
    case = _case(path)
    assert _plan_again(case, _turned_around(case.worlds)) == _plan(path)


@LAWS.law
def a_plan_made_in_parts_is_the_whole_one(path: Path) -> None:
    case, worlds = _case(path), _case(path).worlds
    batches = list(divide(worlds.desired, worlds.desired.organizations.keys() & worlds.live.keys(), size=1))
    made = [replace(worlds, live={key: worlds.live[key] for key in keys}) for keys in batches]
    assert len(made) == 1 or join_plans([_plan_again(case, part) for part in made]) == _plan(path)


@LAWS.law
def a_plan_survives_being_written_down(path: Path) -> None:
    planned = _plan(path)
    assert plan_from_json(plan_to_json(planned)) == planned


@LAWS.law
def every_prefix_of_the_plan_is_safe_to_stop_after(path: Path) -> None:
    case = _case(path)
    for part in _plan(path).organizations:
        organization = case.worlds.desired.organizations[part.organization]
        ground = Ground(
            system=organization.system,
            live=case.worlds.live[part.organization],
            wanted=case.worlds.desired.resources.get(part.organization, {}),
            min_admins=case.settings.min_admins,
            today=case.worlds.today,
            recorded=_recorded_under_today_s_names(case, part.organization),
            directory={
                key
                for key, person in case.worlds.desired.people.items()
                if person.ends is None or person.ends > case.worlds.today
            },
        )
        assert broken_rules(part, ground) == []


def _recorded_under_today_s_names(case: Case, organization: str) -> dict[Address, Record]:
    state = case.worlds.recorded.get(organization)
    moved = {move.source: move.target for move in case.worlds.desired.moves}
    records = {} if state is None else state.records
    return {moved.get(address, address): record for address, record in records.items()}


@LAWS.law
def the_approval_that_a_block_asks_for_lifts_it(path: Path) -> None:
    """Given all approvals that a plan offers, no guard that takes one blocks any more."""
    case, planned = _case(path), _plan(path)
    offered = [read_approval(blocked) for blocked in planned.blocked if blocked.approval]
    given = [Approval(approve=Action(c["approve"]), address=Address.parse(c["address"])) for c in offered]
    desired = replace(case.worlds.desired, approvals=(*case.worlds.desired.approvals, *given))
    again = _plan_again(case, replace(case.worlds, desired=desired))
    lifted = {(approval.address, approval.approve) for approval in given}
    assert [b for b in again.blocked if b.approval and (b.change.address, b.change.action) in lifted] == []


@LAWS.law
def every_address_is_told_once(path: Path) -> None:
    for part in _plan(path).organizations:
        told = [change.address for change in part.changes]
        told += [waiting.address for waiting in part.waiting]
        told += [left_out.address for left_out in part.left_out]
        told += [blocked.change.address for blocked in part.blocked]
        assert len(told) == len(set(told))


@LAWS.law
def whoever_goes_by_none_of_its_names_means_nothing_to_an_organization(path: Path) -> None:
    """All others may go, and strangers may come under any identity that is seen anywhere in the case."""
    case, desired = _case(path), _case(path).worlds.desired
    for context in make_contexts(case.worlds, case.settings):
        names = {name.casefold() for name in find_names(context, desired)}
        if EVERY_PERSON in names:
            continue
        people = {key: one for key, one in desired.people.items() if _names_of(one) & names}
        for number, identity in enumerate(sorted(_seen_in(case.worlds))):
            identities = dict.fromkeys(("email", context.organization.system.name), identity)
            new = Person(key=f"stranger-{number}", identities=identities, place=Place("people.yaml", 1, 1))
            people |= {} if _names_of(new) & names else {new.key: new}
        before, again = (
            [(part, [one for one in made.findings if one.address.partition("/")[0] in ("", part.organization)])]
            for made in (_plan(path), _plan_again(case, replace(case.worlds, desired=replace(desired, people=people))))
            for part in made.organizations
            if part.organization == context.organization.key
        )
        assert before == again


def _names_of(person: Person) -> set[str]:
    return {name.casefold() for name in (person.key, *person.identities.values())}


def _seen_in(worlds: Worlds) -> set[str]:
    """Every identity that is remembered or shown, but for those of people."""
    found = {one.identity for state in worlds.recorded.values() for one in state.records.values()}
    found |= {one.identity for state in worlds.recorded.values() for one in state.orders.values()}
    found |= {one.identity for live in worlds.live.values() for one in live.resources.values()}
    known = {name.casefold() for person in worlds.desired.people.values() for name in person.identities.values()}
    return {identity for identity in found if identity and identity.casefold() not in known}


@every_case
def test_every_law_holds_for_the_case(path: Path) -> None:
    LAWS.check(path)


def test_every_situation_is_kept_apart_by_organization() -> None:
    """Records, declarations and what is live of one organization never reach another."""
    for path in _PATHS:
        case = _case(path)
        for situation in make_contexts(case.worlds, case.settings):
            addresses = [*situation.wanted, *situation.records, *situation.live.resources]
            assert {address.organization for address in addresses} <= {situation.organization.key}


def _turned_around(worlds: Worlds) -> Worlds:
    desired = worlds.desired
    resources = {key: _reversed(found) for key, found in _reversed(desired.resources).items()}
    states = _reversed(worlds.recorded).items()
    lives = _reversed(worlds.live).items()
    return replace(
        worlds,
        desired=replace(desired, organizations=_reversed(desired.organizations), resources=resources),
        recorded={key: replace(state, records=_reversed(state.records)) for key, state in states},
        live={key: replace(found, resources=_reversed(found.resources)) for key, found in lives},
    )


def _reversed(mapping: Mapping[K, V]) -> dict[K, V]:
    return dict(reversed(list(mapping.items())))
