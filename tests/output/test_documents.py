"""Documents for programs: stable shape, a format version, ASCII only."""

from __future__ import annotations

import json
from datetime import date

from reconciler.cli.options import RENDERERS
from reconciler.model import (
    Action,
    Address,
    Applied,
    Change,
    Failed,
    Finding,
    Inspection,
    Mode,
    OrganizationPlan,
    Place,
    Plan,
    Report,
    Result,
    Severity,
    State,
    Waits,
    plan_from_json,
    state_from_json,
)
from reconciler.output.document import Style
from reconciler.systems.catalogue import system_table


def remove(person: str) -> Change:
    address = Address("acme-bc", "member", person)
    return Change(
        address=address, action=Action.REMOVE, before=None, after=None, fingerprint="f", why="ends 2026-11-01"
    )


def plan() -> Plan:
    part = OrganizationPlan(
        organization="acme-bc",
        system="business_center",
        mode=Mode.ADDITIVE,
        lineage="",
        serial=0,
        changes=(remove("山\u202e"), remove("bo"), remove("cy"), remove("dee")),
    )
    return Plan(today=date(2026, 11, 22), manifests="m1", organizations=(part,))


def test_every_value_that_is_shown_can_be_had_as_text_and_as_json() -> None:
    for name in RENDERERS.__slots__:
        assert {"text", "json"} <= set(getattr(RENDERERS, name))


def test_findings_carry_summary_and_places() -> None:
    told = Finding(
        id="two-roles",
        severity=Severity.WARNING,
        message="山 has two roles",
        place=Place("a.yaml", 2, 3),
        related=(Place("b.yaml", 4, 5),),
        address="acme-bc/member/eve",
    )
    text = RENDERERS.findings["json"](Inspection(findings=[told, Finding(id="x-y", message="m")], files=2), Style())
    assert text.isascii()
    assert json.loads(text) == {
        "format_version": "1.0",
        "summary": {"error": 1, "warning": 1, "note": 0, "files": 2},
        "findings": [
            {
                "id": "two-roles",
                "severity": "warning",
                "message": "山 has two roles",
                "advice": "",
                "address": "acme-bc/member/eve",
                "place": {"file": "a.yaml", "line": 2, "column": 3},
                "related": [{"file": "b.yaml", "line": 4, "column": 5}],
            },
            {
                "id": "x-y",
                "severity": "error",
                "message": "m",
                "advice": "",
                "address": "",
                "place": None,
                "related": [],
            },
        ],
    }


def test_a_plan_as_json_is_the_plan_that_apply_reads() -> None:
    assert plan_from_json(RENDERERS.plan["json"](plan(), Style())) == plan()


def test_a_report_counts_and_lists_outcomes() -> None:
    report = Report(
        results=(
            Result(remove("山\u202e"), Applied()),
            Result(remove("bo"), Waits(on="bo", why="must leave by herself")),
            Result(remove("cy"), Failed(reason="no", code="40002")),
        )
    )
    text = RENDERERS.report["json"](plan(), report, Style())
    assert text.isascii()
    document = json.loads(text)
    assert document["summary"] == {
        "applied": 1,
        "requested": 0,
        "waits": 1,
        "failed": 1,
        "refused": 0,
        "in_doubt": 0,
        "not_tried": 1,
    }
    assert document["manifests"] == "m1"
    waiting = document["results"][1]
    assert (waiting["change"]["address"], waiting["change"]["action"]) == ("acme-bc/member/bo", "remove")
    assert (waiting["outcome"]["on"], waiting["outcome"]["orders"]) == ("bo", [])
    assert [result["outcome"]["kind"] for result in document["results"]] == ["applied", "waits", "failed"]


def test_a_state_as_json_is_the_state_as_it_is_stored() -> None:
    state = State(organization="acme-bc", lineage="l1", serial=3)
    assert state_from_json(RENDERERS.state["json"](state, Style()).encode()) == state


def test_the_list_of_states_counts_records() -> None:
    document = json.loads(RENDERERS.state_list["json"]([State(organization="acme-bc", serial=3)], Style()))
    assert document["organizations"] == [
        {"organization": "acme-bc", "lineage": "", "serial": 3, "records": 0, "deferred": 0}
    ]


def test_the_role_catalogue_holds_every_row() -> None:
    table = system_table(date(2026, 11, 28))
    document = json.loads(RENDERERS.systems["json"](table, Style()))
    assert document["format_version"] == "1.0"
    assert [role["role"] for role in document["roles"]] == [row.role for row in table.roles]
