"""Reports, states and the role catalogue as text, in full."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from reconciler.cli.options import RENDERERS
from reconciler.model import (
    Action,
    Address,
    Applied,
    Blocked,
    Change,
    Deferral,
    Failed,
    Guard,
    InDoubt,
    Mode,
    OrganizationPlan,
    Outcome,
    Plan,
    Record,
    Refused,
    Report,
    Resource,
    Result,
    State,
    Status,
    Waiting,
    Waits,
    WorkOrder,
)
from reconciler.output.document import Style
from reconciler.systems.catalogue import OldSource, RoleRow, SystemTable

render_report = RENDERERS.report["text"]
PEOPLE = ("ana", "bo", "cy", "dee", "eve", "finn")


def invite(person: str) -> Change:
    address = Address("acme-bc", "member", person)
    after = Resource(address=address, attributes={"role": "standard"}, status=Status.INVITED)
    return Change(address=address, action=Action.INVITE, before=None, after=after, fingerprint="absent", why="declared")


def plan() -> Plan:
    part = OrganizationPlan(
        organization="acme-bc",
        system="business_center",
        mode=Mode.ADDITIVE,
        lineage="",
        serial=0,
        changes=tuple(invite(person) for person in PEOPLE),
    )
    return Plan(today=date(2026, 11, 22), organizations=(part,))


def order(name: str) -> WorkOrder:
    return WorkOrder(
        id=name,
        operation="business_center.accept",
        address=Address("acme-bc", "member", "bo"),
        action=Action.INVITE,
        system="business_center",
        actor_role="the invitee",
        title="Accept the invitation",
        steps=("Click the link in the mail",),
        reason="declared",
    )


def report(*outcomes: Outcome) -> Report:
    return Report(results=tuple(map(Result, (invite(person) for person in PEOPLE), outcomes)))


def test_a_report_says_what_a_guard_stopped_and_that_more_waits() -> None:
    whole = plan()
    (part,) = whole.organizations
    finn = invite("finn")
    waits = Waiting(
        address=Address("acme-bc", "ad_account_access", "us/eve"), action=Action.GRANT, on="eve", why="no answer"
    )
    blocked = Blocked(change=finn, guard=Guard.CAP, message="4,000 of 4,000 members", approval="")
    whole = replace(whole, organizations=(replace(part, changes=part.changes[:1], waiting=(waits,)),))
    assert render_report(whole, replace(report(Applied()), blocked=(blocked,)), Style()) == (
        "Blocked: nothing of this is done\n"
        "  ! low  finn  standard  acme-bc  invite: no reason given\n"
        "      cap: 4,000 of 4,000 members\n"
        "      no approval can allow this\n\n"
        "acme-bc (business_center)\n\n"
        "  Applied\n"
        "    + ana  standard  invite: applied\n\n"
        "1 further step waits; `reconciler plan` says for what.\n\n"
        "Applied 1 change; 1 blocked.\n"
    )


def test_a_report_names_every_outcome_and_says_how_to_go_on() -> None:
    outcomes = (
        Applied(),
        Waits(on="bo", why="must click the link in the mail", orders=(order("wo-7k3f2a"),)),
        Failed(reason="no such\x1b user", code="40002"),
        Refused(reason="dee was removed meanwhile"),
        InDoubt(reason="the connection broke"),
    )
    assert render_report(plan(), report(*outcomes), Style()) == (
        "acme-bc (business_center)\n\n"
        "  Failed\n"
        "    ! cy  standard  invite: failed: no such\\x1b user [40002]\n\n"
        "  In doubt\n"
        "    ? eve  standard  invite: in doubt, it may have taken effect: the connection broke\n\n"
        "  Not tried\n"
        "    ! dee  standard  invite: not tried: dee was removed meanwhile\n\n"
        "  Waiting\n"
        "    … bo  standard  invite: waits for bo: must click the link in the mail (work order wo-7k3f2a)\n\n"
        "  Applied\n"
        "    + ana  standard  invite: applied\n"
        "\n"
        "In doubt means no answer came. The next plan reads the system first and settles it.\n"
        "What failed or was refused stays open: run `reconciler plan` to see what is left to do.\n"
        "\n"
        "Applied 1 change; 1 waiting, 1 failed, 1 refused, 1 in doubt, 1 not tried.\n"
    )


def test_a_clean_report_is_short() -> None:
    assert render_report(plan(), report(*[Applied()] * 6), Style()).splitlines()[-2:] == ["", "Applied 6 changes."]


def test_a_run_that_stopped_at_once_reports_that_nothing_was_tried() -> None:
    assert render_report(plan(), Report(), Style()) == "Applied 0 changes; 6 not tried.\n"


def state() -> State:
    eve = Address("acme-bc", "member", "eve")
    access = Address("acme-bc", "ad_account_access", "us-brand/eve")
    return State(
        organization="acme-bc",
        lineage="l1",
        serial=4,
        records={
            eve: Record(
                address=eve,
                attributes={"role": "admin"},
                identity="eve@acme.test",
                since=date(2026, 11, 20),
                protect=True,
            ),
            access: Record(address=access, attributes={"role": "operator"}, status=Status.REVOKED_BY_OWNER),
        },
        deferred={
            eve: Deferral(
                reason="two accounts match e***@acme.example", since=date(2026, 11, 21), tried=date(2026, 11, 22)
            )
        },
    )


def test_a_state_lists_its_records_and_what_was_put_aside() -> None:
    assert RENDERERS.state["text"](state(), Style()).splitlines() == [
        "acme-bc: serial 4, lineage l1, 2 records",
        "",
        "who or what  kind               access                           status             since       identity",
        "eve          ad_account_access  operator on ad account us-brand  revoked by owner",
        "eve          member             admin                            active, protected  2026-11-20  eve@acme.test",
        "",
        "deferred            since       last tried  reason",
        "acme-bc/member/eve  2026-11-21  2026-11-22  two accounts match e***@acme.example",
    ]


def test_a_state_tells_what_was_sent_and_never_answered() -> None:
    doubt = replace(State(organization="acme-bc"), in_doubt={invite("eve").address: invite("eve")})
    assert RENDERERS.state["text"](doubt, Style()).splitlines()[-2:] == [
        "in doubt            what was sent",
        "acme-bc/member/eve  invite",
    ]


def test_an_empty_state_is_one_line() -> None:
    assert RENDERERS.state["text"](State(organization="acme-bc"), Style()) == "acme-bc: serial 0, 0 records\n"


def test_the_list_of_states_is_a_table() -> None:
    assert RENDERERS.state_list["text"]([state(), replace(state(), organization="b", records={})], Style()) == (
        "organization  serial  records  deferred\nacme-bc       4       2        1\nb             4       0        1\n"
    )


def test_without_any_state_the_list_says_how_to_get_one() -> None:
    assert "reconciler apply" in RENDERERS.state_list["text"]([], Style())


def test_the_role_catalogue_is_grouped_by_system_and_kind() -> None:
    row = RoleRow(
        system="developers",
        variant="",
        kind="member",
        role="admin",
        label="Admin",
        may="manage the organization",
        may_not="demote another admin",
        cap=None,
    )
    rows = [
        row,
        replace(row, role="member", label="Member", may="use apps", may_not=""),
        replace(row, variant="owner", kind="app_access", role="app_manager", label="App manager", may="edit", cap=20),
    ]
    old = OldSource(system="developers", variant="owner", source="https://a.example/page", date="2024-08", statements=2)
    table = SystemTable(roles=tuple(rows), old_sources=(old,))
    assert RENDERERS.systems["text"](table, Style()) == (
        "developers\n"
        "\n"
        "  member\n"
        "    - admin (Admin)\n"
        "        may: manage the organization\n"
        "        may not: demote another admin\n"
        "    - member (Member)\n"
        "        may: use apps\n"
        "\n"
        "developers (owner)\n"
        "\n"
        "  app_access\n"
        "    - app_manager (App manager, at most 20)\n"
        "        may: edit\n"
        "        may not: demote another admin\n"
        "\n"
        "  older than a year; look whether it still holds\n"
        "    - https://a.example/page (2024-08): 2 statements\n"
    )
