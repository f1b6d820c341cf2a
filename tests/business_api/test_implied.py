"""Access that a role gives without a grant, where the interface lists it among the direct access of a member.

Admins of the Business Center may have some, and members of asset groups. What stays after a grant was taken away is the
role's, and is left alone for as long as the role is there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from reconciler.apply.apply import Run, apply_plan
from reconciler.apply.journal import LeaseTerms
from reconciler.apply.planning import PlanRequest, make_plan
from reconciler.apply.states import load_state
from reconciler.engine.holdings import AccessMatrix
from reconciler.features.planning.report import document_of_report
from reconciler.features.queries.access import access, who
from reconciler.features.queries.directory import Sources
from reconciler.features.queries.documents import describe_recorded, describe_status
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Action, Applied, Failed, GuardSettings, InDoubt, Plan, Report, State
from reconciler.sandbox.api.emulator import Emulator
from reconciler.sandbox.api.faults import Fault
from reconciler.sandbox.api.transport import BusinessApiTransport
from reconciler.sandbox.assets import add_asset_to_group, create_group, set_group_role
from reconciler.sandbox.members import change_role
from reconciler.sandbox.people import grant_by_hand
from reconciler.sandbox.registry import get_organization, get_person
from reconciler.stores.local_file import LocalFileStore
from reconciler.stores.rules import SystemTimer
from tests.business_api.stage import Stage, staged
from tests.sandbox.stage import EU, US

TODAY = date(2026, 11, 22)
ACCESS = "ad_account_access"
ADMIN = "the role admin in the Business Center (admin)"
GROUP = "asset group of-bo"
UNASSIGN = "POST bc/asset/unassign/"


def put_into_a_group(stage: Stage, person: str = "bo", role: str = "operator") -> None:
    bc, ana = get_organization(stage.world, "bc"), get_person(stage.world, "ana")
    create_group(bc, actor=ana, name=f"of-{person}")
    add_asset_to_group(bc, actor=ana, name=f"of-{person}", ad_account=US)
    address = f"{person}@acme.example"
    set_group_role(bc, actor=ana, name=f"of-{person}", address=address, role=role)


def give(stage: Stage, person: str, role: str) -> None:
    grant_by_hand(stage.world, admin="ana", person=person, organization="bc", kind="ad_account", asset=US, roles=role)


def set_role(stage: Stage, person: str, role: str) -> None:
    bc = get_organization(stage.world, "bc")
    change_role(bc, actor=get_person(stage.world, "ana"), address=f"{person}@acme.example", role=role)


def granted(stage: Stage) -> dict[str, str]:
    """Who was given access to the ad account, whatever any list shows."""
    rows = stage.world.rows(
        "SELECT membership.identity, asset_grant.roles FROM asset_grant"
        " JOIN membership ON membership.id = asset_grant.membership"
        " JOIN holding ON holding.id = asset_grant.holding JOIN asset ON asset.id = holding.asset"
        " WHERE asset.identity = :us",
        {"us": US},
    )
    return {row["identity"].split("@")[0]: row["roles"] for row in rows}


@pytest.mark.parametrize(
    ("options", "person", "role"),
    [
        ({"group_access_listed": True}, "bo", GROUP),
        ({"admin_access": "by_asset"}, "ana", ADMIN),
        ({"admin_access": "everywhere", "group_access_listed": True}, "ana", ADMIN),
    ],
)
def test_what_is_listed_says_which_role_may_give_it(options: dict[str, Any], person: str, role: str) -> None:
    with staged(**options) as stage:
        put_into_a_group(stage)
        found = stage.live(ACCESS, f"us/{person}")
    assert found is not None
    assert found.implied_by == role


def test_more_than_a_group_gives_is_not_explained_by_it() -> None:
    with staged(group_access_listed=True) as stage:
        put_into_a_group(stage)
        give(stage, "bo", "admin")
        found = stage.live(ACCESS, "us/bo")
    assert found is not None
    assert (found.attributes, found.implied_by) == ({"role": "admin"}, "")


@pytest.mark.parametrize("missing", ["ok", "40002", "40007"])
@pytest.mark.parametrize("is_given", [True, False])
@pytest.mark.parametrize(
    ("options", "person", "role"),
    [({"group_access_listed": True}, "bo", GROUP), ({"admin_access": "by_asset"}, "ana", ADMIN)],
)
def test_what_stays_after_it_was_taken_away_is_done_and_names_the_role(
    options: dict[str, Any], person: str, role: str, missing: str, *, is_given: bool
) -> None:
    with staged(**options, unassign_missing=missing) as stage:
        put_into_a_group(stage)
        if is_given:
            give(stage, person, "analyst")
        done = stage.do(Action.REVOKE, ACCESS, f"us/{person}")
        assert granted(stage) == {}
    assert isinstance(done, Applied)
    assert done.live is not None
    assert done.live.implied_by == role


@pytest.mark.parametrize("code", [40001, 40002])
def test_a_refusal_that_does_not_say_that_there_is_nothing_is_a_failure(code: int) -> None:
    with staged(admin_access="everywhere") as stage:
        give(stage, "ana", "operator")
        stage.emulator.faults.add(Fault(kind="code", code=code, path="bc/asset/unassign/"))
        assert isinstance(stage.do(Action.REVOKE, ACCESS, "us/ana"), Failed)
        assert granted(stage) == {"ana": "operator"}


def test_only_the_first_of_a_role_is_waited_for() -> None:
    with staged(admin_access="everywhere", tier="unlimited") as stage:
        changes = [stage.change(Action.REVOKE, ACCESS, f"{account}/ana") for account in ("us", "eu")]
        waited = []
        for change in changes:
            stage.ticker.slept.clear()
            assert isinstance(stage.provider.apply(stage.scope, change), Applied)
            waited.append(sum(stage.ticker.slept))
    assert [round(seconds) for seconds in waited] == [15, 0]


def test_what_was_not_answered_is_not_taken_for_taken_away() -> None:
    with staged(admin_access="everywhere") as stage:
        give(stage, "ana", "operator")
        first, second = [stage.change(Action.REVOKE, ACCESS, f"{account}/ana") for account in ("eu", "us")]
        assert isinstance(stage.provider.apply(stage.scope, first), Applied)
        stage.emulator.faults.add(Fault(kind="code", code=50002, path="bc/asset/unassign/"))
        assert isinstance(stage.provider.apply(stage.scope, second), InDoubt)
        assert granted(stage) == {"ana": "operator"}


@pytest.mark.parametrize("action", [Action.GRANT, Action.CHANGE_GRANT])
def test_less_than_a_role_gives_is_given_behind_it(action: Action) -> None:
    with staged(admin_access="everywhere") as stage:
        done = stage.do(action, ACCESS, "us/ana", role="analyst")
        assert granted(stage) == {"ana": "analyst"}
    assert isinstance(done, Applied)
    assert done.live is not None
    assert (done.live.attributes, done.live.implied_by) == ({"role": "admin"}, ADMIN)


@pytest.mark.parametrize("reassigned", ["replaces", "ignored"])
def test_more_than_a_group_gives_is_given_and_shown(reassigned: str) -> None:
    with staged(group_access_listed=True, reassign_role=reassigned) as stage:
        put_into_a_group(stage)
        give(stage, "bo", "analyst")
        done = stage.do(Action.CHANGE_GRANT, ACCESS, "us/bo", role="admin")
        assert granted(stage) == {"bo": "admin"}
    assert isinstance(done, Applied)
    assert done.live is not None
    assert done.live.attributes == {"role": "admin"}


class Deaf(httpx2.BaseTransport):
    """An interface that says yes to taking access away, and does not do it."""

    def __init__(self, emulator: Emulator, sleep: Callable[[float], None]) -> None:
        self._inner = BusinessApiTransport(emulator, sleep=sleep)
        self.is_deaf = True

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if self.is_deaf and request.url.path.endswith("bc/asset/unassign/"):
            return httpx2.Response(200, json={"code": 0, "message": "OK", "request_id": "r", "data": {}})
        return self._inner.handle_request(request)


@dataclass(slots=True, kw_only=True)
class Scene:
    """A Business Center that is planned and applied by manifests, day by day."""

    stage: Stage
    store: LocalFileStore
    access: Mapping[str, Any] = field(default_factory=dict)
    members: Mapping[str, Any] = field(default_factory=lambda: {"ana": "admin", "bo": "standard"})
    groups: Mapping[str, Any] = field(default_factory=dict)
    day: date = TODAY

    def files(self) -> list[SourceFile]:
        center = {
            "system": "business_center",
            "id": "6900000000000000001",
            "mode": "authoritative",
            "manages": ["member", "ad_account", "asset_group"],
            "members": dict(self.members),
            "ad_accounts": {"us": {"id": US, "access": dict(self.access)}, "eu": {"id": EU}},
            "asset_groups": dict(self.groups),
        }
        people = {key: {"email": f"{key}@acme.example"} for key in ("ana", "bo")}
        document = {"version": 1, "people": people, "organizations": {"acme-bc": center}}
        return [SourceFile("access.yaml", json.dumps(document).encode())]

    def request(self) -> PlanRequest:
        desired = load_manifests(self.files(), today=self.day).desired
        assert desired is not None
        settings = GuardSettings(removal_ratio_from=100, min_admins=1)
        return PlanRequest(desired=desired, settings=settings, today=self.day)

    def plan(self) -> Plan:
        return make_plan(self.request(), provider_for=lambda _: self.stage.provider, store=self.store)

    def apply(self) -> dict[str, str]:
        """Address -> what is told of it."""
        plan = self.plan()
        run = Run(clock=self.stage.world, terms=LeaseTerms(timer=SystemTimer()))
        report = apply_plan(plan, self.request(), provider_for=lambda _: self.stage.provider, store=self.store, run=run)
        told: dict[str, str] = {
            str(change.address).removeprefix("acme-bc/"): outcome.kind for change, outcome in report.results
        }
        assert ("gives what is still listed" in str(document_of_report(plan, report))) is self.is_told(report)
        return told

    @staticmethod
    def is_told(report: Report) -> bool:
        return any(isinstance(one, Applied) and one.live and one.live.implied_by for _, one in report.results)

    def state(self) -> State:
        return load_state(self.store, "acme-bc").state

    def who(self, person: str) -> dict[str, tuple[str, str]]:
        """Thing -> what is recorded, and how that stands."""
        report = who(person, Sources(files=self.files(), store=self.store, today=self.day))
        found = (one for part in report.organizations for one in part.holdings if one.address.kind == ACCESS)
        return {one.address.parts[0]: (describe_recorded(one), describe_status(one)) for one in found}

    def reaches(self, text: str) -> AccessMatrix:
        return access(text, Sources(files=self.files(), store=self.store, today=self.day))

    def pass_a_day(self) -> None:
        self.stage.world.advance(timedelta(days=1))
        self.day += timedelta(days=1)


@contextmanager
def scene(tmp_path: Path, **options: Any) -> Iterator[Scene]:
    with staged(**options) as stage:
        yield Scene(stage=stage, store=LocalFileStore(tmp_path))


def is_settled(plan: Plan) -> bool:
    return all(part.is_settled and not part.drift for part in plan.organizations)


def test_an_admin_is_left_alone_for_as_long_as_they_are_one(tmp_path: Path) -> None:
    with scene(tmp_path, admin_access="by_asset") as of:
        give(of.stage, "ana", "operator")
        assert of.apply() == {f"{ACCESS}/us/ana": "applied", f"{ACCESS}/eu/ana": "applied"}
        assert granted(of.stage) == {}
        assert is_settled(of.plan())
        assert of.who("ana") == dict.fromkeys(("us", "eu"), (f"admin by {ADMIN}", "given by a role"))
        [ana] = [reach for reach in of.reaches("acme-bc/ad_account/us").reaches if reach.subject.key == "ana"]
        assert (ana.effective, ana.intended, ana.can_take) == ({"role": "admin"}, None, False)
        assert of.state().removals == {}
        assert of.apply() == {}
        assert of.stage.count(UNASSIGN) == 2


def test_what_is_still_listed_without_the_role_is_taken_away(tmp_path: Path) -> None:
    with scene(tmp_path, admin_access="by_asset") as of:
        set_role(of.stage, "bo", "admin")
        of.members = {"ana": "admin", "bo": "admin"}
        of.apply()
        assert f"{ACCESS}/us/bo" in {str(at).removeprefix("acme-bc/") for at in of.state().records}
        give(of.stage, "bo", "admin")
        assert is_settled(of.plan()), "nobody can see the grant behind the role"
        set_role(of.stage, "bo", "standard")
        of.members = {"ana": "admin", "bo": "standard"}
        [drift] = [found for part in of.plan().organizations for found in part.drift if found.address.kind == ACCESS]
        assert str(drift.address) == f"acme-bc/{ACCESS}/us/bo"
        assert of.apply() == {f"{ACCESS}/us/bo": "applied"}
        assert granted(of.stage) == {}
        assert is_settled(of.plan())
        assert of.who("bo") == {}


def test_what_a_group_gives_is_left_alone_until_the_group_goes(tmp_path: Path) -> None:
    with scene(tmp_path, group_access_listed=True) as of:
        put_into_a_group(of.stage)
        of.groups = {"of-bo": {"ad_accounts": ["us"], "access": {"bo": "operator"}}}
        assert of.apply() == {f"{ACCESS}/us/bo": "applied"}
        assert is_settled(of.plan())
        of.groups = {"of-bo": {"ad_accounts": ["us"], "access": {"bo": "admin"}}}
        assert of.apply() == {"asset_group_access/of-bo/bo": "applied"}
        assert is_settled(of.plan()), "a higher role in the group is the group's as well"
        of.groups = {}
        assert list(of.apply()) == ["asset_group_access/of-bo/bo", "asset_group_asset/of-bo/us", "asset_group/of-bo"]
        assert is_settled(of.plan())
        of.apply()
        assert of.who("bo") == {}


def test_less_than_a_group_gives_is_given_and_taken_behind_it(tmp_path: Path) -> None:
    with scene(tmp_path, group_access_listed=True) as of:
        put_into_a_group(of.stage)
        of.groups = {"of-bo": {"ad_accounts": ["us"], "access": {"bo": "operator"}}}
        of.access = {"bo": "analyst"}
        assert of.apply() == {f"{ACCESS}/us/bo": "applied"}
        assert (granted(of.stage), of.who("bo")) == (
            {"bo": "analyst"},
            {"us": (f"analyst, behind operator by {GROUP}", "as declared")},
        )
        assert is_settled(of.plan())
        of.access = {}
        assert of.apply() == {f"{ACCESS}/us/bo": "applied"}
        assert granted(of.stage) == {}
        assert is_settled(of.plan())
        of.access = {"bo": "analyst"}
        assert of.apply() == {f"{ACCESS}/us/bo": "applied"}
        assert granted(of.stage) == {"bo": "analyst"}
        assert is_settled(of.plan())


def test_what_stays_and_no_role_explains_is_a_failure_and_is_deferred(tmp_path: Path) -> None:
    with scene(tmp_path) as of:
        give(of.stage, "bo", "operator")
        of.stage.client._http._transport = Deaf(of.stage.emulator, of.stage.ticker.sleep)  # noqa: SLF001  # under the client
        assert of.apply() == {f"{ACCESS}/us/bo": "failed"}
        [deferred] = of.state().deferred.values()
        assert "the platform accepted it, and the access is still listed" in deferred.reason
        assert [item.cause for part in of.plan().organizations for item in part.left_out] == ["deferred"]
        of.pass_a_day()
        assert of.apply() == {f"{ACCESS}/us/bo": "failed"}


def test_what_only_shows_late_is_not_deferred_for_ever(tmp_path: Path) -> None:
    with scene(tmp_path, write_visibility_delay=40.0) as of:
        give(of.stage, "bo", "operator")
        of.stage.world.advance(timedelta(minutes=1))
        assert of.apply() == {f"{ACCESS}/us/bo": "failed"}
        of.stage.world.advance(timedelta(minutes=1))
        assert is_settled(of.plan())
        of.apply()
        assert of.state().deferred == {}
