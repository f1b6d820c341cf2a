"""What begins later is judged without looking at everything on every day, and with the same result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from fnmatch import fnmatchcase
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifests.config import load_config
from reconciler.manifests.lint import check_references
from reconciler.manifests.load import Manifests, load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import AddressPatterns, Finding, PolicySettings
from reconciler.policies.judging import POLICIES, are_timeless, judge, parameters_of
from reconciler.policies.rule import PolicyInput, Rule, Scale
from tests.manifests.test_growth import MAX_GROWTH, SIZES, center, count_lines, numbers, people

TODAY = date(2026, 11, 28)
RULES = "".join(f"    {name}: warning\n" for name, rule in POLICIES.items() if not rule.needs)
EVERY_RULE = f"policies:\n  rules:\n{RULES}"
ANYWHERE = """policies:
  rules:
    client-isolation: {clients: {one: [o1/ad_account/a], two: [o1/ad_account/b, "o2/*"]}}
    separate-destruction: warning
"""
FEWER = (60, 120)
"""For the quick tier."""
DAYS = [TODAY + timedelta(days) for days in (-9, -1, 0, 1, 2, 5, 9, 400)]


def load(text: str) -> Manifests:
    return load_manifests([SourceFile("access.yaml", f"version: 1\n{text}".encode())], today=TODAY)


def judge_texts(text: str, settings: str) -> tuple[Finding, ...]:
    manifests, loaded = load(text), load_config(SourceFile("reconciler.yaml", f"version: 1\n{settings}".encode()))
    assert loaded.config is not None, loaded.findings
    said = check_references(loaded.config, manifests.readable, manifests.partial)
    return (*said, *judge(manifests.readable, loaded.config.policies, today=TODAY).findings)


def with_a_day_for_each(count: int) -> tuple[str, str]:
    """Every member, and their access to an asset, begins on a day of its own, and half of them end."""
    ends = ["", f", expires: {TODAY + timedelta(20_000)}"]
    lines = [f"{{role: admin, starts: {TODAY + timedelta(index - 999)}{ends[index % 2]}}}" for index in numbers(count)]
    members = "".join(f"      p{index}: {line}\n" for index, line in zip(numbers(count), lines, strict=True))
    grants = "".join(f"          p{index}: {line}\n" for index, line in zip(numbers(count), lines, strict=True))
    account = f'    ad_accounts:\n      us:\n        id: "7100"\n        access:\n{grants}'
    return people(count, ", employment: contractor") + center(members, account), EVERY_RULE


def with_exceptions_for_each(count: int) -> tuple[str, str]:
    """Half of them name no organization, half of them no kind; each silences one of as many objections."""
    members = "".join(f"      q{index}@out.example: {{role: admin, starts: {TODAY}}}\n" for index in numbers(count))
    terms = "rule: admin-reason, owner: p1000, reason: r, until: 2027-01-31"
    shapes = ("'*/member/q{}@out.example'", "'bc/*/q{}@out.example'")
    exceptions = "".join(f"    - {{{terms}, address: {shapes[index % 2].format(index)}}}\n" for index in numbers(count))
    return people(1) + center(members), f"{EVERY_RULE}  exceptions:\n{exceptions}"


def with_one_person_in_all_lines(count: int, *, days: int = 9_999) -> tuple[str, str]:
    """Two people come through many groups, each from a day of its own on."""
    groups = "".join(f"  g{index}: {{members: [p1000, p1001]}}\n" for index in numbers(count))
    spans = [f"starts: {TODAY + timedelta(2 * index - 1_990)}" for index in numbers(count)]
    members = "".join(
        f"      group:g{index}: {{role: {('admin', 'standard')[index % 2]}, {span}, "
        f"expires: {TODAY + timedelta(2 * index - 1_990 + days)}}}\n"
        for index, span in zip(numbers(count), spans, strict=True)
    )
    text = f"{people(2, ', employment: contractor')}groups:\n{groups}" + center(members)
    return text.replace("    members:\n", "    on_conflict: highest\n    members:\n"), EVERY_RULE


def with_one_person_now_and_then(count: int) -> tuple[str, str]:
    """The same, of whom each line lasts for a day. The rule left out looks at all lines of somebody on each day."""
    text, rules = with_one_person_in_all_lines(count, days=1)
    return text, rules.replace("longest-grant: warning", 'longest-grant: "off"')


def with_a_day_in_each_organization(count: int) -> tuple[str, str]:
    """Everybody begins in an organization of their own, and rules compare what they have in all of them."""
    lines = "".join(
        f'  o{index}:\n    system: business_center\n    id: "{index}"\n    members:\n'
        f"      p{index}: {{role: admin, finance: manager, starts: {TODAY + timedelta(index - 999)}}}\n"
        for index in numbers(count)
    )
    return f"{people(count)}organizations:\n{lines}", ANYWHERE


@pytest.mark.parametrize(
    "make",
    [
        with_a_day_for_each,
        with_exceptions_for_each,
        with_one_person_in_all_lines,
        with_one_person_now_and_then,
        with_a_day_in_each_organization,
    ],
)
@pytest.mark.parametrize("sizes", [FEWER, pytest.param(SIZES, marks=pytest.mark.full)], ids=["few", "many"])
def test_twice_as_much_is_twice_the_work(make: Callable[[int], tuple[str, str]], sizes: tuple[int, ...]) -> None:
    judge_texts(*make(10))
    counts = [count_lines(partial(judge_texts, *make(size))) for size in sizes]
    assert all(after <= MAX_GROWTH * before for before, after in pairwise(counts)), counts


def test_the_sizes_are_those_of_what_is_measured() -> None:
    said = [finding.message for finding in judge_texts(*with_a_day_for_each(50))]
    assert sum(", from " in message for message in said) >= 100
    excepted = [finding for finding in judge_texts(*with_exceptions_for_each(50)) if finding.id == "policy-exception"]
    assert len(excepted) == 50


@st.composite
def organizations(draw: st.DrawFn) -> str:
    """Two in which people, groups and addresses have access between various days, in several lines perhaps."""

    def line(who: str, roles: tuple[str, ...], indent: int, more: str = "") -> str:
        starts, expires = sorted(draw(st.lists(st.sampled_from(DAYS), min_size=2, max_size=2, unique=True)))
        said = [f"role: {draw(st.sampled_from(roles))}"]
        said += [f"starts: {starts}"] if draw(st.booleans()) else []
        said += [f"expires: {expires}"] if draw(st.booleans()) else []
        said += [more] if more and draw(st.booleans()) else []
        return f"{' ' * indent}{who}: {{{', '.join(said)}}}\n"

    text = "people:\n  p0: {email: p0@acme.example}\n  p1: {email: info@acme.example, employment: contractor}\n"
    text += f"  p2: {{email: p2@acme.example, employment: agency, ends: {DAYS[5]}}}\n"
    text += "groups: {g0: {members: [p0, p1]}, g1: {members: [p1, p2]}}\norganizations:\n"
    names = ["p0", "p1", "p2", "group:g0", "group:g1", "z@out.example"]
    for number in (1, 2):
        who = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
        text += (
            f'  o{number}:\n    system: business_center\n    id: "{number}"\n    on_conflict: highest\n    members:\n'
        )
        text += "".join(line(one, ("admin", "standard"), 6, "finance: manager") for one in who)
        text += f'    ad_accounts:\n      b: {{id: "8{number}"}}\n      a:\n        id: "7{number}"\n        access:\n'
        text += "".join(line(one, ("admin", "operator", "analyst"), 10) for one in who)
        text += "    asset_groups:\n      g:\n        ad_accounts: [b]\n        access:\n"
        text += "".join(line(one, ("operator", "analyst"), 10) for one in who[:2])
        text += f'    partners:\n      n:\n        id: "9{number}"\n        shares:\n'
        text += "".join(line(one, ("operator", "analyst"), 10) for one in ("a", "b"))
    return text


@given(organizations())
def test_what_is_said_of_later_days_is_what_a_look_at_all_on_each_day_says(text: str) -> None:
    desired = load(text).readable
    settings = EVERY_RULE.replace("admin-share: warning", "admin-share: {at_most: 2, share: 0.5, from: 2}")
    # One that objects to what is left when something stronger ends.
    settings = settings.replace("by-employment: warning", "by-employment: {contractor: [standard], agency: [standard]}")
    config = load_config(SourceFile("reconciler.yaml", f"version: 1\n{settings}".encode())).config
    assert config is not None
    judged = judge(desired, config.policies, today=TODAY).findings
    world, first = PolicyInput.of(desired, TODAY), dict[tuple[str, str], str]()
    starts = {
        key: {line.starts for one in found.values() for line in one.lines if line.starts and line.starts > TODAY}
        for key, found in desired.resources.items()
    }
    for day in sorted({TODAY}.union(*starts.values())):
        beginning = {key: part for key, part in desired.resources.items() if day == TODAY or day in starts[key]}
        for rule in POLICIES.values():
            if rule.needs_state or rule.scale is not Scale.PERSON:
                continue
            for one in rule.check(world.on(day, beginning), parameters_of(rule, config.policies)):
                later = f"{one.message}, from {day} on" if day > TODAY else one.message
                first.setdefault((rule.id, str(one.address)), later)
        for key, part in beginning.items():
            then = world.on(day, {key: part}).overviews[key]
            admins, members = len(then.admins), len(then.members)
            if (admins > 2 or (members > 1 and admins > members / 2)) and ("admin-share", key) not in first:
                first["admin-share", key] = f", from {day} on" if day > TODAY else "`"
    shares = {one.address.partition("/")[0]: one.message for one in judged if one.id == "admin-share"}
    ends = {key: first.pop(("admin-share", key)) for key in desired.organizations if ("admin-share", key) in first}
    assert shares.keys() == ends.keys()
    assert all(shares[key].endswith(end) for key, end in ends.items())
    personal = [one for one in judged if one.id in POLICIES and POLICIES[one.id].scale is Scale.PERSON]
    assert sorted((one.id, one.address, one.message) for one in personal) == sorted((*k, v) for k, v in first.items())


@given(organizations())
def test_what_somebody_begins_to_have_anywhere_is_judged_as_by_a_look_at_everything(text: str) -> None:
    desired = load(text).readable
    config = load_config(SourceFile("reconciler.yaml", f"version: 1\n{ANYWHERE}".encode())).config
    assert config is not None
    judged = [one for one in judge(desired, config.policies, today=TODAY).findings if one.id in ANYWHERE]
    lines = [line for found in desired.resources.values() for one in found.values() for line in one.lines]
    world, first = PolicyInput.of(desired, TODAY), dict[tuple[str, str], str]()
    for day in sorted({TODAY, *(line.starts for line in lines if line.starts and line.starts > TODAY)}):
        for rule in (POLICIES["client-isolation"], POLICIES["separate-destruction"]):
            for one in rule.check(world.on(day, desired.resources), parameters_of(rule, config.policies)):
                later = f"{one.message}, from {day} on" if day > TODAY else one.message
                first.setdefault((rule.id, str(one.address)), later)
    assert sorted((one.id, one.address, one.message) for one in judged) == sorted((*k, v) for k, v in first.items())


@given(organizations())
def test_a_rule_passes_over_no_organization_that_it_objects_to(text: str) -> None:
    desired = load(text).readable
    config = load_config(SourceFile("reconciler.yaml", f"version: 1\n{EVERY_RULE}".encode())).config
    assert config is not None
    usual = judge(desired, config.policies, today=TODAY)
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(Rule, "find_scope", lambda _, world, __: world)
        assert judge(desired, config.policies, today=TODAY) == usual


pieces = st.sampled_from(["a", "b", "ab", "*", "?", "[ab]", "[!a]", "/", "[", "]", "@"])


@given(st.lists(st.lists(pieces, max_size=7).map("".join), max_size=8), st.lists(pieces, max_size=7).map("".join))
def test_of_many_patterns_those_are_found_that_match(patterns: list[str], address: str) -> None:
    found = [number for number, pattern in enumerate(patterns) if fnmatchcase(address, pattern)]
    assert AddressPatterns(patterns).find(address) == found


@pytest.mark.parametrize(("more", "expected"), [("", True), (", break_glass: true", False)])
def test_without_a_set_time_alone_changes_nothing_but_what_is_said_of_emergencies(more: str, expected: bool) -> None:
    member = f"      p1000: {{role: standard, starts: {TODAY}, expires: {TODAY + timedelta(3)}, reason: r{more}}}\n"
    desired = load(people(1) + center(member)).readable
    assert are_timeless(PolicySettings(), POLICIES, desired, today=TODAY) is expected
    reviewed = replace(desired, review_every=90, reviewed={})
    assert not are_timeless(PolicySettings(), POLICIES, reviewed, today=TODAY)
