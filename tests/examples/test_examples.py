"""Every example is played to its end in a copy; the sandbox must then hold exactly what its manifests say."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from reconciler.cli.main import cli
from tests.examples.declared_facts import declared_facts
from tests.examples.found_facts import found_facts

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/reconciler.yaml"))
MANIFESTS = sorted((ROOT / "examples").glob("*/access/**/*.yaml"))
MOST_ROUNDS = 4

Run = Callable[..., Result]


@pytest.fixture(params=EXAMPLES, ids=lambda path: path.name)
def workspace(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    example: Path = request.param
    copy = tmp_path / example.name
    shutil.copytree(example, copy, ignore=shutil.ignore_patterns(".reconciler"))
    return copy


@pytest.fixture
def run(workspace: Path) -> Run:
    """Call the command line in the copy, and insist on its exit code."""

    def call(*words: str, exits: int = 0) -> Result:
        result = CliRunner().invoke(cli, ["-C", str(workspace), *words])
        assert result.exit_code == exits, result.output
        return result

    return call


def test_there_are_examples() -> None:
    assert [path.name for path in EXAMPLES] == ["agency", "quickstart"]


def test_an_example_is_valid_without_a_single_finding(run: Run) -> None:
    found = json.loads(run("validate", "--format", "json").stdout)["findings"]
    assert [one for one in found if one["id"] != "policy-exception"] == []


def test_an_example_is_in_the_usual_form(run: Run) -> None:
    run("fmt", "--check")


def test_an_example_settles_and_the_world_is_what_its_manifests_say(run: Run, workspace: Path) -> None:
    wanted = declared_facts(workspace)
    run("plan", "--detailed-exitcode", exits=2)
    for _ in range(MOST_ROUNDS):
        run("apply", "--auto-approve")
        run("sandbox", "portal")
        run("sandbox", "people", "answer", "--all", "accept")
    assert "No changes. Access matches the manifests." in run("plan", "--detailed-exitcode").stdout
    assert found_facts(workspace, organizations={fact[1] for fact in wanted}) == wanted


def test_an_example_has_much_to_do_at_first(run: Run, workspace: Path) -> None:
    wanted = declared_facts(workspace)
    run("plan")
    missing = wanted - found_facts(workspace, organizations={fact[1] for fact in wanted})
    assert len(missing) >= 4


def test_the_plan_of_an_example_follows_the_published_schema(run: Run) -> None:
    schema = ROOT / "schemas" / "plan.schema.json"
    assert mistakes_in(json.loads(run("plan", "--format", "json").stdout), schema) == []
    assert mistakes_in({}, schema) != []


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: f"{path.parents[1].name}-{path.name}")
def test_an_editor_finds_the_schema_of_every_manifest_and_no_mistake(path: Path) -> None:
    schema = schema_named_in(path)
    assert schema == ROOT / "schemas" / "manifest.schema.json"
    assert mistakes_in(read_as_json(path), schema) == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_editor_finds_the_schema_of_every_workspace_file_and_no_mistake(example: Path) -> None:
    schema = schema_named_in(example / "reconciler.yaml")
    assert schema == ROOT / "schemas" / "config.schema.json"
    assert mistakes_in(read_as_json(example / "reconciler.yaml"), schema) == []


@pytest.mark.full  # `make demo` is the same story
def test_the_demo_ends_with_nothing_left_to_do() -> None:
    demo = ROOT / "examples" / "demo.sh"
    command = [str(demo), sys.executable, "-m", "reconciler"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "No changes. Access matches the manifests."


def test_the_demo_fails_when_the_command_does() -> None:
    demo = ROOT / "examples" / "demo.sh"
    assert subprocess.run([demo, "false"], capture_output=True, check=False).returncode != 0
    assert subprocess.run([demo], capture_output=True, check=False).returncode == 64


def schema_named_in(path: Path) -> Path:
    """Where the first line of a file sends a YAML language server."""
    mark, _, target = path.read_text(encoding="utf-8").partition("\n")[0].partition("$schema=")
    assert mark == "# yaml-language-server: "
    return (path.parent / target).resolve(strict=True)


def read_as_json(path: Path) -> object:
    """A YAML file as an editor judges it: JSON knows days as text only."""
    return json.loads(json.dumps(yaml.safe_load(path.read_text(encoding="utf-8")), default=str))


def mistakes_in(document: object, schema: Path) -> list[str]:
    """What the schema alone has to say."""
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))
    return [error.message for error in validator.iter_errors(document)]
