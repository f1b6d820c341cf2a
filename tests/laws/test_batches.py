"""A large workspace is planned some files after the other: the plan is the one that is made of all of it at once.

The same things happen to a workspace as where something is left out of a plan. The plan made at once is the judge.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.apply import planning as apply_planning
from reconciler.apply.planning import PlanRequest
from reconciler.cli import planning
from reconciler.manifests import load, source
from tests.laws.test_settled import (
    CONFIG,
    EXCEPTION,
    FILES,
    HAPPENINGS,
    HAPPENINGS_OF_PEOPLE,
    LAST,
    PEOPLE_FILE,
    TODAY,
    Deed,
    Workspace,
    deeds,
    edit,
    edit_members,
    in_turn,
    make_workspace,
    run,
    settled_root,
    write,
)
from tests.tiers import scaled

__all__ = ["settled_root"]


def give_another_key(_: Path, workspace: Workspace) -> None:
    organizations = workspace[FILES[2]]["organizations"]
    organizations["gamma2"] = organizations.pop("gamma")


WHATEVER: dict[str, Deed] = {
    **HAPPENINGS,
    **HAPPENINGS_OF_PEOPLE,
    "nothing": lambda _root, _workspace: None,
    "an organization has another key": give_another_key,
    "an exception holds for several": in_turn(
        edit_members(FILES[1], "delta", "zed@agency.example", "member"),
        edit_members(FILES[2], "gamma", "zed@agency.example", "admin"),
        edit(CONFIG, "policies", value={"exceptions": [{**EXCEPTION, "address": "*/member/*@agency.example"}]}),
    ),
}
QUICK = (
    "nothing",
    "an organization has another key",
    "an exception holds for several",
    "a required admin is nobody",
    "a policy looks at several",
    "a new file has a known handle",
)
"""One for each kind of thing that has to do with more than one file."""


def plan_in_batches(root: Path, *words: str) -> Result:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "LARGE", 0)
        patch.setattr(planning, "BATCH", 1)
        return run(root, "plan", "--full", "--no-refresh", *words)


def compare(root: Path) -> None:
    for day in (str(TODAY), LAST):
        words = ("--format", "json", "--now", day)
        at_once, in_batches = run(root, "plan", "--full", "--no-refresh", *words), plan_in_batches(root, *words)
        assert (in_batches.exit_code, in_batches.stderr) == (at_once.exit_code, at_once.stderr), day
        assert in_batches.stdout == at_once.stdout, day


@pytest.mark.parametrize(
    "happening", [pytest.param(name, marks=[] if name in QUICK else pytest.mark.full) for name in WHATEVER]
)
def test_whatever_happens_the_plan_is_the_one_made_at_once(settled_root: Path, tmp_path: Path, happening: str) -> None:
    root, workspace = shutil.copytree(settled_root, tmp_path / "w"), make_workspace()
    WHATEVER[happening](root, workspace)
    write(root, workspace)
    compare(root)


@pytest.mark.full
@settings(max_examples=scaled(60))
@given(st.lists(deeds, min_size=1, max_size=5))
def test_nothing_that_happens_after_other_things_makes_another_plan(settled_root: Path, happening: list[Deed]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root, workspace = shutil.copytree(settled_root, Path(folder) / "w"), make_workspace()
        for deed in happening:
            deed(root, workspace)
            write(root, workspace)
            compare(root)


def test_what_was_read_is_planned_before_more_is_read(settled_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that may have apps, whose owners may be anywhere, are planned together at the end."""
    happened: list[object] = []
    make_plan = apply_planning.make_plan

    def parse_file(file: source.SourceFile) -> source.ParsedFile:
        happened.append(file.path)
        return source.parse_file(file)

    def plan_part(request: PlanRequest, **given: Any) -> Any:
        happened.append(sorted(request.desired.organizations))
        return make_plan(request, **given)

    monkeypatch.setattr(load, "parse_file", parse_file)
    monkeypatch.setattr(apply_planning, "make_plan", plan_part)
    plan_in_batches(settled_root)
    # A batch is at least as large as what everything depends on.
    assert happened == [PEOPLE_FILE, FILES[0], ["acme"], *FILES[1:], ["gamma"], ["beta", "delta"], []]
