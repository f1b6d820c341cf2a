"""What is published was built once, tried, and is vouched for; and what the image is made of."""

from __future__ import annotations

import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest

import reconciler
from tests.pipelines.workflow import ROOT, WORKFLOWS, needs, read

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
LINES = [line.split(maxsplit=1) for line in DOCKERFILE.splitlines() if line and not line.startswith("#")]
RELEASE = read(WORKFLOWS / "release.yml")["jobs"]


def behind(name: str) -> set[str]:
    """Every job that has to succeed before this one."""
    return {one for need in needs(RELEASE[name]) for one in (need, *behind(need))}


def test_nothing_is_published_that_was_not_tried_and_attested() -> None:
    assert behind("publish") == {"tag", "package", "attest"}
    tried = read(WORKFLOWS / "package.yml")["jobs"]["try"]
    assert tried["permissions"] == {}
    assert not any("checkout" in step.get("uses", "") for step in tried["steps"])


def test_it_is_built_in_one_place_alone() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in WORKFLOWS.glob("*.yml")}
    assert [name for name, text in texts.items() if re.search(r"make dist|hatchling|python -m build", text)] == [
        "package.yml"
    ]


def test_no_password_of_an_index_exists() -> None:
    assert "secrets." not in (WORKFLOWS / "release.yml").read_text(encoding="utf-8")
    assert RELEASE["publish"]["permissions"] == {"id-token": "write"}
    assert RELEASE["publish"]["environment"] == "pypi"
    assert all("run" not in step for step in RELEASE["publish"]["steps"]), "nothing of ours runs beside the identity"


@pytest.mark.parametrize(
    ("tag", "log", "fits"), [("v{}", "## [{}]", True), ("v9{}", "## [{}]", False), ("v{}", "", False)]
)
def test_a_tag_names_the_version_that_the_change_log_tells_of(
    tag: str, log: str, *, fits: bool, tmp_path: Path
) -> None:
    (tmp_path / "reconciler").mkdir()
    text = (ROOT / "reconciler" / "__init__.py").read_text(encoding="utf-8")
    (tmp_path / "reconciler" / "__init__.py").write_text(text, encoding="utf-8")
    (tmp_path / "CHANGELOG.md").write_text(log.format(reconciler.__version__), encoding="utf-8")
    script = next(step["run"] for step in RELEASE["tag"]["steps"] if "run" in step)
    tag = tag.format(reconciler.__version__)
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=tmp_path,
        env={"GITHUB_REF_NAME": tag, "PATH": "/bin:/usr/bin"},
        check=False,
    )
    assert (done.returncode == 0) == fits


def test_the_image_stands_on_bytes_that_are_known_and_runs_as_nobody() -> None:
    bases = [line.split()[0] for word, line in LINES if word == "FROM"]
    assert all(re.search(r":[\w.-]+@sha256:[0-9a-f]{64}$", base) for base in bases)
    assert len(set(bases)) == 1
    last = max(number for number, (word, _) in enumerate(LINES) if word == "FROM")
    users = [line for word, line in LINES[last:] if word == "USER"]
    assert users
    assert all(user.partition(":")[0] not in {"0", "root"} for user in users)


def test_the_image_takes_only_what_is_locked_and_what_is_given_to_it() -> None:
    assert not [line for word, line in LINES if word == "ADD"]
    installs = re.findall(r"pip (?:\S+ )*?install [^&]*", DOCKERFILE)
    assert installs
    assert all("--require-hashes" in one or "--no-index" in one for one in installs)
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    kept = [line[1:] for line in lines if line.startswith("!")]
    copied = [path for word, line in LINES if word == "COPY" and "--from" not in line for path in line.split()[:-1]]
    assert sorted(copied) == sorted(kept)
    assert all((ROOT / path).exists() for path in copied)
    assert any(fnmatch(".git", line) for line in lines)
