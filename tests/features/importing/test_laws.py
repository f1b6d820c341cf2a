"""Whatever a world looks like, what is imported of it is what is in it; whatever is then done by hand can be adopted.

What is in a world is read from the sandbox's own tables, not from what the import was told.
"""

from __future__ import annotations

import difflib
import re
from contextlib import suppress
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import event, example, given, settings

from reconciler.editing.format import format_manifest
from reconciler.features.importing.adopt import adopt
from reconciler.manifests.source import SourceFile
from reconciler.sandbox import people
from reconciler.sandbox.world import Refusal
from tests.features.importing.worlds import (
    EMAILS,
    HEADS,
    PEOPLE,
    ROLES,
    Stage,
    declared_grants,
    declared_seats,
    grants_in,
    seats_in,
    seeds,
    staged,
)
from tests.tiers import scaled

calmly = settings(max_examples=scaled(40))


def assert_in_step(stage: Stage) -> None:
    """The manifests say what is there, the plan is empty, and the files are in the usual form."""
    plan = stage.plan()
    assert plan.is_settled, [*plan.changes, *plan.waiting, *plan.blocked, *plan.organizations]
    for path, text in stage.files.items():
        assert format_manifest(SourceFile(path=path, data=text.encode())) == (text, ())


@calmly
@given(seeds())
def test_what_is_imported_is_what_is_there(seed: dict[str, Any]) -> None:
    with staged(seed) as stage:
        made = stage.import_all()
        event("with groups" if any(one.teams for one in made.organizations) else "without groups")
        assert [one.held_back for one in made.organizations if one.held_back] == []
        desired = stage.desired()
        assert declared_seats(desired) == seats_in(stage.world)
        assert declared_grants(desired) == grants_in(stage.world)
        assert_in_step(stage)


acts = st.tuples(
    st.sampled_from(["remove", "role", "invite", "leave"]), st.sampled_from(PEOPLE), st.sampled_from(sorted(ROLES))
)


def bc_with(*people: str) -> dict[str, Any]:
    """A business center whose admins hold one ad account together, so that one line in brackets names them all."""
    return {
        "version": 1,
        "people": {key: {"email": email} for key, email in zip(PEOPLE, EMAILS, strict=True) if key in people},
        "organizations": {
            "bc": {
                **HEADS["bc"],
                "members": dict.fromkeys(people, "admin"),
                "ad_accounts": {"7100000000000000000": {"name": "", "access": dict.fromkeys(people, "operator")}},
                "pixels": {"7300000000000000001": {"access": {}}},
            }
        },
    }


@calmly
@example(bc_with("p0", "p3"), [(("remove", "p0", "bc"), 0)])
@given(seeds(), st.lists(st.tuples(acts, st.integers(0, 3)), min_size=1, max_size=4))
def test_whatever_is_done_by_hand_can_be_adopted(seed: dict[str, Any], done: list[tuple[Any, int]]) -> None:
    with staged(seed) as stage:
        stage.import_all()
        for (what, person, key), choice in done:
            do_by_hand(stage, what, person, key, ROLES[key][choice % len(ROLES[key])])
        people.answer_all(stage.world, [], agree=True)
        before = dict(stage.files)
        made = adopt(
            stage.request(),
            stage.sources(),
            provider_for=stage.provider_for,
            store=stage.store,
        )
        stage.files |= made.edit.texts
        event("adopted" if made.adopted else "nothing to adopt")
        for refusal in made.refused:
            event(f"refused: {refusal.reason}")
        if not made.refused:
            assert declared_seats(stage.desired()) == seats_in(stage.world)
            assert declared_grants(stage.desired()) == grants_in(stage.world)
            assert_in_step(stage)
        words = {part for address in made.adopted for part in address.parts} | set(made.people)
        for line in changed(before, stage.files):
            assert any(word in line for word in words), f"nobody asked for {line!r}"


def do_by_hand(stage: Stage, what: str, person: str, key: str, role: str) -> None:
    with suppress(Refusal):
        match what:
            case "remove":
                people.remove_by_hand(stage.world, PEOPLE[0], person, key)
            case "role":
                people.set_role_by_hand(stage.world, PEOPLE[0], person, key, role)
            case "invite":
                people.invite_by_hand(stage.world, PEOPLE[0], person, key, role)
            case _:
                people.leave(stage.world, person, key)


def changed(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """What came or went: a line, or an entry of one in brackets that replaces another."""
    found: list[str] = []
    for path, text in after.items():
        old, new = before.get(path, "").splitlines(), text.splitlines()
        hunks = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        for tag, old_start, old_end, new_start, new_end in hunks:
            if tag != "equal":
                found += differing(old[old_start:old_end], new[new_start:new_end])
    return found


IN_BRACKETS = re.compile(r"(?P<key>[^\[{]*)[\[{](?P<entries>.*)[\]}]")


def differing(gone: list[str], come: list[str]) -> list[str]:
    """The lines that differ; of two in brackets under one key only the entries that differ, each with the key."""
    pieces = []
    for line in [*gone, *come]:
        other = come if line in gone else gone
        match = IN_BRACKETS.fullmatch(line)
        twins = [twin for twin in map(IN_BRACKETS.fullmatch, other) if match and twin and twin["key"] == match["key"]]
        if match and twins:
            kept = {entry.strip() for twin in twins for entry in twin["entries"].split(",")}
            entries = [entry.strip() for entry in match["entries"].split(",")]
            pieces += [f"{match['key']}{entry}" for entry in entries if entry not in kept]
        else:
            pieces.append(line)
    return [piece for piece in pieces if piece.strip()]


@pytest.mark.parametrize(
    ("gone", "come", "pieces"),
    [
        (["  access: {p0: operator, p3: operator}"], ["  access: {p3: operator}"], ["  access: p0: operator"]),
        (
            ["  access: {p3: operator}"],
            ["  access: {p3: analyst}"],
            ["  access: p3: operator", "  access: p3: analyst"],
        ),
        (
            ["  p0: {role: admin, as: x}"],
            ["  p0: {role: operator, as: x}"],
            ["  p0: role: admin", "  p0: role: operator"],
        ),
        (["  members: [p0, p1]"], ["  members: [p1, p2]"], ["  members: p0", "  members: p2"]),
        (["  members: [p0, p1]"], [], ["  members: [p0, p1]"]),
        (["  p0: admin"], ["  p0: standard"], ["  p0: admin", "  p0: standard"]),
        (
            ["  members: [p0]", "  p1: admin"],
            ["  access: {p0: admin}"],
            ["  members: [p0]", "  p1: admin", "  access: {p0: admin}"],
        ),
    ],
)
def test_a_line_in_brackets_that_loses_an_entry_changes_only_there(
    gone: list[str], come: list[str], pieces: list[str]
) -> None:
    assert differing(gone, come) == pieces
