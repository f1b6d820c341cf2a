"""Given two revisions, this review in full: one file in tests/cases/diff for each rule."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.cli.options import RENDERERS
from reconciler.features.review.model import AccessChange, Effect, Review, Side
from reconciler.features.review.review import review
from reconciler.model import Mark
from reconciler.output.document import PLAIN
from tests.features.review.given import PATHS, Case, read_case

every_case = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)

TURNED_EFFECTS = {Effect.GAIN: Effect.LOSS, Effect.LOSS: Effect.GAIN}
TURNED_BACK = set(Mark) - {Mark.GUARD}
"""A guard that is weakened on the way there is strengthened on the way back, which is no risk."""
TURNED_MARKS = {Mark.FIRST: Mark.LAST, Mark.LAST: Mark.FIRST}


def made(case: Case) -> Review:
    return review(case.base, case.head, today=case.today)


@every_case
def test_the_review_is_what_the_case_wants(path: Path) -> None:
    case = read_case(path)
    told = RENDERERS.review["text"](made(case), PLAIN)
    if told != case.want:
        lines = difflib.unified_diff(case.want.splitlines(), told.splitlines(), "wanted", "told", lineterm="", n=9)
        pytest.fail("\n".join(lines), pytrace=False)


@every_case
@pytest.mark.parametrize("side", ["base", "head"])
def test_a_revision_does_not_differ_from_itself(path: Path, side: str) -> None:
    case = read_case(path)
    revision = case.base if side == "base" else case.head
    same = review(revision, revision, today=case.today)
    assert same.is_empty or same.head.problems
    assert same.resolved == ()


def turned(change: AccessChange) -> AccessChange:
    return replace(
        change,
        before=change.after,
        after=change.before,
        effect=TURNED_EFFECTS.get(change.effect, change.effect),
        marks=tuple(m for m in Mark if m in {TURNED_MARKS.get(one, one) for one in change.marks} & TURNED_BACK),
    )


def effects(changes: Iterable[AccessChange]) -> Counter[Effect]:
    return Counter(change.effect for change in changes)


def in_order(changes: Iterable[AccessChange]) -> list[AccessChange]:
    return sorted(changes, key=lambda change: (change.subject, change.on))


@every_case
def test_the_way_back_gives_what_the_way_there_takes(path: Path) -> None:
    case = read_case(path)
    there, back = made(case), review(case.head, case.base, today=case.today)
    if there.renames or there.base.problems or there.head.problems or there.settings:
        return  # told in the names of one side, only one side can be read, or judged by the rules of one side
    if any("these are two" in text for text in there.notices):
        # What has the key at HEAD is told by it, and what had it at BASE by its identity; so only numbers turn around.
        assert effects(map(turned, back.access)) == effects(there.access)
        return
    if any("another organization" in text for text in there.notices):
        # Nobody loses anything in the one that had the key, so it is a gain in both directions.
        assert effects(back.access) == effects(there.access)
        return
    # Nobody loses anything where an organization is no longer declared; declared again, its people gain it.
    dropped = {one.organization for one in (*there.dropped, *back.dropped)}
    told_there = [change for change in there.access if change.organization not in dropped]
    told_back = [change for change in back.access if change.organization not in dropped]
    twice_turned = map(turned, map(turned, told_there))
    assert in_order(map(turned, told_back)) == in_order(twice_turned)
    things = [one for one in there.things if one.address.organization not in dropped]
    assert {(one.address, one.before, one.after) for one in back.things if one.address.organization not in dropped} == {
        (one.address, one.after, one.before) for one in things
    }
    assert (back.approvals_given, back.approvals_withdrawn) == (there.approvals_withdrawn, there.approvals_given)
    assert {*back.findings, *back.policy_findings} == set(there.resolved)
    assert {*there.findings, *there.policy_findings} == set(back.resolved)


@every_case
def test_the_json_holds_every_row_of_the_text(path: Path) -> None:
    there = made(read_case(path))
    document = json.loads(RENDERERS.review["json"](there, PLAIN))
    for name in ("access", "things", "people", "settings", "steps", "findings", "resolved", "notices"):
        assert len(document[name]) == len(getattr(there, name))
    assert document["summary"]["is_empty"] == there.is_empty


def test_there_are_cases() -> None:
    assert len(PATHS) > 30


def test_an_empty_review_is_empty() -> None:
    one = Review(today=read_case(PATHS[0]).today, base=Side(name="a"), head=Side(name="b"))
    assert one.is_empty
    assert not replace(one, notices=("n",)).has_errors
