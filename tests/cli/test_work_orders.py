"""`reconciler work-orders` in a workspace whose systems only people can reach."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli.main import cli
from reconciler.cli.streams import file_name
from reconciler.model import FailureReason
from reconciler.systems.catalogue import load_remedies

Run = Callable[..., Result]
CONFIG = """
version: 1
manifests: [access]
providers: {default: {kind: work_orders, exists: false}}
"""
ACCESS = """
version: 1
people: {ana: {email: ana@acme.example, name: Ana Lopez}, bo: {email: bo@acme.example}}
organizations: {dev: {system: developers, name: Acme Inc., members: {ana: admin, bo: member}}}
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A workspace in which ana was asked to create an organization."""

    def start(*words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(cli, ["-C", str(tmp_path), *words])
        assert result.exit_code == code, result.output
        return result

    (tmp_path / "access").mkdir()
    (tmp_path / "access" / "acme.yaml").write_text(ACCESS, encoding="utf-8")
    (tmp_path / "reconciler.yaml").write_text(CONFIG, encoding="utf-8")
    start("apply", "--auto-approve")
    return start


def test_without_a_roster_nobody_is_told_to_repair_an_access(run: Run, tmp_path: Path) -> None:
    """The reason says how it is read, and `manages:` is about kinds and not about everything."""
    (tmp_path / "reconciler.yaml").write_text(CONFIG.replace(", exists: false", ""), encoding="utf-8")
    for command in ("plan", "drift", "adopt"):
        told = run(command, "--format", "json", code=1).stdout if command != "adopt" else run(command, code=1).stderr
        assert "run `reconciler observe dev --from FILE`" in told
        assert "repair" not in told
        assert "manages" not in told


def only_id(run: Run) -> str:
    (order,) = json.loads(run("work-orders", "list", "--format", "json").stdout)["work_orders"]
    return str(order["id"])


def test_a_list_names_who_has_to_do_what(run: Run) -> None:
    told = run("work-orders", "list").stdout
    assert only_id(run) in told
    assert "Create the organization" in told
    assert "no work orders" in run("work-orders", "list", "--actor", "bo").stdout
    assert run("work-orders", "list", "--organization", "dev", "--actor", "ana").stdout == told
    run("work-orders", "list", "--organization", "nobody", code=1)


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
def test_an_order_is_shown_with_every_step(run: Run, form: str) -> None:
    told = run("work-orders", "show", only_id(run), "--format", form).stdout
    assert "Sign in to TikTok for Developers" in told


def test_an_id_that_does_not_exist_is_an_error_with_advice(run: Run) -> None:
    assert "there is no work order 'wo-xxxxxx'" in run("work-orders", "show", "wo-xxxxxx", code=1).output


def test_what_is_reported_as_done_waits_for_a_roster(run: Run, tmp_path: Path) -> None:
    order, shot = only_id(run), tmp_path / "screen shot.png"
    shot.write_bytes(b"\x89PNG")
    run("work-orders", "done", order, "--evidence", str(shot), "--by", "ana")
    assert "a newer roster has to show it" in run("plan").stdout
    shown = json.loads(run("work-orders", "show", order, "--format", "json").stdout)["work_orders"][0]
    assert (shown["status"], shown["closed_by"], shown["evidence"]) == ("done", "ana", "screen shot.png")
    log = json.loads(run("audit", "log", "--format", "json").stdout)["entries"][-1]
    assert (log["order"], log["outcome"], log["evidence"]) == (order, "done", shown["evidence_digest"])
    assert run("audit", "verify").exit_code == 0


def test_evidence_that_looks_like_a_file_and_is_none_is_refused_and_the_order_stays_open(run: Run) -> None:
    order = only_id(run)
    assert "there is no file shot.png" in run("work-orders", "done", order, "--evidence", "shot.png", code=64).stderr
    assert only_id(run) == order
    run("work-orders", "done", order, "--evidence", "https://tickets.example/7.png")


def test_a_filter_by_somebody_whom_nobody_knows_is_no_empty_list(run: Run) -> None:
    assert "did you mean `ana`?" in run("work-orders", "list", "--actor", "anna", code=1).stderr
    assert "did you mean `dev`?" in run("audit", "log", "--organization", "dew", code=1).stderr
    assert "did you mean `ana`?" in run("audit", "log", "--person", "anna", code=1).stderr
    assert "nothing" in run("audit", "log", "--person", "ana", "--since", "2099-01-01").stdout


def test_what_is_no_file_is_taken_for_the_evidence_itself(run: Run) -> None:
    run("work-orders", "done", only_id(run), "--evidence", "x" * 5000)
    run("work-orders", "done", only_id(run), "--evidence", " ", code=64)


def test_what_failed_is_put_aside_with_its_reason(run: Run) -> None:
    order = only_id(run)
    run("work-orders", "failed", order, "--because", "no-permission", "--note", "the button is grey")
    assert "no permission: the button is grey" in run("plan").stdout
    assert order in run("work-orders", "list", "--all").stdout
    assert order not in run("work-orders", "list").stdout
    run("work-orders", "failed", order, "--because", "not-seen", code=64)


def test_what_failed_comes_with_what_to_try_in_which_order(run: Run) -> None:
    order = only_id(run)
    said = run("work-orders", "failed", order, "--because", "spam", "--log-format", "json").stderr
    said = "\n".join(json.loads(line)["message"] for line in said.splitlines())
    remedies = ["1. compare the address", "2. let the invitee look in spam", "cache and cookies", "another browser"]
    places = [said.index(remedy) for remedy in remedies]
    assert places == sorted(places)


def test_every_reason_has_a_remedy() -> None:
    assert load_remedies().keys() == set(FailureReason)


def test_an_export_writes_one_page_for_each_person_and_cleans_up_after_itself(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    run("work-orders", "export", "--to", str(folder))
    assert sorted(path.name for path in folder.iterdir()) == ["ana.html", "ana.md"]
    assert "Acme Inc." in (folder / "ana.md").read_text(encoding="utf-8")
    (folder / "notes.md").write_text("mine", encoding="utf-8")
    run("work-orders", "export", "--to", str(folder), "--actor", "bo")
    assert (folder / "ana.md").exists()
    run("work-orders", "failed", only_id(run), "--because", "other")
    run("work-orders", "export", "--to", str(folder))
    assert [path.name for path in folder.iterdir()] == ["notes.md"]


def test_an_export_never_overwrites_a_file_that_no_export_has_written(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "ana.md").write_text("mine", encoding="utf-8")
    assert "was not written by an export" in run("work-orders", "export", "--to", str(folder), code=1).output
    assert [(path.name, path.read_text(encoding="utf-8")) for path in folder.iterdir()] == [("ana.md", "mine")]
    (folder / "ana.md").unlink()
    (folder / "ana.md").symlink_to(tmp_path / "elsewhere.md")
    run("work-orders", "export", "--to", str(folder), code=1)
    assert not (tmp_path / "elsewhere.md").exists()


@pytest.mark.parametrize(
    "actor", ["../../etc/passwd", "con", "a/b", ".hidden", "", "Ana", "\x1b[31m", "x" * 300, "ана", "eve@acme.example"]
)
def test_the_name_of_a_file_is_safe_whoever_it_is_for(actor: str) -> None:
    name = file_name(actor)
    assert name == Path(name).name
    assert name.isascii()
    assert not name.startswith(".")
    assert 0 < len(name) < 64
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_")


def test_different_people_have_different_files() -> None:
    actors = ["ana", "Ana", "a-na", "a na", "a/na", "ANA"]
    assert len({file_name(actor).casefold() for actor in actors}) == len(actors)


def test_bytes_that_are_no_text_are_spelled_out(run: Run) -> None:
    name = only_id(run)
    run("work-orders", "done", name, "--evidence", "seen \udcff", "--by", "a\udcfe")
    (order,) = json.loads(run("work-orders", "list", "--all", "--format", "json").stdout)["work_orders"]
    assert (order["evidence"], order["closed_by"]) == ("seen \\udcff", "a\\udcfe")


def test_somebody_says_by_which_day_it_shall_be_done(run: Run) -> None:
    order = only_id(run)
    run("work-orders", "assign", order, code=64)
    shown = json.loads(run("work-orders", "show", order, "--format", "json").stdout)["work_orders"][0]
    assert shown["due"] is None
    day = shown["expires"][:10]
    assert f"{order} is asked of ana now, by {day}" in run("work-orders", "assign", order, "--due", day).output
    assert f"due:    {day}" in run("work-orders", "show", order).stdout
    assert day in run("work-orders", "list").stdout
    assert f"due on {day}" in run("notices").stdout
