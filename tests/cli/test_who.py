"""`reconciler who` and `reconciler access` in a workspace, from the first plan to settled access."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli.main import cli

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def start(*words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(cli, ["-C", str(tmp_path), *words])
        assert result.exit_code == code, result.output
        return result

    start("init")
    return start


def status(result: Result) -> str | None:
    """That of eve's membership."""
    (part,) = json.loads(result.stdout)["organizations"]
    found: str | None = part["holdings"][0]["status"]
    assert part["holdings"][0]["address"] == "acme-bc/member/eve"
    return found


def test_a_person_goes_from_declared_to_held(run: Run) -> None:
    assert status(run("who", "eve", "--format", "json", code=1)) == "missing"
    run("apply", "--auto-approve")
    assert status(run("who", "eve", "--format", "json")) == "pending"
    run("sandbox", "people", "answer", "accept", "--all")
    run("apply", "--auto-approve")
    assert status(run("who", "eve@agency.example", "--format", "json")) == "held"
    told = run("who", "eve").stdout
    assert "acme-bc (TikTok Business Center)" in told
    assert "as declared" in told


def test_a_person_of_a_past_day_is_read_from_what_was_kept(run: Run) -> None:
    run("apply", "--auto-approve")
    today = datetime.now(UTC).date()
    assert status(run("who", "eve", "--as-of", str(today), "--format", "json")) is None
    for question in (("who", "eve"), ("access", "acme-bc")):
        assert "2999-12-31 has not come yet" in run(*question, "--as-of", "2999-12-31", code=64).stderr
    told = run("who", "eve", "--as-of", "2001-01-01", code=1).stdout
    assert "Nothing of theirs is recorded. Nothing is known of acme-bc" in told
    assert (
        "nobody can tell whether they reached" in run("why", "eve", "acme-bc", "--as-of", "2001-01-01", code=1).stdout
    )
    assert "nothing is known of acme-bc" in run("who", "--all", "--as-of", "2001-01-01", code=1).stderr
    assert "nothing is kept of acme-bc" in run("access", "acme-bc", "--as-of", "2001-01-01", code=1).stderr
    assert "Has nothing" not in told


def test_in_a_sandbox_the_days_of_the_past_are_those_of_the_sandbox(run: Run) -> None:
    first = run("sandbox", "clock").stdout[:10]
    run("apply", "--auto-approve")
    run("sandbox", "people", "answer", "accept", "--all")
    run("sandbox", "clock", "3d")
    run("apply", "--auto-approve")
    then = run("sandbox", "clock", "3d").stdout[:10]
    assert "invited" in run("who", "eve", "--as-of", first).stdout
    assert "invited" not in run("who", "eve", "--as-of", then).stdout
    assert "operator" in run("who", "eve", "--as-of", then).stdout


def test_a_role_that_has_ended_and_is_there_is_told_before_what_ends(run: Run) -> None:
    run("apply", "--auto-approve")
    run("sandbox", "people", "answer", "accept", "--all")
    run("grant", "cy", "acme-dev", "admin", "--for", "2d", "--reason", "INC-7", "--break-glass", "--write")
    run("apply", "--auto-approve")
    ends = json.loads(run("expiring", "--format", "json").stdout)["expiring"]
    assert [(one["sort"], one["about"]) for one in ends] == [("entitlement", "acme-dev/member/cy")]
    run("sandbox", "clock", "+3d")
    assert "`reconciler validate` shows them" in run("plan").stderr
    assert "has ended" in run("validate").stdout or "expired" in run("validate").stdout
    ended = json.loads(run("expiring", "--format", "json").stdout)["expiring"]
    assert [(one["sort"], one["what"], one["day"]) for one in ended] == [("still there", "admin", ends[0]["day"])]


def test_no_output_takes_the_place_of_a_manifest(run: Run, tmp_path: Path) -> None:
    before = {path: path.read_text() for path in tmp_path.rglob("*.yaml")}
    for name in ("reconciler.yaml", "access/example.yaml"):
        for command in ("plan", "report"):
            assert "would be lost" in run(command, "-o", str(tmp_path / name), code=64).stderr
    assert before == {path: path.read_text() for path in tmp_path.rglob("*.yaml")}


def test_questions_that_cannot_be_meant_say_what_to_ask(run: Run) -> None:
    run("apply", "--auto-approve")
    assert "advice: ask for acme-bc to see everything" in run("access", "acme-bc/*", code=1).stderr
    assert "advice: did you mean `acme-bc/ad_account/us-brand`?" in run("access", "us-brand", code=1).stderr
    swapped = run("why", "acme-bc/ad_account/us-brand", "eve", code=1).stderr
    assert "advice: did you mean `acme-bc/member/eve`?" in swapped
    backwards = ("audit", "log", "--since", "2026-12-01", "--until", "2026-01-01")
    assert "--until 2026-01-01 is before --since 2026-12-01" in run(*backwards, code=64).stderr
    assert "did you mean `admin-share`" in run("policy", "test", "admin-shar", code=64).stderr
    assert "`reconciler policy list` shows all" in run("policy", "test", "qqqqqqqqqqqq", code=64).stderr


def test_the_matrix_of_an_organization_names_everybody_in_it(run: Run) -> None:
    run("apply", "--auto-approve")
    told = run("access", "acme-bc").stdout
    assert told.startswith("acme-bc (TikTok Business Center)\n\nmembers of acme-bc\n")
    assert "eve" in told
    document = json.loads(run("access", "acme-bc/member/eve", "--format", "json").stdout)
    assert {cell["subject"] for cell in document["reaches"]} == {"acme-bc/member/eve"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["who", "evee"], "did you mean `eve`"),
        (["access", "acme-bd"], "did you mean `acme-bc`"),
        (["access", "acme-bc/member/evee"], "did you mean `acme-bc/member/eve`"),
        (["access", "acme-bc", "--as-of", "2001-01-01"], "nothing is kept of acme-bc as of 2001-01-01"),
    ],
)
def test_what_nobody_knows_is_an_error_with_what_is_near(run: Run, words: list[str], said: str) -> None:
    run("apply", "--auto-approve")
    assert said in run(*words, code=1).stderr


def test_everything_is_a_table_that_no_spreadsheet_calculates(run: Run, tmp_path: Path) -> None:
    manifest = tmp_path / "access" / "example.yaml"
    text = manifest.read_text("utf-8").replace("Eve Moss", "'=HYPERLINK(\"http://x\")'")
    manifest.write_text(text.replace("spring campaign", "'+1+1'"), "utf-8")
    rows, _, notes = run("who", "--all", "--format", "csv", code=1).stdout.partition("\n\n")
    first = list(csv.DictReader(rows.splitlines()))
    assert {row["status"] for row in first if row["person"] == "eve"} == {"declared, nothing recorded"}
    assert notes.startswith("part,note\n")
    assert "No state of acme-bc" in notes
    run("apply", "--auto-approve")
    people = list(csv.DictReader(run("who", "--all", "--format", "csv").stdout.splitlines()))
    (eve,) = [row for row in people if row["access"] == "acme-bc/member/eve"]
    assert (eve["name"], eve["reason"]) == ('\'=HYPERLINK("http://x")', "'+1+1")
    assert (eve["recorded"], eve["ends"], eve["line"]) == (
        "standard, invited",
        "2030-01-31",
        "access/example.yaml:30:7",
    )
    things = list(csv.DictReader(run("access", "--all", "--format", "csv").stdout.splitlines()))
    assert {row["who"] for row in things if row["organization"] == "acme-dev"} == {"ana", "bo", "cy"}
    assert not [cell for row in (*people, *things) for cell in row.values() if cell.startswith(("=", "+", "@"))]


def test_who_can_do_something_is_told_across_all_systems(run: Run) -> None:
    run("apply", "--auto-approve")
    told = json.loads(run("who", "--can", "admin", "--format", "json").stdout)["organizations"]
    assert {(part["address"], one["subject"]) for part in told for one in part["reaches"]} == {
        (f"{key}/organization/{key}", f"{key}/member/{who}") for key in ("acme-bc", "acme-dev") for who in ("ana", "bo")
    }
    assert "not given yet" in run("who", "--can", "operator").stdout
    assert "did you mean `operator`" in run("who", "--can", "operater", code=1).stderr
    for wrong in ([], ["eve", "--all"], ["--all", "--can", "admin"]):
        assert "name a PERSON" in run("who", *wrong, code=64).stderr
    for wrong in ([], ["acme-bc", "--all"]):
        assert "give an ADDRESS" in run("access", *wrong, code=64).stderr


def test_why_tells_by_what_somebody_has_access_and_of_whom_it_was_taken(run: Run, tmp_path: Path) -> None:
    run("apply", "--auto-approve")
    run("sandbox", "people", "answer", "accept", "--all")
    run("sandbox", "clock", "1d")
    run("apply", "--auto-approve")
    day = run("sandbox", "clock").stdout[:10]
    told = json.loads(run("why", "eve", "acme-bc/ad_account/us-brand", "--format", "json").stdout)
    (path,) = told["paths"]
    assert (path["history"]["began"]["action"], path["history"]["began"]["time"][:10]) == ("grant", day)
    assert path["history"]["began"]["origin"]["plan"]
    (member,) = told["requires"]
    assert [member["history"][name]["outcome"] for name in ("asked", "began")] == ["requested", "accepted"]
    run("sandbox", "role", "eve", "acme-bc", "admin")
    run("drift")
    told = run("why", "eve", "acme-bc").stdout
    assert "recorded:  standard" in told
    assert "live:      admin" in told
    assert "drift:     changed, critical" in told
    manifest = tmp_path / "access" / "example.yaml"
    before = manifest.read_text("utf-8")
    gone = re.sub(r"(?m)^.*\beve\b.*\n", "", before)
    manifest.write_text(gone, "utf-8")
    run("sandbox", "clock", "1d")
    run("apply", "--auto-approve")
    for name in ("eve", "eve@agency.example"):
        assert "in the past: acme-bc/member/eve" in run("who", name).stdout
        assert "no access to ad account us-brand; it ended on" in run("why", name, "acme-bc/ad_account/us-brand").stdout
        assert "operator on ad account" in run("why", name, "acme-bc/ad_account/us-brand", "--as-of", day).stdout
    # Their address becomes somebody else's, who goes too.
    then = run("sandbox", "clock").stdout[:10]
    for text in (re.sub(r"\beve\b(?!@)", "eva", before), gone):
        run("sandbox", "clock", "1d")
        manifest.write_text(text, "utf-8")
        run("apply", "--auto-approve")
        run("sandbox", "people", "answer", "accept", "--all")
        run("apply", "--auto-approve")
    for name, key in (("eve@agency.example", "eva"), ("eve", "eve")):
        assert f"in the past: acme-bc/member/{key}" in run("why", name, "acme-bc").stdout
    assert "acme-bc/member/eve" in run("why", "eve@agency.example", "acme-bc", "--as-of", then).stdout


def test_whatever_ends_by_itself_is_told_in_one_list(run: Run, tmp_path: Path) -> None:
    run("apply", "--auto-approve")
    run("sandbox", "people", "answer", "accept", "eve")
    run("apply", "--auto-approve")
    run("sandbox", "role", "eve", "acme-bc", "admin")
    run("drift")
    day = date.fromisoformat(run("sandbox", "clock").stdout[:10])
    soon = [str(day + timedelta(days=number)) for number in range(10)]
    run("drift", "accept", "acme-bc/member/eve", "--reason", "SEC-1", "--until", soon[5])
    manifest = tmp_path / "access" / "example.yaml"
    text = (
        manifest.read_text("utf-8")
        .replace("2030-01-31", soon[4])
        .replace("cy@acme.example}", f"cy@acme.example, ends: {soon[3]}}}")
    )
    approval = f"approvals: [{{approve: remove, address: acme-bc/member/bo, reason: SEC-2, expires: {soon[2]}}}]"
    manifest.write_text(f"{text}{approval}\n", "utf-8")
    config = tmp_path / "reconciler.yaml"
    exception = f"{{rule: admin-reason, address: 'acme-bc/*', owner: ana, reason: SEC-3, until: {soon[1]}}}"
    policies = f"policies: {{set: baseline, exceptions: [{exception}]}}"
    config.write_text(config.read_text("utf-8").replace("policies: baseline", policies), "utf-8")
    told = json.loads(run("expiring", "--within", "40d", "--format", "json").stdout)["expiring"]
    assert [(one["day"], one["sort"], one["about"]) for one in told if one["sort"] != "work order"] == [
        (soon[1], "exception", "acme-bc/*"),
        (soon[2], "approval", "acme-bc/member/bo"),
        (soon[3], "person", "cy"),
        (soon[4], "entitlement", "acme-bc/member/eve"),
        (soon[5], "accepted drift", "acme-bc/member/eve"),
        (str(day + timedelta(days=30)), "invitation", "acme-dev/member/cy"),
    ]
    assert [
        one["sort"] for one in json.loads(run("expiring", "--within", "1", "--format", "json").stdout)["expiring"]
    ] == ["exception"]
    run("sandbox", "clock", "6d")
    told = run("expiring", "--within", "1d").stdout
    assert "still there  acme-bc/member/eve" in told
    assert "30d or 2w" in run("expiring", "--within", "1h", code=64).stderr


def test_a_hostile_name_is_shown_harmless(run: Run) -> None:
    assert "\\x1b[31m" in run("who", "\x1b[31mroot", code=1).stderr


def test_errors_in_what_is_asked_about_are_shown_with_their_lines(run: Run, tmp_path: Path) -> None:
    manifest = tmp_path / "access" / "example.yaml"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("bo: admin", "bo: amdin"), encoding="utf-8")
    assert "error[unknown-role]" in run("who", "bo", code=1).stderr


def test_neither_asks_a_system(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "reconciler.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("kind: sandbox", "kind: business_api"), encoding="utf-8")
    assert "business_api" in config.read_text(encoding="utf-8")
    assert "eve" in run("who", "eve", code=1).stdout  # nothing is recorded yet
    assert "eve" in run("access", "acme-bc", code=1).stdout


def test_what_an_audit_found_counts_although_nobody_declared_it(run: Run) -> None:
    run("apply", "--auto-approve")
    run("sandbox", "invite", "mallory@rival.example", "acme-bc", "admin")
    run("sandbox", "accept", "mallory@rival.example", "acme-bc")
    assert "mallory" not in run("access", "acme-bc").stdout
    run("drift")
    told = run("who", "mallory@rival.example").stdout
    assert "admin" in told
    assert "mallory@rival.example" in run("access", "acme-bc").stdout
    found = json.loads(run("who", "mallory@rival.example", "--format", "json").stdout)
    assert [one["status"] for part in found["organizations"] for one in part["holdings"]] == ["undeclared"]


def test_what_an_apply_has_taken_away_since_the_audit_is_not_said_to_be_there(run: Run, tmp_path: Path) -> None:
    run("apply", "--auto-approve")
    run("sandbox", "invite", "mallory@rival.example", "acme-bc", "admin")
    run("sandbox", "accept", "mallory@rival.example", "acme-bc")
    run("drift")
    (manifest,) = [path for path in (tmp_path / "access").glob("*.yaml") if "acme-bc:" in path.read_text("utf-8")]
    text = manifest.read_text("utf-8").replace("  acme-bc:\n", "  acme-bc:\n    mode: authoritative\n")
    manifest.write_text(text, "utf-8")
    run("apply", "--auto-approve")
    assert "mallory" not in run("access", "acme-bc").stdout


def test_the_audit_log_finds_somebody_whom_only_an_address_names(run: Run) -> None:
    run("apply", "--auto-approve")
    run("sandbox", "invite", "mallory@rival.example", "acme-bc", "admin")
    run("sandbox", "accept", "mallory@rival.example", "acme-bc")
    run("drift")
    told = run("audit", "log", "--person", "mallory@rival.example").stdout
    assert "acme-bc/member/mallory@rival.example" in told
    assert "eve" not in told


def test_where_no_state_of_a_day_is_kept_the_audit_log_answers(run: Run, tmp_path: Path) -> None:
    run("apply", "--auto-approve")
    run("sandbox", "people", "answer", "accept", "--all")
    run("apply", "--auto-approve")
    day = run("sandbox", "clock").stdout[:10]
    run("sandbox", "clock", "2d")
    run("state", "migrate", "sqlite:///moved.db", "--yes")
    config = tmp_path / "reconciler.yaml"
    config.write_text(config.read_text("utf-8").replace("file:.reconciler/state", "sqlite:///moved.db"), "utf-8")
    told = run("who", "eve", "--as-of", day).stdout
    assert re.search(r"access to ad account us-brand +operator", told)
    assert f"No state of acme-bc, acme-dev is kept from {day} or before" in " ".join(told.split())
    told = run("access", "acme-bc/ad_account/us-brand", "--as-of", day).stdout
    assert f"by the audit log at the end of {day}" in told
    assert re.search(r"eve +operator", told)
    unknown = run("access", "acme-bc/ad_account/eu-brand", "--as-of", day, code=1).stderr
    assert f"the audit log knows nothing of 'acme-bc/ad_account/eu-brand' by the end of {day}" in unknown
    rows = list(
        csv.DictReader(run("access", "--all", "--as-of", day, "--format", "csv").stdout.split("\n\n")[0].splitlines())
    )
    assert {one["who"] for one in rows if one["can"] == "admin"} == {"ana", "bo"}
    told = run("why", "eve", "acme-bc/ad_account/us-brand", "--as-of", day).stdout
    assert f"No state of acme-bc is kept from {day} or before: this is what the audit log had" in told
    assert re.search(rf"began: +{day}, grant applied", told)
    assert "standard" in run("who", "eve").stdout


def test_the_audit_log_is_searched_by_address_outcome_risk_and_people_of_the_past(run: Run, tmp_path: Path) -> None:
    run("apply", "--auto-approve")
    run("sandbox", "people", "answer", "accept", "--all")
    run("sandbox", "clock", "1d")
    run("apply", "--auto-approve")
    manifest = tmp_path / "access" / "example.yaml"
    manifest.write_text(re.sub(r"(?m)^.*\beve\b.*\n", "", manifest.read_text("utf-8")), "utf-8")
    run("sandbox", "clock", "1d")
    run("apply", "--auto-approve")

    def rows(*words: str) -> list[dict[str, str]]:
        return list(csv.DictReader(run("audit", "log", "--format", "csv", *words).stdout.splitlines()))

    assert [one["action"] for one in rows("--address", "acme-bc/ad_account/us-brand")] == ["grant", "revoke"]
    assert {one["address"] for one in rows("--outcome", "accepted")} == {"acme-bc/member/eve", "acme-dev/member/cy"}
    by_key, by_mail = rows("--person", "eve"), rows("--person", "eve@agency.example")
    assert [one["action"] for one in by_key] == ["invite", "seen", "grant", "revoke", "remove"]
    assert by_mail == by_key
    assert [(one["before"], one["after"]) for one in by_key][-1] == ("role=standard status=active", "")
    assert {one["risk"] for one in by_key} == {"", "low", "medium"}
    assert {one["action"] for one in rows("--min-risk", "medium")} == {"invite", "grant"}
    day = run("sandbox", "clock").stdout[:10]
    assert [one["action"] for one in rows("--since", day)] == ["revoke", "remove"]
    assert rows("--outcome", "failed") == []
    assert "'applied'" in run("audit", "log", "--outcome", "aplied", code=64).stderr
    assert "did you mean" in run("audit", "log", "--address", "acme-bc/member/evee", code=1).stderr


def test_what_came_to_nothing_bad_is_known_only_from_a_log_that_is_there(run: Run) -> None:
    assert "the log has no record yet" in run("audit", "log", "--outcome", "failed", code=1).stderr
    assert "nothing was verified" in run("audit", "verify").stderr


def test_what_an_audit_saw_is_not_told_as_applied(run: Run) -> None:
    run("apply", "--auto-approve")
    run("sandbox", "people", "answer", "accept", "--all")
    run("apply", "--auto-approve")
    run("sandbox", "role", "cy", "acme-dev", "admin")
    run("drift")
    (row,) = csv.DictReader(run("audit", "log", "--outcome", "seen", "--format", "csv").stdout.splitlines())
    assert (row["action"], row["address"]) == ("drift", "acme-dev/member/cy")


def test_an_offboarding_whose_day_has_passed_says_where_access_is_still_there(run: Run, tmp_path: Path) -> None:
    run("apply", "--auto-approve")
    run("sandbox", "people", "answer", "accept", "--all")
    run("apply", "--auto-approve")
    told = run("offboard", "eve", "--on", "2020-01-01").stdout
    assert "All access should have ended on 2020-01-01" in told
    assert "still there in 1" in told


def test_who_does_not_leave_yet_is_told_which_edit_makes_them(run: Run) -> None:
    run("apply", "--auto-approve")
    run("sandbox", "people", "answer", "accept", "--all")
    run("apply", "--auto-approve")
    told = run("offboard", "eve", "--status").stdout
    assert "reconciler offboard eve --write" in told
    assert "reconciler apply" not in told


def test_of_a_day_before_what_is_kept_nobody_says_that_an_asset_was_not_there(run: Run) -> None:
    run("apply", "--auto-approve")
    for about in ("acme-bc/ad_account/us-brand", "acme-bc/member/eve"):
        told = run("why", "eve", about, "--as-of", "2020-01-01", code=1)
        assert "nothing is known of acme-bc at the end of 2020-01-01" in told.stderr
        assert "is called" not in told.stderr
    assert "nothing in acme-bc is called" in run("why", "eve", "acme-bc/ad_account/us", code=1).stderr


def test_a_past_day_tells_since_when_also_by_the_key_of_today(run: Run, tmp_path: Path) -> None:
    run("apply", "--auto-approve")
    run("sandbox", "people", "answer", "accept", "--all")
    run("apply", "--auto-approve")
    day = run("sandbox", "clock").stdout[:10]
    run("sandbox", "clock", "2d")
    manifest = tmp_path / "access" / "example.yaml"
    manifest.write_text(manifest.read_text("utf-8").replace("eve:", "evelyn:"), "utf-8")
    told = run("why", "evelyn", "acme-bc/ad_account/us-brand", "--as-of", day).stdout
    assert "grant applied by" in told
