"""Validating takes work in proportion to what is written: twice the members, twice the lines of code that run."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import reconciler
from reconciler.manifests.config import load_config
from reconciler.manifests.lint import check_references
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Finding

PACKAGE = str(Path(reconciler.__file__).parent)
TODAY = date(2026, 11, 28)
SIZES = (1_000, 2_000, 4_000, 8_000)
FEWER = (125, 250, 500)
"""For the quick tier."""
MAX_GROWTH = 2.25
"""How much more work twice as much may take; sorting takes a little more than twice."""

INDEXING = {"_marks", "<genexpr>", "_candidates"}

Texts = tuple[str, str]
"""The manifests and the workspace file."""


def numbers(count: int) -> range:
    """All of one length, so that no name is longer in a larger workspace."""
    return range(1_000, 1_000 + count)


def people(count: int, more: str = "") -> str:
    return "people:\n" + "".join(f"  p{index}: {{email: p{index}@acme.example{more}}}\n" for index in numbers(count))


def center(members: str, rest: str = "") -> str:
    return f'organizations:\n  bc:\n    system: business_center\n    id: "1"\n    members:\n{members}{rest}'


def with_nothing_wrong(count: int) -> Texts:
    members = "".join(f"      p{index}: {'standard' if index > 1_001 else 'admin'}\n" for index in numbers(count))
    accounts = "".join(
        f'      a{index}: {{id: "{index + 2}", access: {{p{index}: admin}}}}\n' for index in numbers(count)
    )
    groups = "groups:\n" + "".join(f"  g{index}: {{members: [p{index}, group:h]}}\n" for index in numbers(count))
    config = f"guards: {{required_admins: [{', '.join(f'p{index}' for index in numbers(count))}]}}\n"
    return f"{people(count)}{groups}  h: {{members: [p1000]}}\n" + center(
        members, f"    ad_accounts:\n{accounts}"
    ), config


def with_unknown_names_everywhere(count: int) -> Texts:
    """Wrong roles, people, assets and addresses in turns, so that no advice may cost another one its index."""
    members = "".join(f"      p{index}: admni\n      q{index}: admin\n" for index in numbers(count))
    kinds = ("ad_accounts", "catalogs", "pixels", "shops", "tiktok_accounts")
    sections = "".join(
        f"    {kind}:\n" + "".join(f'      a{index}: {{id: "{index}"}}\n' for index in numbers(count // 4))
        for kind in kinds
    )
    partners = "".join(
        f'      n{index}: {{id: "{count + index + 2}", shares: {{b{index}: operator}}, catalogs: {{b{index}: admin}},'
        f" pixels: [b{index}], shops: [b{index}], tiktok_accounts: [b{index}]}}\n"
        for index in numbers(count // 4)
    )
    approvals = "approvals:\n" + "".join(
        f"  - {{approve: grant, address: bc/ad_account_access/a{index}/p{index}, reason: r, expires: 2026-12-31}}\n"
        for index in numbers(count)
    )
    names = ", ".join(f"q{index}" for index in numbers(count))
    terms = "owner: q0, reason: r, until: 2027-01-31"
    exceptions = ", ".join(f"{{rule: r, address: bc/member/q{index}, {terms}}}" for index in numbers(count))
    providers = ", ".join(f"c{index}: {{kind: sandbox, act_as: q{index}}}" for index in numbers(count))
    config = f"guards: {{required_admins: [{names}]}}\nproviders: {{{providers}}}\n"
    config += f"policies: {{exceptions: [{exceptions}]}}\n"
    manifests = people(count) + center(members, f"{sections}    partners:\n{partners}") + approvals
    return manifests, config


def with_a_file_that_is_not_whole(count: int) -> Texts:
    """One name on every line, in a file of which something is missing."""
    groups = "groups:\n" + "".join(f"  g{index}: {{members: [eve]}}\n" for index in numbers(count))
    lines = "".join(f"      r{index}: {{eve: 1}}\n" for index in numbers(count))
    return f"{people(1)}{groups}" + center(lines, "      r1000: admin\n"), ""


def with_dates_above_a_limit(count: int) -> Texts:
    """More members than there are seats, and each begins on a day of its own."""
    members = "".join(
        f"      p{index}: {{role: standard, starts: {TODAY + timedelta(index - 999)}}}\n" for index in numbers(count)
    )
    ended = "".join(f"  e{index}: {{email: e{index}@acme.example, ends: 2026-01-01}}\n" for index in numbers(count))
    return people(count) + ended + center(members, f"    limits: {{members: {count - 1}}}\n"), ""


def with_circles_and_chains(count: int) -> Texts:
    groups = "groups:\n" + "".join(
        f"  g{index}: {{members: [group:h{index}]}}\n  h{index}: {{members: [group:g{index}]}}\n"
        for index in numbers(count)
    )
    moves = "moved:\n" + "".join(
        f"  - {{from: bc/member/m{index}, to: bc/member/m{index + 1}}}\n" for index in numbers(count)
    )
    return people(1) + groups + center("      p1000: admin\n") + moves, ""


def with_unknown_names_in_groups_and_in_quotes(count: int) -> Texts:
    """A key in quotes leaves the whole file to the reader of events."""
    lines = "".join(f"      q{index}: {{role: admni}}\n      'q{index + 1}': admin\n" for index in numbers(count)[::2])
    groups = "groups:\n" + "".join(f"  g{index}: {{members: [r{index}, group:x{index}]}}\n" for index in numbers(count))
    return people(count) + groups + center(lines), ""


def with_one_person_in_all_lines(count: int) -> Texts:
    """Everybody comes through many groups, and each line has its own days."""
    groups = "groups:\n" + "".join(f"  g{index}: {{members: [p1000, p1001]}}\n" for index in numbers(count))
    lines = "".join(
        f"      group:g{index}: {{role: admin, starts: {TODAY + timedelta(index - 990)}}}\n" for index in numbers(count)
    )
    return people(2) + groups + center(lines), ""


def with_keys_that_are_not_known(count: int) -> Texts:
    members = "".join(f"      p{index}: {{role: admin, expire: 2026-12-31, x{index}: 1}}\n" for index in numbers(count))
    return people(count, ", emial: x") + center(members), ""


def validate(texts: Texts) -> tuple[Finding, ...]:
    """As `reconciler validate` does, without what policies say."""
    manifests = load_manifests([SourceFile("access.yaml", texts[0].encode())], today=TODAY, max_approval_days=90)
    loaded = load_config(SourceFile("reconciler.yaml", f"version: 1\n{texts[1]}".encode()))
    if loaded.config is None:
        return manifests.findings
    return (*manifests.findings, *check_references(loaded.config, manifests.readable, manifests.partial))


def count_lines(run: Callable[[], object]) -> int:
    """How many lines of our code run, each turn of a loop counted, and how many calls of others; no clock is asked.

    Of advice everything but the index is counted, which takes many lines for each name and is made once for as many
    questions as there are; `test_nearest` counts what is compared letter by letter, so here nothing is.
    """
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        count += 1
        code = frame.f_code
        is_ours = code.co_filename.startswith(PACKAGE) and code.co_name not in INDEXING
        return trace if is_ours else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize(
    "make",
    [
        with_nothing_wrong,
        with_unknown_names_everywhere,
        with_a_file_that_is_not_whole,
        with_dates_above_a_limit,
        with_circles_and_chains,
        with_unknown_names_in_groups_and_in_quotes,
        with_one_person_in_all_lines,
        with_keys_that_are_not_known,
    ],
)
@pytest.mark.parametrize("sizes", [FEWER, pytest.param(SIZES, marks=pytest.mark.full)], ids=["few", "many"])
def test_twice_as_much_is_twice_the_work(
    make: Callable[[int], Texts], sizes: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(difflib, "get_close_matches", lambda _, known, n, **__: known[:n])
    validate(make(10))  # what is only done once, such as building the documents
    counts = [count_lines(partial(validate, make(size))) for size in sizes]
    assert all(after <= MAX_GROWTH * before for before, after in pairwise(counts)), counts


def test_the_sizes_are_those_of_what_is_measured() -> None:
    findings = validate(with_dates_above_a_limit(50))
    assert any("50 members from 2027-01-17 on" in finding.message for finding in findings)
    assert sum(finding.id == "unknown-person" for finding in validate(with_unknown_names_everywhere(50))) >= 50
    assert sum(finding.id == "group-cycle" for finding in validate(with_circles_and_chains(50))) == 50
    assert sum(finding.id == "unknown-key" for finding in validate(with_keys_that_are_not_known(50))) == 150
