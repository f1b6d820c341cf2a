"""The text of a plan, in full: what a reviewer sees is part of the contract."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from reconciler.core.address import Address
from reconciler.core.change import Blocked, Change, Drift, LeftOut, Unmanaged, Waiting
from reconciler.core.declared import Mode
from reconciler.core.finding import Finding, Place, Severity
from reconciler.core.kinds import Action
from reconciler.core.plan import OrganizationPlan, Plan
from reconciler.core.resource import Attributes, Resource, Status
from reconciler.renderers.plan import render_closing, render_counts, render_plan
from reconciler.renderers.style import Style

GOLDEN = Path(__file__).parent / "golden"
TODAY = date(2026, 11, 22)


def resource(address: str, status: Status = Status.ACTIVE, **attributes: str | tuple[str, ...]) -> Resource:
    values: Attributes = attributes
    return Resource(address=Address.parse(address), attributes=values, status=status)


def change(
    address: str,
    action: Action,
    *,
    before: Attributes | None = None,
    after: Attributes | None = None,
    line: int = 0,
    why: str = "declared",
) -> Change:
    def side(attributes: Attributes | None) -> Resource | None:
        return None if attributes is None else Resource(address=Address.parse(address), attributes=attributes)

    return Change(
        address=Address.parse(address),
        action=action,
        before=side(before),
        after=side(after),
        fingerprint="absent",
        why=why,
        place=Place("access/acme.yaml", line, 7) if line else None,
    )


def part(
    *changes: Change, organization: str = "acme-bc", system: str = "business_center", mode: Mode = Mode.ADDITIVE
) -> OrganizationPlan:
    return OrganizationPlan(
        organization=organization, system=system, mode=mode, lineage="l1", serial=3, changes=changes
    )


def plan(*parts: OrganizationPlan) -> Plan:
    return Plan(today=TODAY, manifests="m1", organizations=parts)


def small() -> Plan:
    return plan(
        part(
            change("acme-bc/member/eve", Action.INVITE, after={"role": "standard", "finance": "analyst"}, line=12),
            replace(
                change("acme-bc/member/ana", Action.INVITE, after={"role": "admin"}, line=11),
                cost="spends an invitation",
                actor="bo",
            ),
            change("acme-bc/member/ike", Action.REMOVE, before={"role": "standard"}, why="ends 2026-11-01", line=5),
        )
    )


def every_kind_of_access() -> Plan:
    bc = (
        change("acme-bc/ad_account_access/us-brand/eve", Action.GRANT, after={"role": "operator"}, line=20),
        change("acme-bc/pixel_access/checkout/eve", Action.GRANT, after={}, line=21),
        change("acme-bc/tiktok_account/acme", Action.LINK, after={"permissions": ("existing_posts",)}, line=22),
        change("acme-bc/tiktok_account_use/acme/us-brand", Action.GRANT, after={}, line=23),
        change(
            "acme-bc/tiktok_account_access/acme/eve",
            Action.CHANGE_GRANT,
            before={"permissions": ("post",)},
            after={"permissions": ("live", "post")},
            line=24,
        ),
        change("acme-bc/member/hal", Action.CHANGE_ROLE, before={"role": "standard"}, after={"role": "admin"}, line=15),
        change("acme-bc/member/gil", Action.CHANGE_ROLE, before={"role": "admin"}, after={"role": "standard"}, line=14),
        change(
            "acme-bc/member/lea",
            Action.CHANGE_ROLE,
            before={"role": "admin"},
            after={"role": "standard", "finance": "manager"},
            line=16,
        ),
        change("acme-bc/partner/south", Action.ADD_PARTNER, after={}, line=40),
        change("acme-bc/partner_share/south/us-brand", Action.SHARE, after={"role": "analyst"}, line=41),
        change("acme-bc/partner_share/north/us-brand", Action.UNSHARE, before={"role": "admin"}, why="not declared"),
        change("acme-bc/asset_group/eu", Action.CREATE_GROUP, after={}, line=50),
        change("acme-bc/asset_group_asset/eu/us-brand", Action.GRANT, after={}, line=51),
        change("acme-bc/member/joe", Action.FORGET, before={"role": "standard"}, why="left on 2026-11-02"),
    )
    transfer = replace(
        change(
            "acme-dev/app/shop-login",
            Action.TRANSFER_APP,
            before={"owner": "person:ana"},
            after={"owner": "organization:acme-dev"},
            line=60,
        ),
        irreversible="an app that was transferred cannot be taken back",
        consent="LEGAL-7 (access/acme.yaml:70:3)",
        needs=(Address.parse("acme-dev/member/ana"),),
    )
    return plan(part(*bc, mode=Mode.AUTHORITATIVE), part(transfer, organization="acme-dev", system="developers"))


def held_back() -> Plan:
    kim = change("acme-bc/member/kim", Action.REMOVE, before={"role": "admin"}, why="no longer declared")
    ana = change("acme-bc/member/ana", Action.REMOVE, before={"role": "admin"}, why="no longer declared")
    finn = Waiting(
        address=Address.parse("acme-bc/member/finn"),
        action=Action.INVITE,
        on="finn",
        why="invited, not answered yet",
        since=date(2026, 11, 20),
        before=resource("acme-bc/member/finn", Status.INVITED, role="standard"),
        after=resource("acme-bc/member/finn", role="standard"),
        place=Place("access/acme.yaml", 13, 7),
    )
    held = replace(
        part(),
        waiting=(finn, replace(finn, address=Address.parse("acme-bc/member/gil"), on="gil", since=None, place=None)),
        blocked=(
            Blocked(
                change=kim,
                guard="removal_ratio",
                message="2 of 4 would be removed, 50 % of at most 25 %",
                consent="- {allow: remove, address: acme-bc/member/kim, reason: TICKET, until: YYYY-MM-DD}",
            ),
            Blocked(change=ana, guard="self", message="ana is who this tool acts as here"),
        ),
        left_out=(
            LeftOut(address=Address.parse("acme-bc/catalog/shoes"), reason="could not be read: 503", since=TODAY),
        ),
        unmanaged=(
            Unmanaged(resource=replace(resource("acme-bc/member/zoe", role="standard"), identity="zoe@acme.example")),
        ),
        drift=(
            Drift(
                address=Address.parse("acme-bc/member/hal"),
                recorded=resource("acme-bc/member/hal", role="admin"),
                live=resource("acme-bc/member/hal", role="standard"),
            ),
            Drift(
                address=Address.parse("acme-bc/ad_account_access/us-brand/lea"),
                recorded=None,
                live=resource("acme-bc/ad_account_access/us-brand/lea", role="analyst"),
            ),
        ),
    )
    unused = Finding(
        id="unused-consent",
        severity=Severity.WARNING,
        message="nothing that is planned needs this consent",
        place=Place("access/acme.yaml", 70, 3),
        advice="delete it",
    )
    return replace(plan(held), findings=(unused,), targets=("acme-bc", "!acme-bc/app/*"))


def hostile() -> Plan:
    name = "eve\x1b[2K\r\u202e\u200badmin\n- ana"
    return plan(
        part(
            replace(
                change(f"acme-bc/member/{name}", Action.INVITE, after={"role": "[red]admin[/red]"}, line=1),
                why="because\x07\x9b31m",
                consent="\u2066SEC-1\u2069",
                place=Place("access/\x1b]0;owned\x07.yaml", 1, 1),
            ),
            change("acme-bc/member/山田太郎", Action.INVITE, after={"role": "standard"}, line=2),
            change("acme-bc/member/zoe\u0301", Action.INVITE, after={"role": "standard"}, line=3),
            change(f"acme-bc/member/{'x' * 60}", Action.INVITE, after={"role": "standard"}, line=4),
            organization="acme-bc\x1b[31m",
        )
    )


def large() -> Plan:
    changes = [
        change(f"acme-bc/member/p{n:05}", Action.INVITE, after={"role": "admin" if n == 4999 else "standard"}, line=n)
        for n in range(1, 5001)
    ]
    return plan(part(*changes))


CASES = {
    "small": (small, Style()),
    "small-in-full": (small, Style(verbose=True)),
    "small-in-colour": (small, Style(color=True)),
    "every-kind-of-access": (every_kind_of_access, Style()),
    "every-kind-of-access-in-full": (every_kind_of_access, Style(verbose=True)),
    "held-back": (held_back, Style()),
    "held-back-in-full": (held_back, Style(verbose=True)),
    "hostile-names": (hostile, Style()),
}


@pytest.mark.parametrize("name", CASES)
def test_a_plan_reads_exactly_like_its_golden_file(name: str) -> None:
    make, style = CASES[name]
    assert render_plan(make(), style) == (GOLDEN / f"plan-{name}.txt").read_text(encoding="utf-8")


def test_a_settled_plan_says_only_that_there_is_nothing_to_do() -> None:
    assert render_plan(plan(part()), Style()) == "No changes. Access matches the manifests.\n"


def test_a_settled_plan_with_targets_does_not_speak_for_the_rest() -> None:
    limited = replace(plan(part()), targets=("acme-bc",))
    assert render_plan(limited, Style()) == (
        "Limited to acme-bc: this is not a whole plan.\n\n"
        "No changes. Access matches the manifests within the chosen targets.\n"
    )


def test_drift_and_unmanaged_things_are_told_even_when_nothing_is_to_be_done() -> None:
    drifted = replace(held_back().organizations[0], waiting=(), blocked=(), left_out=())
    text = render_plan(plan(drifted), Style())
    assert "Drift" in text
    assert "Unmanaged" in text
    assert text.endswith("No changes. Access matches the manifests.\n")


def test_admins_come_first_however_long_the_plan_is() -> None:
    lines = render_plan(large(), Style()).splitlines()
    assert lines[6].split() == ["+", "p04999", "admin", "invite:", "declared", "[access/acme.yaml:4999:7]"]
    assert lines[7].split()[1:3] == ["p00001", "standard"]
    assert lines[-1] == "Plan: 5,000 to invite."
    assert len(lines) == 5000 + 8


def test_admins_come_first_among_those_who_are_waited_for() -> None:
    waiting = held_back().organizations[0].waiting[0]
    boss = replace(waiting, address=Address.parse("acme-bc/member/zoe"), before=None, after=None)
    boss = replace(boss, after=resource("acme-bc/member/zoe", role="admin"))
    text = render_plan(plan(replace(part(), waiting=(waiting, boss))), Style())
    assert text.index("zoe") < text.index("… finn")


def test_whom_something_waits_for_is_named_once() -> None:
    waiting = replace(held_back().organizations[0].waiting[0], why="finn has not accepted yet")
    text = render_plan(plan(replace(part(), waiting=(waiting,))), Style())
    assert "… finn  standard  finn has not accepted yet, since 2026-11-20 (2 days)  [" in text


def test_a_short_name_inside_another_word_does_not_hide_whom_something_waits_for() -> None:
    waiting = replace(held_back().organizations[0].waiting[0], on="a", why="was asked", since=None)
    assert "waits for a: was asked" in render_plan(plan(replace(part(), waiting=(waiting,))), Style())


def test_hostile_names_leave_no_control_character_in_any_style() -> None:
    text = render_plan(hostile(), Style(verbose=True))
    assert [character for character in text if not character.isprintable() and character != "\n"] == []


def test_hostile_names_cannot_add_lines() -> None:
    text = render_plan(hostile(), Style())
    assert not any(line.lstrip().startswith("- ana") for line in text.splitlines())


def test_without_colour_there_is_no_escape_sequence() -> None:
    assert "\x1b" not in render_plan(held_back(), Style(verbose=True))


def test_colour_changes_nothing_but_colour() -> None:
    colored = render_plan(every_kind_of_access(), Style(color=True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == render_plan(every_kind_of_access(), Style())


def test_only_signs_that_occur_are_explained() -> None:
    legend = render_plan(small(), Style()).splitlines()[1]
    assert legend == "  + invite, create or give   - remove"


def test_the_question_before_applying_counts_what_is_touched() -> None:
    assert render_counts(every_kind_of_access()) == "15 changes in 2 organizations"
    assert render_counts(plan(part(), part(small().changes[0]))) == "1 change in 1 organization"


def test_the_closing_line_counts_what_is_held_back_when_nothing_can_be_done() -> None:
    assert render_closing(held_back()) == "Plan: nothing to do now, 2 waiting, 2 blocked, 1 left out."
