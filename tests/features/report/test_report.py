"""What the report says, and how the page holds it; what a browser makes of it is in `test_report_page.py`."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from reconciler.cli.main import cli
from reconciler.features.report.model import AccessOverview, OrganizationOverview
from reconciler.features.report.page import render_report
from reconciler.model import (
    Address,
    Deferral,
    DriftSort,
    Finding,
    KnownDrift,
    Place,
    Resource,
    Risk,
    Status,
    fingerprint_of,
)
from tests.features.report.worlds import TODAY, of_quarter, overview, record, state_of
from tests.history.convert import read_quarters
from tests.output.plans import TRICKS

MANIFEST = """
version: 1
people:
  ana: {email: ana@acme.example}
  bo: {email: bo@contract.example, employment: contractor, ends: 2027-02-15}
  eve: {email: eve@acme.example}
  finn: {email: finn@acme.example}
groups:
  buyers: {members: [finn]}
organizations:
  acme-bc:
    system: business_center
    id: "6900000000000000001"
    members: {ana: {role: admin, expires: 2027-06-01}, bo: admin, eve: standard, finn: standard}
    ad_accounts:
      us-brand: {id: "7100000000000000001", access: {eve: analyst, group:buyers: {role: operator, reason: OPS-7}}}
    partners:
      north: {id: "6900000000000000002", shares: {us-brand: analyst}}
"""
RECORDS = (
    record("acme-bc/member/ana", role="admin", since=date(2026, 1, 2)),
    record("acme-bc/member/bo", role="admin"),
    record("acme-bc/member/eve", role="standard"),
    record("acme-bc/member/finn", role="standard", status=Status.INVITED, since=date(2026, 10, 1)),
    record("acme-bc/member/zoe", role="admin"),
    record("acme-bc/ad_account/us-brand"),
    record("acme-bc/ad_account_access/us-brand/eve", role="admin"),
    record("acme-bc/partner/north"),
    record("acme-bc/partner_share/north/us-brand", role="analyst"),
)


def data_of(page: str) -> Any:
    """The JSON in a page."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, flags=re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def cells_of(told: AccessOverview) -> dict[tuple[str, str], dict[str, Any]]:
    """Person and thing -> what the page says of the access."""
    data = data_of(render_report(told))
    notes = data["notes"]
    found = {}
    for person, thing, role, status, ends, since, remark, troubled, risk, reasons, *lines in data["cells"]:
        ways = [data["ways"][way] for way in lines[::2]]
        found[data["people"][person][0], data["things"][thing][2]] = {
            "role": data["roles"][role][0],
            "status": notes[status],
            "ends": notes[ends],
            "since": notes[since],
            "remark": notes[remark],
            "findings": bool(troubled),
            "risk": list(Risk)[risk],
            "reasons of risk": notes[reasons],
            "through": [way[0] for way in ways],
            "reasons": [way[2] for way in ways],
            "lines": lines[1::2],
        }
    return found


@pytest.fixture
def told(tmp_path: Path) -> AccessOverview:
    return overview(tmp_path, MANIFEST, state_of("acme-bc", RECORDS))


def only(told: AccessOverview) -> OrganizationOverview:
    (part,) = told.organizations
    return part


def test_each_access_says_how_it_stands_and_where_it_comes_from(told: AccessOverview) -> None:
    cells = cells_of(told)
    assert {key: (cell["role"], cell["status"]) for key, cell in cells.items()} == {
        ("ana", "acme-bc"): ("admin", "held"),
        ("bo", "acme-bc"): ("admin", "held"),
        ("eve", "acme-bc"): ("standard", "held"),
        ("finn", "acme-bc"): ("standard", "pending"),
        ("zoe", "acme-bc"): ("admin", "undeclared"),
        ("eve", "us-brand"): ("admin", "different"),
        ("finn", "us-brand"): ("operator", "missing"),
        ("north", "us-brand"): ("analyst", "held"),
    }
    assert cells["finn", "us-brand"]["through"] == ["group:buyers"]
    assert cells["finn", "us-brand"]["reasons"] == ["OPS-7"]
    line = MANIFEST.splitlines()[cells["eve", "us-brand"]["lines"][0] - 1]
    assert "eve: analyst" in line
    assert (cells["ana", "acme-bc"]["ends"], cells["ana", "acme-bc"]["since"]) == ("2027-06-01", "2026-01-02")
    assert cells["bo", "acme-bc"]["ends"] == "2027-02-15"


def test_access_ends_with_the_membership_that_it_needs(tmp_path: Path) -> None:
    text = MANIFEST.replace("eve: standard", "eve: {role: standard, expires: 2026-12-01}")
    cells = cells_of(overview(tmp_path, text, state_of("acme-bc", RECORDS)))
    assert cells["eve", "us-brand"]["ends"] == "2026-12-01"


def test_the_next_change_of_a_role_counts_as_an_end(tmp_path: Path) -> None:
    text = MANIFEST.replace("{members: [finn]}", "{members: [finn]}\n  chiefs: {members: [eve]}").replace(
        "eve: standard", "eve: standard, group:chiefs: {role: admin, expires: 2027-01-05}"
    )
    text = text.replace('id: "6900000000000000001"\n', 'id: "6900000000000000001"\n    on_conflict: highest\n')
    cells = cells_of(overview(tmp_path, text, state_of("acme-bc", RECORDS)))
    assert cells["eve", "acme-bc"]["ends"] == "2027-01-05"
    assert "standard from 2027-01-05" in cells["eve", "acme-bc"]["remark"]


def test_admins_are_counted_by_the_dates_of_lines_and_people(told: AccessOverview) -> None:
    part = only(told)
    assert [(one.person, one.ends, one.obstacle) for one in part.admins] == [
        ("ana", date(2027, 6, 1), ""),
        ("bo", date(2027, 2, 15), ""),
        ("zoe", None, "not declared"),
    ]
    assert part.lasting_admins == 2
    assert [count for _, count in part.months] == [2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    assert [str(month)[:7] for month, _ in part.months][:3] == ["2026-11", "2026-12", "2027-01"]


def test_an_end_on_the_first_of_a_month_still_leaves_them_in_the_month_before(told: AccessOverview) -> None:
    months = {str(month)[:7]: count for month, count in only(told).months}
    assert (months["2027-05"], months["2027-06"]) == (1, 0)


def test_what_waits_has_an_age_and_is_overdue_after_the_patience_of_the_guards(tmp_path: Path) -> None:
    deferred = Address.parse("acme-bc/member/kim")
    state = state_of("acme-bc", RECORDS, deferred={deferred: Deferral(reason="no account", since=TODAY, tried=TODAY)})
    pending = {one.about.rpartition("/")[2]: one for one in only(overview(tmp_path, MANIFEST, state)).pending}
    assert set(pending) == {"finn", "kim"}
    assert (pending["finn"].sort, pending["finn"].since, pending["finn"].is_overdue) == (
        "invitation",
        date(2026, 10, 1),
        True,
    )
    assert (pending["kim"].sort, pending["kim"].is_overdue) == ("deferred", False)


def test_known_drift_stands_with_the_worst_first(tmp_path: Path) -> None:
    def drift(key: str, severity: Risk) -> KnownDrift:
        live = Resource(address=Address.parse(f"acme-bc/member/{key}"), attributes={"role": "admin"})
        return KnownDrift(
            address=live.address,
            sort=DriftSort.ADDED_OUTSIDE,
            live=fingerprint_of(live),
            first_seen=TODAY,
            severity=severity,
            why="nobody declared it",
            last=live,
        )

    known = [drift("low", Risk.LOW), drift("bad", Risk.CRITICAL)]
    state = state_of("acme-bc", RECORDS, drift={one.address: one for one in known})
    told = overview(tmp_path, MANIFEST, state)
    assert [one.address.key for one in only(told).drift] == ["bad", "low"]
    assert cells_of(told)["bad", "acme-bc"]["status"] == "undeclared"


def test_findings_mark_what_they_are_about(tmp_path: Path) -> None:
    line = 1 + next(n for n, text in enumerate(MANIFEST.splitlines()) if "us-brand:" in text)
    findings = [
        Finding(id="x", message="on the line", place=Place("access/acme.yaml", line, 1)),
        Finding(id="y", message="about bo", address="acme-bc/member/bo"),
    ]
    cells = cells_of(overview(tmp_path, MANIFEST, state_of("acme-bc", RECORDS), findings=findings))
    assert {key for key, cell in cells.items() if cell["findings"]} == {
        ("bo", "acme-bc"),
        ("eve", "us-brand"),
        ("finn", "us-brand"),
    }


def test_an_organization_without_a_state_is_never_told_to_be_as_declared(tmp_path: Path) -> None:
    told = overview(tmp_path, MANIFEST)
    assert {cell["status"] for cell in cells_of(told).values()} == {"not recorded"}
    assert only(told).has_no_state
    assert only(told).lasting_admins == 0


def test_an_organization_that_nobody_declares_any_more_is_still_there(tmp_path: Path) -> None:
    text = "version: 1\npeople: {ana: {email: ana@acme.example}}\n"
    told = overview(tmp_path, text, state_of("acme-bc", RECORDS))
    assert only(told).declared is None
    assert {cell["status"] for cell in cells_of(told).values()} <= {"undeclared", "pending"}
    assert [one.person for one in only(told).admins if not one.obstacle] == ["ana", "bo", "zoe"]


def test_the_page_allows_its_own_script_and_style_and_nothing_else(told: AccessOverview) -> None:
    page = render_report(told)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    script = re.search(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    style = re.search(r"<style>(.*?)</style>", page, flags=re.DOTALL)
    assert policy
    assert script
    assert style
    for text in (script[1], style[1]):
        assert f"&#39;sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}&#39;" in policy[1]
    assert policy[1].startswith("default-src &#39;none&#39;;")
    assert "unsafe" not in policy[1]
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page)


def test_names_stay_inside_the_data(tmp_path: Path) -> None:
    findings = [Finding(id="x-y", message=trick, advice=trick, place=Place(trick, 1, 1)) for trick in TRICKS]
    page = render_report(overview(tmp_path, MANIFEST, state_of("acme-bc", RECORDS), findings=findings, title=TRICKS[2]))
    clean = render_report(overview(tmp_path / "clean", MANIFEST, state_of("acme-bc", RECORDS)))
    assert page.count("<") == clean.count("<")
    assert "\u202e" not in page
    assert "\\\\u202e" in page


@pytest.mark.full
def test_the_snapshot_of_the_history_is_on_the_page_access_by_access(tmp_path: Path) -> None:
    """Judged by the data of the history itself, not by anything that read the manifests."""
    quarter = read_quarters()[-1]
    data = data_of(render_report(of_quarter(tmp_path, quarter)))
    found = {
        (data["organizations"][thing[0]][0], thing[2], data["people"][cell[0]][0]): data["roles"][cell[2]][0]
        for cell in data["cells"]
        for thing in [data["things"][cell[1]]]
    }
    wanted = {
        (name, key, person): role
        for name, center in quarter.centers.items()
        for key, roles in [(name, center.members), *center.ad_accounts.items()]
        for person, role in roles.items()
    }
    assert str(quarter.day) == "2022-10-01"
    assert len(wanted) > 3000
    assert found == wanted
    assert {data["notes"][cell[3]] for cell in data["cells"]} == {"held"}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    assert CliRunner().invoke(cli, ["-C", str(tmp_path), "init"]).exit_code == 0
    return tmp_path


def run(workspace: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["-C", str(workspace), *words])


def test_the_command_writes_the_page_with_what_was_done_since_a_day(workspace: Path) -> None:
    out = workspace / "access.html"
    assert run(workspace, "apply", "--auto-approve").exit_code == 0
    assert run(workspace, "report", "-o", str(out)).exit_code == 0
    data = data_of(out.read_text(encoding="utf-8"))
    invited = [entry for entry in data["entries"] if entry[1] == "invite"]
    assert invited
    assert data["title"] == workspace.name
    asked = {row[1].rpartition("/")[2] for row in data["pending"] if row[0] == "invitation"}
    assert asked == {entry[2].rpartition("/")[2] for entry in invited}
    assert {row[3] for row in data["pending"] if row[0] == "waiting"} <= asked
    assert run(workspace, "report", "-o", str(out), "--since", data["today"]).exit_code == 0
    assert data_of(out.read_text(encoding="utf-8"))["entries"] == data["entries"]


def test_decisions_that_reviewers_owe_are_waited_for(workspace: Path) -> None:
    out = workspace / "access.html"
    assert run(workspace, "apply", "--auto-approve").exit_code == 0
    wish = ("--name", "spring", "--scope", "acme-bc", "--due", "2999-01-31")
    started = run(workspace, "review", "start", *wish)
    assert started.exit_code == 0, started.output
    assert run(workspace, "report", "-o", str(out)).exit_code == 0
    owed = [row for row in data_of(out.read_text(encoding="utf-8"))["pending"] if row[0] == "access review"]
    assert owed
    assert all((workspace / row[1]).is_file() for row in owed)
    assert {(row[5], row[6]) for row in owed} == {("2999-01-31", 0)}


def test_a_day_to_come_is_wrong_usage_and_writes_nothing(workspace: Path) -> None:
    out = workspace / "access.html"
    found = run(workspace, "report", "-o", str(out), "--since", "2999-12-31")
    assert found.exit_code == 64
    assert "2999-12-31 has not come yet" in found.stderr
    assert not out.exists()


def test_manifests_with_errors_give_no_page(workspace: Path) -> None:
    (workspace / "access" / "broken.yaml").write_text("version: 1\npeople: [", encoding="utf-8")
    out = workspace / "access.html"
    assert run(workspace, "report", "-o", str(out)).exit_code == 1
    assert not out.exists()
