"""Three months of a large community in one comment: it fits, and nobody becomes admin unseen.

Who stops being one is named, or the comment says that it has no room for all.
"""

from __future__ import annotations

import re

import pytest

from reconciler.engine.planner import Worlds
from reconciler.engine.planner import plan as make_plan
from reconciler.features.planning.document import digest_of_plan, document_of_plan
from reconciler.model import Address, Change, GuardSettings, Live, Plan, Record, Resource, State, Waiting
from reconciler.output.document import COMMENT_BUDGET, Style
from reconciler.output.markdown import measure, render_markdown
from tests.history.convert import read_quarters, render_manifests
from tests.history.replay import load


@pytest.fixture(scope="module")
def plan() -> Plan:
    """From July to October 2020, with everything of July recorded and live."""
    quarters = {str(quarter.day): quarter for quarter in read_quarters()}
    before, after = quarters["2020-07-01"], quarters["2020-10-01"]
    found = load(render_manifests(before)).resources
    resources = {
        name: {
            address: Resource(address=address, attributes=item.attributes, identity=item.identity)
            for address, item in of_one.items()
        }
        for name, of_one in found.items()
    }
    recorded = {
        name: State(
            organization=name,
            records={
                address: Record(address=address, attributes=one.attributes, identity=one.identity)
                for address, one in of_one.items()
            },
        )
        for name, of_one in resources.items()
    }
    live = {name: Live(organization=name, resources=of_one) for name, of_one in resources.items()}
    worlds = Worlds(desired=load(render_manifests(after)), recorded=recorded, live=live, today=after.day)
    return make_plan(worlds, GuardSettings())


def of_admins(plan: Plan) -> list[Address]:
    """Whatever makes or ends an admin: planned, blocked or waiting."""
    steps: list[Change | Waiting] = [*plan.changes, *(item.change for item in plan.blocked), *plan.waiting]
    return [
        step.address
        for step in steps
        if any(side is not None and side.attributes.get("role") == "admin" for side in (step.before, step.after))
    ]


def test_the_quarter_has_hundreds_of_changes_and_some_of_admins(plan: Plan) -> None:
    assert len(plan.changes) > 600
    assert len(of_admins(plan)) > 10


@pytest.mark.parametrize("room", [65_000, 16_000])
def test_the_comment_fits_and_lists_every_change_of_an_admin(plan: Plan, room: int) -> None:
    text = render_markdown(document_of_plan(plan), Style(max_chars=room))
    assert measure(text) <= room
    assert digest_of_plan(plan) in text.splitlines()[-1]
    first = text.partition("#### Look at this first")[2].partition("<details>")[0]
    lost = {change.address for change in plan.changes if change.after is None and change.address.kind != "member"}
    for address in of_admins(plan):
        person, thing = address.parts[-1], address.parts[0]
        lines = (text if address in lost else first).splitlines()
        told = [line for line in lines if f"`{person}`" in line and "admin" in line and thing in line]
        is_named = any(address.organization in line for line in told) or (told and address in lost)
        assert is_named or (address in lost and "only counted" in text), address


def test_in_the_comment_of_github_nothing_is_left_out_altogether(plan: Plan) -> None:
    text = render_markdown(document_of_plan(plan), Style(max_chars=COMMENT_BUDGET))
    assert "only counted" not in text
    names = set(re.findall(r"`(p[0-9a-f]{8})`", text))
    of_people = [change.address for change in plan.changes if change.address.kind in ("member", "ad_account_access")]
    assert {address.parts[-1] for address in of_people} <= names
