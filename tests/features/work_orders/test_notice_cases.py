"""Who is told what: one file in tests/cases/notices for each rule.

A case is written like those of the planner, of which only what is declared and recorded matters. It wants the text of
all messages.
"""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from reconciler.cli.options import RENDERERS
from reconciler.features.work_orders.document import with_messages
from reconciler.features.work_orders.model import Notice, Notices
from reconciler.features.work_orders.notices import collect_notices
from reconciler.model import Action, Address, WorkOrder, in_turn
from reconciler.output.document import PLAIN
from tests.engine.given import Case, read_case

PATHS = sorted((Path(__file__).parents[2] / "cases" / "notices").glob("*.yaml"))


def describe(case: Case) -> list[str]:
    at = datetime.combine(case.worlds.today, time(12), UTC)
    states = [state for _, state in sorted(case.worlds.recorded.items())]
    found = collect_notices(states, case.worlds.desired, at=at, settings=case.settings)
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


OUTSIDERS = """\
today: 2026-11-24
manifest:
  people:
    mara: {name: Mara Lind, email: mara@acme.example}
    zoe: {name: Zoe Vu, email: zoe@studio.example, employment: agency}
  organizations:
    acme-bc:
      system: business_center
      id: "6900000000000000001"
      owners: [mara]
      members: {mara: admin, bo: admin, zoe: standard, ana: standard}
      tiktok_accounts: {brand: {handle: "@brand", ownership: client}}
live: {}
recorded:
  acme-bc:
    member/mara: admin
    member/zoe: {role: standard, status: invited, identity: zoe@studio.example, since: 2026-11-22}
    member/ana: {role: standard, status: invited, identity: ana@acme.example, since: 2026-11-22}
want: {notices: ""}
"""


def test_people_from_outside_are_told_whom_to_answer_and_nothing_of_commands_and_files(tmp_path: Path) -> None:
    path = tmp_path / "case.yaml"
    path.write_text(OUTSIDERS, encoding="utf-8")
    case = read_case(path)
    at = datetime.combine(case.worlds.today, time(12), UTC)
    states = list(case.worlds.recorded.values())
    made = collect_notices(states, case.worlds.desired, at=at, settings=case.settings)
    told = {one.person or one.name: one for one in with_messages(made).notices}
    assert {"zoe", "the owner of @brand"} <= told.keys()
    for who in ("zoe", "the owner of @brand"):
        assert told[who].answer_to == "Mara Lind (mara@acme.example)"
        assert "Tell Mara Lind (" in told[who].markdown
        assert "reconciler" not in told[who].markdown
        assert ".yaml" not in told[who].markdown
    assert told["ana"].answer_to == ""


def test_admins_are_asked_in_turn_and_always_the_same_one_for_the_same_thing() -> None:
    admins = ["ana", "bo", "cy"]
    asked = [in_turn(admins, Address("acme-bc", "member", f"p{number}"))[0] for number in range(60)]
    assert {asked.count(one) > 10 for one in admins} == {True}
    assert asked == [in_turn(admins, Address("acme-bc", "member", f"p{number}"))[0] for number in range(60)]
    assert in_turn([], Address("acme-bc", "member", "p")) == []
