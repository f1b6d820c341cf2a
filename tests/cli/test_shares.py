"""What no call shares with a partner: asked for by work orders, believed as it is told, and told to be unverified."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_portal import MANIFEST, Workspace

PARTNER = """
    partners:
      north:
        id: "6900000000000000002"
        pixels: [web]
        catalogs: {shoes: ad_promote}
"""
DECLARED = MANIFEST.split("    tiktok_accounts")[0].replace('      dee: {id: "7100000000000000009"}\n', "") + (
    '    pixels: {web: {id: "7300000000000000001"}}\n    catalogs: {shoes: {id: "7200000000000000001"}}\n'
)
PIXEL, CATALOG = "acme-bc/pixel_share/north/web", "acme-bc/catalog_share/north/shoes"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path)
    workspace.write("access/acme.yaml", DECLARED + PARTNER)
    for _ in range(2):
        workspace.run("sandbox", "people", "answer", "accept", "--all")
        workspace.run("apply", "--auto-approve")
    return workspace


def _orders(workspace: Workspace, *words: str, told: str = "id") -> dict[str, str]:
    """Address -> id, or something else, of the work orders that wait for somebody."""
    listed = json.loads(workspace.run("work-orders", "list", "--format", "json", *words).stdout)
    return {order["address"]: order[told] for order in listed["work_orders"]}


def _report(workspace: Workspace, verb: str, address: str, order: str = "", *words: str) -> None:
    said = workspace.run("work-orders", verb, order or _orders(workspace)[address], *words, "--by", "ana")
    assert said.exit_code == 0, said.output


def _drift(workspace: Workspace) -> str:
    return workspace.run("drift").stdout


def test_a_share_that_nothing_shows_is_as_it_was_told_until_somebody_looks(workspace: Workspace) -> None:
    assert workspace.run("sandbox", "portal").exit_code == 0
    assert set(_orders(workspace)) == {PIXEL, CATALOG}
    _report(workspace, "done", PIXEL, "", "--evidence", "INC-1")
    workspace.run("sandbox", "clock", "+6h")
    workspace.run("apply", "--auto-approve")
    assert not _orders(workspace), "the list shows the catalog's share, and the pixel's is told"
    assert _orders(workspace, "--all", told="status") == {PIXEL: "done", CATALOG: "verified"}
    assert "No changes" in workspace.run("plan").stdout
    assert "nothing shows it" in _drift(workspace)
    assert "(as declared; unverified)" in workspace.run("access", "acme-bc/pixel/web").stdout
    confirmed = workspace.run("drift", "confirm", PIXEL, "--evidence", "saw it")
    assert (confirmed.exit_code, "confirmed as there" in confirmed.stderr) == (0, True)
    assert "nothing shows it" not in _drift(workspace)
    assert "(as declared)" in workspace.run("access", "acme-bc/pixel/web").stdout


def test_what_is_not_declared_any_more_is_taken_away_by_order_and_can_be_given_again(workspace: Workspace) -> None:
    workspace.run("sandbox", "portal")
    _report(workspace, "done", PIXEL, "", "--evidence", "INC-1")
    for declared, action in ((False, "unshare"), (True, "share"), (False, "unshare")):
        text = PARTNER if declared else PARTNER.replace("        pixels: [web]\n", "")
        workspace.write("access/acme.yaml", DECLARED + text)
        workspace.run("sandbox", "clock", "+6h")  # a minute has room for so many calls
        assert action in workspace.run("plan").stdout
        workspace.run("apply", "--auto-approve")
        assert PIXEL in _orders(workspace)
        _report(workspace, "done", PIXEL, "", "--evidence", "INC-2")
        assert "No changes" in (told := workspace.run("plan").stdout), told


def test_a_word_that_was_wrong_is_taken_back(workspace: Workspace) -> None:
    order = _orders(workspace)[PIXEL]
    _report(workspace, "done", PIXEL, order, "--evidence", "INC-1")
    _report(workspace, "failed", PIXEL, order, "--because", "expired")
    workspace.run("apply", "--auto-approve")
    assert PIXEL in _orders(workspace)
