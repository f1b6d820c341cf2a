"""The mixed change: whoever looks for one minute, on whatever screen, sees everything that is critical or high."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from reconciler.cli.options import RENDERERS
from reconciler.model import Change, Risk, name_subject
from reconciler.output.document import Style
from tests.output.pages import GOLDEN, mixed_plan, mixed_review

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest_plugins = ["tests.browsers"]

FOREMOST = (Risk.CRITICAL, Risk.HIGH)
LINES, WIDTH, HEIGHT = 25, 390, 844


def names_in_the_plan() -> list[str]:
    changes: list[Change] = [change for change in mixed_plan().changes if change.risk in FOREMOST]
    return sorted({name_subject(change.address) for change in changes})


def names_in_the_review() -> list[str]:
    review = mixed_review()
    names = {name_subject(one.subject) for one in review.access if one.risk in FOREMOST}
    names |= {name_subject(one.address) for one in review.things if one.risk in FOREMOST}
    names |= {one.name for one in review.settings if one.risk in FOREMOST}
    return sorted(names | {str(one.address) for one in review.steps})


both = pytest.mark.parametrize(
    ("name", "names"), [("plan-mixed", names_in_the_plan), ("review-mixed", names_in_the_review)]
)


def test_the_mixed_change_holds_everything_that_is_risky() -> None:
    assert names_in_the_plan() == ["app old-game", "dee", "finn", "jon", "partner north-agency", "zoe"]
    assert {"acme-dev/app/old-game", "ana", "guards.max_removal_ratio", "kim"} <= set(names_in_the_review())


@both
def test_the_first_lines_on_a_terminal_name_everything_that_is_risky(name: str, names: Callable[[], list[str]]) -> None:
    lines = (GOLDEN / f"{name}-at-80-columns.txt").read_text(encoding="utf-8").splitlines()[:LINES]
    assert [one for one in names() if one not in "\n".join(lines)] == []


@both
def test_a_comment_names_everything_that_is_risky_before_anything_that_folds(
    name: str, names: Callable[[], list[str]]
) -> None:
    lines = (GOLDEN / f"{name}.md").read_text(encoding="utf-8").splitlines()[:LINES]
    opening = "\n".join(line.partition("<details>")[0] for line in lines if not line.startswith("<details"))
    assert [one for one in names() if f"`{one}`" not in opening] == []


@both
def test_the_first_screen_of_a_phone_names_everything_that_is_risky(
    browser: Browser, name: str, names: Callable[[], list[str]]
) -> None:
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.goto((GOLDEN / f"{name}.html").as_uri())
    seen = page.evaluate(
        f"""[...document.querySelectorAll("section.first code")]
        .filter(one => one.getBoundingClientRect().bottom <= {HEIGHT}).map(one => one.textContent)"""
    )
    page.close()
    assert [one for one in names() if one not in seen] == []


def test_what_is_hidden_by_its_risk_is_counted_and_stays_in_the_json() -> None:
    text = RENDERERS.plan["text"](mixed_plan(), Risk.HIGH, Style())
    assert "note: Only what is at least high is shown: 15 lines are below that." in text
    assert "zoe" in text
    assert "amy" not in text
    assert RENDERERS.plan["json"](mixed_plan(), Risk.HIGH, Style()) == RENDERERS.plan["json"](mixed_plan(), Style())


def test_what_guards_stop_alike_stands_last_and_once() -> None:
    text = RENDERERS.plan["text"](mixed_plan(), Style())
    block = text.partition("\n\n")[2].partition("\n\n")[0].splitlines()
    rows = [line for line in block if line[2:4] in ("+ ", "~ ", "- ", "> ", "! ")]
    assert rows[-1].split()[:4] == ["!", "high", "kim", "stays"]
    assert text.count("kim") == 1
    assert "9 organizations" in rows[-1]
