"""Whatever is decided, closing takes away exactly that, or nothing at all and says why.

The judge expands the YAML by itself and shares nothing with the code under test but the words of addresses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import yaml
from hypothesis import event, given
from hypothesis import strategies as st

from reconciler.features.certification.files import (
    digest_of_facts,
    read_campaign,
    read_sheet,
    write_campaign,
    write_sheet,
)
from reconciler.features.certification.model import (
    AccessFacts,
    Campaign,
    ReviewDecision,
    ReviewedAccess,
    ReviewedLine,
    ReviewerBy,
    ReviewSheet,
    SheetMark,
)
from reconciler.manifests.source import SourceFile
from reconciler.model import Address, Risk
from tests.features.certification.given import play

PEOPLE = ("ana", "bo", "eve", "finn", "gil")
GROUPS = ("buyers", "teams", "trainees")
END = date(2027, 3, 31)
Access = tuple[str, str]
"""What is had, and by whom."""


def expand(manifest: Mapping[str, Any]) -> dict[Access, set[tuple[str, str]]]:
    """Who has what, group by group: every role with its end."""

    def people(who: str, seen: tuple[str, ...] = ()) -> Iterator[str]:
        if not who.startswith("group:"):
            yield who
        elif who not in seen:
            for inner in manifest["groups"][who.removeprefix("group:")]["members"]:
                yield from people(inner, (*seen, who))

    found: dict[Access, set[tuple[str, str]]] = {}
    center = manifest["organizations"]["acme-bc"]
    lists = {"member": center.get("members", {})}
    lists |= {f"ad_account_access/{key}": one.get("access", {}) for key, one in center["ad_accounts"].items()}
    for thing, lines in lists.items():
        for who, terms in lines.items():
            role, end = (terms["role"], str(terms.get("expires", ""))) if isinstance(terms, dict) else (terms, "")
            for person in people(who):
                found.setdefault((thing, person), set()).add((role, end))
    return found


@st.composite
def worlds(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, str]]:
    """Groups in groups, lines of people and of groups, and a decision on each access."""
    members = {"buyers": st.sets(st.sampled_from(PEOPLE[2:])), "trainees": st.sets(st.sampled_from(PEOPLE[2:]))}
    groups = {name: {"members": sorted(draw(one))} for name, one in members.items()}
    outer = draw(st.sets(st.sampled_from(["group:buyers", "group:trainees", *PEOPLE[3:]])))
    groups["teams"] = {"members": sorted(outer)}
    whom = [*PEOPLE[2:], *(f"group:{name}" for name in GROUPS)]
    lines = dict.fromkeys(draw(st.sets(st.sampled_from(whom))), "standard")
    ad_accounts = {}
    for number, key in enumerate(("us", "eu")):
        access = {who: draw(st.sampled_from(["operator", "analyst"])) for who in draw(st.sets(st.sampled_from(whom)))}
        ad_accounts[key] = {"id": f"710000000000000000{number}", "access": access}
    manifest: dict[str, Any] = {
        "people": {key: {"email": f"{key}@acme.example"} for key in PEOPLE},
        "groups": groups,
        "organizations": {
            "acme-bc": {
                "system": "business_center",
                "id": "6900000000000000001",
                "on_conflict": "highest",
                "members": {"ana": "admin", "bo": "admin", **lines},
                "ad_accounts": ad_accounts,
            }
        },
    }
    # Access needs a membership: whoever has none gets one.
    held = expand(manifest)
    for thing, person in held:
        if thing != "member" and ("member", person) not in held:
            manifest["organizations"]["acme-bc"]["members"][person] = "standard"
    mixed = st.sampled_from(["keep", "revoke", "shorten", "undecided"])
    manners = {key: draw(st.sampled_from([st.just("revoke"), st.just("keep"), mixed])) for key in PEOPLE[2:]}
    decisions = {
        f"acme-bc/{thing}/{person}": draw(manners[person])
        for thing, person in sorted(expand(manifest))
        if person in manners
    }
    return manifest, decisions


@given(worlds())
def test_closing_takes_away_what_was_decided_and_nothing_else(world: tuple[dict[str, Any], dict[str, str]]) -> None:
    manifest, decisions = world
    said = {
        address: {"decision": one, "reason": "as agreed", **({"until": str(END)} if one == "shorten" else {})}
        for address, one in decisions.items()
        if one != "undecided"
    }
    files = {"access/a.yaml": yaml.safe_dump(manifest, sort_keys=False)}
    played = play(files, review={}, decisions=said, later={})
    assert played.findings == ()
    if played.closing.problems:
        event("refused")
        assert not played.closing.edited
        return
    event("edited" if played.closing.edited else "nothing to edit")
    before, after = expand(manifest), expand(yaml.safe_load(played.edited["access/a.yaml"]))
    assert after.keys() <= before.keys()
    for (thing, person), roles in before.items():
        now, decision = after.get((thing, person), set()), decisions.get(f"acme-bc/{thing}/{person}", "undecided")
        has_left = decisions.get(f"acme-bc/member/{person}") == "revoke"
        if decision == "revoke" or (has_left and decision == "undecided"):
            assert now == set(), (thing, person)
        elif decision == "shorten":
            assert not has_left
            assert {end for _, end in now} == {str(END)}, (thing, person)
            assert {role for role, _ in now} <= {role for role, _ in roles}
        else:
            assert not has_left
            assert max(map(_rank, now), default=-1) == max(map(_rank, roles)), (thing, person)
            assert {end for _, end in now} == {""}, (thing, person)


def _rank(line: tuple[str, str]) -> int:
    return ["analyst", "operator", "standard", "admin"].index(line[0])


@given(worlds())
def test_what_stands_in_the_way_is_always_a_group_or_a_membership(world: tuple[dict[str, Any], dict[str, str]]) -> None:
    """Where everybody has lines of their own and grants go with memberships, no decision is refused."""
    manifest, decisions = world
    center = manifest["organizations"]["acme-bc"]
    manifest["groups"] = {}
    for lines in (center["members"], *(one["access"] for one in center["ad_accounts"].values())):
        for who in [who for who in lines if who.startswith("group:")]:
            del lines[who]
    held = expand(manifest)
    for _, person in list(held):
        if ("member", person) not in held:
            center["members"][person] = "standard"
    held = expand(manifest)
    said = {}
    for thing, person in held:
        decision = decisions.get(f"acme-bc/{thing}/{person}", "undecided")
        has_left = decisions.get(f"acme-bc/member/{person}") == "revoke"
        decision = "revoke" if has_left else decision
        if decision != "undecided":
            said[f"acme-bc/{thing}/{person}"] = {
                "decision": decision,
                "reason": "as agreed",
                **({"until": str(END)} if decision == "shorten" else {}),
            }
    played = play({"access/a.yaml": yaml.safe_dump(manifest, sort_keys=False)}, review={}, decisions=said, later={})
    assert played.closing.problems == ()


@given(
    name=st.sampled_from(["n", "y", "no", "null", "1e3", "007", "12", "2026-11-22", "0x1f", "true"]),
    person=st.sampled_from(["y", "on", "1e3", "007", "1_000", "2026-11-22", "~x", "null", "é"]),
    reason=st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), min_size=1).filter(str.strip),
)
def test_files_of_a_review_are_read_as_they_were_written(name: str, person: str, reason: str) -> None:
    facts = AccessFacts(
        address=Address("acme-bc", "member", person),
        person=person,
        name=reason,
        gives="standard",
        risk=Risk.MEDIUM,
        lines=(ReviewedLine(at="a.yaml:1", gives="standard", ends=END),),
        recorded=reason,
        last_change="never: nothing",
        last_use="not known",
        findings=(reason, "no"),
    )
    sheet = ReviewSheet(campaign=name, reviewer=person, accesses=(ReviewedAccess(facts=facts),))
    mark = SheetMark(file="a.yaml", accesses=1, facts=digest_of_facts(sheet))
    campaign = Campaign(
        name=name,
        scope=("*",),
        reviewer_by=ReviewerBy.MANAGER,
        due=END,
        undecided=ReviewDecision.KEEP,
        started=END,
        started_by=reason,
        manifests="sha256:0",
        reviewers={person: mark},
    )
    assert read_campaign(SourceFile("c.yaml", write_campaign(campaign).encode())) == campaign
    file = SourceFile("a.yaml", write_sheet(sheet, campaign).encode())
    read, notes = read_sheet(file, campaign, person, today=END)
    assert notes.findings == []
    assert [one.facts for one in read.accesses] == [facts]
