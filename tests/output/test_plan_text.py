"""The text of a plan, in full: what a reviewer sees is part of the contract."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.cli.commands.apply import describe_counts
from reconciler.cli.options import RENDERERS
from reconciler.features.planning.document import summary_of_plan
from reconciler.model import BY_ITSELF, Address, Cause, LeftOut, Limit, Plan, Risk
from reconciler.output.document import Style
from tests.output.plans import every_kind_of_access, held_back, hostile, large, part, plan, resource, small

render_plan = RENDERERS.plan["text"]
GOLDEN = Path(__file__).parent / "golden"

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
        "note: Limited to acme-bc: this is not a whole plan.\n\n"
        "No changes. Access matches the manifests within the chosen targets.\n"
    )


@pytest.mark.parametrize(
    ("targets", "told"),
    [
        ((), "No changes against what is recorded; nothing was read.\n"),
        (("acme-bc",), "No changes within the chosen targets against what is recorded; nothing was read.\n"),
    ],
)
def test_a_plan_that_read_nothing_does_not_speak_of_access(targets: tuple[str, ...], told: str) -> None:
    blind = replace(plan(part()), is_from_records=True, targets=targets)
    assert render_plan(blind, Style()).endswith(told)
    assert "matches" not in render_plan(blind, Style())


def test_drift_and_unmanaged_things_are_told_even_when_nothing_is_to_be_done() -> None:
    drifted = replace(held_back().organizations[0], waiting=(), blocked=(), left_out=())
    text = render_plan(plan(drifted), Style())
    assert "Drift" in text
    assert "Unmanaged" in text
    assert text.endswith("No changes. Access matches the manifests.\n")


def test_what_is_left_alone_is_never_said_to_match_the_manifests() -> None:
    *_, stranger = held_back().organizations[0].drift
    admin = replace(stranger, severity=Risk.CRITICAL)
    text = render_plan(plan(replace(part(), drift=(admin,))), Style())
    assert "zoe" in text
    assert text.endswith("No changes. What is told above stays as it is.\n")


def unseen(number: int) -> Plan:
    left_out = tuple(
        LeftOut(address=Address("acme-bc", "member", f"p{n}"), cause=Cause.UNREAD, reason="no roster")
        for n in range(number)
    )
    return plan(replace(part(), left_out=left_out))


def test_many_things_that_are_left_out_for_the_same_reason_share_a_row() -> None:
    assert (
        "    ? 700 things    no roster\n        p0, p1, p2, p3, p4 and 695 more (list them with -v)\n"
    ) in render_plan(unseen(700), Style())
    assert render_plan(unseen(700), Style(verbose=True)).count("no roster\n") == 700
    assert render_plan(unseen(3), Style()).count("no roster\n") == 3


def test_admins_come_first_however_long_the_plan_is() -> None:
    lines = render_plan(large(), Style()).splitlines()
    assert lines[3].split()[:5] == ["+", "high", "p04999", "admin", "acme-bc"]
    assert lines[-1] == "Plan: 5,000 to invite."
    assert len(lines) == 14


def test_many_who_get_the_same_are_one_row_that_can_be_opened() -> None:
    assert "+ p00001, p00002 and 4,997 more  standard  invite: no reason given (-v lists all 4,999)\n" in render_plan(
        large(), Style()
    )
    opened = render_plan(large(), Style(verbose=True))
    assert all(f"p{number:05} " in opened for number in range(1, 5001))
    assert "more  standard" not in opened


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


def test_what_ends_a_wait_is_told_behind_its_age_unless_the_plan_names_it_anyhow() -> None:
    waiting = replace(held_back().organizations[0].waiting[0], ends="an answer, or a new invitation on 2026-12-20")
    text = render_plan(plan(replace(part(), waiting=(waiting,))), Style())
    assert (
        "waits for finn since 2026-11-20 (2 days): invited, not answered yet; "
        "ends with an answer, or a new invitation on 2026-12-20  ["
    ) in text
    dependent = replace(waiting, ends=BY_ITSELF)
    assert "ends with" not in render_plan(plan(replace(part(), waiting=(dependent,))), Style())


def test_a_short_name_inside_another_word_does_not_hide_whom_something_waits_for() -> None:
    waiting = replace(held_back().organizations[0].waiting[0], on="a", why="was asked", since=None)
    assert "waits for a: was asked" in render_plan(plan(replace(part(), waiting=(waiting,))), Style())


def test_a_plan_says_which_limits_it_used_and_where_they_came_from() -> None:
    usual = "the usual one: https://help.example, 2024-08"
    members = Limit(what="members", used=37, most=40, origin="limits.members, access/acme.yaml:5:7")
    admins = Limit(what="admin", used=2, most=20, origin=usual)
    full = plan(replace(small().organizations[0], limits=(members, admins)))
    told = "Limits: 37 of 40 members (limits.members, access/acme.yaml:5:7)"
    assert f"{told}; 2 of 20 with role admin ({usual})." in render_plan(full, Style(verbose=True))
    assert f"{told}." in render_plan(full, Style()), "on a terminal only what is nearly used up"
    untouched = plan(replace(full.organizations[0], changes=()))
    assert "Limits" not in render_plan(untouched, Style(verbose=True))


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
    assert "\n\n  + invite, create or give   - remove\n\n" in render_plan(small(), Style())


def test_the_question_before_applying_counts_what_is_touched() -> None:
    assert describe_counts(every_kind_of_access()) == "15 changes in 2 organizations"
    assert describe_counts(plan(part(), part(small().changes[0]))) == "1 change in 1 organization"


def test_the_closing_line_counts_what_is_held_back_when_nothing_can_be_done() -> None:
    assert summary_of_plan(held_back()) == "Plan: no change now, 2 waiting, 2 blocked, 1 left out."
