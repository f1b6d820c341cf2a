"""The agency with people in place of interfaces: they read their work orders, click, and hand in what they see then."""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from reconciler.cli.main import cli
from reconciler.sandbox.people import answer, inbox
from reconciler.sandbox.seed import open_world
from reconciler.sandbox.world import World
from tests.examples.declared_facts import declared_facts
from tests.examples.found_facts import found_facts
from tests.examples.scripted_person import do_all, read_pages

ROOT = Path(__file__).parents[2]
BY_HAND = ("developers", "organization_account", "business_account")
ORGANIZATIONS = ("halyard-dev", "halyard-research", "halyard-brand", "halyard-studio")
LOOKS = (
    ("--as", "page", "--labels", "old"),
    ("--as", "page", "--labels", "new"),
    ("--as", "page", "--labels", "old", "--layout", "lines"),
    ("--as", "csv"),
    ("--as", "json"),
)
MOST_ROUNDS = 6

Run = Callable[..., Result]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    copy = tmp_path / "agency"
    shutil.copytree(ROOT / "examples" / "agency", copy, ignore=shutil.ignore_patterns(".reconciler"))
    config = yaml.safe_load((copy / "reconciler.yaml").read_text(encoding="utf-8"))
    config["providers"] = {"default": {"kind": "sandbox"}, **{system: {"kind": "work_orders"} for system in BY_HAND}}
    (copy / "reconciler.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return copy


@pytest.fixture
def run(workspace: Path) -> Run:
    def call(*words: str, exits: int = 0) -> Result:
        result = CliRunner().invoke(cli, ["-C", str(workspace), *words])
        assert result.exit_code == exits, (words, result.output)
        return result

    return call


def hand_in(run: Run, folder: Path, turn: int) -> None:
    """Everybody who sees a list hands it in; each time it looks another way."""
    for number, organization in enumerate(ORGANIZATIONS):
        look = LOOKS[(turn + number) % len(LOOKS)]
        page = save(run("sandbox", "roster", organization, *look).stdout, folder / f"{organization}.txt")
        run("observe", organization, "--from", page)
    # The apps of an organization are on its admin's page; one that somebody still owns is on theirs.
    pages = [
        save(run("sandbox", "roster", "halyard-dev", "--kind", "app", *who).stdout, folder / f"apps-{number}.txt")
        for number, who in enumerate(((), ("--seen-by", "nadia")))
    ]
    run("observe", "halyard-dev", "--kind", "app", *(word for page in pages for word in ("--from", page)))
    none = save(run("sandbox", "roster", "halyard-research", "--kind", "app").stdout, folder / "no-apps.txt")
    run("observe", "halyard-research", "--kind", "app", "--from", none)


def save(text: str, path: Path) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def carry_out(run: Run, workspace: Path, folder: Path) -> int:
    """Export the orders, and let everybody do what theirs say; returns how many there were."""
    shutil.rmtree(folder, ignore_errors=True)
    run("work-orders", "export", "--to", str(folder))
    pages = [page for path in sorted(folder.glob("*.md")) for page in read_pages(path)]
    with open_world(workspace) as world:
        reports = list(do_all(world, pages))
        answer_business_center(world)
    for report in reports:
        run(*shlex.split(report), "--evidence", "I did it")
    return len(pages)


def answer_business_center(world: World) -> None:
    """There is an interface there, so nobody gets an order; people answer their mail."""
    for message in inbox(world):
        if message.organization in {"6900000000000000100", "6900000000000000200", "6900000000000000300"}:
            answer(world, message, agree=True)


def test_people_without_interfaces_bring_an_agency_where_its_manifests_say(
    run: Run, workspace: Path, tmp_path: Path
) -> None:
    wanted = declared_facts(workspace)
    asked: list[int] = []
    while not asked or asked[-1]:
        # What was looked at within the second in which somebody acted says nothing of what they did.
        run("sandbox", "clock", "+1h")
        hand_in(run, tmp_path, turn=len(asked))
        run("apply", "--auto-approve")
        asked.append(carry_out(run, workspace, tmp_path / "orders"))
        assert len(asked) < MOST_ROUNDS
    plan = run("plan", "--detailed-exitcode")
    assert "No changes. Access matches the manifests." in plan.stdout
    assert found_facts(workspace, organizations={fact[1] for fact in wanted}) == wanted
    assert json.loads(run("work-orders", "list", "--format", "json").stdout)["work_orders"] == []
    assert asked[0] > 30
