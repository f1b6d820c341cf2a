"""A saved plan only chooses: however its file is edited, nothing leaves that the plan of now does not hold like this.

Every example begins in the same world with the same plan, whose file is then edited at random: values are exchanged for
others that stand in it or could, things are dropped, doubled or moved. What leaves is watched at the provider and
compared with the plan that was made before anybody touched the file; who is in afterwards is read from the sandbox's
own tables. What the audit log says of it is compared too, because an edited reason or person would mislead its readers.

`test_mutants.py` takes away what this watches over, one safeguard at a time, and it fails.
"""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, event, given, settings

from reconciler.apply.apply import Run, apply_plan
from reconciler.apply.journal import LeaseTerms
from reconciler.apply.planning import PlanRequest, make_plan
from reconciler.audit.log import AuditLog
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import (
    AuditEntry,
    Change,
    Desired,
    GuardSettings,
    Plan,
    ReconcilerError,
    Status,
    plan_from_json,
    plan_to_json,
)
from reconciler.providers.sandbox.provider import SandboxProvider
from reconciler.providers.work_orders import WorkOrdersProvider
from reconciler.sandbox.seed import load_seed
from reconciler.sandbox.world import World
from reconciler.stores.local_file import LocalFileStore
from reconciler.stores.rules import SystemTimer
from tests.features.work_orders.office import START, Office
from tests.laws.neighbourhood import seats
from tests.laws.observed_provider import Mischief, ObservedProvider
from tests.tiers import scaled

PEOPLE = ("ana", "bo", "mara", "cy", "dee", "gil", "hal", "ivy")
FIRST = {"ana": "admin", "bo": "admin", "mara": "{role: admin, protect: true}"}
FIRST |= dict.fromkeys(("cy", "dee", "gil", "hal"), "standard")
THEN = {
    **{key: role for key, role in FIRST.items() if key != "gil"},
    "hal": "admin",
    "bo": "standard",
    "ivy": "standard",
}
SPECIAL: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    7,
    "",
    "admin",
    "standard",
    "left",
    "active",
    "invited",
    "declined",
    "2099-01-01",
)
SPECIAL += ("absent", "remove", "invite", "change_role", "cancel_invitation", "bc/member/mara", "mara@acme.example")
SPECIAL += ("mara", "evil@rival.example", "bc/member/evil@rival.example", "OPS-1 (command line)", "ends 2026-01-01")


def desired(members: dict[str, str]) -> Desired:
    people = "".join(f"  {key}: {{email: {key}@acme.example}}\n" for key in PEOPLE)
    text = f"version: 1\npeople:\n{people}organizations:\n  bc:\n    system: business_center\n"
    text += '    id: "6900000000000000001"\n    members:\n'
    text += "".join(f"      {key}: {role}\n" for key, role in members.items())
    loaded = load_manifests([SourceFile("access.yaml", text.encode())])
    assert loaded.desired is not None, loaded.findings
    return loaded.desired


@dataclass
class Center:
    """A Business Center, what is declared of it and what is remembered."""

    world: World
    folder: Path
    members: dict[str, str] = field(default_factory=lambda: dict(FIRST))
    applied: str = ""
    """Digest of the last plan."""

    @property
    def store(self) -> LocalFileStore:
        return LocalFileStore(self.folder)

    def request(self) -> PlanRequest:
        guards = GuardSettings(required_admins=("mara",), max_removal_ratio=1)
        return PlanRequest(desired=desired(self.members), settings=guards, today=self.world.now().date())

    def plan(self) -> Plan:
        return make_plan(self.request(), provider_for=lambda _: SandboxProvider(self.world), store=self.store)

    def apply(self, plan: Plan) -> list[Change]:
        """What left."""
        self.applied = hashlib.sha256(plan_to_json(plan).encode()).hexdigest()
        provider = ObservedProvider(
            SandboxProvider(self.world), Mischief(), before=lambda _: None, after=lambda _, __: None
        )
        run = Run(clock=self.world, terms=LeaseTerms(timer=SystemTimer()))
        try:
            apply_plan(plan, self.request(), provider_for=lambda _: provider, store=self.store, run=run)
        except ReconcilerError as error:
            event(f"refused: {error.message[:40]}")
        return provider.calls


@pytest.fixture(scope="module")
def center(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Center]:
    with World.in_memory(clock=lambda: START) as world:
        people = {key: {"email": f"{key}@acme.example"} for key in PEOPLE}
        members = {key: "admin" if "admin" in role else "standard" for key, role in FIRST.items()}
        bc = {"system": "business_center", "id": "6900000000000000001", "members": members}
        load_seed(world, {"version": 1, "people": people, "organizations": {"bc": bc}})
        made = Center(world=world, folder=tmp_path_factory.mktemp("center"))
        made.apply(made.plan())
        made.members = dict(THEN)
        yield made


# How a file may be edited -------------------------------------------------------------------------------------------


def paths_in(value: Any, prefix: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document, containers included."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        yield (*prefix, key)
        yield from paths_in(item, (*prefix, key))


def at(document: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        document = document[key]
    return document


_WEIGHTLESS = {"file", "line", "column", "unread", "platform_id"}
"""What stands in every change and decides nothing; edited seldom."""


@st.composite
def edits(draw: st.DrawFn, original: Any) -> Any:
    """A document after some edits; most of them are about the changes and requests, which are what matters."""
    document = copy.deepcopy(original)
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
        places = list(paths_in(document))
        inner = [path for path in places if ("changes" in path or "waiting" in path) and path[-1] not in _WEIGHTLESS]
        path = draw(st.sampled_from(inner or places) | st.sampled_from(places))
        holder = at(document, path[:-1])
        alike = [at(document, other) for other in places if other[-1] == path[-1] and other != path]
        now = holder[path[-1]]
        special = [value for value in SPECIAL if value != now and (isinstance(value, type(now)) or now is None)]
        match draw(st.sampled_from(["alike", "alike", "special", "special", "special", "drop", "double"])):
            case "alike" if alike:
                holder[path[-1]] = copy.deepcopy(draw(st.sampled_from(alike)))
            case "drop":
                del holder[path[-1]]
            case "double" if isinstance(holder, list):
                holder.insert(draw(st.integers(0, len(holder))), copy.deepcopy(holder[path[-1]]))
            case _ if special:
                holder[path[-1]] = draw(st.sampled_from(special))
    return document


def read(document: Any) -> Plan | None:
    try:
        return plan_from_json(json.dumps(document))
    except ReconcilerError:
        event("no plan any more")
        return None


# What has to hold ---------------------------------------------------------------------------------------------------


@pytest.mark.timeout(900 + 20 * scaled(150))
@settings(
    deadline=None,
    max_examples=scaled(150),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_an_edited_plan_does_a_part_of_what_is_planned_or_nothing(
    center: Center, tmp_path: Path, data: st.DataObject
) -> None:
    planned = center.plan()
    assert [str(change.address) for change in planned.changes if change.after is None] == ["bc/member/gil"]
    edited = read(data.draw(edits(json.loads(plan_to_json(planned)))))
    if edited is None:
        return
    shutil.rmtree(tmp_path)
    shutil.copytree(center.folder, tmp_path)
    with center.world.copy() as world:
        here = Center(world=world, folder=tmp_path, members=center.members)
        before = seats(world, "bc")
        left = here.apply(edited)
        event(f"{len(left)} of {len(planned.changes)} changes left")
        assert [change for change in planned.changes if change in left] == left, "not as planned, or not in that order"
        read_there = [_as_read(change) for change in edited.changes]
        assert [change for change in left if _as_read(change) not in read_there] == [], "the file says something else"
        touched = {change.address.key for change in left}
        after = seats(world, "bc")
        assert {key for key in before | after if before.get(key) != after.get(key)} <= touched
        _log_tells_what_was_planned(here, planned)


def _as_read(change: Change) -> tuple[object, ...]:
    """What a reviewer of the file agrees to."""
    before = change.before and (change.before.attributes, change.before.status, change.before.identity)
    return change.address, change.action, before, change.after, change.why, change.cost, change.irreversible


def _log_tells_what_was_planned(here: Center, planned: Plan) -> None:
    true = {(str(change.address), change.action.value): change for change in planned.changes}
    for entry in _last_entries(here):
        if entry.outcome == "refused":
            continue
        change = true[entry.address, entry.action]
        assert (entry.cause, entry.actor, entry.person) == (change.why, change.actor, change.address.key)
        role = change.before.attributes["role"] if change.before else ""
        assert f"role={role}" in entry.before if role else not entry.before


def _last_entries(here: Center) -> list[AuditEntry]:
    """What the apply of the edited plan has written; the first record is about bringing the place about."""
    records = [one for one in AuditLog(here.store).records() if one.origin.plan == here.applied]
    return [entry for record in records for entry in record.entries]


# The same for what people are asked ---------------------------------------------------------------------------------

Asked = tuple[str, str, str, str, dict[str, Any]]


def asked_by(office: Office) -> list[Asked]:
    return [
        (str(order.address), str(order.action), order.actor, order.title, dict(order.wanted)) for order in office.orders
    ]


@pytest.fixture(scope="module")
def office_at(tmp_path_factory: pytest.TempPathFactory) -> tuple[Office, Path]:
    members, folder = {"ana": "admin", "bo": "admin", "cy": "admin", "dee": "member"}, tmp_path_factory.mktemp("office")
    made = Office(store=LocalFileStore(folder), system="developers", members=dict(members))
    made.truth = {key: (role, Status.ACTIVE) for key, role in members.items()}
    made.observe()
    made.apply()
    made.members |= {"bo": "member", "eve": "member"}
    made.members.pop("dee")
    return made, folder


def carry_out(office_at: tuple[Office, Path], plan: Plan, folder: Path) -> Office:
    """What comes of a plan in a copy of the place."""
    office, place = office_at
    shutil.rmtree(folder)
    shutil.copytree(place, folder)
    here = Office(
        store=LocalFileStore(folder), system="developers", members=office.members, truth=office.truth, time=office.time
    )
    run = Run(clock=here, terms=here.terms)
    try:
        apply_plan(plan, here.request(), provider_for=lambda _: WorkOrdersProvider(), store=here.store, run=run)
    except ReconcilerError as error:
        event(f"refused: {error.message[:40]}")
    return here


@pytest.mark.timeout(900 + 20 * scaled(150))
@settings(
    deadline=None,
    max_examples=scaled(150),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_an_edited_plan_asks_people_for_a_part_of_what_is_planned_or_nothing(
    office_at: tuple[Office, Path], tmp_path: Path, data: st.DataObject
) -> None:
    planned = office_at[0].plan()
    assert [(one.address.key, str(one.action)) for one in planned.asks] == [("bo", "give_up_admin")]
    wanted = asked_by(carry_out(office_at, planned, tmp_path))
    edited = read(data.draw(edits(json.loads(plan_to_json(planned)))))
    if edited is not None:
        asked = asked_by(carry_out(office_at, edited, tmp_path))
        event(f"{len(asked)} of {len(wanted)} orders")
        assert all(one in wanted for one in asked), "somebody is asked for what no plan asks for"
        seen = {(str(one.address), str(one.action)) for one in edited.changes}
        seen |= {(str(one.address), str(one.action)) for one in edited.asks}
        assert {(address, action) for address, action, *_ in asked} <= seen
