"""What people are asked to do, word for word: given a step of a plan, the text of every order.

A case in `tests/cases/work_orders` says which system and organization it is about, who the people are, what the last
roster showed, and the step. `operation` names what no plan asks for by itself;
`chore` what is left to do when the `leaver` leaves.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.cli.options import RENDERERS
from reconciler.model import (
    Action,
    Address,
    Change,
    Organization,
    Place,
    Resource,
    Roster,
    RotationTask,
    Scope,
    Status,
    Waiting,
    WorkOrder,
    fingerprint_of,
)
from reconciler.output.document import PLAIN
from reconciler.systems.catalogue import get_system, list_operations
from reconciler.systems.drafting import draft_chore, draft_operation, draft_orders

FOLDER = Path(__file__).parents[1] / "cases" / "work_orders"
CASES = sorted(FOLDER.glob("*.yaml"))
PLACE = Place(file="access/acme.yaml", line=7, column=3)
NOT_A_VALUE = {"status", "identity"}


def read_case(path: Path) -> dict[str, Any]:
    case: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(case) == {"given", "want"}
    return case


def draft_case(given: dict[str, Any]) -> str:
    """The text of all orders, one below the other."""
    return "\n".join(RENDERERS.work_order["text"](order, PLAIN) for order in orders_of(given))


def orders_of(given: dict[str, Any]) -> tuple[WorkOrder, ...]:
    step, scope = given["step"], _scope(given)
    address = Address.parse(step["address"])
    before, after = (_resource(address, step.get(side)) for side in ("before", "after"))
    if "chore" in step:
        chore, leaver = RotationTask(step["chore"]), step["leaver"]
        why, actor = step["reason"], step["actor"]
        return (draft_chore(chore, address, scope, leaver=leaver, actor=actor, why=why, place=PLACE),)
    action = Action(step["action"])
    if "waits_on" in step:
        waiting = Waiting(
            address=address,
            action=action,
            on=step["waits_on"],
            why=step["reason"],
            before=before,
            after=after,
            place=PLACE,
        )
        return draft_orders(waiting, scope)
    change = Change(
        address=address,
        action=action,
        before=before,
        after=after,
        fingerprint=fingerprint_of(before),
        why=step["reason"],
        place=PLACE,
        actor=step.get("actor", ""),
    )
    operation = given.get("operation")
    return draft_operation(operation, change, scope) if operation else draft_orders(change, scope)


def _scope(given: dict[str, Any]) -> Scope:
    facts = given["organization"]
    organization = Organization(
        key=facts["key"],
        system=get_system(given["system"], given.get("variant", "")),
        name=facts.get("name", ""),
        identity=facts.get("identity", ""),
        place=PLACE,
    )
    people = given.get("people", {})
    details = given.get("details")
    roster = _roster(facts["key"], given.get("roster", {}))
    return Scope(
        organization=organization,
        people={key: tuple(person["identifiers"]) for key, person in people.items()},
        keys={name: key for key, person in people.items() for name in person["identifiers"]},
        names={key: person["name"] for key, person in people.items()},
        assets={(kind, key): name for path, name in given.get("assets", {}).items() for kind, key in [path.split("/")]},
        details={Address.parse(given["step"]["address"]): details} if details else {},
        rosters={"member": roster} if roster else {},
    )


def _roster(organization: str, members: dict[str, str]) -> Roster | None:
    resources = tuple(
        Resource(address=Address(organization, "member", key), attributes={"role": role})
        for key, role in members.items()
    )
    return Roster(kind="member", taken=datetime(2026, 11, 22, tzinfo=UTC), resources=resources) if resources else None


def _resource(address: Address, side: dict[str, Any] | None) -> Resource | None:
    if side is None:
        return None
    values = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in side.items()
        if name not in NOT_A_VALUE
    }
    status = Status(side.get("status", "active"))
    return Resource(address=address, attributes=values, status=status, identity=side.get("identity", ""))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_case(path: Path) -> None:
    case = read_case(path)
    assert draft_case(case["given"]) == case["want"]


def test_every_operation_has_a_case() -> None:
    shown = {order.operation for path in CASES for order in orders_of(read_case(path)["given"])}
    assert shown == set(list_operations())
