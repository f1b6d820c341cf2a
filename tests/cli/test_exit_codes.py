"""What plans and reports mean for the exit code."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from reconciler.cli.commands.apply import code_of_apply
from reconciler.cli.planning import code_of_plan
from reconciler.model import (
    Action,
    Address,
    Applied,
    Blocked,
    Cause,
    Change,
    ExitCode,
    Failed,
    Finding,
    Guard,
    InDoubt,
    LeftOut,
    Mode,
    OrganizationPlan,
    Outcome,
    Plan,
    Refused,
    Report,
    Result,
    Severity,
    Unread,
    Waiting,
    Waits,
    code_of_findings,
)

EVE = Address("acme-bc", "member", "eve")
CHANGE = Change(address=EVE, action=Action.REMOVE, before=None, after=None, fingerprint="f", why="")
WAITING = Waiting(address=EVE, action=Action.INVITE, on="eve", why="")
BLOCKED = Blocked(change=CHANGE, guard=Guard.SELF, message="")
LEFT_OUT = LeftOut(address=EVE, cause=Cause.REPORTED, reason="")
DEFERRED = replace(LEFT_OUT, cause=Cause.DEFERRED)
UNREAD = Unread(organization="acme-bc", prefix="acme-bc/", reason="the token was revoked")


def plan(*things: Change | Waiting | Blocked | LeftOut | Unread, findings: tuple[Finding, ...] = ()) -> Plan:
    part = OrganizationPlan(
        organization="acme-bc",
        system="business_center",
        mode=Mode.ADDITIVE,
        lineage="",
        serial=0,
        changes=tuple(thing for thing in things if isinstance(thing, Change)),
        waiting=tuple(thing for thing in things if isinstance(thing, Waiting)),
        blocked=tuple(thing for thing in things if isinstance(thing, Blocked)),
        left_out=tuple(thing for thing in things if isinstance(thing, LeftOut)),
        unread=tuple(thing for thing in things if isinstance(thing, Unread)),
    )
    return Plan(today=date(2026, 11, 22), organizations=(part,), findings=findings)


@pytest.mark.parametrize(
    ("made", "plain", "detailed"),
    [
        (plan(), 0, 0),
        (plan(CHANGE), 0, 2),
        (plan(WAITING), 0, 2),
        (plan(LEFT_OUT), 0, 2),
        (plan(DEFERRED), 0, 2),
        (plan(UNREAD), 1, 1),
        (plan(CHANGE, BLOCKED, UNREAD), 1, 1),
        (plan(BLOCKED), 3, 3),
        (plan(CHANGE, WAITING, BLOCKED), 3, 3),
        (plan(findings=(Finding(id="x-y", message="m", severity=Severity.WARNING),)), 0, 0),
        (plan(findings=(Finding(id="x-y", message="m", severity=Severity.ERROR),)), 3, 3),
    ],
)
def test_blocked_wins_over_changes_and_changes_count_only_in_detail(made: Plan, plain: int, detailed: int) -> None:
    assert (code_of_plan(made, detailed=False), code_of_plan(made, detailed=True)) == (plain, detailed)


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([], 0),
        ([Applied()], 0),
        ([Waits(on="eve", why="")], 0),
        ([Applied(), Failed(reason="")], 1),
        ([InDoubt(reason="")], 1),
        ([Refused(reason="")], 4),
        ([Refused(reason=""), Failed(reason="")], 1),
    ],
)
def test_the_worst_outcome_decides_over_an_apply(outcomes: list[Outcome], code: int) -> None:
    report = Report(results=tuple(Result(CHANGE, outcome) for outcome in outcomes))
    assert code_of_apply(plan(CHANGE), report) == code
    assert code_of_apply(plan(CHANGE, BLOCKED), report) == (code or ExitCode.BLOCKED)


@pytest.mark.parametrize(
    ("severities", "code"), [([], 0), ([Severity.WARNING, Severity.NOTE], 0), ([Severity.NOTE, Severity.ERROR], 1)]
)
def test_only_errors_among_findings_fail(severities: list[Severity], code: int) -> None:
    assert code_of_findings(Finding(id="x-y", message="m", severity=severity) for severity in severities) == code
