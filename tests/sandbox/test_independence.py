"""The judge does not read the notes of the one it judges."""

from __future__ import annotations

import ast
from pathlib import Path

import reconciler.sandbox as package

FORBIDDEN = (
    "reconciler.systems",
    "reconciler.engine",
    "reconciler.apply",
    "reconciler.features",
    "reconciler.manifests",
)
RULES = ("registry", "members", "apps", "assets", "partners")


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
        elif isinstance(node, ast.Import):
            found.update(name.name for name in node.names)
    return found


def test_the_sandbox_shares_no_code_with_the_planner() -> None:
    modules = list(Path(package.__path__[0]).rglob("*.py"))
    assert len(modules) > len(RULES)
    for path in modules:
        shared = [name for name in _imports(path) if name.startswith(FORBIDDEN)]
        assert not shared, f"{path.name} imports {shared}"


def test_the_rules_know_nothing_of_the_tool_at_all() -> None:
    for name in RULES:
        path = Path(package.__path__[0]) / f"{name}.py"
        foreign = {
            imported
            for imported in _imports(path)
            if imported.startswith("reconciler") and not imported.startswith("reconciler.sandbox")
        }
        assert not foreign, f"{name} imports {foreign}"
