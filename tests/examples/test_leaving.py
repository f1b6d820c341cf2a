"""People of the agency leave and come, from the first look to the word that nothing is left."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli.main import cli

ROOT = Path(__file__).parents[2]
CHECKLIST = ROOT / "examples" / "agency" / "offboarding.md"
MOST_ROUNDS = 4

Run = Callable[..., Result]


def runner(workspace: Path) -> Run:
    def call(*words: str, exits: int = 0) -> Result:
        result = CliRunner().invoke(cli, ["-C", str(workspace), *words])
        assert result.exit_code == exits, (words, result.output)
        return result

    return call


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The agency once everybody has what they shall have."""
    copy = tmp_path_factory.mktemp("settled") / "agency"
    shutil.copytree(ROOT / "examples" / "agency", copy, ignore=shutil.ignore_patterns(".reconciler"))
    run = runner(copy)
    for _ in range(MOST_ROUNDS):
        run("apply", "--auto-approve")
        run("sandbox", "portal")
        run("sandbox", "people", "answer", "--all", "accept")
    return copy


@pytest.fixture
def workspace(settled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(settled, tmp_path / "agency"))


@pytest.fixture
def run(workspace: Path) -> Run:
    return runner(workspace)


def timeless(text: str) -> str:
    """Without what is another one on every day and in every workspace."""
    return re.sub(r"wo-[a-z2-7]{6}", "wo-______", re.sub(r"\d{4}-\d\d-\d\d", "YYYY-MM-DD", text))


def manifests(workspace: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in (workspace / "access").iterdir()}


def test_the_checklist_of_the_example_is_what_the_tool_writes(run: Run) -> None:
    written = run("offboard", "theo", "--write", "--format", "markdown", exits=3).stdout
    assert timeless(written) == timeless(CHECKLIST.read_text(encoding="utf-8"))


def test_a_look_changes_nothing(run: Run, workspace: Path) -> None:
    before = manifests(workspace)
    found = json.loads(run("offboard", "nadia", "--format", "json", "--detailed-exitcode", exits=2).stdout)
    assert "ends:" in found["patch"]
    assert manifests(workspace) == before
    assert "no work orders" in run("work-orders", "list").stdout


def test_somebody_is_seen_out_of_everything(run: Run, workspace: Path) -> None:
    plan = workspace / "plan.json"
    run("offboard", "nadia", "--write", "-o", str(plan))
    assert "# registered there before she joined\n    ends: " in manifests(workspace)["people.yaml"]
    run("apply", str(plan), "--auto-approve", exits=0)  # access to a pixel is taken away by hand, and comes first
    run("sandbox", "portal")
    run("apply", "--auto-approve")
    left = json.loads(run("offboard", "nadia", "--status", "--format", "json").stdout)
    assert [(one["matter"], one["progress"]) for one in left["items"]] == [("credentials", "waiting")] * 2
    for item in left["items"]:
        told = run("work-orders", "done", item["work_order"], "--evidence", "INC-9", "--by", "mara").stderr
        assert "nothing else will ever show it" in told
    over = run("offboard", "nadia", "--status", "--detailed-exitcode").stdout
    assert "Complete: nothing of theirs is left" in over
    assert "done, says mara: INC-9" in over


def test_nobody_is_asked_twice_and_nothing_is_written_twice(run: Run, workspace: Path) -> None:
    run("offboard", "nadia", "--write")
    before = manifests(workspace), run("work-orders", "list").stdout
    again = run("offboard", "nadia", "--write")
    assert "is asked to act" not in again.stderr
    assert (manifests(workspace), run("work-orders", "list").stdout) == before


def test_whoever_stays_after_all_costs_nobody_any_work(run: Run, workspace: Path) -> None:
    run("offboard", "nadia", "--on", "2035-01-31", "--write")
    run("apply", "--auto-approve")
    assert "2 work orders are open" in run("work-orders", "list").stdout
    people = workspace / "access" / "people.yaml"
    people.write_text(people.read_text(encoding="utf-8").replace("    ends: 2035-01-31\n", ""), encoding="utf-8")
    run("apply", "--auto-approve")
    assert "no work orders" in run("work-orders", "list").stdout
    assert "nadia stays" in run("work-orders", "list", "--all", "--format", "json").stdout


def test_an_address_without_an_entry_is_taken_out_and_on_a_later_day_ends(run: Run, workspace: Path) -> None:
    later = json.loads(run("offboard", "hannah@harbour-tea.example", "--on", "2035-01-31", "--format", "json").stdout)
    assert (later["leaves"], later["patch"].count("\n+ ")) == ("2035-01-31", 1)
    run("offboard", "hannah@harbour-tea.example", "--write")
    assert "hannah" not in manifests(workspace)["business-center.yaml"]
    run("apply", "--auto-approve")
    over = json.loads(run("offboard", "hannah@harbour-tea.example", "--status", "--format", "json").stdout)
    assert (over["is_complete"], over["items"]) == (True, [])


def test_a_newcomer_is_invited_where_their_model_is(run: Run) -> None:
    run("onboard", "olga", "--like", "ada", "--email", "olga@halyard.example", "--write")
    found = json.loads(run("validate", "--format", "json").stdout)["findings"]
    assert [one for one in found if one["id"] != "policy-exception"] == []
    assert "olga" in run("plan").stdout
    run("apply", "--auto-approve")
    told = run("notices", "--person", "olga@halyard.example").stdout
    assert "Accept the invitation to the Business Center" in told


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["offboard", "nobody"], 1, "nobody is known as"),
        (["offboard", "nadia", "--status", "--write"], 64, "--status only looks"),
        (["offboard", "nadia", "-o", "plan.json"], 64, "give --write too"),
        (["onboard", "olga", "--like", "ada"], 64, "give --email"),
        (["onboard", "nadia", "--like", "ada", "--email", "n@halyard.example"], 64, "in the manifests already"),
        (["onboard", "a b", "--like", "ada", "--email", "a@halyard.example"], 64, "cannot be a key"),
        (["onboard", "olga", "--like", "adda", "--email", "o@halyard.example"], 1, "did you mean `ada`"),
        (["notices", "--person", "nadja"], 1, "did you mean `nadia`"),
    ],
)
def test_what_makes_no_sense_is_said_with_advice(run: Run, words: list[str], code: int, said: str) -> None:
    assert said in run(*words, exits=code).stderr
