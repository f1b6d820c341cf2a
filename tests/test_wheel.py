"""What is published works by itself: built, installed into a new environment, and used far from the source tree."""

from __future__ import annotations

import email
import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

import reconciler

ROOT = Path(__file__).parent.parent
NAME = f"access_reconciler-{reconciler.__version__}"
WHEEL = f"{NAME}-py3-none-any.whl"
Installed = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.full


def run(*words: str | Path, cwd: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Nothing in the environment leads to the source tree."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))}
    done = subprocess.run(words, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return done


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-d", folder, cwd=ROOT)
    return folder


@pytest.fixture(scope="module")
def installed(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The installed command in a folder of its own; beside the wheel only libraries of this environment are there."""
    place = tmp_path_factory.mktemp("fresh")
    venv.create(place / "venv", with_pip=False)
    python = place / "venv" / "bin" / "python"
    options = ("--disable-pip-version-check", "--quiet", "--no-deps", "--no-index", "--no-compile")
    run(sys.executable, "-m", "pip", "--python", python, "install", *options, dist / WHEEL, cwd=place)
    asked = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=place)
    # As plain paths: what such folders lead to by files of their own, like a source tree, is not followed.
    libraries = [path for path in sys.path if Path(path).name == "site-packages"]
    Path(asked.stdout.strip(), "libraries.pth").write_text("\n".join(libraries) + "\n", encoding="utf-8")
    workspace = place / "workspace"
    workspace.mkdir()

    def command(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        return run(python.with_name("reconciler"), *words, cwd=workspace, code=code)

    found = run(python, "-c", "import reconciler; print(reconciler.__file__)", cwd=workspace).stdout
    assert found.startswith(f"{place}/"), found
    command("init")
    return command


def test_the_wheel_holds_the_whole_package_and_nothing_else(dist: Path) -> None:
    with zipfile.ZipFile(dist / WHEEL) as wheel:
        names = {name for name in wheel.namelist() if not name.startswith(f"{NAME}.dist-info/")}
        about = email.message_from_bytes(wheel.read(f"{NAME}.dist-info/METADATA"))
    package = [path for path in (ROOT / "reconciler").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert names == {path.relative_to(ROOT).as_posix() for path in package}
    assert (about["Name"], about["License-Expression"]) == ("access-reconciler", "Apache-2.0")
    assert about.get_all("Provides-Extra") == ["cloud", "keyring", "policy", "postgres", "sealed", "sqlite", "test"]


def test_the_wheel_of_the_source_archive_is_the_same(dist: Path, tmp_path: Path) -> None:
    with tarfile.open(dist / f"{NAME}.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    assert {"LICENSE", "README.md", "tests", "docs", "requirements"} <= {
        one.name for one in (tmp_path / NAME).iterdir()
    }
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "again", cwd=tmp_path / NAME)
    assert (tmp_path / "again" / WHEEL).read_bytes() == (dist / WHEEL).read_bytes()


def test_a_workspace_is_made_planned_and_applied_with_the_wheel_alone(installed: Installed) -> None:
    assert installed("--version").stdout == f"reconciler {reconciler.__version__}\n"
    installed("init", code=1)  # a second time, as whoever asks for the command has made one
    assert "No findings" in installed("validate").stdout
    assert "2 to invite" in installed("plan", "-o", "plan.json").stdout
    installed("apply", "plan.json", "--auto-approve")
    installed("sandbox", "people", "answer", "accept", "--all")
    installed("apply", "--auto-approve")
    assert "No changes" in installed("plan").stdout


def test_what_is_no_code_is_there_too(installed: Installed) -> None:
    """Pages, styles, tables and what is known of the systems lie in the wheel as files."""
    for form in ("text", "json", "markdown", "html", "csv"):
        assert installed("systems", "--format", form).stdout
    assert installed("report", "-o", "report.html").returncode == 0
    assert "<html" in installed("plan", "--format", "html").stdout
    assert json.loads(installed("schema", "manifest").stdout)["title"]
    health = {one["name"]: one for one in json.loads(installed("doctor", "--format", "json").stdout)["checks"]}
    assert health["version"]["found"].endswith("installed by pip")
    assert {one["health"] for one in health.values()} == {"fine"}
