"""What a command loads before it reads the first byte: every module costs every run."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

MANIFEST = """\
version: 1
people: {ana: {email: ana@acme.example}, bo: {email: bo@acme.example}}
organizations:
  acme-bc: {system: business_center, id: "6900000000000000001", members: {ana: admin, bo: admin}}
"""
WORLD = MANIFEST.replace(
    "{email: ana@acme.example}, bo: {email: bo@acme.example}", "ana@acme.example, bo: bo@acme.example"
)
CONFIG = "version: 1\nmanifests: [access]\nproviders: {default: {kind: sandbox}}\n"
LOADED = {
    ("plan", "--no-refresh"): "plan",
    ("validate",): "validate",
}
LISTS = Path(__file__).parent / "loaded"


def modules_of(command: tuple[str, ...], workspace: Path) -> set[str]:
    """Modules of ours, and packages of others, that a command has loaded when it ends."""
    code = (
        "import os, sys\nbefore = set(sys.modules)\nfrom reconciler.__main__ import main\n"
        f"sys.argv = ['reconciler', *{command!r}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code in (None, 0), end\n"
        "print(*sorted(set(sys.modules) - before), sep='\\n', file=sys.stderr)\n"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{code}"],
        cwd=workspace,
        capture_output=True,
        text=True,
        check=True,
    )
    names = run.stderr.splitlines()
    # Of the policies all are loaded, however many there are.
    ours = {
        "reconciler.policies.*" if name.startswith("reconciler.policies.") else name
        for name in names
        if name.startswith("reconciler")
    }
    others = {name.partition(".")[0] for name in names} - {*sys.stdlib_module_names, "reconciler"}
    assert ours, run.stderr
    return {*ours, *(name for name in others if name.isidentifier() and not name.startswith(("_", "cov", "cython_")))}


def make_workspace(folder: Path, command: tuple[str, ...]) -> Path:
    """What the command needs to succeed: a plan from what is recorded needs a record, and so an apply before it."""
    (folder / "access").mkdir()
    (folder / "access" / "acme.yaml").write_text(MANIFEST)
    (folder / "reconciler.yaml").write_text(CONFIG)
    if command[0] == "plan":
        (folder / "sandbox.yaml").write_text(WORLD)
        modules_of(("apply", "--auto-approve"), folder)
    return folder


@pytest.mark.parametrize("command", LOADED, ids=" ".join)
def test_a_command_loads_what_it_needs_and_no_more(command: tuple[str, ...], tmp_path: Path) -> None:
    workspace = make_workspace(tmp_path, command)
    path = LISTS / f"{LOADED[command]}.txt"
    known, loaded = set(path.read_text(encoding="utf-8").split()), modules_of(command, workspace)
    more, gone = sorted(loaded - known), sorted(known - loaded)
    assert not more, (
        f"`reconciler {' '.join(command)}` loads more than it did: {', '.join(more)}. Every run pays for each of them: "
        f"import it where it is needed. If every run needs it, `python -m tests.cli.test_start` writes the list again."
    )
    assert not gone, f"it loads less now, which is good: take {', '.join(gone)} out of {path.name}"


def write_lists() -> None:
    for command, name in LOADED.items():
        with tempfile.TemporaryDirectory() as folder:
            workspace = make_workspace(Path(folder), command)
            (LISTS / f"{name}.txt").write_text("\n".join(sorted(modules_of(command, workspace))) + "\n")


if __name__ == "__main__":
    write_lists()
