"""`reconciler doctor`: what works in an installation, and what to do about the rest."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx2  # noqa: TID253  # what the emulator answers is an answer of the HTTP client
import pytest
from click.testing import CliRunner, Result

from reconciler.cli.main import cli
from reconciler.providers.business_api.client import Client, Connection
from reconciler.sandbox.api.configuration import Options, add_token
from reconciler.sandbox.api.emulator import Emulator
from reconciler.sandbox.api.transport import BusinessApiTransport
from reconciler.sandbox.registry import get_person
from reconciler.sandbox.world import World
from tests.business_api.scripted import MadeUpTicker
from tests.sandbox.stage import new_world

TOKEN = "act.5f1c0ffee5"
CONFIG = """version: 1
providers:
  business_center: {kind: business_api, access_token: env:TOKEN}
"""
MANIFEST = """version: 1
organizations:
  bc: {system: business_center, id: "6900000000000000001", members: {ana@a.example: admin, bo@a.example: admin}}
"""


@pytest.fixture
def world() -> Iterator[World]:
    made = new_world()
    yield made
    made.close()


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "reconciler.yaml").write_text(CONFIG + "manifests: [a.yaml]\nstate: file:state\n", encoding="utf-8")
    (tmp_path / "a.yaml").write_text(MANIFEST, encoding="utf-8")
    monkeypatch.setenv("TOKEN", TOKEN)
    return tmp_path


def answer(monkeypatch: pytest.MonkeyPatch, world: World, *, late: timedelta = timedelta(0), date: str = "") -> None:
    """The emulator, with a clock of its own, answers every call."""
    emulated = BusinessApiTransport(Emulator(world, Options(tier="unlimited")))

    def handle(request: httpx2.Request) -> httpx2.Response:
        response = emulated.handle_request(request)
        response.headers["date"] = date or format_datetime(datetime.now(UTC) - late, usegmt=True)
        return response

    def make(connection: Connection) -> Client:
        return Client(connection, transport=httpx2.MockTransport(handle), ticker=MadeUpTicker())

    monkeypatch.setattr("reconciler.providers.business_api.provider.Client", make)


def doctor(root: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["-C", str(root), "doctor", *words])


def checks(root: Path) -> dict[str, dict[str, str]]:
    return {one["name"]: one for one in json.loads(doctor(root, "--format", "json").stdout)["checks"]}


def test_a_new_workspace_is_fine_and_nothing_is_written_into_it(tmp_path: Path) -> None:
    CliRunner().invoke(cli, ["-C", str(tmp_path), "init"])
    before = sorted(tmp_path.rglob("*"))
    result = doctor(tmp_path)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "Everything is fine.")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_token_is_told_by_what_it_may_and_never_shown(
    workspace: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_token(world, TOKEN, person=get_person(world, "ana"), scopes="150,153,155,156")
    answer(monkeypatch, world)
    result = doctor(workspace)
    assert result.exit_code == 0, result.output
    assert "business_api: the token acts as ana <a*a@acme.example>" in result.stdout
    assert "Acme (6900000000000000001): ADMIN, may read members, assets and access, partners\n" in result.stdout
    assert "may not read activity log, which takes scope 2" in result.stdout
    assert "rate tier basic: 8 calls a second and 480 a minute, for this run alone" in result.stdout
    assert "The limit counts for all runs of the app" in result.stdout
    assert "TikTok does not tell which tier the app has" in result.stdout
    assert "as TikTok has it" in result.stdout
    assert TOKEN not in result.output


@pytest.mark.parametrize("scopes", ["150,156", "15"])
def test_a_token_that_lacks_a_scope_is_an_error(
    scopes: str, workspace: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_token(world, TOKEN, person=get_person(world, "ana"), scopes=scopes)
    answer(monkeypatch, world)
    assert doctor(workspace).exit_code == (0 if scopes == "15" else 1)


@pytest.mark.parametrize("late", [timedelta(hours=2), timedelta(hours=-2)])
def test_a_clock_that_is_wrong_is_seen_by_the_date_of_an_answer(
    late: timedelta, workspace: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_token(world, TOKEN, person=get_person(world, "ana"), scopes="15")
    answer(monkeypatch, world, late=late)
    clock = checks(workspace)["clock"]
    assert clock["health"] == "warning"
    assert "seconds from what TikTok has" in clock["found"]


@pytest.mark.parametrize("date", ["yesterday", "Sun, 99 Nov 99999 08:49:37 GMT"])
def test_a_date_that_is_none_tells_no_time(
    date: str, workspace: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_token(world, TOKEN, person=get_person(world, "ana"), scopes="15")
    answer(monkeypatch, world, date=date)
    assert "nothing was asked that tells the time" in checks(workspace)["clock"]["found"]


def test_everything_is_looked_at_though_something_is_wrong(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOKEN")
    monkeypatch.setenv("PATH", "")
    sealed = "manifests: [a.yaml]\nstate: {address: 'file:state', personal_data: sealed, key: env:NO_KEY}\n"
    (workspace / "reconciler.yaml").write_text(CONFIG + sealed, encoding="utf-8")
    found = checks(workspace)
    assert {name: one["health"] for name, one in found.items()} == {
        "version": "fine",
        "git": "warning",
        "workspace": "warning",
        "extras": "fine",
        "store": "error",
        "provider business_center": "error",
        "clock": "fine",
    }
    assert found["provider business_center"]["advice"].startswith("set the environment variable TOKEN")
    assert doctor(workspace).exit_code == 1


def test_an_extra_that_the_workspace_needs_is_an_error(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (workspace / "reconciler.yaml").write_text(CONFIG + "manifests: [a.yaml]\nstate: s3://states\n", encoding="utf-8")
    monkeypatch.delenv("TOKEN")
    # Also the parts of it that other tests have loaded in this process.
    for name in ("obstore", *(name for name in sys.modules if name.startswith("obstore."))):
        monkeypatch.setitem(sys.modules, name, None)
    extras = checks(workspace)["extras"]
    assert (extras["health"], extras["advice"]) == ("error", "pip install 'access-reconciler[cloud]'")


def test_what_is_wrong_with_the_files_is_counted_and_said_where_it_is_shown(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOKEN")  # or it waits for an answer of a host that is not reached
    (workspace / "a.yaml").write_text("version: 1\norganisations: {}\n", encoding="utf-8")
    found = checks(workspace)["workspace"]
    assert (found["health"], "1 error" in found["found"]) == ("error", True)
    assert found["advice"] == f"`reconciler -C {workspace} validate` shows them"


def test_a_note_on_the_files_is_no_warning(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOKEN")
    gone = "people: {gone: {email: gone@acme.example, ends: 2026-01-31}}\n"
    (workspace / "a.yaml").write_text(f"version: 1\n{gone}", encoding="utf-8")
    found = checks(workspace)["workspace"]
    assert (found["health"], found["advice"]) == ("fine", f"`reconciler -C {workspace} validate` shows them")
    assert found["found"].endswith(", 1 note")


def test_an_organization_that_no_provider_reaches_is_an_error(workspace: Path) -> None:
    (workspace / "reconciler.yaml").write_text("version: 1\nmanifests: [a.yaml]\n", encoding="utf-8")
    found = checks(workspace)["providers"]
    assert (found["health"], found["found"]) == ("error", "bc has no provider")


def test_outside_of_a_workspace_the_installation_is_looked_at_all_the_same(tmp_path: Path) -> None:
    result = doctor(tmp_path)
    assert (result.exit_code, "extras" in result.stdout) == (1, True)
    assert "run `reconciler init` to write one" in result.stdout
