"""Each document is told once, in few lines, and every form serves all of them."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path

import pytest

import reconciler
from reconciler.cli.app import load
from reconciler.cli.options import RENDERERS
from reconciler.output import FORMS
from reconciler.output.document import Style
from tests.output import plans
from tests.output.samples import everything

PACKAGE = Path(reconciler.__file__).parent
FEATURES = sorted((PACKAGE / "features").rglob("*.py"))


@pytest.mark.parametrize(
    "path",
    [path for path in FEATURES if path.parts[-2:] not in {("work_orders", "document.py"), ("report", "page.py")}],
    ids=str,
)
def test_a_document_knows_nothing_of_forms(path: Path) -> None:
    """But messages, which are sent as Markdown from within JSON, and the report, which is a page and nothing else."""
    imported = re.findall(r"reconciler\.output\.(\w+)", path.read_text(encoding="utf-8"))
    assert {"text", "markdown", "html", "csv", "visible", "folding", "markdown_text"} & set(imported) == set()


@pytest.mark.parametrize("document", [field.name for field in fields(RENDERERS)])
def test_every_form_is_there_for_every_document(document: str) -> None:
    assert set(getattr(RENDERERS, document)) >= {*FORMS, "json"}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_can_write_every_block(form: str) -> None:
    text = "".join(load(FORMS[form])(everything(), Style()))
    for told in ("acme-bc/member/mallory-of-the-north", "tell ana", "cannot be undone: never"):
        assert told in text


def test_the_same_step_that_a_guard_stops_everywhere_is_told_once() -> None:
    blocked = plans.held_back().organizations[0].blocked[1]
    parts = [plans.part(organization=f"org-{number}") for number in range(9)]
    assert blocked.approval == ""
    plan = plans.plan(*(replace(part, blocked=(blocked,)) for part in parts))
    text = RENDERERS.plan["markdown"](plan, Style())
    assert text.count("no approval can allow this") == 1
    assert "9 organizations" in text
    assert "in org-0, org-1 and 7 more" in text
    assert all(f"`org-{number}`" in text for number in range(9))


def test_what_cannot_be_undone_stands_first_and_what_is_stopped_last() -> None:
    (stopped,) = plans.held_back().organizations
    parts = (replace(stopped, organization="other-bc"), *plans.every_kind_of_access().organizations)
    text = RENDERERS.plan["text"](plans.plan(*parts), Style())
    block = text.partition("\n\n")[2].partition("\n\n")[0]
    first = [line.split()[:2] for line in block.splitlines() if re.match(r"  [-+~>!] ", line)]
    assert first[0] == [">", "critical"]
    assert [sign for sign, _ in first][-2:] == ["!", "!"]
    assert [sign for sign, _ in first].count("!") == 2
