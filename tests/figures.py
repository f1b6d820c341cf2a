"""The figures of the house: how much there is, and how far somebody walks who follows one change through it.

`make figures` prints them beside their goals and beside what they were on 2026-11-28. `tests/test_house.py` keeps
those that are reached. A walk is counted by running a real command against the emulated Business Center and noting
every file of the package in which a function is entered; files of the sandbox are not counted, because they stand for
TikTok.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "reconciler"


@cache
def modules() -> Mapping[str, ast.Module]:
    """Dotted name -> syntax tree, of every module."""
    return {_name(path): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def lines() -> int:
    """Lines of the package, empty ones and comments included."""
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE.rglob("*.py"))


def class_names_twice() -> list[str]:
    """Names of classes on module level that more than one module has."""
    names = Counter(node.name for tree in modules().values() for node in tree.body if isinstance(node, ast.ClassDef))
    return sorted(name for name, count in names.items() if count > 1)


def imports(tree: ast.AST) -> set[str]:
    """Own modules that a piece of code imports."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("reconciler"):
            inner = {f"{node.module}.{one.name}" for one in node.names} & modules().keys()
            found |= inner or {node.module or ""}
        elif isinstance(node, ast.Import):
            found |= {one.name for one in node.names if one.name.startswith("reconciler")}
    return found


def imports_per_file() -> list[int]:
    """Number of own modules that each file imports, sorted."""
    return sorted(len(imports(tree)) for tree in modules().values())


def imports_in_functions() -> list[str]:
    """Every import of an own module inside a function, as `module:line`."""
    found = set()
    for name, tree in modules().items():
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                found |= {
                    f"{name}:{node.lineno}"
                    for node in ast.walk(function)
                    if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("reconciler")
                }
    return sorted(found)


def rooms_of_features() -> Mapping[str, set[str]]:
    """Feature -> the rooms in which it is named: its own folder, those that use it, and its tests."""
    found: dict[str, set[str]] = {}
    for name, tree in modules().items():
        place = name.split(".")[1:3] if name.startswith("reconciler.features.") else name.split(".")[1:2]
        for used in (one.split(".") for one in imports(tree) if one.startswith("reconciler.features.")):
            found.setdefault(used[2], {f"features.{used[2]}", "tests"}).add(".".join(place))
    return found


def cycles() -> list[list[str]]:
    """Modules that import each other, directly or over others, imports inside functions included."""
    graph = {name: imports(tree) - {name} for name, tree in modules().items()}
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:  # Tarjan's strongly connected components
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in sorted(graph[name] & graph.keys()):
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            group = stack[stack.index(name) :]
            del stack[stack.index(name) :]
            if len(group) > 1:
                found.append(sorted(group))

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(10_000)
    try:
        for name in sorted(graph):
            if name not in index:
                visit(name)
    finally:
        sys.setrecursionlimit(limit)
    return found


def walk_of_plan(room: str) -> tuple[int, int]:
    """Files of a room with a function that takes or makes a `Plan`, and functions that return one there."""
    files, returns = set(), 0
    for name, tree in modules().items():
        if not name.startswith(f"reconciler.{room}"):
            continue
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                takes = any(
                    one.arg == "plan" or _text(one.annotation) == "Plan"
                    for one in (*function.args.args, *function.args.kwonlyargs)
                )
                gives = "Plan" in _text(function.returns).split(" | ")
                if takes or gives:
                    files.add(name)
                returns += gives
    return len(files), returns


def _text(node: ast.expr | None) -> str:
    return "" if node is None else ast.unparse(node)


_WORLD = """version: 1
people: {ana: ana@x.example, bo: bo@x.example, eve: eve@x.example}
organizations:
  bc:
    system: business_center
    id: "6900000000000000001"
    members: {ana: admin, bo: admin}
"""
_MANIFEST = """version: 1
people: {ana: {email: ana@x.example}, bo: {email: bo@x.example}, eve: {email: eve@x.example}}
organizations:
  bc:
    system: business_center
    id: "6900000000000000001"
    members: {ana: admin, bo: admin, eve: standard}
"""
_CONFIG = """version: 1
manifests: [access]
providers: {default: {kind: business_api, via: sandbox, act_as: ana}}
"""
_TRACED = """
import json, sys
from pathlib import Path
package, out = Path(sys.argv[1]), Path(sys.argv[2])
entered = set()
def note(frame, event, _):
    if event == "call" and frame.f_code.co_name != "<module>":
        entered.add(frame.f_code.co_filename)
sys.setprofile(note)
from reconciler.cli.main import cli
try:
    code = cli(sys.argv[3:], standalone_mode=False)
finally:
    sys.setprofile(None)
own = {Path(name).relative_to(package) for name in entered if name.startswith(str(package))}
out.write_text(json.dumps(sorted(str(path) for path in own if "sandbox" not in path.parts)))
sys.exit(code)
"""


def files_entered() -> Iterator[tuple[str, list[str]]]:
    """Command -> files of the package that it enters for one missing member of a Business Center."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "access").mkdir()
        (root / "reconciler.yaml").write_text(_CONFIG, encoding="utf-8")
        (root / "sandbox.yaml").write_text(_WORLD, encoding="utf-8")
        (root / "access" / "all.yaml").write_text(_MANIFEST, encoding="utf-8")
        for command in (("plan", "-o", "plan.json"), ("apply", "--auto-approve")):
            out = root / "entered.json"
            words = [sys.executable, "-c", _TRACED, str(PACKAGE), str(out), "-C", str(root), *command]
            done = subprocess.run(words, cwd=root, capture_output=True, text=True, env=_environment(), check=False)
            if done.returncode:
                raise RuntimeError(done.stderr)
            yield command[0], json.loads(out.read_text(encoding="utf-8"))


def _environment() -> dict[str, str]:
    return {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "NO_COLOR": "1"}


def table() -> Iterator[tuple[str, str, str, str]]:
    """What is measured, what it was, the goal, and what it is."""
    counts = imports_per_file()
    entered = {command: len(files) for command, files in files_entered()}
    files, returns = walk_of_plan("apply")
    yield "lines of the package", "51,048", "<= 38,000", f"{lines():,}"
    yield "files of the package", "473", "<= 300", f"{len(modules()):,}"
    yield "files entered by plan -o", "130", "<= 65", f"{entered['plan']}"
    yield "files entered by apply", "150", "<= 75", f"{entered['apply']}"
    yield "files of apply that take or give a plan", "22", "<= 9", f"{files}"
    yield "functions of apply that return one", "29", "<= 8", f"{returns}"
    yield "class names that exist twice", "32", "0", f"{len(class_names_twice())}"
    yield "import cycles", "3", "0", f"{len(cycles())}"
    yield "own modules imported per file, p90", "11", "<= 8", f"{counts[int(len(counts) * 0.9)]}"
    yield "own imports inside functions", "246", "<= 40", f"{len(imports_in_functions())}"
    yield "rooms that one feature touches", "3-7", "<= 3", f"{max(map(len, rooms_of_features().values()))}"


if __name__ == "__main__":
    for row in (("figure", "before", "goal", "now"), *table()):
        sys.stdout.write(f"{row[0]:42}{row[1]:>10}{row[2]:>12}{row[3]:>10}\n")
