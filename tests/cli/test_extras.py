"""An extra that is missing: found before anything needs it, and named with the command that brings it here."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from reconciler.cli.extras import LIBRARIES, advise_on_extra, installer
from reconciler.cli.main import cli
from reconciler.manifests.config import STATE_SCHEMES

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
MANIFEST = """version: 1
organizations:
  acme-dev: {system: developers, name: Acme, members: {ana@acme.example: admin, bo@acme.example: admin}}
"""
RULES = "version: 1\npolicies:\n  none: {asks: nothing, severity: error, when: 'true', require: 'true'}\n"


def make(root: Path, config: str) -> Path:
    (root / "access").mkdir()
    (root / "rules").mkdir()
    (root / "access" / "a.yaml").write_text(MANIFEST)
    (root / "rules" / "ours.yaml").write_text(RULES)
    (root / "reconciler.yaml").write_text(f"version: 1\nproviders: {{default: {{kind: work_orders}}}}\n{config}\n")
    return root


def test_the_extras_are_those_of_the_package_and_every_store_knows_its_own() -> None:
    assert {*LIBRARIES, "test"} == set(PROJECT["optional-dependencies"])
    assert {*STATE_SCHEMES.values()} - {""} <= {*LIBRARIES}
    page = (ROOT / "docs" / "installing.md").read_text(encoding="utf-8").partition("## Extras")[2]
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(LIBRARIES)


@pytest.mark.parametrize(
    ("config", "library", "severity", "extra"),
    [
        ("state: s3://states/acme", "obstore", "warning", "cloud"),
        ("state: sqlite:///state.db", "sqlalchemy", "warning", "sqlite"),
        ("state: postgresql://db.example/states", "psycopg", "warning", "postgres"),
        ("state: {address: 'file:s', personal_data: sealed, key: env:KEY}", "cryptography", "warning", "sealed"),
        ("state: {address: 'file:s', personal_data: sealed, key: 'keyring:k'}", "keyring", "warning", "keyring"),
        ("policies: [rules]", "cel_expr_python", "error", "policy"),
    ],
)
def test_validate_finds_what_cannot_run_here(
    config: str, library: str, severity: str, *, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["-C", str(make(tmp_path, config)), "validate"]
    assert "missing-extra" not in CliRunner().invoke(cli, words).stdout
    monkeypatch.setitem(sys.modules, library, None)
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == (severity == "error"), result.output
    assert re.search(
        rf"^(reconciler|rules/ours).yaml:3:\d+: {severity}\[missing-extra\]: ", result.stdout, re.MULTILINE
    )
    assert f"advice: pip install 'access-reconciler[{extra}]'" in result.stdout


def test_a_secret_in_a_keyring_is_found_on_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "")
    provider = "providers:\n  default:\n    kind: business_api\n    access_token: keyring:tiktok\n"
    (tmp_path / "reconciler.yaml").write_text(f"version: 1\n{provider}")
    monkeypatch.setitem(sys.modules, "keyring", None)
    said = CliRunner().invoke(cli, ["-C", str(tmp_path), "validate"]).stdout
    assert "reconciler.yaml:5:19: warning[missing-extra]: `access_token` of provider `default`" in said


def test_a_run_that_needs_it_stops_and_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    result = CliRunner().invoke(cli, ["-C", str(make(tmp_path, "state: s3://states/acme")), "plan"])
    assert result.exit_code == 1
    wanted = "error: state in a bucket needs the extra `cloud`\n  advice: pip install 'access-reconciler[cloud]'\n"
    assert wanted in result.stderr


def test_no_access_is_planned_while_policies_could_not_judge_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cel_expr_python", None)
    result = CliRunner().invoke(cli, ["-C", str(make(tmp_path, "policies: [rules]")), "plan"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "error[missing-extra]" in result.stderr


@pytest.mark.parametrize(
    ("place", "marker", "by"),
    [
        ("pipx/venvs/access-reconciler", "pipx_metadata.json", "pipx"),
        ("uv/tools/access-reconciler", "uv-receipt.toml", "uv tool"),
        ("uv/archive-v0/abc", "", "uvx"),
        ("pre-commit/repo1/py_env-python3", "", "pre-commit"),
        ("prek/hooks/python-1", "", "pre-commit"),
        ("project/.venv", "", "pip"),
    ],
)
def test_the_environment_shows_what_it_was_made_by(place: str, marker: str, by: str, tmp_path: Path) -> None:
    prefix = tmp_path / place
    prefix.mkdir(parents=True)
    if marker:
        (prefix / marker).touch()
    assert installer(prefix) == by


@pytest.mark.parametrize(
    ("by", "wanted"),
    [
        ("pipx", "pipx install --force 'access-reconciler[keyring,policy]'"),
        ("uv tool", "uv tool install 'access-reconciler[keyring,policy]'"),
        ("uvx", "uvx --from 'access-reconciler[keyring,policy]' reconciler"),
        ("pre-commit", "write `additional_dependencies: ['.[keyring,policy]']` under the hook"),
        ("uv", "uv pip install 'access-reconciler[policy]'"),
        ("pip", "pip install 'access-reconciler[policy]'"),
    ],
)
def test_what_is_there_is_named_again_where_the_environment_is_made_anew(
    by: str, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.cli.extras._origin", lambda: "")
    for library in {name for names in LIBRARIES.values() for name in names} - {"keyring"}:
        monkeypatch.setitem(sys.modules, library, None)
    assert advise_on_extra("policy", by=by).startswith(wanted)


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ('{"url": "file:///src/access", "dir_info": {}}', " @ file:///src/access'"),
        (
            '{"url": "https://git.x/r", "vcs_info": {"vcs": "git", "requested_revision": "v1", "commit_id": "c"}}',
            " @ git+https://git.x/r@v1'",
        ),
        ("", "]'"),
    ],
)
def test_what_came_from_elsewhere_is_not_taken_from_an_index(
    told: str, wanted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the name is not published, whoever takes it there could put anything in its place."""
    about = tmp_path / "access_reconciler-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: access-reconciler\nVersion: 1\n", encoding="utf-8")
    if told:
        (about / "direct_url.json").write_text(told, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert advise_on_extra("policy", by="pipx").endswith(wanted)
