"""What the JSON renderers write fits the published schemas, and holds nothing that they do not name."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from reconciler.cli.options import RENDERERS
from reconciler.cli.schemas import json_schema
from reconciler.engine.holdings import (
    AccessMatrix,
    AccessReason,
    Holding,
    OrganizationHoldings,
    PersonReport,
    Reach,
    WhyReport,
)
from reconciler.features.certification.model import (
    Campaign,
    CampaignProgress,
    ReviewClosing,
    ReviewDecision,
    ReviewerBy,
    ReviewOutcome,
    ReviewResult,
    SheetMark,
    SheetProgress,
)
from reconciler.features.doctor import Health, HealthCheck
from reconciler.features.estimate import Allowance, Effort, Forecast, OrganizationForecast
from reconciler.features.granting import AccessProposal, GrantedAccess
from reconciler.features.offboarding.document import Blocker, LeaverItem, Matter, Offboarding, Progress, Surface
from reconciler.features.onboarding import Given, Onboarding, Spared, Welcome
from reconciler.features.queries.expiring import Expiry, ExpirySort
from reconciler.features.review.model import (
    AccessChange,
    DangerousStep,
    Effect,
    PersonChange,
    Rename,
    Review,
    SettingChange,
    Side,
    ThingChange,
    ValueChange,
)
from reconciler.features.work_orders.model import Notice, Notices, WorkList, Worksheet
from reconciler.manifests.conformance import check_conformance
from reconciler.manifests.source import SourceFile
from reconciler.model import (
    Access,
    AccessHistory,
    AccessPath,
    Action,
    ActivityEntry,
    Address,
    Applied,
    Approval,
    AuditEntry,
    AuditRecord,
    Change,
    Declared,
    Drift,
    DriftItem,
    DriftReport,
    DriftSort,
    DriftStatus,
    Failed,
    FailureReason,
    Finding,
    InDoubt,
    Inspection,
    KnownDrift,
    LoggedEntry,
    Mark,
    Mode,
    Observation,
    OrderStatus,
    OrganizationDrift,
    OrganizationPlan,
    Parameter,
    PastState,
    Person,
    Place,
    Plan,
    Record,
    Refused,
    Report,
    Resource,
    Result,
    Risk,
    Roster,
    RosterDifference,
    StandingRule,
    State,
    Unread,
    Waiting,
    Waits,
    WorkOrder,
    log_entry,
)
from reconciler.output.document import Style
from reconciler.systems.catalogue import system_table

EVE = Address("acme-bc", "member", "eve")
DAY = date(2026, 11, 22)
PLACE = Place("a.yaml", 2, 3)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PLAIN = Style()


def strict(schema: Any) -> Any:
    """The same schema without room for properties that it does not name.

    What is published leaves that room, because a new minor version adds some.
    """
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: strict(value) for key, value in schema.items()}
    return {**inner, "additionalProperties": False} if isinstance(schema.get("properties"), dict) else inner


def findings() -> str:
    finding = Finding(id="x-y", message="m", place=PLACE, related=(PLACE,), address=str(EVE))
    return RENDERERS.findings["json"](Inspection(findings=[finding, Finding(id="z", message="m")], files=2), PLAIN)


def report() -> str:
    change = Change(address=EVE, action=Action.REMOVE, before=None, after=None, fingerprint="f", why="w")
    part = OrganizationPlan(
        organization="acme-bc", system="business_center", mode=Mode.ADDITIVE, lineage="", serial=0, changes=(change,)
    )
    outcomes = (Applied(), Waits(on="bo", why="w"), Failed(reason="r"), Refused(reason="r"), InDoubt(reason="r"))
    results = tuple(Result(change, outcome) for outcome in outcomes)
    return RENDERERS.report["json"](Plan(today=DAY, organizations=(part,)), Report(results=results), PLAIN)


def logged() -> list[LoggedEntry]:
    entry = AuditEntry(
        time=datetime(2026, 11, 22, tzinfo=UTC), serial=1, address=str(EVE), action="remove", cause="c", outcome="waits"
    )
    return [log_entry(entry, AuditRecord(organization="bc", lineage="l", entries=(entry,)), number=1)]


def audit_log() -> str:
    return RENDERERS.audit_log["json"](logged(), PLAIN)


def history() -> str:
    past = PastState(version="1", at=datetime(2026, 11, 22, tzinfo=UTC), serial=1, lineage="l", records=2)
    return RENDERERS.history["json"]([past], PLAIN)


HOLDING = Holding(
    address=EVE,
    declared=Declared(address=EVE, attributes={"permissions": ("live", "post")}, place=PLACE, starts=DAY, expires=DAY),
    recorded=Record(address=EVE, attributes={"role": "standard"}, since=DAY),
    reaches=("us",),
)


def who() -> str:
    person = Person(key="eve", identities={"email": "eve@acme.example"}, starts=DAY, ends=DAY, place=PLACE)
    part = OrganizationHoldings(organization="acme-bc", holdings=(HOLDING, Holding(address=EVE)))
    return RENDERERS.who["json"](PersonReport(key="eve", person=person, today=DAY, organizations=(part,)), PLAIN)


def access() -> str:
    reaches = (Reach(on=EVE, subject=EVE, ways=(HOLDING,), effective={"role": "x"}), Reach(on=EVE, subject=EVE))
    return RENDERERS.access["json"](
        AccessMatrix(address=EVE, today=DAY, reaches=reaches, connections=(HOLDING,)), PLAIN
    )


LEAST_ORDER: dict[str, Any] = {
    "operation": "o.x",
    "address": EVE,
    "action": Action.LINK,
    "wanted": {"permissions": ("live", "post")},
    "system": "business_center",
    "actor_role": "somebody",
    "title": "t",
    "steps": ("s",),
    "reason": "r",
}


def why() -> str:
    told = AccessHistory.of(EVE, tuple(logged()))
    drifted = KnownDrift(address=EVE, sort=DriftSort.CHANGED, live="x", first_seen=DAY)
    reason = AccessReason(holding=Holding(address=EVE, drift=drifted), history=told)
    reach = Reach(on=Address.whole("acme-bc"), subject=EVE, ways=(reason.holding,))
    report = WhyReport(key="eve", today=DAY, reach=reach, paths=(reason,), requires=(reason,), past=(told,))
    return RENDERERS.why["json"](report, PLAIN)


def work_orders() -> str:
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    least = WorkOrder(**LEAST_ORDER)
    most = replace(
        least,
        preconditions=("p",),
        place=PLACE,
        issued=moment,
        lasts=timedelta(hours=24),
        expires=moment,
        closed=moment,
        status=OrderStatus.FAILED,
        failure=FailureReason.SPAM,
    )
    return RENDERERS.work_orders["json"](WorkList(orders=(least, most)), PLAIN)


def drift() -> str:
    live = Resource(address=EVE, attributes={"permissions": ("live", "post"), "role": "x"}, identity="eve@acme.example")
    found = Drift(
        address=EVE,
        sort=DriftSort.CHANGED,
        severity=Risk.HIGH,
        expected=live,
        live=live,
        why="w",
        place=PLACE,
    )
    known = KnownDrift(
        address=EVE, sort=DriftSort.CHANGED, live="l", first_seen=DAY, reason="r", accepted_by="a", until=DAY
    )
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    items = (
        DriftItem(
            found=found,
            status=DriftStatus.ACCEPTED,
            first_seen=DAY,
            age=1,
            known=known,
            deeds=(ActivityEntry(at=moment, who="w", what="x"),),
        ),
        DriftItem(
            found=replace(found, expected=None, live=None, place=None), status=DriftStatus.NEW, first_seen=DAY, age=0
        ),
    )
    part = OrganizationDrift(
        organization="acme-bc",
        system="business_center",
        mode="additive",
        items=items,
        resolved=(known,),
        unread=(Unread(organization="acme-bc", prefix="acme-bc/app/", reason="r", last_read=DAY),),
        doubts=(Waiting(address=EVE, action=Action.INVITE, on="o", why="r", since=DAY, ends="e"),),
        observed_at=moment,
    )
    empty = OrganizationDrift(organization="acme-dev", system="developers", mode="additive")
    return RENDERERS.drift["json"](DriftReport(today=DAY, organizations=(part, empty)), PLAIN)


def estimate() -> str:
    part = OrganizationForecast(
        organization="acme-bc", system="business_center", is_limited=True, is_recorded=False, changes=3
    )
    effort = Effort(calls=3, seconds=1)
    allowance = Allowance(limit="8 calls a second", organizations=("acme-bc",), plan=effort, apply=effort)
    return RENDERERS.estimate["json"](Forecast(organizations=(part,), allowances=(allowance,)), PLAIN)


def policies() -> str:
    parameters: dict[str, Parameter] = {"n": 1, "b": True, "w": "x", "l": ("x",), "m": {"x": ("y",)}}
    rule = StandingRule(id="a-b", severity="off", asks="a", because="b", parameters=parameters)
    return RENDERERS.policies["json"]([rule], PLAIN)


def review() -> str:
    way = AccessPath(address=EVE, attributes={"role": "admin"}, starts=DAY, ends=DAY, place=PLACE)
    access = Access(attributes={"permissions": ("live", "post")}, ways=(way,), identity="eve@acme.example")
    values = (ValueChange(name="mode", before="", after="read_only"),)
    approval = Approval(approve=Action.REMOVE, address=EVE, expires=DAY, place=PLACE)
    finding = Finding(id="x-y", message="m", place=PLACE, related=(PLACE,))
    steps = [
        DangerousStep(action=Action.REMOVE, address=EVE, why="w", irreversible=True, approval=given, place=PLACE)
        for given in (approval, None)
    ]
    made = Review(
        today=DAY,
        base=Side(name="main", commit="c0ffee", problems=(finding,)),
        head=Side(name="working tree"),
        access=(
            AccessChange(subject=EVE, on=EVE, before=access, after=None, effect=Effect.LOSS, marks=tuple(Mark)),
            AccessChange(subject=EVE, on=EVE, before=None, after=access, effect=Effect.GAIN),
        ),
        things=(ThingChange(address=EVE, before=None, after=PLACE, values=values),),
        people=(PersonChange(key="eve", before=PLACE, after=None, values=values, organizations=("acme-bc",)),),
        settings=(SettingChange(name="max_drift_age", before="30", after="31", place=PLACE),),
        renames=(Rename(before=EVE, after=EVE),),
        steps=tuple(steps),
        approvals_given=(approval,),
        approvals_withdrawn=(approval,),
        findings=(finding,),
        policy_findings=(finding,),
        resolved=(finding,),
        notices=("n",),
    )
    return RENDERERS.review["json"](made, PLAIN)


def observation() -> str:
    member = Resource(address=EVE, attributes={"role": "standard"}, since=DAY, pending={"role": "admin"})
    roster = Roster(kind="member", taken=NOON, resources=(member,), unknown={"acme-bc/member/": "r"})
    made = Observation(
        organization="acme-bc",
        title="t",
        rosters=(roster,),
        findings=(Finding(id="x-y", message="m", place=PLACE, related=(PLACE,)), Finding(id="z", message="m")),
        places={EVE: PLACE},
        previous=NOON,
        differences=(
            RosterDifference(address=EVE, before=None, after=member),
            RosterDifference(address=EVE, before=member, after=None),
            RosterDifference(address=EVE, before=member, after=member),
        ),
    )
    return RENDERERS.observation["json"](made, PLAIN)


def offboarding() -> str:
    item = LeaverItem(
        matter=Matter.ACCESS, address=EVE, what="admin", progress=Progress.OPEN, why="the next apply does it"
    )
    found = Offboarding(
        person="eve",
        name="Eve",
        today=DAY,
        leaves=DAY,
        groups=("media",),
        hurdles=(Blocker(what="w", first="f", address=EVE), Blocker(what="w", first="f")),
        items=(item, replace(item, on="ana", since=DAY, work_order="wo-1", place=PLACE)),
        surfaces=(
            Surface(organization="acme-bc", title="t", progress=Progress.OVER, why="w", seen=DAY),
            Surface(organization="acme-dev", title="t", progress=Progress.UNKNOWN, why="w"),
        ),
        plan=Plan(today=DAY),
        patch="--- a\n",
    )
    return RENDERERS.offboarding["json"](found, PLAIN)


def notices() -> str:
    order = WorkOrder(**LEAST_ORDER)
    dated = replace(order, expires=NOON)
    made = Notices(
        at=NOON, notices=(Notice(person="eve", orders=(order,)), Notice(person="eve", orders=(dated, order)))
    )
    return RENDERERS.notices["json"](made, PLAIN)


def onboarding() -> str:
    welcome = Welcome(
        organization="acme-bc", name="Acme", title="t", role="Standard", identifier="i", hours=24, must_register=True
    )
    made = Onboarding(
        person="eve",
        name="Eve",
        like="bo",
        groups=("media",),
        given=(Given(address=EVE, what="standard", through="group:media"), Given(address=EVE, what="standard")),
        left_out=(Spared(what="admin", why="w"),),
        objections=(Finding(id="admin-share", message="m"),),
        welcomes=(welcome, replace(welcome, hours=None)),
        patch="--- a\n",
    )
    return RENDERERS.onboarding["json"](made, PLAIN)


CAMPAIGN = Campaign(
    name="2026-q4",
    scope=("acme-bc",),
    reviewer_by=ReviewerBy.MANAGER,
    due=DAY,
    undecided=ReviewDecision.REVOKE,
    started=DAY,
    manifests="sha256:0",
    reviewers={"ana": SheetMark(file="ana.yaml", accesses=1, facts="sha256:1")},
    not_declared=("acme-bc/member/bo",),
)
REVOKED = ReviewResult(address=EVE, person="eve", gives="admin", outcome=ReviewOutcome.REVOKED)
CLOSED = ReviewClosing(
    campaign=replace(CAMPAIGN, closed=DAY, evidence="sha256:2"),
    day=DAY,
    results=(
        REVOKED,
        replace(REVOKED, outcome=ReviewOutcome.SHORTENED, until=DAY, reviewer="ana", reason="r", by="bo"),
    ),
    reviewed=("acme-bc",),
    not_reviewed={"acme-dev": "w"},
    before={"a.yaml": "0"},
    after={"a.yaml": "1"},
)


def access_reviews() -> str:
    sheet = SheetProgress(reviewer="ana", file="reviews/2026-q4/ana.yaml", total=2, decided=1, is_late=True)
    made = CampaignProgress(campaign=CAMPAIGN, today=DAY, sheets=(sheet,))
    return RENDERERS.access_reviews["json"]([made, replace(made, closing=CLOSED)], PLAIN)


def access_proposal() -> str:
    made = AccessProposal(
        person="eve",
        target=str(EVE),
        is_grant=True,
        changes=(GrantedAccess(address=EVE, has="admin"),),
        notes=("n",),
        owners=("ana",),
        findings=(Finding(id="x-y", message="m", place=PLACE, related=(PLACE,)),),
        objections=(Finding(id="z", message="m"),),
        patch="--- a\n",
    )
    return RENDERERS.access_proposal["json"](made, PLAIN)


OUTPUTS: dict[str, Callable[[], str]] = {
    "findings": findings,
    "report": report,
    "state-list": lambda: RENDERERS.state_list["json"]([State(organization="acme-bc", serial=3)], PLAIN),
    "systems": lambda: RENDERERS.systems["json"](system_table(date(2026, 11, 28)), PLAIN),
    "history": history,
    "audit-log": audit_log,
    "who": who,
    "access": access,
    "why": why,
    "doctor": lambda: RENDERERS.doctor["json"](
        [HealthCheck(name="n", health=Health.ERROR, found="f", details=("d",), advice="a")], PLAIN
    ),
    "expiring": lambda: RENDERERS.expiring["json"](
        [Expiry(day=DAY, sort=ExpirySort.PERSON, about="eve", what="w", then="t", place=PLACE)], PLAIN
    ),
    "who-all": lambda: RENDERERS.who_all["json"]([PersonReport(key="eve", today=DAY)], PLAIN),
    "access-all": lambda: RENDERERS.access_all["json"]([AccessMatrix(address=EVE, today=DAY)], PLAIN),
    "review": review,
    "policies": policies,
    "drift": drift,
    "estimate": estimate,
    "observation": observation,
    "work-orders": work_orders,
    "offboarding": offboarding,
    "notices": notices,
    "onboarding": onboarding,
    "access-reviews": access_reviews,
    "access-proposal": access_proposal,
    "access-review": lambda: RENDERERS.access_review["json"](CLOSED, PLAIN),
}


def problems(name: str, document: Any) -> list[str]:
    from jsonschema import Draft202012Validator

    return [error.message for error in Draft202012Validator(strict(json_schema(name))).iter_errors(document)]


@pytest.mark.parametrize("name", OUTPUTS)
def test_what_is_written_fits_the_published_schema_exactly(name: str) -> None:
    assert problems(name, json.loads(OUTPUTS[name]())) == []


@pytest.mark.parametrize("name", OUTPUTS)
def test_what_is_written_can_be_checked_by_command(name: str) -> None:
    file = SourceFile(f"{name}.json", OUTPUTS[name]().encode())
    assert check_conformance(file, json_schema(name)) == []


@pytest.mark.parametrize("name", OUTPUTS)
def test_every_property_is_promised(name: str) -> None:
    document = json.loads(OUTPUTS[name]())
    for key in document:
        assert problems(name, {other: value for other, value in document.items() if other != key}) != []
    assert problems(name, {**document, "more": 1}) != []


def classes_of_the_package() -> set[Any]:
    ours = [module for name, module in sys.modules.items() if name.startswith("reconciler.")]
    return {value for module in ours for value in vars(module).values() if isinstance(value, type)}


def test_what_is_hidden_is_a_field_and_what_is_added_a_property() -> None:
    """A field with another name would be shown again, and nobody would see why."""
    with_more = [
        kind for kind in classes_of_the_package() if hasattr(kind, "JSON_PROPERTIES") or hasattr(kind, "JSON_HIDDEN")
    ]
    assert len(with_more) > 10
    for kind in with_more:
        assert set(getattr(kind, "JSON_HIDDEN", ())) <= {field.name for field in fields(kind)}, kind
        for name in getattr(kind, "JSON_PROPERTIES", ()):
            assert isinstance(getattr(kind, name), property), kind
            assert getattr(kind, name).__doc__, kind


def test_every_json_output_has_a_schema() -> None:
    published_elsewhere = {"plan", "state"}
    same_document = {"work-order", "worksheet"}
    names = {name.replace("_", "-") for name in RENDERERS.__slots__ if "json" in getattr(RENDERERS, name)}
    assert names == set(OUTPUTS) | published_elsewhere | same_document


def test_one_work_order_is_written_as_a_list_of_one() -> None:
    order = json.loads(work_orders())["work_orders"][0]
    assert order["lasts"] is None
    document = RENDERERS.work_order["json"](WorkOrder(**LEAST_ORDER), PLAIN)
    assert json.loads(document)["work_orders"] == [order]
    sheet = Worksheet(actor="eve", orders=(WorkOrder(**LEAST_ORDER),))
    assert RENDERERS.worksheet["json"](sheet, PLAIN) == document


@pytest.mark.parametrize("name", OUTPUTS)
def test_half_a_character_is_told_by_its_escape(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "PLACE", Place("a\udc80.yaml", 2, 3))
    monkeypatch.setitem(globals(), "EVE", Address("acme-bc", "member", "eve\ud800"))
    monkeypatch.setitem(LEAST_ORDER, "title", "t\ud800")
    text = OUTPUTS[name]()
    assert text.isascii()
    json.dumps(json.loads(text), ensure_ascii=False).encode()
