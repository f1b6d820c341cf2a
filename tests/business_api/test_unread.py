"""A token that was revoked, and one that may not read everything: no command takes either for a look."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli.main import cli
from tests.business_api.service import serving

Run = Callable[..., Result]
WHOLE, NARROW, DEAD = "token-of-ana-whole-1", "token-of-ana-narrow-1", "token-that-was-revoked"
PLATFORM = f"""version: 1
people: {{ana: ana@x.example, bo: bo@x.example, eve: eve@x.example}}
organizations:
  bc:
    system: business_center
    id: "6900000000000000001"
    members: {{ana: admin, bo: admin, eve: standard}}
    ad_accounts: {{"7100000000000000001": {{name: us, access: {{eve: admin}}}}}}
business_api:
  options: {{tier: unlimited}}
  apps: {{"7000000000000000002": {{secret: hush}}}}
  tokens:
    {WHOLE}: {{person: ana, app: "7000000000000000002"}}
    {NARROW}: {{person: ana, app: "7000000000000000002", scopes: ["150", "156"]}}
"""
MANIFEST = """version: 1
people: {ana: {email: ana@x.example}, bo: {email: bo@x.example}, eve: {email: eve@x.example}}
organizations:
  bc:
    system: business_center
    id: "6900000000000000001"
    members: {ana: admin, bo: admin, eve: standard}
"""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    folder = tmp_path_factory.mktemp("platform")
    (folder / "reconciler.yaml").write_text("version: 1\nproviders: {default: {kind: sandbox}}\n", encoding="utf-8")
    (folder / "sandbox.yaml").write_text(PLATFORM, encoding="utf-8")
    with serving(folder) as service:
        yield service.url, folder


@pytest.fixture
def run(platform: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command with a token; an unexpected exit code shows everything that was said."""
    config = f"""version: 1
providers:
  business_center:
    {{kind: business_api, app_id: "7000000000000000002", access_token: "env:TOKEN", base_url: "{platform[0]}",
     api_tier: unlimited}}
"""
    (tmp_path / "access").mkdir()
    (tmp_path / "reconciler.yaml").write_text(config, encoding="utf-8")
    (tmp_path / "access" / "all.yaml").write_text(MANIFEST, encoding="utf-8")

    def start(*words: str, token: str = WHOLE, code: int = 0) -> Result:
        monkeypatch.setenv("TOKEN", token)
        result = CliRunner().invoke(cli, ["-C", str(tmp_path), *words])
        assert result.exit_code == code, result.output
        return result

    return start


@pytest.fixture
def stranger(run: Run, platform: tuple[str, Path]) -> Iterator[None]:
    """An audit has found an admin whom nobody declared."""
    run("apply", "--auto-approve")
    for words in (("invite", "mallory@evil.example", "bc", "admin"), ("accept", "mallory@evil.example", "bc")):
        done = CliRunner().invoke(cli, ["-C", str(platform[1]), "sandbox", *words])
        assert done.exit_code == 0, done.output
    run("drift", "--detailed-exitcode", code=2)
    yield
    CliRunner().invoke(cli, ["-C", str(platform[1]), "sandbox", "remove", "mallory@evil.example", "bc"])


@pytest.mark.usefixtures("stranger")
def test_an_audit_with_a_dead_token_fails_and_keeps_what_is_known(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = run("drift", "--detailed-exitcode", token=DEAD, code=1).stdout
    assert told.startswith("note: Unread: everything of bc could not be read (last read on ")
    assert "revoked" in told

    assert "m*****y@evil.example" in told  # the interface masks who is not declared
    found = json.loads(run("drift", "--format", "json", token=DEAD, code=1).stdout)
    assert (found["summary"]["known"], found["summary"]["unread"], found["summary"]["clean"]) == (3, 1, False)
    results = json.loads(run("drift", "--format", "sarif", token=DEAD, code=1).stdout)["runs"][0]["results"]
    assert {one["ruleId"] for one in results} == {"unread", "drift-added-outside"}
    suite = ET.fromstring(run("drift", "--format", "junit", token=DEAD, code=1).stdout)  # noqa: S314  # our own
    assert int(suite.get("failures", "0")) >= 1
    assert "nothing drifted" not in [case.get("name") for case in suite.iter("testcase")]
    page = run("drift", "--format", "markdown", token=DEAD, code=1).stdout
    assert page.splitlines()[2].startswith("**Unread: everything of bc.")
    outputs = tmp_path / "outputs"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_OUTPUT", str(outputs))
    assert "::error" in run("drift", "--format", "github", token=DEAD, code=1).stdout
    written = outputs.read_text(encoding="utf-8")
    for name, value in {"unread": "1", "known": "3", "new": "0", "clean": "false"}.items():
        assert f"{name}={value}\n" in written or f"\n{value}\n" in written.partition(f"{name}<<")[2]


@pytest.mark.usefixtures("stranger")
def test_plan_and_apply_with_a_dead_token_fail_and_claim_nothing(run: Run) -> None:
    for words in (("plan",), ("plan", "--detailed-exitcode"), ("apply", "--auto-approve")):
        told = run(*words, token=DEAD, code=1).output
        assert "undeclared-admin" in told
        assert "Access matches the manifests" not in told
        assert "everything of bc could not be read" in told
    assert json.loads(run("drift", "--no-record", "--format", "json").stdout)["summary"]["known"] == 3


@pytest.mark.usefixtures("stranger")
def test_a_saved_plan_blames_the_token_and_not_whoever_acts(run: Run, tmp_path: Path) -> None:
    manifest = tmp_path / "access" / "all.yaml"
    manifest.write_text(MANIFEST.replace("eve: standard", "eve: admin"), encoding="utf-8")
    run("plan", "-o", str(tmp_path / "plan.json"))
    told = run("apply", str(tmp_path / "plan.json"), token=DEAD, code=1).output
    assert "revoked" in told
    assert "is not an active admin" not in told


def test_nothing_is_adopted_and_nothing_claimed_of_what_nobody_could_look_at(run: Run) -> None:
    run("apply", "--auto-approve")
    for words in (("adopt",), ("adopt", "bc/member/eve"), ("adopt", "--in-place")):
        told = run(*words, token=DEAD, code=1).output
        assert "everything of bc could not be read" in told
        assert "say what is live" not in told
        assert "nothing has drifted" not in told


def test_a_spreadsheet_of_an_audit_that_saw_nothing_is_not_empty(run: Run) -> None:
    run("apply", "--auto-approve")
    told = run("drift", "--format", "csv", token=DEAD, code=1).stdout
    assert "everything of bc could not be read" in told


def test_a_narrow_token_names_what_it_could_not_read_even_where_nothing_is_declared(run: Run, tmp_path: Path) -> None:
    run("apply", "--auto-approve")
    told = run("plan", "--detailed-exitcode", token=NARROW, code=1).stdout
    assert "ad accounts of bc" in told
    assert "Access matches the manifests" not in told
    manifest = tmp_path / "access" / "all.yaml"
    manifest.write_text(MANIFEST.replace("    members:", "    manages: [member]\n    members:"), encoding="utf-8")
    told = run("plan", "--detailed-exitcode", token=NARROW).stdout
    assert "Not managed, so not looked at: ad_account" in told


def test_a_token_that_reaches_nothing_fails_the_check(run: Run) -> None:
    run("auth", "check", token=DEAD, code=1)


def test_an_import_that_could_not_read_a_part_fails_and_says_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / "access" / "all.yaml").unlink()
    words = ("import", "bc", "--system", "business_center", "--id", "6900000000000000001")
    for more in (("--dry-run",), ()):
        said = run(*words, *more, token=NARROW, code=1).stderr
        assert "could not be read and so not declared:" in said
        assert "bc/ad_account" in said
    assert (tmp_path / "access" / "bc.yaml").exists()
