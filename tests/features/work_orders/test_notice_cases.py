"""Who is told what: one file in tests/cases/notices for each rule.

A case is written like those of the planner, of which only what is declared and recorded matters. It wants the text of
all messages.
"""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from reconciler.cli.catalogue import RENDERERS
from reconciler.features.work_orders.model import Notice, Notices
from reconciler.features.work_orders.notices import make_notices
from reconciler.model.address import Address
from reconciler.model.kinds import Action
from reconciler.model.work_order import WorkOrder
from reconciler.output.style import PLAIN
from tests.engine.given import Case, read_case

PATHS = sorted((Path(__file__).parents[2] / "cases" / "notices").glob("*.yaml"))


def describe(case: Case) -> list[str]:
    at = datetime.combine(case.worlds.today, time(12), UTC)
    states = [state for _, state in sorted(case.worlds.recorded.items())]
    found = Notices(at=at, notices=tuple(make_notices(states, case.worlds.desired, at=at, settings=case.settings)))
    return RENDERERS.notices["text"](found, PLAIN).splitlines()


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_the_messages_are_what_the_case_wants(path: Path) -> None:
    case = read_case(path)
    assert describe(case) == case.want["notices"]


def test_that_one_person_has_nothing_to_do_says_nothing_of_others() -> None:
    found = Notices(at=datetime(2026, 11, 22, tzinfo=UTC), person="eve")
    assert RENDERERS.notices["text"](found, PLAIN) == "No request to eve is open.\n"
    assert RENDERERS.notices["text"](Notices(at=found.at), PLAIN) == "No request to anybody is open.\n"


def test_a_hostile_name_stays_a_name_in_every_form() -> None:
    order = WorkOrder(
        operation="o",
        address=Address("acme", "member", "eve"),
        action=Action.REMOVE,
        system="business_center",
        actor="eve",
        actor_role="an admin of acme",
        title="Remove `[x](http://evil.example)\x1b[31m`",
        steps=("Do it",),
        reason="declared",
    )
    name = "<b>@all</b> \x1b[31m**"
    found = Notices(at=datetime(2026, 11, 22, tzinfo=UTC), notices=(Notice(person="eve", name=name, orders=(order,)),))
    text, markdown, html = (RENDERERS.notices[form](found, PLAIN) for form in ("text", "markdown", "html"))
    assert "\x1b" not in text + markdown + html
    assert "<b>" not in markdown + html
    assert "@all" not in markdown
    assert "**" not in markdown.splitlines()[0]
