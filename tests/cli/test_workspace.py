"""Reading the files of a workspace: every file once, in one order, and nothing that is missing goes unnoticed."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from reconciler.cli.workspace import (
    find_passed_over,
    inspect_workspace,
    read_configuration,
    read_files,
    read_manifest_files,
    read_texts,
    read_workspace,
)
from reconciler.manifests.config import Config, load_config
from reconciler.manifests.source import SourceFile
from reconciler.model import Finding, Inspection, Place, ReconcilerError


def write(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"# {name}\n", encoding="utf-8")


def paths(root: Path, *entries: str) -> list[str]:
    return [file.path for file in read_files(root, entries, under="manifests")]


def problems(root: Path, *entries: str) -> dict[str, str]:
    return {file.path: file.problem for file in read_files(root, entries, under="manifests") if file.data is None}


def test_folders_are_read_recursively_and_files_come_sorted(tmp_path: Path) -> None:
    write(tmp_path, "access/b.yml", "access/teams/z.yaml", "access/a.yaml", "access/readme.md", "elsewhere.yaml")
    assert paths(tmp_path, "access") == ["access/a.yaml", "access/b.yml", "access/teams/z.yaml"]


def test_a_named_file_is_read_whatever_its_ending_is(tmp_path: Path) -> None:
    write(tmp_path, "people.manifest")
    assert paths(tmp_path, "people.manifest") == ["people.manifest"]


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, "access/a.yaml")
    assert paths(tmp_path, "access", "access/a.yaml", "./access") == ["access/a.yaml"]


def test_hidden_files_and_folders_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path, "access/a.yaml", "access/.a.yaml.swp", "access/.git/b.yaml", "access/.hidden.yaml")
    assert paths(tmp_path, "access") == ["access/a.yaml"]


def test_bytes_arrive_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"\xff\r\n")
    assert [file.data for file in read_files(tmp_path, ["a.yaml"], under="manifests")] == [b"\xff\r\n"]


def test_a_missing_entry_is_a_problem_and_not_an_empty_source(tmp_path: Path) -> None:
    write(tmp_path, "access/a.yaml")
    assert problems(tmp_path, "access", "acces") == {
        "acces": "it does not exist, but stands under `manifests:` in reconciler.yaml"
    }


def test_a_broken_link_is_a_problem(tmp_path: Path) -> None:
    write(tmp_path, "access/a.yaml")
    (tmp_path / "access/teams").symlink_to("../gone")
    assert problems(tmp_path, "access") == {"access/teams": "broken symbolic link to ../gone"}


def test_a_loop_of_links_is_a_problem_and_ends(tmp_path: Path) -> None:
    write(tmp_path, "access/a.yaml")
    (tmp_path / "access/again").symlink_to(".")
    (tmp_path / "access/b.yaml").symlink_to("b.yaml")
    found = problems(tmp_path, "access")
    assert found["access/again"] == "symbolic link to a folder above itself"
    assert "link" in found["access/b.yaml"]


def test_a_link_to_a_folder_elsewhere_is_followed(tmp_path: Path) -> None:
    write(tmp_path, "teams/a.yaml")
    (tmp_path / "access").mkdir()
    (tmp_path / "access/linked").symlink_to("../teams")
    assert paths(tmp_path, "access") == ["access/linked/a.yaml"]


def test_a_link_out_of_the_repository_is_not_followed(tmp_path: Path) -> None:
    """What is read is quoted in findings, and a link in a pull request could lead to whatever the runner can read."""
    repository = tmp_path / "repository"
    write(tmp_path, "secret.yaml", "folder/secret.yaml", "repository/shared/b.yaml")
    (repository / ".git").mkdir()
    workspace = repository / "workspace"
    write(workspace, "access/a.yaml")
    (workspace / "access/inside.yaml").symlink_to("../../shared/b.yaml")
    (workspace / "access/outside.yaml").symlink_to("../../../secret.yaml")
    (workspace / "access/folder").symlink_to("../../../folder")
    problem = "a symbolic link that leads out of the repository"
    assert problems(workspace, "access") == {
        "access/folder/secret.yaml": problem,
        "access/outside.yaml": problem,
    }


def test_a_path_out_of_the_repository_is_not_read_whatever_names_it(tmp_path: Path) -> None:
    """As in a revision: `manifests:` of a fork could name whatever the runner can read."""
    write(tmp_path, "secret.yaml", "folder/secret.yaml", "repository/shared/b.yaml", "repository/workspace/a.yaml")
    workspace = tmp_path / "repository" / "workspace"
    named = ["a.yaml", "../shared", "../../secret.yaml", str(tmp_path / "folder")]
    assert problems(workspace, *named) == {}  # no repository, and so nobody who could send a change of it
    (tmp_path / "repository" / ".git").mkdir()
    problem = "outside of the repository"
    assert problems(workspace, *named) == {"../../folder": problem, "../../secret.yaml": problem}
    write(tmp_path, "folder/people.yaml.txt")
    assert find_passed_over(workspace, named) == ()
    assert paths(workspace, str(workspace / "a.yaml"), "no-such") == ["a.yaml", "no-such"]


def config_of(text: str) -> Config:
    config = load_config(SourceFile("reconciler.yaml", text.encode())).config
    assert config is not None
    return config


def manifests_of(root: Path, text: str) -> dict[str, str]:
    return {file.path: file.problem for file in read_manifest_files(root, config_of(text))}


def test_other_files_of_the_workspace_are_no_manifests(tmp_path: Path) -> None:
    write(tmp_path, "reconciler.yaml", "sandbox.yaml", "rules/a.yaml", "reviews/q4/ana.yaml", "b.yaml", "more/c.yaml")
    assert manifests_of(tmp_path, "{manifests: [.], policies: [rules]}") == {"b.yaml": "", "more/c.yaml": ""}
    assert manifests_of(tmp_path, "{manifests: [reviews, sandbox.yaml]}") == {
        "reviews/q4/ana.yaml": "",
        "sandbox.yaml": "",
    }


def test_a_workspace_below_is_one_error_and_none_of_its_files_is_read(tmp_path: Path) -> None:
    write(tmp_path, "access/a.yaml", "access/in/reconciler.yaml", "access/in/access/a.yaml", "access/in-too/b.yaml")
    assert manifests_of(tmp_path, "manifests: [access]") == {
        "access/a.yaml": "",
        "access/in-too/b.yaml": "",
        "access/in/reconciler.yaml": "a workspace of its own is here",
    }


def inspect(root: Path) -> Inspection:
    loaded = read_configuration(root)
    assert loaded.config is not None
    return inspect_workspace(root, loaded, read_workspace(root, loaded.config, today=date(2026, 11, 28)))


def test_a_pipe_is_a_problem_and_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "access").mkdir()
    os.mkfifo(tmp_path / "access/a.yaml")
    assert problems(tmp_path, "access") == {"access/a.yaml": "not a regular file"}


@pytest.mark.parametrize("entries", [["access"]])
def test_a_workspace_without_any_manifest_says_what_to_do(entries: list[str], tmp_path: Path) -> None:
    (tmp_path / "access").mkdir()
    with pytest.raises(ReconcilerError) as caught:
        read_manifest_files(tmp_path, config_of(f"manifests: {entries}"))
    assert "there are no manifests" in caught.value.message
    assert "reconciler init" in caught.value.advice


def test_a_folder_without_any_policy_is_not_taken_for_one_that_was_looked_at(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").write_text("version: 1\npolicies: [rules]\n", encoding="utf-8")
    write(tmp_path, "access/x.yaml", "rules/mine.yaml.txt")
    with pytest.raises(ReconcilerError) as caught:
        inspect(tmp_path)
    assert caught.value.message == "there are no policies: no *.yaml or *.yml file in rules"
    write(tmp_path, "rules/other.yaml")
    found = inspect(tmp_path).findings
    assert [str(one.place) for one in found if one.id == "passed-over"] == ["rules/mine.yaml.txt:1:1"]


def test_texts_for_findings_are_those_of_the_files_that_can_be_read(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml")
    findings = [Finding(id="x-y", message="m", place=Place(name, 1, 1)) for name in ("a.yaml", "a.yaml", "gone.yaml")]
    assert read_texts(tmp_path, [*findings, Finding(id="x-y", message="m")], known={}) == {"a.yaml": "# a.yaml\n"}


def test_an_ending_in_capitals_is_read(tmp_path: Path) -> None:
    write(tmp_path, "access/a.YAML", "access/b.Yml")
    assert paths(tmp_path, "access") == ["access/a.YAML", "access/b.Yml"]


def test_what_looks_meant_and_is_not_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").write_text("version: 1\n", encoding="utf-8")
    meant = ["a.yaml.txt", "b.yml.bak", ".c.yaml", ".old/d.yaml", "e.yaml.disabled", "teams/f.YML.orig", "g.yaml_"]
    others = ["readme.md", ".h.yaml.swp", ".#i.yaml", "j.yaml~", ".git/k.yaml", "notes.txt"]
    write(tmp_path, "access/x.yaml", *(f"access/{name}" for name in (*meant, *others)))
    found = inspect(tmp_path).findings
    told = {str(one.place): one.advice for one in found if one.id == "passed-over"}
    assert sorted(told) == sorted(f"access/{name}:1:1" for name in meant)
    assert told["access/.c.yaml:1:1"] == "take the dot off its name, or move it elsewhere"
    assert told["access/a.yaml.txt:1:1"] == "end its name in .yaml, or move it elsewhere"


@pytest.mark.parametrize("name", ["reconciler.yml", ".reconciler.yaml", "Reconciler.YAML", "reconciler.yaml.txt"])
def test_a_workspace_file_under_a_near_name_is_told(name: str, tmp_path: Path) -> None:
    write(tmp_path, name)
    with pytest.raises(ReconcilerError) as caught:
        read_configuration(tmp_path)
    assert f"`{name}`" in caught.value.advice
    assert "rename it to reconciler.yaml" in caught.value.advice
