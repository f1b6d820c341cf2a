"""`reconciler sandbox portal`: what a Business Center's API has no call for is done by hand, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli.main import cli
from tests.sandbox.stage import SEED

CONFIG = """
version: 1
manifests: [access]
state: file:.reconciler/state
providers:
  default: {kind: sandbox}
  business_center: {kind: business_api, via: sandbox, act_as: ana}
"""
MANIFEST = """
version: 1
people: {ana: {email: ana@acme.example}, bo: {email: bo@acme.example}, cy: {email: cy@acme.example}}
organizations:
  acme-bc:
    system: business_center
    id: "6900000000000000001"
    members: {ana: admin, bo: standard, cy: standard}
    ad_accounts:
      us: {id: "7100000000000000001", access: {bo: operator}}
      dee: {id: "7100000000000000009"}
    tiktok_accounts: {creator: {handle: "@dee", ownership: client, permissions: [existing_posts]}}
    pixels: {web: {id: "7300000000000000001", access: [bo]}}
"""


class Workspace:
    """Types commands in one workspace."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "access").mkdir()
        self.write("reconciler.yaml", CONFIG)
        self.write("sandbox.yaml", SEED)
        self.write("access/acme.yaml", MANIFEST)

    def write(self, name: str, text: str) -> None:
        (self.root / name).write_text(text, encoding="utf-8")

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(cli, ["-C", str(self.root), *words])


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def test_only_what_has_no_call_is_done_by_hand(workspace: Workspace) -> None:
    result = workspace.run("sandbox", "portal")
    assert result.exit_code == 0, result.output
    assert [line for line in result.stderr.splitlines() if " by hand: " in line] == [
        "ana by hand: request access acme-bc/ad_account/dee",
        "ana by hand: link acme-bc/tiktok_account/creator",
        "ana by hand: grant acme-bc/pixel_access/web/bo",
    ]
    planned = workspace.run("plan").stdout
    assert re.search(r"invite \S+", planned)
    assert "operator on ad account us" in planned


def test_targets_narrow_what_is_done(workspace: Workspace) -> None:
    result = workspace.run("sandbox", "portal", "--target", "acme-bc/pixel_access/web/bo")
    assert result.stderr.count(" by hand: ") == 1


def test_what_the_platform_refuses_is_told(workspace: Workspace) -> None:
    workspace.write("access/acme.yaml", MANIFEST.replace("7100000000000000009", "7100000000000000777"))
    result = workspace.run("sandbox", "portal")
    assert result.exit_code == 1
    assert "ana by hand: request access acme-bc/ad_account/dee: the platform refuses: " in result.stderr


def test_nothing_is_done_where_the_platform_is_reached_directly(workspace: Workspace) -> None:
    workspace.write("reconciler.yaml", "\n".join(CONFIG.splitlines()[:-1]))
    result = workspace.run("sandbox", "portal")
    assert (result.exit_code, " by hand: " in result.stderr) == (0, False)


def test_a_stranger_whose_address_is_masked_is_taken_out(workspace: Workspace) -> None:
    """No search finds such a person, so the whole list is looked at."""
    text = MANIFEST.replace("system: business_center", "system: business_center\n    mode: authoritative")
    for declared in (", bo: standard", "bo: {email: bo@acme.example}, ", "bo: operator", "bo"):
        text = text.replace(declared, "")
    workspace.write("access/acme.yaml", text.replace(", access: []", ""))
    assert "remove: applied" in workspace.run("apply", "--auto-approve").stdout
    assert "remove: not declared" not in workspace.run("plan").stdout
