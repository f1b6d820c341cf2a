"""Whatever people do and whatever goes wrong: nobody is locked out, and in the end the world is what was declared.

A state machine edits manifests, lets people accept, decline, ignore, leave and change things by hand, lets time pass,
makes calls fail or answers get lost, and stops the process after any change. Around every single call the world is
examined by code that shares nothing with the planner (`neighbourhood`). At the end of every run people settle, the
manifests stop changing, and plan and apply must reach an empty plan within `ROUNDS` rounds, with the world equal to
the manifests.

`test_mutants.py` takes away what this watches over, one safeguard at a time, and it fails. That admins are counted
again in the middle of an apply, and that something moves between two of its calls, are too rare here:
`test_who_acts.py` and `test_together.py` of `tests/apply` show them. Whom nobody declared is no admin to count on:
`test_who_counts.py` shows that.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from reconciler.apply.apply import Run, apply_plan
from reconciler.apply.journal import LeaseTerms
from reconciler.apply.planning import PlanRequest, make_plan
from reconciler.model import Action, Applied, Change, Failed, GuardSettings, Outcome, Plan, Status
from reconciler.providers.sandbox.provider import SandboxProvider
from reconciler.sandbox import people
from reconciler.sandbox.world import Refusal
from reconciler.stores.local_file import LocalFileStore
from reconciler.stores.rules import SystemTimer
from tests.laws.neighbourhood import (
    AD_ACCOUNTS,
    ADMIN,
    ADMINISTERS,
    CROWD,
    FIRST,
    FOUNDERS,
    HANDLE,
    LIMIT,
    OTHER,
    PEOPLE,
    SYSTEMS,
    Wishes,
    active,
    admins,
    app_owner,
    fresh,
    grants,
    link_status,
    make_world,
    seats,
)
from tests.laws.observed_provider import Broken, Mischief, ObservedProvider, Stopped
from tests.tiers import scaled

ROUNDS = 8
"""Plans that a settled world may need: invite; accept and grant; replace an admin; remove the old one; each may be
delayed once by an approval that somebody has to give first."""
FLOOR = 2
MEDDLING = ("accept", "decline", "leave", "hand", "desert")

organizations = st.sampled_from(sorted(SYSTEMS))
persons = st.sampled_from(PEOPLE)
calls = st.frozensets(st.integers(0, 6), max_size=2)


class Access(RuleBasedStateMachine):
    """People, manifests and the tool, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.world = make_world()
        self.wishes = Wishes()
        self.folder = Path(tempfile.mkdtemp(prefix="laws-"))
        self.store = LocalFileStore(self.folder)
        self.trouble = False
        self.mischief = Mischief()
        self.floor: dict[str, int] = {}
        self.relied_on: dict[str, set[str]] = {key: set() for key in SYSTEMS}
        """Who was an admin by the manifests when an apply had ended, and is one still."""
        self.ever_declared: dict[str, set[str]] = {key: _admins_in(FIRST[key]) for key in SYSTEMS}
        self.planned: tuple[Change, ...] = ()

    @initialize(mode=st.sampled_from(["authoritative", "additive"]), is_first=st.booleans())
    def begin(self, mode: str, is_first: bool) -> None:  # hypothesis passes by name
        """Where the tool has been at work before, it knows whom it may rely on."""
        self.wishes.mode = mode
        if not is_first:
            self._reconcile()

    # What reviewers merge ------------------------------------------------------------------------------------------

    @rule(
        choices=st.fixed_dictionaries({key: st.dictionaries(persons, st.integers(0, 3), max_size=5) for key in SYSTEMS})
    )
    def declare(self, choices: dict[str, dict[str, int]]) -> None:
        for key, chosen in choices.items():
            for person, choice in chosen.items():
                self._declare(key, person, choice)

    def _declare(self, key: str, person: str, choice: int) -> None:
        members = self.wishes.members[key]
        roles = (ADMIN[key], *OTHER[key])
        if members.get(person) == "owner":
            return
        if key == "bc" and choice != 0 and _admins_in(members) == {person}:
            return  # manifests that say everything of a Business Center name an admin
        if choice < len(roles):
            members[person] = roles[choice]
        elif len(members) > 1:
            members.pop(person, None)
            self._drop_grants(key, person)

    @rule(key=organizations, data=st.data())
    def hand_the_admin_role_on(self, key: str, data: st.DataObject) -> None:
        """One admin becomes something else and somebody else becomes admin, in the same review."""
        members = self.wishes.members[key]
        old = sorted(person for person, role in members.items() if role == ADMIN[key])
        new = sorted(person for person, role in members.items() if role in OTHER[key])
        if old and new:
            chosen, successor = data.draw(st.sampled_from(old)), data.draw(st.sampled_from(new))
            members[chosen], members[successor] = OTHER[key][0], ADMIN[key]

    @rule(key=organizations, newcomer=persons, data=st.data())
    def replace_an_admin(self, key: str, newcomer: str, data: st.DataObject) -> None:
        """By somebody who is not there yet, and may never accept."""
        members = self.wishes.members[key]
        old = sorted(person for person, role in members.items() if role == ADMIN[key])
        if old and newcomer not in members:
            chosen = data.draw(st.sampled_from(old))
            members[newcomer] = members.pop(chosen)
            self._drop_grants(key, chosen)

    @rule(asset=st.sampled_from(AD_ACCOUNTS), person=persons, role=st.sampled_from(["operator", "analyst", None]))
    def declare_grant(self, asset: str, person: str, role: str | None) -> None:
        if role is None or person not in self.wishes.members["bc"]:
            self.wishes.grants.pop((asset, person), None)
        else:
            self.wishes.grants[asset, person] = role

    @rule(person=persons)
    def declare_use_of_pixel(self, person: str) -> None:
        if person in self.wishes.members["bc"]:
            self.wishes.grants["web", person] = ""

    @rule(person=st.sampled_from(PEOPLE[1:]))
    def depart(self, person: str) -> None:
        self.wishes.gone.add(person)

    @rule(app=st.booleans(), link=st.booleans())
    def declare_assets(self, app: bool, link: bool) -> None:  # hypothesis passes by name
        self.wishes.app, self.wishes.link = app, link

    @rule()
    def approval_to_everything_blocked(self) -> None:
        self._approval(self._plan())

    def _approval(self, plan: Plan) -> None:
        lines = [f"  {blocked.approval}" for blocked in plan.blocked if blocked.approval]
        self.wishes.approvals += [fresh(line, len(self.wishes.approvals)) for line in lines]

    def _drop_grants(self, key: str, person: str) -> None:
        if key == "bc":
            for asset in (*AD_ACCOUNTS, "web"):
                self.wishes.grants.pop((asset, person), None)

    # What people do ------------------------------------------------------------------------------------------------

    @rule(data=st.data(), agree=st.sampled_from([True, True, False]))
    def answer(self, data: st.DataObject, agree: bool) -> None:  # hypothesis passes by name
        """Some of those who were asked something answer; the others go on ignoring it."""
        asked = people.inbox(self.world)
        for message in data.draw(st.lists(st.sampled_from(asked), max_size=6)) if asked else []:
            with suppress(Refusal):
                people.answer(self.world, message, agree=agree)

    @rule(agree=st.booleans())
    def answer_all(self, agree: bool) -> None:  # hypothesis passes by name
        people.answer_all(self.world, [], agree=agree)

    @rule(key=organizations, data=st.data(), what=st.sampled_from(["leave", "give_up"]))
    def act(self, key: str, data: st.DataObject, what: str) -> None:
        self._act(key, data.draw(st.sampled_from(sorted(active(self.world, key)))), what)

    def _act(self, key: str, person: str, what: str) -> None:
        acts = {
            "accept": people.accept,
            "decline": people.decline,
            "leave": people.leave,
            "give_up": people.give_up_admin,
        }
        with suppress(Refusal):
            acts[what](self.world, person, key)

    @rule(key=organizations, person=persons, choice=st.integers(0, 2))
    def change_by_hand(self, key: str, person: str, choice: int) -> None:
        somebody = min(admins(self.world, key) - {person}, default=None)
        if somebody is None:
            return
        with suppress(Refusal):
            match choice:
                case 0:
                    people.remove_by_hand(self.world, somebody, person, key)
                case 1:
                    people.set_role_by_hand(self.world, somebody, person, key, OTHER[key][0])
                case _:
                    people.promote_by_hand(self.world, somebody, person, key)

    @rule()
    def owner_revokes_the_link(self) -> None:
        with suppress(Refusal):
            people.revoke(self.world, HANDLE, "bc")

    @rule(hours=st.sampled_from([1, 30, 24 * 9, 24 * 40]))
    def let_time_pass(self, hours: int) -> None:
        self.world.advance(timedelta(hours=hours))

    # What the tool does --------------------------------------------------------------------------------------------

    @rule(
        fail=calls,
        lose_answer=calls,
        lose_request=calls,
        stop=st.none() | st.integers(0, 6),
        meddler=st.none() | st.tuples(st.integers(0, 4), st.sampled_from(MEDDLING)),
    )
    def reconcile(
        self,
        fail: frozenset[int],
        lose_answer: frozenset[int],
        lose_request: frozenset[int],
        stop: int | None,
        meddler: tuple[int, str] | None,
    ) -> None:
        def between(call: int) -> None:
            """After this call, all that the plan still wants to touch is touched by somebody else first."""
            if meddler and meddler[0] == call:
                for change in self.planned[call + 1 :]:
                    self._meddle(change, meddler[1])

        self.trouble = meddler is not None
        self.mischief = Mischief(
            fail=fail,
            lose_answer=lose_answer,
            lose_request=lose_request,
            stop_before=stop,
            between=between if meddler else None,
        )
        with suppress(Stopped):
            self._reconcile()

    @rule()
    def reconcile_in_peace(self) -> None:
        self.mischief, self.trouble = Mischief(), False
        self._reconcile()

    def _meddle(self, change: Change, what: str) -> None:
        if change.address.kind != "member":
            return
        key, person = change.address.organization, change.address.key
        if what == "desert":
            for other in sorted(admins(self.world, key) - {person, change.actor}):
                self._act(key, other, "leave")
        elif what == "hand":
            somebody = min(admins(self.world, key) - {person}, default=person)
            with suppress(Refusal):
                people.promote_by_hand(self.world, somebody, person, key)
        else:
            self._act(key, person, what)

    def _request(self, *, retry: bool = False) -> PlanRequest:
        return PlanRequest(
            desired=self.wishes.desired(),
            settings=GuardSettings(min_admins=FLOOR, removal_ratio_from=6),
            today=self.world.now().date(),
            retry=retry,
        )

    def _plan(self, *, retry: bool = False) -> Plan:
        return make_plan(
            self._request(retry=retry), provider_for=lambda _: SandboxProvider(self.world), store=self.store
        )

    def _reconcile(self, *, retry: bool = False) -> Plan:
        plan = self._plan(retry=retry)
        for part in plan.organizations:
            self._order_is_right(part.changes)
        self.planned = plan.changes
        provider = ObservedProvider(
            SandboxProvider(self.world), self.mischief, before=self._before_call, after=self._after_call
        )
        for key in SYSTEMS:
            self.ever_declared[key] |= _admins_in(self.wishes.members[key])
            self.floor[key] = max(1, min(FLOOR, len(self.relied_on[key] & admins(self.world, key))))
        try:
            report = apply_plan(
                plan, self._request(retry=retry), provider_for=lambda _: provider, store=self.store, run=self._run()
            )
            for key in SYSTEMS:
                declared = _admins_in(self.wishes.wanted_members(key))
                self.relied_on[key] = admins(self.world, key) & (declared | self.relied_on[key])
            if self.mischief.is_none:
                assert len(report.of(Applied)) == len(plan.changes), "a plan that nothing disturbed was not carried out"
        except Broken as broken:
            raise AssertionError(str(broken)) from broken
        finally:
            assert len(provider.calls) <= len(plan.changes)
            planned = [_without_actor(change) for change in plan.changes]
            assert all(_without_actor(call) in planned for call in provider.calls), "apply called what nobody planned"
        return plan

    def _run(self) -> Run:
        return Run(clock=self.world, terms=LeaseTerms(timer=SystemTimer()))

    # What must never happen ----------------------------------------------------------------------------------------

    def _before_call(self, change: Change) -> None:
        key, person = change.address.organization, change.address.key
        self.admins_before = admins(self.world, key)
        may = {app_owner(self.world)} if change.action is Action.TRANSFER_APP else self.admins_before
        assert self.trouble or change.actor in may, f"{change.actor} is not one who could {change.action}"
        if change.address.kind != "member":
            return
        status, role = seats(self.world, key).get(person, ("absent", ""))
        seen = change.before
        assert (status, role) == ((seen.status, seen.attributes["role"]) if seen else ("absent", "")), "it moved"
        if change.action is Action.INVITE:
            assert status != "invited", f"{person} already has an invitation"
            assert status != "active", f"{person} is already in"
            assert status != "declined" or change.approval, f"{person} declined and is invited again"
        if change.action is Action.REINVITE:
            assert role != self.wishes.members[key][person], f"{person} is invited again as {role}"
        if change.action in {Action.REMOVE, Action.CANCEL_INVITATION}:
            assert person not in self.wishes.wanted_members(key), f"{person} is declared and taken out"
        if change.action is Action.REMOVE and key == "dev" and self.wishes.app:
            assert app_owner(self.world) != person, f"{person} is removed and still owns the app"

    def _after_call(self, change: Change, outcome: Outcome) -> None:
        key = change.address.organization
        now = admins(self.world, key)
        lost = self.admins_before - now
        if lost:
            declared = _admins_in(self.wishes.wanted_members(key))
            assert now & declared, (
                f"{change.action} {change.address} leaves {sorted(now)}, and none of them is declared"
            )
            stay = now & (declared | self.ever_declared[key]) - self.wishes.gone
            needed = 1 if change.approval else self.floor[key]
            assert not lost & self.relied_on[key] or len(stay) >= needed, (
                f"{change.action} {change.address} leaves {sorted(stay)} to rely on"
            )
        if not self.trouble:
            assert not isinstance(outcome, Failed), f"the platform refused {change.action} {change.address}: {outcome}"

    @invariant()
    def every_organization_has_an_admin(self) -> None:
        for key in SYSTEMS:
            assert admins(self.world, key), f"{key} has nobody left who could manage it"

    def _order_is_right(self, changes: Sequence[Change]) -> None:
        """Who has left loses access first, and admins are made before others stop being one."""
        losses = [n for n, change in enumerate(changes) if change.after is None]
        departed = [n for n in losses if set(changes[n].address.parts) & self.wishes.gone]
        others = set(losses) - set(departed)
        assert not departed or not others or max(departed) < min(others), "somebody who left keeps access for longer"
        made = [n for n, change in enumerate(changes) if not _was_admin(change) and _becomes_admin(change)]
        unmade = [n for n, change in enumerate(changes) if _was_admin(change) and not _becomes_admin(change)]
        unmade = [n for n in unmade if n not in departed]
        assert not made or not unmade or max(made) < min(unmade), "an admin goes before another is made"

    # What must happen in the end -----------------------------------------------------------------------------------

    def teardown(self) -> None:
        try:
            self._settle()
        finally:
            self.world.close()
            shutil.rmtree(self.folder)

    def _settle(self) -> None:
        self.mischief, self.trouble = Mischief(), False
        self._reconcile(retry=True)
        for key in SYSTEMS:
            self.wishes.gone -= set(FOUNDERS)
            self.wishes.members[key].update({person: FIRST[key][person] for person in FOUNDERS})
        while len(self.wishes.members["dev"]) > LIMIT:
            self.wishes.members["dev"].pop(
                max(self.wishes.members["dev"], key=lambda person: (person in PEOPLE, person))
            )
        for _ in range(ROUNDS):
            plan = self._reconcile(retry=True)
            if plan.is_settled:
                break
            self._everybody_does_as_asked(plan)
        final = self._plan()
        assert final.is_settled, [*final.changes, *final.waiting, *final.blocked]
        self._world_is_what_was_declared()

    def _everybody_does_as_asked(self, plan: Plan) -> None:
        self._approval(plan)
        people.answer_all(self.world, [], agree=True)
        for waiting in plan.waiting:
            if waiting.action is Action.GIVE_UP_ADMIN and waiting.on in (*PEOPLE, *CROWD):
                self._act(waiting.address.organization, waiting.on, "give_up")
        if any(waiting.on == "time" for waiting in plan.waiting):
            self.world.advance(timedelta(days=8))

    def _world_is_what_was_declared(self) -> None:
        strict = self.wishes.mode == "authoritative"
        for key in SYSTEMS:
            wanted, found = self.wishes.wanted_members(key), active(self.world, key)
            assert (found if strict else {p: r for p, r in found.items() if p in wanted}) == wanted, key
            assert not self.wishes.gone & found.keys() - wanted.keys() or not strict
        wanted_grants, found_grants = self.wishes.wanted_grants(), grants(self.world)
        if self.wishes.app:
            assert app_owner(self.world) == "dev"
        if self.wishes.link:
            assert link_status(self.world) == "active, 1 uses"
        elif strict:
            assert not link_status(self.world).startswith("active")
        assert found_grants == wanted_grants if strict else wanted_grants.items() <= found_grants.items()


def _admins_in(members: Mapping[str, str]) -> set[str]:
    return {person for person, role in members.items() if role in ADMINISTERS}


def _was_admin(change: Change) -> bool:
    return change.before is not None and change.before.attributes.get("role") in ADMINISTERS


def _without_actor(change: Change) -> Change:
    """Another admin may carry out what the planned one cannot any more; only these two are about who does it."""
    is_about_actor = change.action in {Action.CREATE_ORGANIZATION, Action.TRANSFER_APP}
    return change if is_about_actor else replace(change, actor="")


def _becomes_admin(change: Change) -> bool:
    """At once, which an invitation does not do."""
    after = change.after
    return after is not None and after.status is Status.ACTIVE and after.attributes.get("role") in ADMINISTERS


TestAccess = Access.TestCase
TestAccess.settings = settings(
    max_examples=scaled(200),
    stateful_step_count=12,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestAccess.runTest = pytest.mark.timeout(900 + 50 * scaled(200))(  # type: ignore[method-assign]  # a marker, no change
    TestAccess.runTest
)
