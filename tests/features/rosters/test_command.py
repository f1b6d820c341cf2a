"""`reconciler observe`, as somebody types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.apply.states import read_state
from reconciler.cli.main import cli
from reconciler.stores.local_file import LocalFileStore

CONFIG = "version: 1\nmanifests: [acme.yaml]\nstate: file:state\nproviders: {default: {kind: work_orders}}\n"
MANIFEST = """
version: 1
people:
  ana: {name: Ana Lopez, email: ana@acme.example}
  bo: {name: Bo Chen, email: bo@acme.example}
organizations:
  dev: {system: developers, name: Acme Inc., manages: [member], members: {ana: admin, bo: admin}}
"""
READ_BY_A_PROGRAM = CONFIG.replace("work_orders", "sandbox")
ROSTER = "email,role,status\nana@acme.example,Admin,Active\nbo@acme.example,Admin,Pending\n"


class Desk:
    """A workspace, and files on a desk beside it."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "workspace"
        self.root.mkdir()
        self.folder = folder
        (self.root / "reconciler.yaml").write_text(CONFIG, encoding="utf-8")
        (self.root / "acme.yaml").write_text(MANIFEST, encoding="utf-8")

    def file(self, text: str, name: str = "members.csv") -> str:
        (self.folder / name).write_text(text, encoding="utf-8")
        return str(self.folder / name)

    def run(self, *words: str, exits: int = 0, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(cli, ["-C", str(self.root), *words], input=stdin)
        assert result.exit_code == exits, result.output
        return result

    def observe(self, *words: str, text: str = ROSTER, exits: int = 0) -> Result:
        return self.run("observe", "dev", "--from", self.file(text), *words, exits=exits)

    def rosters(self) -> dict[str, list[str]]:
        kept = read_state(LocalFileStore(self.root / "state"), "dev").rosters
        return {kind: [one.address.key for one in roster.resources] for kind, roster in kept.items()}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_roster_is_kept_and_plans_are_made_from_it(desk: Desk) -> None:
    desk.observe()
    assert desk.rosters() == {"member": ["ana", "bo"]}
    plan = json.loads(desk.run("plan", "--format", "json").stdout)
    (organization,) = plan["organizations"]
    assert [waiting["address"] for waiting in organization["waiting"]] == ["dev/member/bo"]


def test_the_audit_log_says_who_handed_in_which_file(desk: Desk) -> None:
    import hashlib

    desk.observe()
    (entry,) = json.loads(desk.run("audit", "log", "--format", "json").stdout)["entries"]
    assert entry["action"] == "observe"
    assert hashlib.sha256(ROSTER.encode()).hexdigest() in entry["detail"]
    assert "members.csv" in entry["detail"]
    assert entry["origin"]["operator"]
    assert entry["lineage"] == read_state(LocalFileStore(desk.root / "state"), "dev").lineage != ""
    desk.run("audit", "verify")


def test_a_dry_run_shows_everything_and_keeps_nothing(desk: Desk) -> None:
    told = desk.observe("--dry-run").stdout
    assert "bo" in told
    assert "Not kept, because this was only a look." in told
    assert desk.rosters() == {}
    assert json.loads(desk.run("audit", "log", "--format", "json").stdout)["entries"] == []


def test_a_file_that_cannot_be_read_leaves_the_roster_before_it(desk: Desk) -> None:
    desk.observe()
    told = desk.observe(text="nothing of the sort", exits=1).stdout
    assert "error[roster-unreadable]" in told
    assert "Not kept: what was known before stays." in told
    assert desk.rosters() == {"member": ["ana", "bo"]}


def test_a_list_without_anybody_who_can_invite_has_to_be_vouched_for(desk: Desk) -> None:
    text = "email,role,status\nbo@acme.example,Member,Active\n"
    assert "--accept-partial" in desk.observe(text=text, exits=1).stdout
    desk.observe("--accept-partial", text=text)
    assert desk.rosters() == {"member": ["bo"]}
    plan = json.loads(desk.run("plan", "--format", "json", exits=1).stdout)
    assert {one["address"] for one in plan["organizations"][0]["left_out"]} == {"dev/member/ana", "dev/member/bo"}


def test_a_list_that_nobody_has_handed_in_is_unread_unless_it_is_not_managed(desk: Desk) -> None:
    desk.observe()
    desk.run("plan")
    manifest = desk.root / "acme.yaml"
    manifest.write_text(MANIFEST.replace("manages: [member], ", ""), encoding="utf-8")
    told = desk.run("plan", exits=1).stdout
    assert "note: Unread: apps of dev could not be read" in told
    assert "Access matches the manifests" not in told
    desk.run("apply", "--auto-approve", exits=1)
    desk.run("drift", "--detailed-exitcode", exits=1)
    assert "not managed, so not looked at: app" in desk_with_members_only(desk).run("drift", "--no-record").stdout


def desk_with_members_only(desk: Desk) -> Desk:
    (desk.root / "acme.yaml").write_text(MANIFEST, encoding="utf-8")
    return desk


def test_rows_and_differences_are_there_for_programs_too(desk: Desk) -> None:
    desk.observe("--taken", "2026-11-20")
    later = "email,role,status\nana@acme.example,Admin,Active\ngus@north.example,Member,Active\n"
    told = json.loads(desk.observe("--format", "json", text=later).stdout)
    assert told["is_kept"] is True
    assert told["previous"] == "2026-11-20T00:00:00Z"
    assert [(one["address"], one["what"]) for one in told["differences"]] == [
        ("dev/member/bo", "gone"),
        ("dev/member/gus@north.example", "new"),
    ]
    rows = [one["address"] for one in told["rosters"][0]["resources"]]
    assert [(row, told["places"][row]["line"]) for row in rows] == [
        ("dev/member/ana", 2),
        ("dev/member/gus@north.example", 3),
    ]


def test_an_older_list_does_not_replace_a_newer_one(desk: Desk) -> None:
    desk.observe("--taken", "2026-11-20T09:30")
    told = desk.observe("--taken", "2026-11-20T10:00+01:00", exits=1).stdout
    assert "error[roster-old]: it was taken on 2026-11-20 09:00Z, and the present roster on 2026-11-20 09:30Z" in told


def test_a_list_comes_through_a_pipe(desk: Desk) -> None:
    desk.run("observe", "dev", "--from", "-", stdin=ROSTER)
    assert desk.rosters() == {"member": ["ana", "bo"]}


def test_several_pages_are_one_list(desk: Desk) -> None:
    pages = [
        desk.file("Member\tRole\nana@acme.example\tAdmin\nPage 1 of 2\n", "one.txt"),
        desk.file("Member\tRole\nbo@acme.example\tAdmin\nPage 2 of 2\n", "two.txt"),
    ]
    told = desk.run("observe", "dev", *(word for page in pages for word in ("--from", page))).stdout
    assert desk.rosters() == {"member": ["ana", "bo"]}
    assert "two.txt:2" in told


def test_what_strangers_call_themselves_cannot_paint_the_terminal(desk: Desk) -> None:
    told = desk.observe(text="Member\tRole\nana@acme.example\tAdmin\n\u202eevil\u2066\tAdmin\n").stdout
    assert "\u202e" not in told
    assert "\\u202e" in told


@pytest.mark.parametrize(
    ("words", "exits", "said"),
    [
        (("observe", "dev"), 64, "--from"),
        (("observe", "dve", "--from", "{file}"), 1, "did you mean `dev`?"),
        (("observe", "dev", "--from", "missing.csv"), 1, "missing.csv cannot be read"),
        (("observe", "dev", "--from", "{folder}"), 1, "cannot be read"),
        (("observe", "dev", "--from", "{file}", "--taken", "yesterday"), 64, "is no moment"),
        (("observe", "dev", "--from", "{file}", "--taken", "2999-01-01"), 64, "in the future"),
        (("observe", "dev", "--from", "{file}", "--taken", "0001-01-01T00:00+14:00"), 64, "is no moment"),
        (("observe", "dev", "--from", "{file}", "--accept-partial", "--complete"), 64, "opposite"),
        (("observe", "dev", "--from", "{file}", "--kind", "partner"), 64, "partner"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_makes_no_sense_is_refused_with_a_reason(
    desk: Desk, words: tuple[str, ...], exits: int, said: str
) -> None:
    places = {"{file}": desk.file(ROSTER), "{folder}": str(desk.folder)}
    assert said in desk.run(*(places.get(word, word) for word in words), exits=exits).stderr
    assert desk.rosters() == {}


def test_a_roster_of_what_a_program_reads_is_not_kept(desk: Desk) -> None:
    (desk.root / "reconciler.yaml").write_text(READ_BY_A_PROGRAM, encoding="utf-8")
    said = desk.observe(exits=1).output
    assert "dev is read by its provider, sandbox; a roster of it would not be used" in said
    assert "`dev: {kind: work_orders}`" in said
    assert desk.rosters() == {}
    assert "bo" in desk.observe("--dry-run").stdout


def test_a_file_that_tells_nothing_of_anybody_leaves_the_last_roster(desk: Desk) -> None:
    desk.observe()
    before = desk.rosters()
    desk.observe(text=CONFIG.replace(" [acme.yaml]", " # where they are, and more"), exits=1)
    assert desk.rosters() == before


def test_another_file_is_told_of_as_a_whole_and_not_line_by_line(desk: Desk) -> None:
    page = "<html>\n" + "".join(f"<div>thing {number}</div>\n" for number in range(90))
    told = desk.observe(text=page, exits=1).stdout
    assert "no members were found in the file" in told
    assert "not understood" not in told
    assert told.count("\n") < 10


def test_members_of_whom_too_little_is_said_are_counted_beside_the_others(desk: Desk) -> None:
    told = desk.observe("--dry-run", text="email,role\nana@acme.example,admin\nbo@acme.example,admin\n").stdout
    assert told.startswith("dev: 0 members, and 2 of whom too little is said ")


def test_a_roster_tells_drift_as_the_audit_does_and_nothing_that_was_asked_for(desk: Desk) -> None:
    desk.observe("--taken", "2026-11-20")
    desk.run("apply", "--auto-approve")
    later = "email,role,status\n" + "".join(
        f"{who}.example,Admin,Active\n" for who in ("ana@acme", "bo@acme", "gus@north")
    )
    told = desk.observe("--dry-run", text=later).stdout
    drift = told.partition("\nDrift\n")[2].partition("\n\n")[0]
    assert "gus@north.example" in drift
    assert "added outside: nobody declared it" in drift
    assert "left alone" in drift
    assert "bo " not in drift  # accepted the invitation
    kept = desk.observe(text=later).stdout
    assert drift in kept
    audit = json.loads(desk.run("drift", "--format", "json").stdout)
    assert [item["found"]["address"] for part in audit["organizations"] for item in part["items"]] == [
        "dev/member/gus@north.example"
    ]
