"""Drift audits of a sandbox in which people act by hand, through the command line alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from reconciler.apply.journal import LeaseTerms, hold
from reconciler.cli.main import cli
from reconciler.stores.local_file import LocalFileStore
from reconciler.stores.rules import SystemTimer

Run = Callable[..., Result]
MANIFEST = """version: 1
people:
  ana: {email: ana@acme.example}
  bo: {email: bo@acme.example}
  eve: {email: eve@acme.example}
  finn: {email: finn@acme.example}
organizations:
  acme-brand:
    system: organization_account
    handle: "@acme"
    members: {ana: admin, bo: admin, eve: operator}
"""
PLATFORM = """version: 1
people: {ana: ana@acme.example, bo: bo@acme.example, eve: eve@acme.example, finn: finn@acme.example}
organizations:
  acme-brand: {system: organization_account, handle: "@acme", members: {ana: admin, bo: admin}}
"""
EVE = "acme-brand/member/eve"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (tmp_path / "reconciler.yaml").write_text("version: 1\nproviders: {default: {kind: sandbox}}\n")
    (tmp_path / "sandbox.yaml").write_text(PLATFORM)
    (tmp_path / "access").mkdir()
    (tmp_path / "access" / "acme.yaml").write_text(MANIFEST)

    def start(*words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(cli, ["-C", str(tmp_path), *words])
        assert result.exit_code == code, result.output
        return result

    start("apply", "--auto-approve")
    start("sandbox", "people", "answer", "accept", "--all")
    start("apply", "--auto-approve")
    return start


def audit(run: Run, *words: str, code: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        run("drift", "--format", "json", "--detailed-exitcode", *words, code=code).stdout
    )
    return found


def told(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    items = [item for part in found["organizations"] for item in part["items"]]
    return [(item["status"], item["found"]["severity"], item["found"]["address"]) for item in items]


def test_nothing_drifts_after_a_settled_apply_and_what_no_audit_can_see_is_said(run: Run) -> None:
    unseen, clean = run("drift", "--detailed-exitcode").stdout.strip().split("\n\n")
    assert clean == "No drift. Everything is as recorded."
    thing = "sub-accounts of Seller Center"
    assert unseen == f"No audit shows (see `reconciler systems`): {thing}."
    assert thing in audit(run)["organizations"][0]["unseen"]
    assert f"{thing}: " in run("systems", "organization_account").stdout
    assert thing in run("drift", "--format", "markdown").stdout


def test_what_people_do_by_hand_is_told_once_as_new_with_who_did_it(run: Run) -> None:
    run("sandbox", "promote", "eve", "@acme")
    run("sandbox", "invite", "finn", "@acme", "operator", "--as", "bo")
    run("sandbox", "people", "answer", "accept", "--all")
    found = audit(run, code=2)
    assert told(found) == [
        ("new", "critical", "acme-brand/member/eve"),
        ("new", "low", "acme-brand/member/finn"),
    ]
    deeds = [deed for item in found["organizations"][0]["items"] for deed in item["deeds"]]
    assert {deed["who"] for deed in deeds} >= {"ana", "bo"}
    assert told(audit(run)) == [
        ("known", "critical", "acme-brand/member/eve"),
        ("known", "low", "acme-brand/member/finn"),
    ]


def test_what_is_set_right_again_is_told_as_gone_once(run: Run) -> None:
    run("sandbox", "promote", "eve", "@acme")
    audit(run, code=2)
    run("sandbox", "role", "eve", "@acme", "operator")
    found = audit(run)
    (gone,) = found["organizations"][0]["resolved"]
    assert (gone["address"], gone["first_seen"]) == (EVE, found["today"])
    nothing = {"new": 0, "overdue": 0, "known": 0, "accepted": 0, "resolved": 0, "unread": 0, "clean": True}
    assert audit(run)["summary"] == nothing


def test_known_drift_alarms_again_when_it_gets_old(run: Run) -> None:
    run("sandbox", "promote", "eve", "@acme")
    audit(run, code=2)
    run("sandbox", "clock", "+31d")
    assert told(audit(run, code=2)) == [("overdue", "critical", EVE)]


def test_accepted_drift_is_quiet_until_the_thing_changes_again(run: Run) -> None:
    run("sandbox", "promote", "eve", "@acme")
    audit(run, code=2)
    run("drift", "accept", EVE, "--until", "2999-01-01", "--reason", "OPS-1: covers for Bo")
    assert told(audit(run)) == [("accepted", "critical", EVE)]
    assert "accepted by" in run("drift").stdout
    run("sandbox", "remove", "eve", "@acme")
    assert told(audit(run, code=2)) == [("new", "low", EVE)]
    assert "accept drift" in run("audit", "log").stdout


def test_access_that_others_ended_is_in_the_audit_log(run: Run) -> None:
    run("sandbox", "remove", "eve", "@acme")
    audit(run, code=2)
    entries = json.loads(run("audit", "log", "--format", "json").stdout)["entries"]
    assert [(entry["address"], entry["detail"]) for entry in entries if entry["action"] == "drift"] == [
        (EVE, "gone, low: it was taken away")
    ]


def test_an_acceptance_of_a_role_does_not_cover_that_somebody_has_left(run: Run, tmp_path: Path) -> None:
    run("sandbox", "promote", "eve", "@acme")
    audit(run, code=2)
    run("drift", "accept", EVE, "--until", "2999-01-01", "--reason", "OPS-1: covers for Bo")
    manifest = tmp_path / "access" / "acme.yaml"
    manifest.write_text(MANIFEST.replace("eve@acme.example}", "eve@acme.example, ends: 2020-01-01}"))
    assert told(audit(run, code=2)) == [("new", "critical", EVE)]


def observe(tmp_path: Path) -> None:
    (tmp_path / "access" / "acme.yaml").write_text(
        MANIFEST.replace("    members:", "    mode: read_only\n    members:")
    )


def test_what_an_apply_recorded_and_did_not_set_right_is_still_drift(run: Run, tmp_path: Path) -> None:
    run("sandbox", "promote", "eve", "@acme")
    audit(run, code=2)
    observe(tmp_path)
    run("apply", "--auto-approve")
    assert told(audit(run)) == [("known", "critical", EVE)]
    run("drift", "accept", EVE, "--until", "2999-01-01", "--reason", "OPS-1")
    run("apply", "--auto-approve")
    assert told(audit(run)) == [("accepted", "critical", EVE)]


def test_what_an_apply_recorded_before_any_audit_is_told_as_new_once(run: Run, tmp_path: Path) -> None:
    run("sandbox", "promote", "eve", "@acme")
    observe(tmp_path)
    run("apply", "--auto-approve")
    run("apply", "--auto-approve")
    assert told(audit(run, code=2)) == [("new", "critical", EVE)]
    assert told(audit(run)) == [("known", "critical", EVE)]
    run("sandbox", "role", "eve", "@acme", "operator")
    assert audit(run)["summary"]["resolved"] == 1


def test_what_only_an_audit_that_did_not_record_has_told_can_be_accepted(run: Run, tmp_path: Path) -> None:
    run("sandbox", "promote", "eve", "@acme")
    observe(tmp_path)
    run("apply", "--auto-approve")
    assert told(audit(run, "--no-record", code=2)) == [("new", "critical", EVE)]
    run("drift", "accept", EVE, "--until", "2999-01-01", "--reason", "OPS-1")
    assert told(audit(run)) == [("accepted", "critical", EVE)]


def test_what_an_apply_set_right_before_any_audit_is_not_told(run: Run) -> None:
    run("sandbox", "promote", "eve", "@acme")
    run("apply", "--auto-approve")
    assert run("drift", "--detailed-exitcode").stdout.endswith("\n\nNo drift. Everything is as recorded.\n")


def test_what_cannot_be_remembered_is_told_all_the_same_and_again_the_next_time(run: Run, tmp_path: Path) -> None:
    run("sandbox", "promote", "eve", "@acme")
    terms = LeaseTerms(timer=SystemTimer())
    with hold(LocalFileStore(tmp_path / ".reconciler" / "state"), "acme-brand", purpose="apply", terms=terms):
        refused = run("drift", "--format", "json", code=4)
        assert told(json.loads(refused.stdout)) == [("new", "critical", EVE)]
        assert "locked" in refused.stderr
    assert told(audit(run, code=2)) == [("new", "critical", EVE)]


def test_an_acceptance_can_be_taken_back(run: Run) -> None:
    run("sandbox", "promote", "eve", "@acme")
    audit(run, code=2)
    run("drift", "accept", EVE, "--until", "2999-01-01", "--reason", "OPS-1")
    run("drift", "forget", EVE)
    assert told(audit(run, code=2)) == [("new", "critical", EVE)]


def test_without_recording_everything_stays_new(run: Run) -> None:
    run("sandbox", "promote", "eve", "@acme")
    for _ in range(2):
        assert told(audit(run, "--no-record", code=2)) == [("new", "critical", EVE)]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["accept", EVE, "--until", "2999-01-01", "--reason", "x"], f"no drift of {EVE} is known"),
        (["forget", "nowhere/member/eve"], "no drift of nowhere/member/eve is known"),
    ],
)
def test_only_what_an_audit_found_can_be_accepted(run: Run, words: list[str], message: str) -> None:
    assert message in run("drift", *words, code=1).stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--until", "2020-01-01", "--reason", "x"], "is not in the future"),
        (["--until", "2999-01-01", "--reason", " "], "--reason says nothing"),
        (["--until", "soon", "--reason", "x"], "is not a date"),
        (["--reason", "x"], "--until"),
    ],
)
def test_an_acceptance_has_an_end_and_a_reason(run: Run, words: list[str], message: str) -> None:
    assert message in run("drift", "accept", EVE, *words, code=64).stderr


@pytest.mark.parametrize("form", ["markdown", "html", "github", "sarif", "junit"])
def test_every_form_tells_the_same(run: Run, form: str) -> None:
    run("sandbox", "promote", "eve", "@acme")
    text = run("drift", "--format", form).stdout
    assert "eve" in text
    assert "critical" in text.casefold() or "error" in text.casefold()


def test_what_is_not_looked_at_is_said(run: Run, tmp_path: Path) -> None:
    run("sandbox", "promote", "eve", "@acme")
    assert "did you mean `acme-brand`?" in run("drift", "--target", "acme-bran", code=64).stderr
    (tmp_path / "access" / "acme.yaml").write_text(MANIFEST.partition("organizations:")[0])
    assert "acme-brand has a state but is not declared any more" in run("drift").stderr


def test_where_nobody_could_look_nothing_is_called_gone(run: Run, tmp_path: Path) -> None:
    run("sandbox", "promote", "eve", "@acme")
    audit(run, code=2)
    (tmp_path / "reconciler.yaml").write_text("version: 1\nproviders: {default: {kind: work_orders}}\n")
    found = audit(run, code=1)
    assert (told(found), found["organizations"][0]["resolved"]) == ([("known", "critical", EVE)], [])
    assert (found["summary"]["known"], found["summary"]["unread"], found["summary"]["clean"]) == (1, 1, False)
    assert run("drift", code=1).stdout.startswith(
        "note: Unread: everything of acme-brand could not be read (last read on "
    )
    (tmp_path / "reconciler.yaml").write_text("version: 1\nproviders: {default: {kind: sandbox}}\n")
    assert told(audit(run)) == [("known", "critical", EVE)]


def test_an_end_that_passed_is_not_logged_as_done_by_hand(run: Run, tmp_path: Path) -> None:
    manifest = tmp_path / "access" / "acme.yaml"
    ended = "{email: eve@acme.example, ends: 2020-01-01}"
    manifest.write_text(MANIFEST.replace("{email: eve@acme.example}", ended), encoding="utf-8")
    audit(run, code=2)
    entries = json.loads(run("audit", "log", "--format", "json").stdout)["entries"]
    (found,) = [one for one in entries if one["action"] == "drift"]
    assert found["detail"].startswith("expired but active, ")
    assert found["cause"] == "seen by an audit"
    run("drift", "accept", EVE, "--until", "2999-01-01", "--reason", "SEC-1")
    accepted = json.loads(run("audit", "log", "--format", "json").stdout)["entries"][-1]
    assert (accepted["action"], accepted["cause"]) == ("accept_drift", "by hand")


def test_what_was_renamed_since_the_audit_is_found_by_its_key_of_today(run: Run, tmp_path: Path) -> None:
    run("sandbox", "role", "eve", "acme-brand", "admin", "--as", "ana")
    audit(run, code=2)
    manifest = tmp_path / "access" / "acme.yaml"
    manifest.write_text(MANIFEST.replace("eve: ", "evelyn: "), encoding="utf-8")
    now = "acme-brand/member/evelyn"
    run("drift", "accept", now, "--until", "2999-01-01", "--reason", "SEC-1")
    assert audit(run)["summary"]["accepted"] == 1
    run("drift", "forget", now)
    state = json.loads(run("state", "show", "acme-brand", "--format", "json").stdout)
    assert not [one for one in state["drift"] if "member/eve" in str(one)]
    run("state", "rm", now, "--yes")
    state = json.loads(run("state", "show", "acme-brand", "--format", "json").stdout)
    assert not [one for one in state["records"] if "member/eve" in str(one)]
    assert "nothing is recorded of" in run("state", "rm", now, "--yes", code=1).stderr


def test_what_was_renamed_and_is_gone_again_is_told_once(run: Run, tmp_path: Path) -> None:
    run("sandbox", "role", "eve", "acme-brand", "admin", "--as", "ana")
    audit(run, code=2)
    manifest = tmp_path / "access" / "acme.yaml"
    manifest.write_text(MANIFEST.replace("eve: ", "evelyn: "), encoding="utf-8")
    run("sandbox", "role", "eve", "acme-brand", "operator", "--as", "ana")
    assert len(audit(run)["organizations"][0]["resolved"]) == 1
    assert not audit(run)["organizations"][0]["resolved"]


def test_nobody_is_told_to_adopt_a_masked_address(tmp_path: Path) -> None:
    providers = "providers: {default: {kind: business_api, via: sandbox, act_as: ana}}"
    (tmp_path / "reconciler.yaml").write_text(f"version: 1\n{providers}\n")
    center = 'system: business_center, id: "6900000000000000001", members: {ana: admin}'
    (tmp_path / "sandbox.yaml").write_text(
        f"version: 1\npeople: {{ana: ana@acme.example}}\norganizations: {{acme-bc: {{{center}}}}}\n"
    )
    (tmp_path / "access").mkdir()
    (tmp_path / "access" / "acme.yaml").write_text(
        f"version: 1\npeople: {{ana: {{email: ana@acme.example}}}}\norganizations: {{acme-bc: {{{center}}}}}\n"
    )
    for words in (
        "apply --auto-approve",
        "sandbox invite fay@x.example acme-bc standard --as ana",
    ):
        assert CliRunner().invoke(cli, ["-C", str(tmp_path), *words.split()]).exit_code == 0
    told = CliRunner().invoke(cli, ["-C", str(tmp_path), "drift"]).stdout
    assert "+ f*y@x.example" in told
    assert "declare the person under `people` with the whole address" in told
    assert "reconciler adopt" not in told
