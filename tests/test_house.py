"""The house rules that no linter knows, so that they hold without anybody watching."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import reconciler
from tests import figures

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "reconciler"

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 60
LONG_BECAUSE = "# Long because "
"""Stands above what is longer, with the reason: the first line of a file, or the line before a function."""

MAX_FILES = 300
MAX_INNER_IMPORTS = 40
"""Own modules that are imported inside of functions, because they bring something heavy that not every run needs."""

VAGUE_NAMES = {"utils", "helpers", "common", "base", "manager"}
PURE_PACKAGES = ("apply", "editing", "engine", "features", "manifests", "model", "output", "policies", "systems")
HEAVY = {
    "deepdiff",
    "email_validator",
    "httpx",
    "httpx2",
    "jsonschema",
    "phonenumbers",
    "pydantic",
    "rich",
    "sqlalchemy",
}

LOOK_ALIKES = {
    "features/review/model.py:ThingChange": "what changed of a thing between two revisions, and no finding",
}
"""Classes that have the fields of a value of the model, and why they are not that value."""

NOT_OURS = {"build", "dist", "htmlcov", "node_modules", "__pycache__"}
"""Folders that tools fill; hidden ones are looked into only where they are published."""
PUBLISHED_HIDDEN = {".ci", ".github"}

# Written so that no pattern finds itself.
UNFINISHED = re.compile(r"\b(TO[D]O|FIX[M]E)\b")
REGISTRY_HOST = re.compile(
    r"\b(pypi\.org|pythonhosted\.org|npmjs\.(org|com)|rubygems\.org|proxy\.golang\.org|crates\.io)\b"
)
MACHINE_PATH = re.compile(r"(?<![\w.}/-])(/(home|Users|root|work|mnt|opt)/\w|[A-Z]:\\\\?Users)")


def modules(folder: Path = PACKAGE) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def published_files() -> Iterator[Path]:
    for folder, below, names in os.walk(ROOT):
        hidden = {name for name in below if name.startswith(".")} - PUBLISHED_HIDDEN
        below[:] = [
            name for name in below if name not in hidden | NOT_OURS and not Path(folder, name, "pyvenv.cfg").exists()
        ]
        yield from (Path(folder, name) for name in names if name != ".git" and not name.startswith(".coverage"))


def lines_matching(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in published_files()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
        if pattern.search(line)
    ]


def calls(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def lines_without_docstring(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = function.body[0]
    documented = ast.get_docstring(function) is not None
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if documented else 0
    return (function.end_lineno or function.lineno) - function.lineno + 1 - docstring


def test_no_module_has_a_name_that_says_nothing() -> None:
    vague = [path for path in [*modules(), *modules(ROOT / "tests")] if VAGUE_NAMES & {path.stem, path.parent.name}]
    assert vague == []


def test_only_the_command_line_prints() -> None:
    outside = [path for path in modules() if PACKAGE / "cli" not in path.parents]
    assert [(str(path), line) for path in outside for line, name in calls(path) if name == "print"] == []


def test_what_only_computes_asks_no_clock() -> None:
    clock = re.compile(r"\b(date|datetime)\.(now|today|utcnow)$")
    pure = [path for package in PURE_PACKAGES for path in modules(PACKAGE / package) if "publishing" not in path.parts]
    assert [(str(path), line) for path in pure for line, name in calls(path) if clock.search(name)] == []


def long_without_reason(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    found = [path.name] if len(lines) > MAX_FILE_LINES and not lines[0].startswith(LONG_BECAUSE) else []
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and lines_without_docstring(node) > MAX_FUNCTION_LINES
        ):
            above = (
                min(node.lineno, *(one.lineno for one in node.decorator_list)) if node.decorator_list else node.lineno
            )
            if above < 2 or not lines[above - 2].strip().startswith(LONG_BECAUSE):
                found.append(f"{path.name}:{node.name}")
    return found


def test_what_is_long_has_its_reason_beside_it() -> None:
    assert [name for path in modules() for name in long_without_reason(path)] == []


def test_a_reason_counts_only_beside_what_is_long(tmp_path: Path) -> None:
    body = "    pass\n" * MAX_FUNCTION_LINES
    (tmp_path / "a.py").write_text(f"def short():\n{body[9:]}\n\ndef long():\n{body}", encoding="utf-8")
    assert long_without_reason(tmp_path / "a.py") == ["a.py:long"]
    (tmp_path / "a.py").write_text(f"{LONG_BECAUSE}it lists\n@once\ndef long():\n{body}", encoding="utf-8")
    assert long_without_reason(tmp_path / "a.py") == []
    (tmp_path / "a.py").write_text("a = 1\n" * (MAX_FILE_LINES + 1), encoding="utf-8")
    assert long_without_reason(tmp_path / "a.py") == ["a.py"]


def test_modules_import_each_other_at_the_top() -> None:
    found = figures.imports_in_functions()
    assert len(found) <= MAX_INNER_IMPORTS, "\n".join(found)


def test_nine_of_ten_files_import_few_others() -> None:
    counts = figures.imports_per_file()
    assert counts[int(len(counts) * 0.9)] <= 8


def test_whoever_changes_a_feature_works_in_its_folder_its_command_and_its_tests() -> None:
    assert {name: rooms for name, rooms in figures.rooms_of_features().items() if len(rooms) > 3} == {}


def test_there_are_not_more_files_than_somebody_can_know() -> None:
    assert len(modules()) <= MAX_FILES


@pytest.mark.full
def test_a_plan_and_an_apply_enter_few_files() -> None:
    """Of one missing member; whoever follows a change through the code reads that many files."""
    entered = {command: len(files) for command, files in figures.files_entered()}
    assert entered["plan"] <= 65
    assert entered["apply"] <= 75


def test_a_plan_is_passed_on_in_few_files_of_the_apply() -> None:
    files, returns = figures.walk_of_plan("apply")
    assert files <= 9
    assert returns <= 8


def test_every_class_has_a_name_of_its_own() -> None:
    assert figures.class_names_twice() == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert figures.cycles() == []


def fields_by_class(source: str) -> dict[str, set[str]]:
    return {
        node.name: {
            each.target.id
            for each in node.body
            if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
        }
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ClassDef)
    }


def is_alike(one: set[str], other: set[str]) -> bool:
    """Three fields or more in common, and not many that only one of them has."""
    return len(one & other) >= 3 and len(one & other) >= 0.6 * len(one | other)


def test_no_class_mirrors_a_value_of_the_model() -> None:
    """What is shown is written from the values themselves; only documents that people write are models of their own.

    The embedded platform knows nothing of our values, so what it calls alike is its own.
    """
    core = {
        name: names
        for path in modules(PACKAGE / "model")
        for name, names in fields_by_class(path.read_text(encoding="utf-8")).items()
    }
    written = {*(PACKAGE / "manifests").glob("*documents.py"), PACKAGE / "manifests" / "config.py"}
    others = [
        path
        for path in modules()
        if path not in written and PACKAGE / "sandbox" not in path.parents and PACKAGE / "model" not in path.parents
    ]
    mirrors = {
        f"{path.relative_to(PACKAGE).as_posix()}:{name}"
        for path in others
        for name, names in fields_by_class(path.read_text(encoding="utf-8")).items()
        if any(is_alike(names, known) for known in core.values())
    }
    assert mirrors == set(LOOK_ALIKES)


def test_a_mirror_is_seen() -> None:
    place = "class PlaceOutput:\n    file: str\n    line: int\n    column: int\n"
    (fields,) = fields_by_class(place).values()
    core = fields_by_class((PACKAGE / "model" / "finding.py").read_text(encoding="utf-8"))
    assert is_alike(fields, core["Place"])
    assert not is_alike(fields, core["Finding"])


def test_asking_for_the_version_loads_nothing_heavy() -> None:
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "reconciler", "--version"],
        cwd=ROOT,
        # What measures coverage begins in every process, and loads more than the command does.
        env={name: value for name, value in os.environ.items() if not name.startswith("COV")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (0, f"reconciler {reconciler.__version__}\n"), run.stderr
    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in run.stderr.splitlines()}
    assert "reconciler" in loaded
    assert loaded & {*HEAVY, "click", "dataclasses"} == set()


@pytest.mark.parametrize(
    "pattern", [UNFINISHED, REGISTRY_HOST, MACHINE_PATH], ids=["to do", "registry", "machine path"]
)
def test_no_published_file_holds_what_belongs_elsewhere(pattern: re.Pattern[str]) -> None:
    assert lines_matching(pattern) == []


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (UNFINISHED, "# TO" + "DO: later"),
        (REGISTRY_HOST, "index-url = https://py" + "pi.org/simple"),
        (MACHINE_PATH, "path: /ho" + "me/ana/access"),
        (MACHINE_PATH, "`/wo" + "rk/main`"),
    ],
)
def test_the_patterns_find_what_they_are_for(pattern: re.Pattern[str], line: str) -> None:
    assert pattern.search(line)


def test_no_test_has_less_time_than_all_have() -> None:
    """A limit of time only stops what hangs: on a loaded machine everything takes ten times as long."""
    usual = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"][
        "timeout"
    ]
    limit = re.compile(r"mark\.timeout\((\d+)")
    marked = [
        (path.name, int(seconds))
        for path in modules(ROOT / "tests")
        for seconds in limit.findall(path.read_text(encoding="utf-8"))
    ]
    assert [(name, seconds) for name, seconds in marked if seconds < usual] == []


def test_the_version_is_written_in_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" in project["project"]["dynamic"]
    assert "version" not in project["project"]
    source = ROOT / project["tool"]["hatch"]["version"]["path"]
    assert f'__version__ = "{reconciler.__version__}"' in source.read_text(encoding="utf-8")
