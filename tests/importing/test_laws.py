"""Whatever a world looks like, what is imported of it is what is in it; whatever is then done by hand can be adopted.

What is in a world is read from the sandbox's own tables, not from what the import was told.
"""

from __future__ import annotations

import difflib
from contextlib import suppress
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, event, given, settings

from reconciler.manifests.source import SourceFile
from reconciler.manifests.write import format_manifest
from reconciler.providers.sandbox import people
from reconciler.providers.sandbox.refusal import Refusal
from reconciler.workflows.adopting import AdoptionRequest, adopt
from tests.importing.worlds import (
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

calmly = settings(
    deadline=None, max_examples=max(40, settings().max_examples // 4), suppress_health_check=[HealthCheck.too_slow]
)


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
        event("with groups" if any(one.groups for one in made.organizations) else "without groups")
        assert [one.held_back for one in made.organizations if one.held_back] == []
        desired = stage.desired()
        assert declared_seats(desired) == seats_in(stage.world)
        assert declared_grants(desired) == grants_in(stage.world)
        assert_in_step(stage)


acts = st.tuples(
    st.sampled_from(["remove", "role", "invite", "leave"]), st.sampled_from(PEOPLE), st.sampled_from(sorted(ROLES))
)


@calmly
@given(seeds(), st.lists(st.tuples(acts, st.integers(0, 3)), min_size=1, max_size=4))
def test_whatever_is_done_by_hand_can_be_adopted(seed: dict[str, Any], done: list[tuple[Any, int]]) -> None:
    with staged(seed) as stage:
        stage.import_all()
        for (what, person, key), choice in done:
            do_by_hand(stage, what, person, key, ROLES[key][choice % len(ROLES[key])])
        people.answer_all(stage.world, [], agree=True)
        before = dict(stage.files)
        made = adopt(
            AdoptionRequest(plan=stage.request(), files=stage.sources()),
            provider_for=stage.provider_for,
            store=stage.store,
        )
        stage.files |= made.after
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
    """Lines that came or went."""
    lines: list[str] = []
    for path, text in after.items():
        found = difflib.unified_diff(before.get(path, "").splitlines(), text.splitlines(), n=0, lineterm="")
        lines += [line for line in found if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    return lines
