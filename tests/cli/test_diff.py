"""`reconciler diff` over real repositories: what git knows is enough, and git is asked safely."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.cli.app import App
from reconciler.cli.main import cli
from reconciler.cli.revisions import open_repository, read_revision
from reconciler.cli.workspace import read_files
from reconciler.model import ReconcilerError, UsageError

CONFIG = "version: 1\nmanifests: [access]\n"
BEFORE = """version: 1
people:
  ana: {email: ana@acme.example}
  bo: {email: bo@acme.example}
  eve: {email: eve@acme.example}
organizations:
  acme-dev:
    system: developers
    name: Acme
    members: {ana: admin, bo: admin}
"""
AFTER = BEFORE.replace("bo: admin}", "bo: admin, eve: member}")
BROKEN = BEFORE.replace("bo: admin}", "bo: boss}")


@dataclass(frozen=True, slots=True)
class Answer:
    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Checkout:
    """A working tree of git."""

    root: Path

    def git(self, *command: str) -> str:
        run = subprocess.run(["git", "-C", str(self.root), *command], capture_output=True, text=True, check=True)
        return run.stdout.strip()

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def commit(self, files: Mapping[str, str], message: str = "a change") -> str:
        self.write(files)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture(autouse=True)
def own_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of whoever runs the tests."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name, value in {"NAME": "Ana", "EMAIL": "ana@acme.example"}.items():
        monkeypatch.setenv(f"GIT_AUTHOR_{name}", value)
        monkeypatch.setenv(f"GIT_COMMITTER_{name}", value)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """One commit on main."""
    root = tmp_path / "work"
    root.mkdir()
    made = Checkout(root)
    made.git("init", "-q", "-b", "main")
    made.commit({"reconciler.yaml": CONFIG, "access/a.yaml": BEFORE}, "the first")
    return made


def diff(root: Path, *arguments: str, capsys: pytest.CaptureFixture[str]) -> Answer:
    with pytest.raises(SystemExit) as stop:
        cli.main(["-C", str(root), "diff", "--now", "2026-11-22", *arguments], obj=App())
    told = capsys.readouterr()
    assert isinstance(stop.value.code, int)
    return Answer(int(stop.value.code), told.out, told.err)


def test_the_working_tree_is_compared_with_a_branch(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    checkout.write({"access/a.yaml": AFTER})
    answer = diff(checkout.root, "main", capsys=capsys)
    assert answer.code == 0
    assert "+ eve  member  first access here, as eve@acme.example" in answer.out


def test_two_revisions_are_compared_without_the_working_tree(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout.commit({"access/a.yaml": AFTER})
    checkout.write({"access/a.yaml": "nonsense"})
    assert "+ eve" in diff(checkout.root, "HEAD~1", "HEAD", capsys=capsys).out
    assert "- eve" in diff(checkout.root, "HEAD..HEAD~1", capsys=capsys).out


def test_exit_codes_tell_differences_and_new_errors(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    assert diff(checkout.root, "main", "--detailed-exitcode", capsys=capsys).code == 0
    checkout.write({"access/a.yaml": AFTER})
    assert diff(checkout.root, "main", "--detailed-exitcode", capsys=capsys).code == 2
    checkout.write({"access/a.yaml": BROKEN})
    answer = diff(checkout.root, "main", "--detailed-exitcode", capsys=capsys)
    assert answer.code == 1
    assert "error[unknown-role]" in answer.out


def test_manifests_broken_at_base_do_not_stop_it(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    checkout.commit({"access/a.yaml": BROKEN})
    checkout.write({"access/a.yaml": AFTER})
    answer = diff(checkout.root, "HEAD", capsys=capsys)
    assert answer.code == 0
    assert "the manifests at HEAD have errors" in answer.out


def test_json_names_both_commits(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    head = checkout.commit({"access/a.yaml": AFTER})
    document = json.loads(diff(checkout.root, "HEAD~1", "HEAD", "--format", "json", capsys=capsys).out)
    assert document["head"]["commit"] == head
    assert document["access"][0]["subject"] == "acme-dev/member/eve"


def test_three_dots_leave_out_what_happened_on_the_base_meanwhile(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout.git("checkout", "-q", "-b", "topic")
    checkout.commit({"access/a.yaml": AFTER})
    checkout.git("checkout", "-q", "main")
    checkout.commit({"access/a.yaml": BEFORE.replace("bo: admin", "bo: member")})
    assert "bo" in diff(checkout.root, "main", "topic", capsys=capsys).out
    for arguments in (("main...topic",), ("main", "topic", "--merge-base")):
        answer = diff(checkout.root, *arguments, capsys=capsys)
        assert "+ eve" in answer.out
        assert "~ bo" not in answer.out
        assert "merge base with main" in answer.out


def test_a_workspace_in_a_folder_of_the_repository_is_found(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout.commit({"infra/access/reconciler.yaml": CONFIG, "infra/access/access/a.yaml": BEFORE})
    checkout.commit({"infra/access/access/a.yaml": AFTER})
    answer = diff(checkout.root / "infra" / "access", "HEAD~1", "HEAD", capsys=capsys)
    assert "[access/a.yaml:10:38]" in answer.out


def test_a_bare_repository_needs_two_revisions_and_may_need_a_folder(
    checkout: Checkout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout.commit({"infra/reconciler.yaml": CONFIG, "infra/access/a.yaml": BEFORE})
    checkout.commit({"infra/access/a.yaml": AFTER})
    bare = tmp_path / "bare.git"
    checkout.git("clone", "-q", "--bare", str(checkout.root), str(bare))
    assert "+ eve" in diff(bare, "main~1", "main", "--path", "infra", capsys=capsys).out
    answer = diff(bare, "main~1", capsys=capsys)
    assert answer.code == 64
    assert "a bare repository has no working tree" in answer.err


def test_a_second_worktree_is_read_as_any_other(
    checkout: Checkout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout.git("worktree", "add", "-q", "-b", "topic", str(tmp_path / "second"))
    second = Checkout(tmp_path / "second")
    second.write({"access/a.yaml": AFTER})
    assert "+ eve" in diff(second.root, "main", capsys=capsys).out


def test_a_shallow_clone_says_which_fetch_brings_the_base(
    checkout: Checkout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = checkout.git("rev-parse", "HEAD")
    checkout.git("checkout", "-q", "-b", "topic")
    checkout.commit({"access/a.yaml": AFTER})
    shallow = Checkout(tmp_path / "shallow")
    checkout.git("clone", "-q", "--depth=1", "--branch=topic", f"file://{checkout.root}", str(shallow.root))
    answer = diff(shallow.root, "origin/main", "HEAD", capsys=capsys)
    assert answer.code == 1
    command = "git fetch --depth=1 origin +refs/heads/main:refs/remotes/origin/main"
    assert command in answer.err
    shallow.git(*command.split()[1:])
    assert "+ eve" in diff(shallow.root, "origin/main", "HEAD", capsys=capsys).out
    assert "git fetch --unshallow" in diff(shallow.root, "origin/main...HEAD", capsys=capsys).err
    assert "git fetch --unshallow" in diff(shallow.root, "HEAD~1", capsys=capsys).err
    assert diff(shallow.root, first, "HEAD", capsys=capsys).code == 0


def test_an_id_that_is_not_here_says_which_fetch_brings_it(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = "0123456789abcdef0123456789abcdef01234567"
    assert f"git fetch origin {missing}" in diff(checkout.root, missing, capsys=capsys).err


def test_without_a_remote_nothing_is_to_be_fetched(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    branch = checkout.git("branch", "--show-current").strip()
    assert f"did you mean `{branch}`?" in diff(checkout.root, f"{branch}s", capsys=capsys).err
    answer = diff(checkout.root, "zzzz", capsys=capsys)
    assert "git fetch" not in answer.err
    assert f"`diff HEAD` shows what is not committed yet; there are: {branch}" in answer.err


def test_without_a_commit_there_is_nothing_to_compare_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fresh = Checkout(tmp_path / "fresh")
    fresh.write({"reconciler.yaml": "version: 1\n"})
    fresh.git("init", "-q")
    assert "nothing is committed here yet" in diff(fresh.root, "main", capsys=capsys).err


def test_a_branch_that_only_the_remote_has_is_suggested(
    checkout: Checkout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout.git("clone", "-q", str(checkout.root), str(tmp_path / "clone"))
    clone = Checkout(tmp_path / "clone")
    clone.git("checkout", "-q", "-b", "topic")
    clone.git("branch", "-q", "-D", "main")
    assert "did you mean origin/main?" in diff(clone.root, "main", capsys=capsys).err


@pytest.mark.parametrize("name", ["-rf", "--output=/tmp/x", "main\nmain", "\x1b[2K"])
def test_what_is_no_revision_never_reaches_git(
    name: str, checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = diff(checkout.root, "--", name, capsys=capsys)
    assert answer.code == 64
    assert "is not the name of a revision" in answer.err
    assert "\x1b" not in answer.err


def test_two_revisions_in_one_word_leave_no_room_for_a_third(
    checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    assert diff(checkout.root, "main..topic", "main", capsys=capsys).code == 64


def test_a_folder_without_git_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is not in a git repository" in diff(tmp_path, "main", capsys=capsys).err


def test_a_machine_without_git_is_told(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(checkout.root))
    assert "git is not installed" in diff(checkout.root, "main", capsys=capsys).err


def test_a_repository_of_another_user_is_told_with_what_to_do(
    checkout: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    answer = diff(checkout.root, "main", capsys=capsys)
    assert "belongs to another user" in answer.err
    assert f"git config --global --add safe.directory {checkout.root}" in answer.err


def test_a_revision_without_a_workspace_is_told(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    checkout.git("rm", "-q", "-r", ".")
    checkout.commit({"readme.md": "nothing"})
    answer = diff(checkout.root, "HEAD~1", "HEAD", capsys=capsys)
    assert answer.code == 1
    assert "there is no reconciler.yaml at HEAD" in answer.err
    checkout.write({"reconciler.yaml": CONFIG, "access/a.yaml": BEFORE})
    assert "there is no reconciler.yaml at HEAD: everything is new" in diff(checkout.root, "HEAD", capsys=capsys).out


def test_no_program_named_in_the_repository_is_run(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    """Hooks, filters, text conversion, a pager, a monitor: everything by which reading could start something."""
    trap = checkout.root.parent / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {checkout.root.parent}/sprung\ncat\n")
    trap.chmod(0o755)
    checkout.commit({".gitattributes": "*.yaml filter=trap diff=trap\n", "access/a.yaml": AFTER})
    for name in ("filter.trap.smudge", "filter.trap.clean", "diff.trap.textconv", "core.pager", "core.fsmonitor"):
        checkout.git("config", name, str(trap))
    hooks = checkout.root / ".git" / "hooks"
    for name in ("post-checkout", "reference-transaction", "post-index-change"):
        shutil.copy(trap, hooks / name)
    assert "+ eve" in diff(checkout.root, "HEAD~1", "HEAD", capsys=capsys).out
    assert not (checkout.root.parent / "sprung").exists()


def test_an_object_that_is_missing_is_not_fetched_from_where_the_repository_says(
    checkout: Checkout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout.git("config", "uploadpack.allowFilter", "true")
    partial = Checkout(tmp_path / "partial")
    checkout.git("clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{checkout.root}", str(partial.root))
    answer = diff(partial.root, "HEAD", "HEAD", capsys=capsys)
    assert answer.code == 1
    assert "this is a partial clone" in answer.err


def test_a_replaced_commit_is_not_believed(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    old = checkout.git("rev-parse", "HEAD")
    new = checkout.commit({"access/a.yaml": AFTER})
    checkout.git("replace", old, new)
    assert "+ eve" in diff(checkout.root, old, new, capsys=capsys).out


def files_of(root: Path, *entries: str) -> dict[str, tuple[bytes | None, str]]:
    """What the checked out commit gives, read from its objects."""
    with open_repository(root) as repository:
        commit = repository.get_commit("HEAD")
        files = read_revision(repository, commit, name="HEAD", workspace=repository.prefix).files
    return {file.path: (file.data, file.problem) for file in files}


LAYOUTS: dict[str, tuple[str, dict[str, str]]] = {
    "folders": (
        "[access]",
        {"access/b.yml": "b", "access/teams/z.yaml": "z", "access/readme.md": "", "other.yaml": ""},
    ),
    "hidden": ("[access]", {"access/a.yaml": "a", "access/.hidden.yaml": "", "access/.git2/b.yaml": ""}),
    "a named file": ("[people.manifest, ./access/]", {"people.manifest": "p", "access/a.yaml": "a"}),
    "above": ("[../shared]", {"../shared/a.yaml": "a"}),
    "missing": ("[acces, access]", {"access/a.yaml": "a"}),
    "odd names": ("[access]", {"access/ä ö\n.yaml": "a", "access/-rf.yaml": "b"}),
    "a folder that is named like a file": ("[access]", {"access/x.yaml/y.yaml": "y"}),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_objects_are_read_as_the_working_tree_is(layout: str, checkout: Checkout) -> None:
    entries, files = LAYOUTS[layout]
    checkout.git("rm", "-q", "-r", ".")
    root = checkout.root / "place"
    root.mkdir(exist_ok=True)
    Checkout(root).write({"reconciler.yaml": f"manifests: {entries}\n", **files})
    checkout.commit({})
    names = [name.strip() for name in entries.strip("[]").split(",")]
    seen = {file.path: (file.data, file.problem) for file in read_files(root, names, under="manifests")}
    assert files_of(root) == seen


def test_links_inside_of_the_repository_are_followed(checkout: Checkout) -> None:
    checkout.write({"shared/b.yaml": "b"})
    (checkout.root / "access" / "b.yaml").symlink_to("../shared/b.yaml")
    (checkout.root / "access" / "more").symlink_to("../shared")
    checkout.commit({})
    seen = {file.path: (file.data, file.problem) for file in read_files(checkout.root, ["access"], under="manifests")}
    assert files_of(checkout.root) == seen
    assert seen["access/b.yaml"] == seen["access/more/b.yaml"] == (b"b", "")


def test_a_link_to_the_top_ends_where_it_does_in_the_working_tree(checkout: Checkout) -> None:
    (checkout.root / "access" / ".hidden").mkdir()
    (checkout.root / "access" / ".hidden" / "a.yaml").write_text("a")
    (checkout.root / "access" / "b.yaml").symlink_to(".hidden/a.yaml")
    (checkout.root / "up").symlink_to(".")
    checkout.write({"reconciler.yaml": "version: 1\nmanifests: [., access/.hidden]\n"})
    checkout.commit({})
    seen = {
        file.path: (file.data, file.problem)
        for file in read_files(checkout.root, [".", "access/.hidden"], under="manifests")
    }
    del seen["reconciler.yaml"]  # it is no manifest, and only whoever reads manifests knows that
    assert files_of(checkout.root) == seen
    assert seen["up"] == (None, "symbolic link to a folder above itself")


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        ("/etc/passwd", "symbolic link that leads out of the repository"),
        ("../../../etc/passwd", "outside of the repository"),
        ("nowhere.yaml", "broken symbolic link"),
        ("x.yaml", "loop of symbolic links"),
        ("../access", "symbolic link to a folder above itself"),
    ],
)
def test_other_links_are_problems_and_never_read(target: str, problem: str, checkout: Checkout) -> None:
    (checkout.root / "access" / "x.yaml").symlink_to(target)
    checkout.commit({})
    assert files_of(checkout.root)["access/x.yaml"] == (None, problem)


def test_a_submodule_is_passed_over(checkout: Checkout) -> None:
    commit = checkout.git("rev-parse", "HEAD")
    checkout.git("update-index", "--add", "--cacheinfo", f"160000,{commit},access/module")
    checkout.git("commit", "-q", "-m", "a module")
    assert list(files_of(checkout.root)) == ["access/a.yaml"]


def test_a_file_that_is_damaged_is_a_problem(checkout: Checkout) -> None:
    blob = checkout.git("rev-parse", "HEAD:access/a.yaml")
    (checkout.root / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    assert files_of(checkout.root)["access/a.yaml"] == (None, "its content is not in this clone")


def test_a_repository_that_is_damaged_is_told(checkout: Checkout) -> None:
    tree = checkout.git("rev-parse", "HEAD:access")
    (checkout.root / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    with pytest.raises(ReconcilerError, match="is not in this clone"):
        files_of(checkout.root)


def test_a_hook_may_call_it(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git sets these for its hooks, relative to another folder."""
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.setenv(name, "elsewhere")
    with open_repository(checkout.root) as repository:
        assert repository.get_commit("HEAD")
        assert os.environ["GIT_DIR"] == "elsewhere"
        with pytest.raises(UsageError):
            repository.get_commit("-x")


def test_a_review_says_who_committed_it_and_leads_to_the_lines(
    checkout: Checkout, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    base = checkout.git("rev-parse", "HEAD")
    checkout.commit({"elsewhere.txt": "x"}, "Touch nothing of it")
    checkout.commit({"access/a.yaml": AFTER}, "Let Eve in (SEC-142)")
    head = checkout.commit({"access/b.yaml": "version: 1\n"}, "Make room\n\nand say why")
    found = json.loads(diff(checkout.root, base, head, "--format", "json", capsys=capsys).out)["commits"]
    assert [(one["author"], one["subject"], one["files"]) for one in found] == [
        ("Ana", "Make room", ["access/b.yaml"]),
        ("Ana", "Let Eve in (SEC-142)", ["access/a.yaml"]),
        ("Ana", "Touch nothing of it", ["elsewhere.txt"]),
    ]
    text = diff(checkout.root, base, head, "-v", capsys=capsys).out
    assert "SEC-142" in text.partition("+ eve")[0]
    assert "committed by Ana in " in text.partition("+ eve")[2]
    assert "Make room" not in text.partition("+ eve")[2]
    assert "](<" not in diff(checkout.root, base, head, "--format", "markdown", capsys=capsys).out
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://forge.example")
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/access")
    link = f"https://forge.example/acme/access/blob/{head}/access/a.yaml#L"
    assert link in diff(checkout.root, base, head, "--format", "markdown", capsys=capsys).out
    assert f'href="{link}' in diff(checkout.root, base, head, "--format", "html", capsys=capsys).out
    monkeypatch.delenv("GITHUB_REPOSITORY")
    monkeypatch.setenv("CI_PROJECT_URL", "https://lab.example/acme/access")
    link = f"https://lab.example/acme/access/-/blob/{head}/access/a.yaml#L"
    assert link in diff(checkout.root, base, head, "--format", "markdown", capsys=capsys).out


def test_what_is_less_risky_is_only_counted_on_demand(checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    checkout.write({"access/a.yaml": AFTER.replace("eve: member", "eve: member, cy@else.example: admin")})
    whole = diff(checkout.root, "main", capsys=capsys).out
    assert "+ critical  cy@else.example" in whole
    assert "+ medium    eve" in whole
    least = ("--min-risk", "critical")
    text = diff(checkout.root, "main", *least, capsys=capsys).out
    assert "+ critical  cy@else.example" in text
    assert "eve" not in text
    assert "note: Only what is at least critical is shown: 1 line is below that." in text
    found = json.loads(diff(checkout.root, "main", *least, "--format", "json", capsys=capsys).out)["access"]
    assert sorted((one["subject"], one["risk"]) for one in found) == [
        ("acme-dev/member/cy@else.example", "critical"),
        ("acme-dev/member/eve", "medium"),
    ]
    sarif = json.loads(diff(checkout.root, "main", *least, "--format", "sarif", capsys=capsys).out)
    told = [one["message"]["text"] for one in sarif["runs"][0]["results"] if one["ruleId"] == "admin-change"]
    why = "admin, not in the directory, first access here"
    assert told == [f"cy@else.example: gains access: admin in acme-dev (critical risk: {why})"]
    checkout.write({"reconciler.yaml": f"{CONFIG}guards: {{min_admins: 1}}\n"})
    text = diff(checkout.root, "main", *least, capsys=capsys).out
    assert "min_admins" not in text
    assert "note: Only what is at least critical is shown: 2 lines are below that." in text


@pytest.mark.parametrize("form", ["text", "markdown", "html", "sarif", "junit"])
def test_what_keeps_the_change_from_being_read_is_told_once(
    form: str, checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout.write({"reconciler.yaml": CONFIG.replace("[access]", "[access, teams]")})
    answer = diff(checkout.root, "main", "--format", form, capsys=capsys)
    assert answer.code == 1
    per_finding = {"sarif": 1, "junit": 2}.get(form, 1)  # a failed case says it as an attribute and as text
    assert answer.out.count("it does not exist, but stands under") == per_finding
