"""Which changes of the workspace file weaken a guard: all that are not known to be stricter."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.features.review.review import compare_settings, review
from reconciler.manifests.source import SourceFile
from reconciler.model import Mark, Risk
from tests.features.review.given import TODAY, revision


@pytest.mark.parametrize(
    ("name", "stricter", "weaker"),
    [
        ("guards.max_removal_ratio", "0.25", "0.9"),
        ("guards.removal_ratio_from", "10", "1000"),
        ("guards.min_admins", "3", "1"),
        ("guards.max_invitations", "50", ""),
        ("guards.max_invitations", "0", "1"),
        ("guards.lockout_notice_days", "30", "0"),
        ("max_drift_age", "30", "365"),
        ("review_every", "90", "0"),
        ("review_every", "90", "365"),
        ("guards.required_admins", "ana, bo", "ana"),
        ("allowed_domains", "acme.example", "acme.example, gmail.example"),
        ("allowed_domains", "acme.example", ""),
        ("policies.rules.separate-money.severity", "error", "off"),
        ("policies.rules.separate-money.severity", "error", ""),
        ("policies.exceptions.separate-money acme-bc/*", "", "without an end: why not"),
        ("policies.custom.no-guests", "error: x", ""),
    ],
)
def test_one_way_weakens_a_guard_and_the_way_back_does_not(name: str, stricter: str, weaker: str) -> None:
    there = compare_settings({"version": "1", name: stricter}, {"version": "1", name: weaker}, {})
    back = compare_settings({"version": "1", name: weaker}, {"version": "1", name: stricter}, {})
    assert [(one.marks, one.risk) for one in there] == [((Mark.GUARD,), Risk.HIGH)]
    assert [(one.marks, one.risk) for one in back] == [((), Risk.LOW)]


@pytest.mark.parametrize("name", ["state", "providers.default.kind", "policies.rules.longest.parameters.days", "x"])
def test_what_nobody_can_judge_counts_as_weaker_both_ways(name: str) -> None:
    for values in ("a", "b"), ("b", "a"), ("a", ""), ("", "a"):
        before, after = ({"version": "1", name: value} for value in values)
        assert [one.marks for one in compare_settings(before, after, {})] == [(Mark.GUARD,)]


def test_a_workspace_that_is_new_weakens_nothing() -> None:
    assert [one.marks for one in compare_settings({}, {"guards.max_removal_ratio": "0.9"}, {})] == [()]


RULE = "version: 1\npolicies:\n  no-guests: {severity: error, asks: No guests., require: 'true'}\n"
CONFIG = "version: 1\npolicies: [policies]\n"


def test_a_policy_of_ones_own_that_asks_for_less_is_told_first() -> None:
    before = replace(
        revision("main", {"reconciler.yaml": CONFIG}), policies=[SourceFile("policies/a.yaml", RULE.encode())]
    )
    softer = RULE.replace("error", "note").encode()
    after = replace(revision("HEAD", {"reconciler.yaml": CONFIG}), policies=[SourceFile("policies/a.yaml", softer)])
    (found,) = review(before, after, today=TODAY).settings
    assert (found.name, found.before, found.after) == ("policies.custom.no-guests", "error: true", "note: true")
    assert found.risk is Risk.HIGH


def test_an_exception_that_moves_to_another_line_is_no_change() -> None:
    exception = "{rule: separate-money, address: acme-bc/*, reason: OPS-1, owner: ana, until: 2027-01-01}"
    texts = [f"version: 1\n{more}policies:\n  exceptions:\n    - {exception}\n" for more in ("", "# more\n\n")]
    before, after = (revision("x", {"reconciler.yaml": text}) for text in texts)
    assert review(before, after, today=TODAY).settings == ()
