"""A review of the agency from beginning to end, with real files and commands; and evidence that was tampered with."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli.main import cli
from reconciler.features.certification import evidence
from reconciler.features.certification.files import read_campaign, write_campaign
from reconciler.manifests.source import SourceFile
from reconciler.model import ReconcilerError
from reconciler.sandbox.seed import open_world

AGENCY = Path(__file__).parents[3] / "examples" / "agency"
Run = Callable[..., Result]
TEA_US, FERNWAY = "halyard-bc/ad_account_access/harbour-tea-us/", "halyard-bc/ad_account_access/fernway/"
REVOKED = ("halyard-brand/member/lars", f"{TEA_US}chloe", "halyard-bc/member/paul")


def runner(workspace: Path) -> Run:
    def call(*words: str, exits: int = 0) -> Result:
        result = CliRunner().invoke(cli, ["-C", str(workspace), *words])
        assert result.exit_code == exits, (words, result.output)
        return result

    return call


def copied(source: Path, target: Path) -> Path:
    return Path(shutil.copytree(source, target, ignore=shutil.ignore_patterns(".reconciler")))


def sheets(workspace: Path) -> dict[str, dict[str, dict[str, str]]]:
    folder = workspace / "reviews" / "2026-q4"
    return {path.stem: yaml.safe_load(path.read_text())["accesses"] for path in folder.glob("[a-z]*.yaml")}


def decide_all(run: Run, workspace: Path) -> None:
    """By command what shall go or end, and everything else by hand: in an editor, as reviewers do."""
    for address in REVOKED:
        run("review", "decide", "q4", address, "revoke", "--reason", "not needed any more")
    run("review", "decide", "q4", f"{FERNWAY}milo", "shorten", "--until", "2036-01-31", "--reason", "launch is over")
    for path in (workspace / "reviews" / "q4").glob("[a-z]*.yaml"):
        text = path.read_text(encoding="utf-8")
        text = text.replace("decision: undecided\n    reason: ''", "decision: keep\n    reason: still needed")
        path.write_text(text, encoding="utf-8")


def test_what_cannot_be_read_is_told_before_an_access_is_called_no_part_of_it(tmp_path: Path) -> None:
    workspace = copied(AGENCY, tmp_path / "agency")
    run = runner(workspace)
    run("review", "start", "--name", "q4", "--scope", "halyard-brand", "--due", "2099-01-31")
    sheet = next(path for path in (workspace / "reviews" / "q4").glob("[a-z]*.yaml") if "lars:" in path.read_text())
    words = ("review", "decide", "q4", "halyard-brand/member/lars", "keep", "--reason", "x")
    whole = sheet.read_text(encoding="utf-8")
    sheet.unlink()
    assert "error[unreadable-file]" in run(*words, exits=1).stderr
    sheet.write_text("accesses: [", encoding="utf-8")
    assert "error[yaml-syntax]" in run(*words, exits=1).stderr
    sheet.write_text(whole, encoding="utf-8")
    run(*words)
    ends = ("review", "decide", "q4", "halyard-brand/member/lars", "shorten", "--until", "2020-01-01", "--reason", "x")
    assert "      until: 2020-01-01\n" in run(*ends, exits=1).stderr


def test_decisions_for_several_reviewers_are_written_together_or_not_at_all(tmp_path: Path) -> None:
    workspace = copied(AGENCY, tmp_path / "agency")
    run = runner(workspace)
    run("review", "start", "--name", "q4", "--scope", "halyard-brand", "--due", "2099-01-31")
    mara, lars = "halyard-brand/member/mara", "halyard-brand/member/lars"  # each in the sheet of somebody else
    before = {path: path.read_bytes() for path in (workspace / "reviews" / "q4").iterdir()}
    run("review", "decide", "q4", lars, mara, "keep", "--reason", "x", "--by", "mara", exits=1)
    assert before == {path: path.read_bytes() for path in before}
    told = run("review", "decide", "q4", lars, lars, mara, "keep", "--reason", "x").stderr
    assert sorted(re.findall(r"\d+ decisions?", told)) == ["1 decision", "1 decision"]


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The agency after a review, and its manifests before."""
    workspace = copied(AGENCY, tmp_path_factory.mktemp("review") / "agency")
    run = runner(workspace)
    run("apply", "--auto-approve")
    run("sandbox", "people", "answer", "--all", "accept")
    run("apply", "--auto-approve")
    day = open_world(workspace).now().date()
    scope = ["--scope", "halyard-bc", "--scope", "halyard-brand"]
    run("review", "start", "--name", "q4", *scope, "--due", str(day), "--undecided", "revoke")
    before = {path.name: path.read_text(encoding="utf-8") for path in (workspace / "access").iterdir()}
    assert "decisions are open" in run("review", "close", "q4", exits=1).output
    decide_all(run, workspace)
    run("review", "status", "q4", "--detailed-exitcode")
    run("review", "close", "q4")
    return workspace, before


def test_the_edit_is_what_was_decided_and_comments_stay(closed: tuple[Path, dict[str, str]]) -> None:
    workspace, before = closed
    after = {path.name: path.read_text(encoding="utf-8") for path in (workspace / "access").iterdir()}
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"accounts.yaml", "business-center.yaml"}
    gone = set(before["business-center.yaml"].splitlines()) - set(after["business-center.yaml"].splitlines())
    assert {line.strip().partition(":")[0] for line in gone} == {"paul", "chloe", "milo"}
    assert "milo: {role: operator, expires: 2036-01-31}" in after["business-center.yaml"]
    assert before["accounts.yaml"].replace("      lars: operator\n", "", 1) == after["accounts.yaml"]
    runner(workspace)("validate")


def test_facts_say_what_is_recorded_and_what_no_system_tells(closed: tuple[Path, dict[str, str]]) -> None:
    workspace, _ = closed
    entry = yaml.safe_load((workspace / "reviews" / "q4" / "mara.yaml").read_text())["accesses"]
    ada = entry["halyard-bc/member/ada"]
    assert ada["lines"] == [{"at": ada["lines"][0]["at"], "gives": "standard", "through": "group:campaign-teams"}]
    file, line = ada["lines"][0]["at"].split(":")
    assert "group:campaign-teams: standard" in (AGENCY / file).read_text().splitlines()[int(line) - 1]
    assert re.fullmatch(r"active since \d{4}-\d\d-\d\d", ada["recorded"])
    assert "of the audit log" in ada["last_change"]
    assert ada["last_use"].startswith("not known")
    chloe = entry[f"{TEA_US}chloe"]
    assert (chloe["risk"], str(chloe["ends"])) == ("medium", "2036-12-31")
    assert entry["halyard-bc/member/ines"]["marks"] == ["money"]
    assert "halyard-bc/member/mara" not in entry


def test_the_next_apply_takes_away_what_was_revoked(closed: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    workspace = Path(shutil.copytree(closed[0], tmp_path / "agency"))
    run = runner(workspace)
    run("apply", "--auto-approve")
    shown = run("sandbox", "show", "halyard-brand").stdout
    assert "kaya" in shown
    assert "lars" not in shown


def test_a_closed_review_counts_and_is_remembered(closed: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    workspace = Path(shutil.copytree(closed[0], tmp_path / "agency"))
    run = runner(workspace)
    record = yaml.safe_load((workspace / "reviews" / "closed.yaml").read_text())["organizations"]
    assert set(record) == {"halyard-bc", "halyard-brand"}
    config = workspace / "reconciler.yaml"
    config.write_text(config.read_text() + "review_every: 90d\n")
    day = record["halyard-bc"]["on"]
    overdue = re.findall(r"review-overdue\]: the access to `([\w-]+)` (was \w+ \w+)", _validate(run, day))
    assert dict(overdue).keys() == {"halyard-dev", "halyard-research", "halyard-studio"}
    run("sandbox", "clock", "+90d")
    later = _validate(run, open_world(workspace).now().date())
    assert f"`halyard-bc` was last reviewed on {day}" in later
    assert "review-overdue" in run("plan", "--format", "json").stdout
    log = run("audit", "log", "--organization", "halyard-bc", "--format", "json").stdout
    entry = json.loads(log)["entries"][-1]
    assert (entry["action"], f"sha256:{entry['evidence']}") == ("review", record["halyard-bc"]["evidence"])
    run("audit", "verify")
    assert "was closed on" in run("review", "close", "q4", exits=1).output
    assert "was closed on" in run("review", "decide", "q4", REVOKED[0], "keep", "--reason", "x", exits=1).output


def _validate(run: Run, day: object) -> str:
    return run("validate", "--now", str(day)).stdout


def test_the_evidence_holds_the_whole_story(closed: tuple[Path, dict[str, str]]) -> None:
    workspace, _ = closed
    folder = workspace / "reviews" / "q4" / "evidence"
    out = runner(workspace)("review", "verify", str(folder)).stdout
    assert "58 decisions, 0 left open" in out
    result = json.loads((folder / "review.json").read_text())
    outcomes = {one["address"]: one["outcome"] for one in result["results"]}
    assert {address for address, outcome in outcomes.items() if outcome == "revoked"} == set(REVOKED)
    assert result["reviewed"] == ["halyard-bc", "halyard-brand"]
    plan = json.loads((folder / "plan.json").read_text())
    assert {(one["action"], one["address"]) for one in plan_changes(plan)} >= {("remove", "halyard-bc/member/paul")}
    for name in ("summary.md", "summary.html"):
        text = (folder / name).read_text()
        assert "lars" in text
        assert "still needed" in text
    sums = subprocess.run(["sha256sum", "-c", evidence.SUMS], cwd=folder, capture_output=True, check=False)
    assert sums.returncode == 0


def plan_changes(plan: dict[str, list[dict[str, list[dict[str, str]]]]]) -> list[dict[str, str]]:
    parts = plan["organizations"]
    return [one for part in parts for one in part["changes"]]


@pytest.fixture(scope="module")
def members(closed: tuple[Path, dict[str, str]]) -> dict[str, bytes]:
    folder = closed[0] / "reviews" / "q4" / "evidence"
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_member_that_is_changed_missing_or_added_is_refused(
    members: dict[str, bytes], closed: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    run = runner(closed[0])
    for name, content in members.items():
        others = {path: data for path, data in members.items() if path != name}
        for tampered in ({**others, name: content + b"\n"}, {**others, name: content[1:]}, others):
            folder = tmp_path / "evidence"
            shutil.rmtree(folder, ignore_errors=True)
            for path, data in tampered.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(data)
            assert run("review", "verify", str(folder), exits=1).output.startswith("error: ")
    assert list(evidence.find_tampering({**members, "sheets/zoe.yaml": b""})) == [
        "sheets/zoe.yaml was added",
        "SHA256SUMS is not as it was written",
    ]


@given(st.data())
def test_no_bit_of_any_member_can_be_flipped(members: dict[str, bytes], data: st.DataObject) -> None:
    assert list(evidence.find_tampering(members)) == []
    for name, content in members.items():
        at = data.draw(st.integers(0, len(content) - 1), label=name)
        flipped = bytearray(content)
        flipped[at] ^= 1 << data.draw(st.integers(0, 7))
        assert list(evidence.find_tampering({**members, name: bytes(flipped)})), (name, at)


@given(st.data())
def test_no_bit_of_an_archive_can_be_flipped(members: dict[str, bytes], data: st.DataObject) -> None:
    packed = evidence.pack(members)
    assert evidence.unpack(packed) == members
    flipped = bytearray(packed)
    # Names, times and sizes stand in the last part; content is most of the rest.
    at = data.draw(st.one_of(st.integers(0, len(packed) - 1), st.integers(len(packed) - 1500, len(packed) - 1)))
    flipped[at] ^= 1 << data.draw(st.integers(0, 7))
    try:
        found = evidence.unpack(bytes(flipped))
    except ReconcilerError:
        return
    assert list(evidence.find_tampering(found))


def test_evidence_that_was_written_anew_is_not_the_one_that_is_remembered(
    members: dict[str, bytes], closed: tuple[Path, dict[str, str]], tmp_path: Path
) -> None:
    """Whoever can write all files can write their sums too; the record, and the audit log, still know the digest."""
    text = members["review.json"].decode().replace("not needed any more", "he is unkind")
    others = {name: data for name, data in members.items() if name != evidence.SUMS}
    forged = evidence.seal({**others, "review.json": text.encode()})
    assert list(evidence.find_tampering(forged)) == []
    archive = tmp_path / "forged.zip"
    archive.write_bytes(evidence.pack(forged))
    assert "this is not the evidence of" in runner(closed[0])("review", "verify", str(archive), exits=1).output
    elsewhere = runner(tmp_path)("review", "verify", str(archive))
    assert "no record of this review is here" in elsewhere.output
    told = json.loads(members["review.json"])
    told["results"][0]["decision"] = "revoke"
    forged = evidence.seal({**others, "review.json": json.dumps(told).encode()})
    with pytest.raises(ReconcilerError, match="something else than the sheets"):
        evidence.read_story(forged)


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    workspace = copied(AGENCY, tmp_path / "agency")
    runner(workspace)("review", "start", "--name", "q4", "--scope", "halyard-brand", "--due", "2036-12-31")
    return workspace


def test_mistakes_are_told_and_change_nothing(begun: Path) -> None:
    run = runner(begun)
    before = {path: path.read_bytes() for path in (begun / "reviews").rglob("*.yaml")}
    lars = "halyard-brand/member/lars"
    told = [
        run("review", "start", "--name", "q4", "--scope", "halyard-brand", "--due", "2036-12-31", exits=1),
        run("review", "start", "--name", "../x", "--scope", "halyard-brand", "--due", "2036-12-31", exits=64),
        run("review", "start", "--name", "q5", "--scope", "halyard-brand", "--due", "2020-12-31", exits=64),
        run("review", "start", "--name", "q5", "--scope", "halyard-brnd", "--due", "2036-12-31", exits=1),
        run("review", "status", "q5", exits=1),
        run("review", "decide", "q4", "halyard-brand/member/lasr", "keep", "--reason", "x", exits=1),
        run("review", "decide", "q4", lars, "shorten", "--reason", "x", exits=64),
        run("review", "decide", "q4", lars, "keep", "--until", "2036-01-01", "--reason", "x", exits=64),
        run("review", "decide", "q4", lars, "keep", "--reason", " ", exits=1),
        run("review", "decide", "q4", lars, "keep", "--reason", "x", "--by", "lars", exits=1),
        run("review", "decide", "q4", lars, "keep", "--reason", "x", "--by", "lasr", exits=1),
        run("review", "close", "q4", exits=1),
        run("review", "verify", str(begun / "access"), exits=1),
    ]
    assert "did you mean" in told[5].output
    assert "did you mean `halyard-brand`" in told[3].output
    assert "own-access" in told[9].output
    assert {path: path.read_bytes() for path in (begun / "reviews").rglob("*.yaml")} == before


def test_whoever_changes_the_facts_is_told_and_nothing_is_closed(begun: Path) -> None:
    sheet = begun / "reviews" / "q4" / "mara.yaml"
    sheet.write_text(sheet.read_text().replace("gives: admin", "gives: operator", 1))
    assert "changed-facts" in runner(begun)("review", "status", exits=1).output
    assert "changed-facts" in runner(begun)("review", "close", "q4", exits=1).output


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("undecided: keep", "undecided: revoke"),
        ("due: 2036-12-31", "due: 2026-01-01"),
        ("  - halyard-brand\n", "  - halyard-studio\n"),
        ("    accesses: 3\n", "    accesses: 2\n"),
        ("seal: ", "closed: 2026-01-01\nseal: "),
    ],
)
def test_whoever_changes_the_review_itself_is_told_and_nothing_is_closed(begun: Path, before: str, after: str) -> None:
    path = begun / "reviews" / "q4" / "_campaign.yaml"
    assert before in path.read_text(encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
    for words in (("status",), ("close", "q4"), ("decide", "q4", "halyard-brand/member/lars", "keep", "--reason", "x")):
        told = runner(begun)("review", *words, exits=1).output
        assert "reviews/q4/_campaign.yaml:2:1: error[changed-facts]: this is not what the tool wrote" in told
    assert "access review q4 cannot be read" in runner(begun)("notices", exits=1).output


def test_a_review_is_named_by_its_name_or_its_folder(begun: Path, closed: tuple[Path, dict[str, str]]) -> None:
    run = runner(closed[0])
    name = next((closed[0] / "reviews").glob("*/_campaign.yaml")).parent.name
    told = {run("review", "verify", one).output for one in (name, f"reviews/{name}", str(closed[0] / "reviews" / name))}
    assert len(told) == 1
    run("review", "status", f"reviews/{name}/")
    assert "is not closed" in runner(begun)("review", "verify", "q4", exits=64).output
    assert "did you mean `q4`" in runner(begun)("review", "verify", "q44", exits=64).output


def test_a_sheet_that_is_lost_is_told_and_nothing_of_it_is_taken_for_new(begun: Path) -> None:
    (begun / "reviews" / "q4" / "gwen.yaml").unlink()
    out = runner(begun)("review", "status", "q4", exits=1).output
    assert "reviews/q4/gwen.yaml:1:1: error[unreadable-file]: this cannot be read: No such file" in out
    assert "New since" not in out


def test_a_reviewer_who_is_late_is_named(begun: Path) -> None:
    run = runner(begun)
    path = begun / "reviews" / "q4" / "_campaign.yaml"
    campaign = read_campaign(SourceFile(path.name, path.read_bytes()))
    path.write_text(write_campaign(replace(campaign, due=date(2026, 1, 1))))
    notices = json.loads(run("notices", "--format", "json").stdout)["notices"]
    told = {one["person"]: one["markdown"] for one in notices}
    assert "overdue since 2026-01-01" in told["mara"]
    assert "reviews/q4/mara.yaml" in told["mara"]
    out = run("review", "status", "--detailed-exitcode", exits=2).output
    assert re.search(r"Mara Lindqvist \(mara\) +0 of \d +late, \d open", out)


def test_reviews_among_the_manifests_are_refused(begun: Path) -> None:
    config = begun / "reconciler.yaml"
    config.write_text(config.read_text().replace("manifests: [access]", "manifests: [.]"))
    shutil.rmtree(begun / "reviews")
    out = runner(begun)("review", "start", "--scope", "halyard-brand", "--due", "2036-12-31", exits=1).output
    assert "as manifests" in out
