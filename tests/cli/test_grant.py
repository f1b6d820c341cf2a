"""`reconciler grant` and `revoke`: the smallest edit, judged by what the manifests mean afterwards."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli.main import cli
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile

CONFIG = """\
version: 1
manifests: [access]
providers: {default: {kind: sandbox}}
policies: {rules: {named-members: error}}
"""
MANIFEST = """\
version: 1
people:
  ana: {email: ana@acme.example}
  bo: {email: bo@acme.example}
  cy: {email: cy@acme.example}
  dee: {email: dee@acme.example}
groups:
  buyers: {members: [cy, dee]}   # who buys
organizations:
  acme-bc:
    system: business_center
    id: "6900000000000000001"
    owners: [ana, "@acme/access"]
    members:
      ana: admin     # owns the business
      bo: standard
      group:buyers: standard
    ad_accounts:
      us:
        id: "7100000000000000001"
        access: {group:buyers: operator}
      eu: {id: "7100000000000000002", access: {cy: analyst}}
"""
REASON = ("--reason", "x")
TODAY = datetime.now(UTC).date()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "access").mkdir()
    (tmp_path / "access" / "acme.yaml").write_text(MANIFEST, encoding="utf-8")
    (tmp_path / "reconciler.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def call(workspace: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["-C", str(workspace), *words])


def text_of(workspace: Path) -> str:
    return (workspace / "access" / "acme.yaml").read_text(encoding="utf-8")


def access_on(workspace: Path, day: date) -> dict[str, str]:
    """Address -> role, of everybody on a day; the reader of manifests is the judge, and no edit."""
    loaded = load_manifests([SourceFile("a.yaml", text_of(workspace).encode())], today=day)
    assert loaded.desired is not None, loaded.findings
    found = {}
    for address, declared in loaded.desired.resources["acme-bc"].items():
        roles = [line.attributes.get("role", "") for line in declared.lines if line.holds_on(day)]
        if roles and any(roles):
            found[f"{address.kind}/{address.key}"] = "+".join(sorted(map(str, roles)))
    return found


def test_a_grant_gives_one_access_until_its_day_and_nothing_else(workspace: Path) -> None:
    before = access_on(workspace, TODAY)
    words = ("grant", "bo", "acme-bc/ad_account/us", "analyst", "--for", "7d", "--reason", "SEC-9: look")
    proposed = call(workspace, *words)
    assert proposed.exit_code == 0, proposed.output
    assert text_of(workspace) == MANIFEST
    assert "@acme/access" in proposed.stdout
    assert "no file is edited yet: --write edits the manifests" in proposed.stderr
    written = call(workspace, *words, "--write")
    assert written.exit_code == 0
    assert "no file is edited" not in written.stderr
    assert "# owns the business" in text_of(workspace)
    assert "# who buys" in text_of(workspace)
    last = TODAY + timedelta(days=6)
    assert access_on(workspace, last) == before | {"ad_account_access/us/bo": "analyst"}
    assert access_on(workspace, last + timedelta(days=1)) == before


def test_whoever_has_less_gets_more_for_a_while_and_has_the_same_again_afterwards(workspace: Path) -> None:
    before = access_on(workspace, TODAY)
    words = ("grant", "bo", "acme-bc", "admin", "--for", "3", "--reason", "INC-7", "--break-glass", "--write")
    assert call(workspace, *words).exit_code == 0
    assert access_on(workspace, TODAY)["member/bo"] == "admin+standard"
    assert access_on(workspace, TODAY + timedelta(days=3)) == before
    told = call(workspace, "policy", "test", "break-glass", "--now", str(TODAY + timedelta(days=9))).stdout
    assert "the emergency access of `bo` at acme-bc/member/bo began on" in told
    assert "nobody has reviewed it" in told


def test_what_a_group_gives_stays_beside_an_emergency(workspace: Path) -> None:
    before = access_on(workspace, TODAY)
    words = ("grant", "cy", "acme-bc", "admin", "--for", "3", "--reason", "INC-7", "--break-glass", "--write")
    result = call(workspace, *words)
    assert result.exit_code == 0, result.output
    assert "acme-bc gets `on_conflict: highest`" in result.stdout
    assert access_on(workspace, TODAY) == before | {"member/cy": "admin+standard"}
    assert access_on(workspace, TODAY + timedelta(days=3)) == before


def test_an_error_of_the_edit_shows_the_line_of_the_edit(workspace: Path) -> None:
    result = call(workspace, "grant", "new@acme.example", "acme-bc/ad_account/us", "analyst", "--for", "7d", *REASON)
    assert result.exit_code == 1
    told = result.stderr.partition("error[not-a-member]")[2].splitlines()
    assert "new@acme.example: {role: analyst" in told[1], result.stderr
    assert result.stderr.startswith("error: no file is edited: as proposed, the manifests could not be used\n")


def test_an_emergency_is_short_as_the_policy_says(workspace: Path) -> None:
    words = ("grant", "bo", "acme-bc", "admin", "--reason", "INC-7", "--break-glass", "--for")
    assert call(workspace, *words, "8d").exit_code == 64
    assert call(workspace, *words, "1w").exit_code == 0
    rules = "{named-members: error, break-glass: {days: 2}}"
    (workspace / "reconciler.yaml").write_text(CONFIG.replace("{named-members: error}", rules), encoding="utf-8")
    assert "emergency access lasts 2 days at most" in call(workspace, *words, "1w").stderr


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (("bo", "acme-bc", "boss"), "'boss' is no role here"),
        (("bo", "acme-bc/ad_account/uk", "analyst"), "nothing is declared as acme-bc/ad_account/uk"),
        (("bo", "acme-cb", "admin"), "nothing is declared as acme-cb\n  advice: did you mean `acme-bc`"),
        (("bob", "acme-bc", "standard"), "nobody is known as 'bob'"),
        (("bo", "acme-bc", "standard"), "bo has that already, or more"),
        (("cy", "acme-bc", "standard"), "cy has that already, or more"),
        (("ana", "acme-bc", "standard"), "ana has that already, or more"),
        (("new@acme.example", "acme-bc/ad_account/us", "analyst"), "is not a member of"),
    ],
)
def test_what_cannot_be_given_is_told_and_nothing_is_written(
    workspace: Path, words: tuple[str, ...], wrong: str
) -> None:
    result = call(workspace, "grant", *words, "--for", "7d", "--reason", "x", "--write")
    assert result.exit_code != 0
    assert wrong in result.stderr
    assert text_of(workspace) == MANIFEST


def test_an_objection_of_severity_error_exits_with_3(workspace: Path) -> None:
    rules = CONFIG.replace("named-members: error", "role-mailboxes: error")
    (workspace / "reconciler.yaml").write_text(rules, encoding="utf-8")
    result = call(workspace, "grant", "info@acme.example", "acme-bc", "standard", "--for", "7d", "--reason", "x")
    assert result.exit_code == 3
    assert "Policies object" in result.stdout


def test_a_membership_goes_with_everything_below_it_and_others_keep_theirs(workspace: Path) -> None:
    before = access_on(workspace, TODAY)
    result = call(workspace, "revoke", "cy", "acme-bc", "--write")
    assert result.exit_code == 0, result.output
    assert access_on(workspace, TODAY) == {key: role for key, role in before.items() if not key.endswith("cy")}
    assert "they leave group:buyers" in result.stdout
    assert '      eu: {id: "7100000000000000002"}' in text_of(workspace)


def test_an_access_without_a_role_that_goes_is_told(workspace: Path) -> None:
    text = MANIFEST + '    pixels: {web: {id: "7300000000000000001", ad_accounts: [us], access: [cy]}}\n'
    (workspace / "access" / "acme.yaml").write_text(text, encoding="utf-8")
    told = call(workspace, "revoke", "cy", "acme-bc/pixel/web")
    assert "Takes away\n  - cy in acme-bc: access to pixel web: yes" in told.stdout, told.output


def test_what_still_leads_there_is_told(workspace: Path) -> None:
    text = MANIFEST + "    asset_groups: {all: {name: All, ad_accounts: [eu], access: {cy: analyst}}}\n"
    (workspace / "access" / "acme.yaml").write_text(text, encoding="utf-8")
    told = call(workspace, "revoke", "cy", "acme-bc/ad_account/eu").stdout
    assert "they still reach it by acme-bc/asset_group_access/all/cy" in told


def test_a_grant_that_is_revoked_leaves_what_was_there(workspace: Path) -> None:
    before = access_on(workspace, TODAY)
    call(workspace, "grant", "bo", "acme-bc/ad_account/us", "analyst", "--for", "7d", "--reason", "x", "--write")
    assert access_on(workspace, TODAY) != before
    assert call(workspace, "revoke", "bo", "acme-bc/ad_account/us", "--write").exit_code == 0
    assert access_on(workspace, TODAY) == before
    assert call(workspace, "revoke", "bo", "acme-bc/ad_account/us").exit_code == 64


@pytest.mark.parametrize("days", [f"starts: {TODAY + timedelta(days=3)}", f"ends: {TODAY}"])
def test_a_grant_that_would_give_nothing_on_any_day_is_refused(workspace: Path, days: str) -> None:
    path = workspace / "access" / "acme.yaml"
    path.write_text(MANIFEST.replace("bo@acme.example}", f"bo@acme.example, {days}}}"), encoding="utf-8")
    result = call(workspace, "grant", "bo", "acme-bc/ad_account/us", "operator", "--for", "3d", *REASON, "--write")
    assert result.exit_code == 64
    assert f"bo is not here from {TODAY} until {TODAY + timedelta(days=3)}" in result.stderr
    assert call(workspace, "grant", "cy", "acme-bc/ad_account/us", "admin", "--for", "3d", *REASON).exit_code == 0


@pytest.mark.parametrize("expires", ["", ", expires: 2999-01-01"])
def test_a_grant_takes_nothing_of_what_begins_later(workspace: Path, expires: str) -> None:
    path, begin = workspace / "access" / "acme.yaml", TODAY + timedelta(days=3)
    path.write_text(MANIFEST.replace("bo: standard", f"bo: {{role: standard, starts: {begin}{expires}}}"))
    assert call(workspace, "grant", "bo", "acme-bc", "standard", "--for", "7d", *REASON, "--write").exit_code == 0
    for day in (0, 2, 3, 6, 7, 300):
        assert access_on(workspace, TODAY + timedelta(days=day)).get("member/bo", "").startswith("standard"), day


def test_a_grant_beyond_the_time_of_somebody_is_no_edit_that_gives_nothing(workspace: Path) -> None:
    path, end = workspace / "access" / "acme.yaml", TODAY + timedelta(days=3)
    path.write_text(MANIFEST.replace("bo@acme.example}", f"bo@acme.example, ends: {end}}}"))
    refused = call(workspace, "grant", "bo", "acme-bc", "standard", "--for", "7d", *REASON)
    assert refused.exit_code != 0
    assert f"bo has that until {end} already" in refused.stderr


@pytest.mark.parametrize("where", ["acme-bc", "acme-bc/ad_account/us"])
def test_nobody_keeps_by_another_spelling_what_is_revoked(workspace: Path, where: str) -> None:
    twice = "{Pat@agency.example: ROLE, pat@agency.example: {role: ROLE, expires: 2999-01-01}}"
    text = MANIFEST.replace("bo: standard", "pat@agency.example: standard\n      Pat@agency.example: standard")
    if where != "acme-bc":
        text = MANIFEST.replace("bo: standard", "pat@agency.example: standard")
        text = text.replace("{group:buyers: operator}", twice.replace("ROLE", "operator"))
    (workspace / "access" / "acme.yaml").write_text(text)
    refused = call(workspace, "revoke", "pat@agency.example", where, "--write")
    assert refused.exit_code != 0
    assert "pat@agency.example would still have that by another line (access/acme.yaml:" in refused.stderr
    assert text_of(workspace) == text


@pytest.mark.parametrize("who", ["pat@bücher.example", "PAT@Bücher.example", "pat@xn--bcher-kva.example"])
def test_who_is_offboarded_is_taken_out_in_every_spelling(workspace: Path, who: str) -> None:
    written = "pat@bücher.example: standard\n      Pat@xn--bcher-kva.example: standard"
    text = MANIFEST.replace("bo: standard", written)
    (workspace / "access" / "acme.yaml").write_text(text, encoding="utf-8")
    done = call(workspace, "offboard", who, "--write")
    assert done.exit_code == 0
    assert "Offboarding of pat@xn--bcher-kva.example" in done.stdout
    assert "pat@" not in text_of(workspace).lower()


SEED = """\
version: 1
people: {ana: ana@acme.example, bo: bo@acme.example, cy: cy@acme.example, dee: dee@acme.example}
organizations:
  acme-bc:
    system: business_center
    name: Acme
    id: "6900000000000000001"
    members: {ana: admin, bo: standard, cy: standard, dee: standard}
    ad_accounts: {us: "7100000000000000001", eu: "7100000000000000002"}
"""


@pytest.fixture
def applied(workspace: Path) -> Path:
    """A workspace whose members are recorded."""
    (workspace / "sandbox.yaml").write_text(SEED, encoding="utf-8")
    guards = "guards: {min_admins: 1, required_admins: [ana]}\nallowed_domains: [acme.example]\n"
    (workspace / "reconciler.yaml").write_text(CONFIG + guards, encoding="utf-8")
    call(workspace, "apply", "--auto-approve")  # ana has no access to the ad accounts, so grants of them fail
    return workspace


def foreseen(result: Result) -> list[dict[str, object]]:
    return list(json.loads(result.stdout)["steps"])


@pytest.mark.parametrize(
    ("guards", "guard"),
    [("{min_admins: 1, required_admins: [ana]}", "required_admin"), ("{min_admins: 1}", "min_admins")],
)
def test_a_revoke_says_what_a_plan_would_block(applied: Path, guards: str, guard: str) -> None:
    (applied / "reconciler.yaml").write_text(f"{CONFIG}guards: {guards}\n", encoding="utf-8")
    told = call(applied, "revoke", "ana", "acme-bc", "--format", "json")
    assert told.exit_code == 3
    [step] = foreseen(told)
    assert (step["fate"], step["action"], step["risk"], step["marks"]) == ("blocked", "remove", "high", ["admin"])
    assert str(step["why"]).startswith(f"{guard}: ")
    assert ("approve: remove" in str(step["approval"])) is (guard == "required_admin")  # no approval for the last one
    assert call(applied, "revoke", "ana", "acme-bc", "--write").exit_code == 3
    assert (
        f"! ana  admin{'':0}" in call(applied, "plan", "--no-refresh").stdout or guard in call(applied, "plan").stdout
    )


def test_protection_that_is_recorded_is_told_before_a_plan_blocks_it(applied: Path) -> None:
    path = applied / "access" / "acme.yaml"
    path.write_text(MANIFEST.replace("bo: standard", "bo: {role: standard, protect: true}"), encoding="utf-8")
    call(applied, "apply", "--auto-approve")
    told = call(applied, "revoke", "bo", "acme-bc")
    assert told.exit_code == 3
    assert "blocked by protected: " in told.stdout
    assert told.stdout.endswith("Have the edit reviewed, and apply it. As it is, a plan blocks 1 step of it.\n")


def test_a_grant_says_its_risk_its_end_and_that_somebody_is_a_stranger(applied: Path) -> None:
    told = call(applied, "grant", "pat@agency.example", "acme-bc", "admin", "--for", "7d", *REASON, "--format", "json")
    [step] = foreseen(told)
    assert (step["fate"], step["risk"]) == ("done", "critical")
    assert step["marks"] == ["admin", "outside_domains", "outside_directory"]
    assert step["expires"] == str(TODAY + timedelta(days=7))


def test_a_policy_that_blocks_is_told_as_a_plan_tells_it(applied: Path) -> None:
    rules = CONFIG.replace("named-members: error", "role-mailboxes: error")
    (applied / "reconciler.yaml").write_text(rules, encoding="utf-8")
    told = call(
        applied, "grant", "info@acme.example", "acme-bc", "standard", "--for", "7d", *REASON, "--format", "json"
    )
    assert told.exit_code == 3
    [step] = foreseen(told)
    assert str(step["why"]).startswith("policy: ")


def test_where_nothing_is_recorded_nobody_can_tell_what_is_blocked(workspace: Path) -> None:
    told = call(workspace, "revoke", "ana", "acme-bc/ad_account/us")
    assert told.exit_code == 64  # ana has none
    told = call(workspace, "revoke", "ana", "acme-bc")
    assert "nothing is recorded of acme-bc: it was never applied, or its state is lost" in told.stdout
    state = workspace / ".reconciler" / "state" / "organizations" / "acme-bc" / "00000001-20261129T062816Z.json"
    state.parent.mkdir(parents=True)
    state.write_text("no state", encoding="utf-8")
    assert "what is recorded cannot be read: " in call(workspace, "revoke", "ana", "acme-bc").stdout


@pytest.mark.parametrize(
    ("line", "after"),
    [
        (
            "{role: admin, finance: manager, protect: true, expires: 2026-01-01, reason: old}",
            "{role: standard, finance: manager, protect: true, expires: END, reason: x}",
        ),
        ("{role: standard, finance: analyst, starts: 2025-01-01, expires: 2026-01-01}", None),
        (
            "{role: admin, expires: 2026-01-01, starts: 2025-12-30, reason: sos, break_glass: true, reviewed_by: ana}",
            None,
        ),
    ],
)
def test_a_grant_over_a_line_that_has_ended_keeps_what_it_was_not_told_to_change(
    line: str, after: str | None, workspace: Path
) -> None:
    path, end = workspace / "access" / "acme.yaml", TODAY + timedelta(days=7)
    path.write_text(MANIFEST.replace("bo: standard", f"bo: {line}   # phones in"), encoding="utf-8")
    told = call(workspace, "grant", "bo", "acme-bc", "standard", "--for", "7d", *REASON, "--write")
    assert told.exit_code == 0, told.output
    [written] = [one.strip() for one in text_of(workspace).splitlines() if one.strip().startswith("bo: {role")]
    assert written.endswith("   # phones in")
    if after is not None:
        assert written.startswith(f"bo: {after.replace('END', str(end))}")
        assert "this stays, and holds again: finance: manager, protect: true" in told.stdout
    assert ("finance" in line) is ("finance" in written)
    assert "break_glass" not in written
    assert "reviewed_by" not in written
    assert f"expires: {end}" in written


def test_an_emergency_over_one_that_was_reviewed_is_not_reviewed_yet(workspace: Path) -> None:
    path = workspace / "access" / "acme.yaml"
    line = "{role: admin, expires: 2026-01-01, starts: 2025-12-30, reason: sos, break_glass: true, reviewed_by: ana}"
    path.write_text(MANIFEST.replace("bo: standard", f"bo: {line}"), encoding="utf-8")
    words = ("grant", "bo", "acme-bc", "admin", "--for", "3", *REASON, "--break-glass", "--write")
    assert call(workspace, *words).exit_code == 0
    assert "reviewed_by" not in text_of(workspace)
    assert f"starts: {TODAY}" in text_of(workspace)


@pytest.mark.parametrize(
    ("who", "where", "advice"),
    [
        ("cy", "acme-bc/ad_account/us2", "did you mean `acme-bc/ad_account/us`"),
        ("ana", "acme-bc/ad_account/us", "advice: cy, dee have access to it"),
        ("dea", "acme-bc/ad_account/eu", "did you mean `dee`"),
        ("dee", "acme-bc/ad_account/eu", "advice: cy has access to it"),
        ("cyy@acme.example", "acme-bc", "ana, bo, cy, dee have access to it"),
        ("bo", "acme-bc/ad_account/eu", "they reach it by acme-bc/asset_group/all: `reconciler revoke bo"),
    ],
)
def test_a_revoke_of_what_somebody_has_not_says_who_has_it(who: str, where: str, advice: str, workspace: Path) -> None:
    text = MANIFEST + "    asset_groups: {all: {name: All, ad_accounts: [eu], access: {bo: analyst}}}\n"
    (workspace / "access" / "acme.yaml").write_text(text, encoding="utf-8")
    told = call(workspace, "revoke", who, where)
    assert told.exit_code != 0
    assert advice in told.stderr


def test_nobody_is_told_to_decide_about_themselves(workspace: Path) -> None:
    grant = ("acme-bc/ad_account/eu", "operator", "--for", "7d", *REASON, "--format", "json")
    deciding = [json.loads(call(workspace, "grant", person, *grant).stdout)["owners"] for person in ("bo", "ana")]
    assert deciding == [["ana", "@acme/access"], ["@acme/access"]]


def test_a_line_is_written_again_as_it_is_spelled(workspace: Path) -> None:
    manifest = workspace / "access" / "acme.yaml"
    line = f"      Gil@Agency.example: {{role: standard, expires: {TODAY + timedelta(days=2)}}}\n"
    text = MANIFEST.replace("      bo: standard\n", f"      bo: standard\n{line}")
    manifest.write_text(text, encoding="utf-8")
    (workspace / "reconciler.yaml").write_text(CONFIG.replace("named-members: error", ""), encoding="utf-8")
    told = call(workspace, "grant", "gil@agency.example", "acme-bc", "standard", "--for", "7d", *REASON, "--write")
    assert told.exit_code == 0, told.output
    assert text_of(workspace).lower().count("gil@agency.example") == 1
    assert access_on(workspace, TODAY + timedelta(days=6))["member/gil@agency.example"] == "standard"
