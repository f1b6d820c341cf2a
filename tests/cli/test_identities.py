"""Keys, ids and addresses that change over what was recorded, through the command line and against a platform."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from reconciler.cli.main import cli

PLATFORM = """version: 1
people:
  ana: ana@acme.example
  bo: bo@acme.example
  eva: eva@acme.example
  gus: gus@north.example
  hal: hal@south.example
organizations:
  acme-bc:
    system: business_center
    id: "6900000000000000001"
    members: {ana: admin, bo: admin}
    ad_accounts: {"7100000000000000001": US, "7100000000000000002": EU}
  north: {system: business_center, id: "6900000000000000002", members: {gus: admin}}
  south: {system: business_center, id: "6900000000000000003", members: {hal: admin}}
  acme-dev: {system: developers, name: Acme, members: {ana: admin, bo: admin}}
"""
MANIFEST = """version: 1
people:
  ana: {email: ana@acme.example}
  bo: {email: bo@acme.example}
  eva: {email: eva@acme.example}
organizations:
  acme-bc:
    system: business_center
    id: "6900000000000000001"
    members: {ana: admin, bo: admin, eva: standard}
    ad_accounts:
      us: {id: "7100000000000000001", access: {eva: operator}}
    asset_groups:
      buyers: {ad_accounts: [us], access: {ana: analyst}}
    partners:
      agency: {id: "6900000000000000003", shares: {us: operator}}
"""


class Workspace:
    """A settled one, whose manifest is edited by replacing texts."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.manifest = MANIFEST
        (root / "reconciler.yaml").write_text(
            "version: 1\nproviders: {default: {kind: sandbox}}\nguards: {max_removal_ratio: 1}\n"
        )
        (root / "sandbox.yaml").write_text(PLATFORM)
        (root / "access").mkdir()

    def run(self, *words: str, code: int = 0) -> str:
        result = CliRunner().invoke(cli, ["-C", str(self.root), *words])
        assert result.exit_code == code, result.output
        return result.output

    def write(self, *replacements: tuple[str, str]) -> None:
        for before, after in replacements:
            assert before in self.manifest, before
            self.manifest = self.manifest.replace(before, after)
        (self.root / "access" / "acme.yaml").write_text(self.manifest)

    def settle(self, code: int = 0) -> str:
        """Apply until nothing is left to do, with everybody accepting; returns the plan then."""
        for _ in range(3):
            self.run("apply", "--auto-approve", code=code)
            self.run("sandbox", "people", "answer", "accept", "--all")
        self.run("apply", "--auto-approve", code=code)
        return self.run("plan", code=0 if code == 0 else code)

    def rows(self, kind: str) -> list[str]:
        """What the platform has of one kind, by its own names."""
        lines = self.run("sandbox", "show", "acme-bc").splitlines()
        return [words[2] for line in lines if (words := line.split())[1:2] == [kind]]


def approval_to(action: str, address: str) -> str:
    until = datetime.now(UTC).date() + timedelta(days=30)
    return f"approvals: [{{approve: {action}, address: {address}, reason: HR-1, expires: {until}}}]\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace(tmp_path)
    made.write()
    assert "No changes" in made.settle()
    return made


def test_a_corrected_id_moves_the_access_from_the_wrong_thing_to_the_right_one(workspace: Workspace) -> None:
    workspace.write(("7100000000000000001", "7100000000000000002"), ("6900000000000000003", "6900000000000000002"))
    told = workspace.settle(code=3)
    assert workspace.rows("ad_account_access") == ["7100000000000000002/eva"]
    assert workspace.rows("partner_share") == ["6900000000000000002/7100000000000000002"]
    approval = approval_to("remove_partner", "acme-bc/partner/6900000000000000003")
    assert "address: acme-bc/partner/6900000000000000003" in told
    workspace.write(("organizations:", f"{approval}organizations:"))
    workspace.run("apply", "--auto-approve")
    assert workspace.rows("partner") == ["6900000000000000002"]


def test_whoever_gets_another_key_and_is_taken_out_is_taken_out(workspace: Workspace) -> None:
    workspace.write(("eva: {email", "evelyn: {email"), (", eva: standard", ""), (", access: {eva: operator}", ""))
    plan = workspace.run("plan")
    assert "acme-bc/member/eva is acme-bc/member/evelyn now" in plan
    assert "Drift" not in plan
    assert workspace.run("who", "eva").startswith("evelyn\n")
    workspace.run("apply", "--auto-approve")
    assert workspace.rows("ad_account_access") == []
    assert not [row for row in workspace.rows("member") if row == "eva"]


def test_old_keys_still_find_people_and_things_and_the_log_tells_of_them(workspace: Workspace) -> None:
    workspace.write(("eva: ", "evelyn: "), (" us: ", " us-brand: "), ("[us]", "[us-brand]"), ("{us: ", "{us-brand: "))
    for _ in range(2):
        assert workspace.run("who", "eva").startswith("evelyn\n")
        assert "ad account us-brand" in workspace.run("access", "acme-bc/ad_account/us")
        assert "evelyn" in workspace.run("offboard", "eva")
        workspace.run("apply", "--auto-approve")
    assert "was acme-bc/ad_account/us" in workspace.run("audit", "log")
    plan = workspace.run("plan")
    assert "No changes" in plan
    assert "renamed" not in plan


def test_a_group_that_is_moved_is_not_made_again(workspace: Workspace) -> None:
    move = "moved: [{from: acme-bc/asset_group/buyers, to: acme-bc/asset_group/media}]\n"
    workspace.write(("buyers:", "media:"), ("organizations:", f"{move}organizations:"))
    assert "No changes" in workspace.run("plan")
    assert "No changes" in workspace.settle()
    assert workspace.rows("asset_group") == ["buyers"]


def test_an_address_that_passes_on_waits_for_a_decision_and_ends_with_the_new_person_in(workspace: Workspace) -> None:
    colleague = "  eva: {email: eva.moss@home.example, ends: 2026-11-01}\n  lind: {email: eva@acme.example}\n"
    workspace.write(
        ("  eva: {email: eva@acme.example}\n", colleague),
        ("eva: standard", "lind: standard"),
        ("{eva: op", "{lind: op"),
    )
    told = workspace.run("plan", code=3)
    assert "eva@acme.example is recorded as the account of eva and declared as the address of lind" in told
    workspace.run("apply", "--auto-approve", code=3)
    assert workspace.rows("ad_account_access") == ["7100000000000000001/eva"]
    assert "Not complete" in workspace.run("offboard", "eva", "--status", code=3)
    assert "not declared" in workspace.run("who", "eva")
    assert "not declared" not in workspace.run("who", "lind")
    approval = approval_to("remove", "acme-bc/member/eva")
    workspace.write(("organizations:", f"{approval}organizations:"))
    workspace.run("apply", "--auto-approve")
    assert workspace.rows("ad_account_access") == []
    assert "eva" not in workspace.rows("member")
    workspace.write((approval, ""))
    assert "No changes" in workspace.settle()
    assert workspace.rows("ad_account_access") == ["7100000000000000001/eva"]
    assert "Complete" in workspace.run("offboard", "eva", "--status")


def test_another_organization_under_the_same_key_is_left_alone(workspace: Workspace) -> None:
    workspace.write(('id: "6900000000000000001"\n', 'id: "6900000000000000002"\n    mode: authoritative\n'))
    told = workspace.run("apply", "--auto-approve", code=3)
    assert "recorded as 6900000000000000001, declared as 6900000000000000002" in told
    workspace.write(('id: "6900000000000000002"\n    mode: authoritative\n', 'id: "6900000000000000001"\n'))
    assert "No changes" in workspace.run("plan")


def test_a_developers_organization_with_another_name_is_not_created(workspace: Workspace) -> None:
    workspace.manifest += "  acme-dev: {system: developers, name: Acme, members: {ana: admin, bo: admin}}\n"
    workspace.write()
    workspace.settle()
    workspace.write(("name: Acme,", "name: Acme Inc.,"))
    assert "recorded as Acme, declared as Acme Inc." in workspace.run("apply", "--auto-approve", code=3)
    assert "Acme Inc." not in workspace.run("sandbox", "show")


@pytest.mark.parametrize("how", ["another key", "moved"])
def test_protection_follows_the_person(how: str, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.write(("eva: standard", "eva: {role: standard, protect: true}"), (", access: {eva: operator}", ""))
    workspace.settle()
    workspace.write((", eva: {role: standard, protect: true}", ""))
    workspace.run("apply", "--auto-approve", code=3)
    if how == "another key":
        workspace.write(("  eva: {email", "  evelyn: {email"))
    else:
        move = "moved: [{from: acme-bc/member/eva, to: acme-bc/member/gus@north.example}]\n"
        workspace.write(("organizations:", f"{move}organizations:"))
    workspace.write(("    members:", "    mode: authoritative\n    members:"))
    assert "blocked" in workspace.run("apply", "--auto-approve", code=3)
    assert "eva" in workspace.rows("member")


def test_another_key_is_no_difference_between_two_rosters(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.manifest = """version: 1
people: {ana: {email: ana@acme.example}, bo: {email: bo@acme.example}, eva: {email: eva@acme.example}}
organizations:
  acme-brand: {system: organization_account, handle: "@acme", members: {ana: admin, bo: admin, eva: operator}}
"""
    (tmp_path / "reconciler.yaml").write_text("version: 1\nproviders: {default: {kind: work_orders}}\n")
    people = (("ana", "Admin"), ("bo", "Admin"), ("eva", "Operator"))
    rows = "".join(f"{key}@acme.example,{role},Active\n" for key, role in people)
    roster = tmp_path / "members.csv"
    roster.write_text(f"Email,Role,Status\n{rows}")
    workspace.write()
    workspace.run("observe", "acme-brand", "--from", str(roster))
    workspace.run("apply", "--auto-approve")
    workspace.write(("eva: {email", "evelyn: {email"), ("eva: operator", "evelyn: operator"))
    told = workspace.run("observe", "acme-brand", "--from", str(roster))
    assert "evelyn" in told
    assert "Changed since" not in told
    assert "No changes" in workspace.run("plan")


def test_the_log_fits_to_the_state_after_a_change_of_keys_and_of_nothing_else(workspace: Workspace) -> None:
    workspace.write(("  eva: {email", "  eve: {email"), ("eva: standard", "eve: standard"), ("{eva: op", "{eve: op"))
    workspace.run("apply", "--auto-approve")
    assert "rename" in workspace.run("audit", "log")
    workspace.run("audit", "verify")


def test_a_question_about_a_past_day_knows_people_and_things_by_their_names_of_today(workspace: Workspace) -> None:
    workspace.settle()
    past = workspace.run("sandbox", "clock").partition("T")[0]
    workspace.run("sandbox", "clock", "+1d")
    workspace.write(("  eva: {email", "  evelyn: {email"), ("eva: standard", "evelyn: standard"))
    workspace.write(("{eva: op", "{evelyn: op"), ("us: {id", "usa: {id"), ("[us]", "[usa]"), ("{us: op", "{usa: op"))
    workspace.settle()
    asked = "why", "evelyn", "acme-bc/ad_account/usa", "--as-of", past
    assert "operator on ad account usa at the end of" in workspace.run(*asked)
    assert "access to ad account usa  operator" in workspace.run("who", "eva", "--as-of", past)
    assert "evelyn" in workspace.run("access", "acme-bc/ad_account/us", "--as-of", past)
    # Somebody else gets the key that was given up.
    workspace.run("sandbox", "clock", "+1d")
    workspace.write(("  evelyn: {email", "  eva: {email: ivy@acme.example}\n  evelyn: {email"))
    workspace.write(("evelyn: standard}", "evelyn: standard, eva: standard}"))
    workspace.settle()
    assert "access to ad account usa  operator" in workspace.run("who", "evelyn", "--as-of", past)
    assert "operator on ad account usa at the end of" in workspace.run(*asked)
    assert "Nothing of theirs is recorded" in workspace.run("who", "eva", "--as-of", past)
    everybody = workspace.run("who", "--all", "--as-of", past).splitlines()
    assert [line.split()[1] for line in everybody if line.startswith("evelyn")] == [
        "acme-bc/member/evelyn",
        "acme-bc/ad_account_access/usa/evelyn",
    ]


def test_a_key_that_was_taken_from_somebody_who_left_does_not_give_away_what_they_had(workspace: Workspace) -> None:
    workspace.write((", eva: standard}", ", eva: standard, ivy@acme.example: standard}"))
    workspace.write(("people:\n", "people:\n  cy: {email: cy@acme.example}\n"), ("ana: analyst", "cy: analyst"))
    workspace.write((", eva: standard,", ", cy: standard, eva: standard,"))
    workspace.settle()
    past = workspace.run("sandbox", "clock").partition("T")[0]
    workspace.run("sandbox", "clock", "+1d")
    workspace.write(("  cy: {email: cy@acme.example}\n", ""), ("cy: analyst", "ana: analyst"), ("cy: standard, ", ""))
    workspace.settle()
    workspace.write(("  eva: {email", "  cy: {email"), ("eva: standard", "cy: standard"), ("{eva: op", "{cy: op"))
    workspace.settle()
    told = workspace.run("who", "cy", "--as-of", past)
    assert "access to ad account us  operator" in told
    assert "buyers" not in told
    assert "buyers" in workspace.run("who", "cy@acme.example", "--as-of", past)


def test_things_that_pass_their_keys_on_in_one_run_take_their_past_along(workspace: Workspace) -> None:
    european = '      eu: {id: "7100000000000000002", access: {eva: analyst}}\n'
    workspace.write(("    asset_groups", f"{european}    asset_groups"))
    workspace.settle()
    past = workspace.run("sandbox", "clock").partition("T")[0]
    workspace.run("sandbox", "clock", "+1d")
    workspace.write(
        ("us: {id", "was-us: {id"), ("eu: {id", "us: {id"), ("[us]", "[was-us]"), ("{us: op", "{was-us: op")
    )
    assert "No changes" in workspace.settle()
    for day in ((), ("--as-of", past)):
        for name, role in (("us", "analyst"), ("was-us", "operator")):
            told = workspace.run("why", "eva", f"acme-bc/ad_account/{name}", *day)
            assert f"eva\n{role} on ad account {name}" in told
            assert "grant applied" in told
    assert "us/eva" in workspace.run("audit", "log", "--address", "acme-bc/ad_account/was-us")
    assert "eu/eva" not in workspace.run("audit", "log", "--address", "acme-bc/ad_account/was-us")


def test_another_key_of_an_organization_stays_blocked_however_often_it_is_applied(workspace: Workspace) -> None:
    workspace.write((", eva: standard}", ", eva: {role: standard, protect: true}}"))
    workspace.settle()
    workspace.write((", eva: {role: standard, protect: true}}", "}"), ("{eva: operator}", "{}"))
    workspace.write(("    members:", "    mode: authoritative\n    members:"), ("  acme-bc:", "  acme-center:"))
    for _ in range(2):
        assert "is recorded under the key acme-bc" in workspace.run("apply", "--auto-approve", code=3)
        assert "it is recorded as acme-bc" in workspace.run("drift", code=1)
    shards = ("apply", "--auto-approve", "--shard", "1/2"), ("apply", "--auto-approve", "--shard", "2/2")
    codes = {CliRunner().invoke(cli, ["-C", str(workspace.root), *words]).exit_code for words in shards * 2}
    assert codes == {0, 3}, "it is in one of the two, which need not be that of the key before"
    assert "eva" in workspace.rows("member")
    approval = approval_to("forget", "acme-center/organization/acme-center")
    workspace.write(("organizations:", f"{approval}organizations:"))
    workspace.settle()
    assert "eva" not in workspace.rows("member"), "that it was protected is forgotten"
