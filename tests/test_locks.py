"""Fresh machines install what was tried, byte for byte, from wherever they get their packages."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCKS = ("build", "extras", "release", "runtime", "site", "test")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
HASHES = re.compile(r"( --hash=sha256:[0-9a-f]{64})+")


def read_lock(name: str) -> dict[str, list[Requirement]]:
    """Everything in a lock by its name; several where the version depends on the machine."""
    found: dict[str, list[Requirement]] = {}
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8").replace("\\\n", "")
    for line in text.splitlines():
        if line.strip() and not line.strip().startswith("#"):
            pinned, _, hashes = re.sub(r"\s+", " ", line).strip().partition(" --hash")
            assert HASHES.fullmatch(f" --hash{hashes}"), line
            requirement = Requirement(pinned)
            assert [one.operator for one in requirement.specifier] == ["=="], line
            found.setdefault(canonicalize_name(requirement.name), []).append(requirement)
    return found


def wanted(*extras: str) -> list[Requirement]:
    """What pyproject.toml asks for, extras that name other extras included."""
    found = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
    for extra in extras:
        for requirement in map(Requirement, EXTRAS[extra]):
            own = requirement.name == PROJECT["project"]["name"]
            found += wanted(*sorted(requirement.extras)) if own else [requirement]
    return found


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").iterdir()), ids=lambda path: path.name)
def test_no_lock_says_where_packages_come_from(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"\w+://\S*|^\s*-.*(?:index|links|host).*", text, re.MULTILINE) == []


@pytest.mark.parametrize(
    ("lock", "needs"),
    [
        ("runtime", wanted()),
        ("extras", wanted(*(set(EXTRAS) - {"test"}))),
        ("test", wanted("test")),
        ("build", [Requirement(text) for text in PROJECT["build-system"]["requires"]]),
        ("site", [Requirement(name) for name in ("furo", "myst-parser", "sphinx")]),
    ],
    ids=["runtime", "extras", "test", "build", "site"],
)
def test_a_lock_holds_what_the_project_asks_for(lock: str, needs: list[Requirement]) -> None:
    held = read_lock(lock)
    lacking = [
        str(need)
        for need in needs
        for pins in [held.get(canonicalize_name(need.name), [])]
        if not pins or not all(need.specifier.contains(str(pin.specifier).removeprefix("==")) for pin in pins)
    ]
    assert lacking == [], "make lock"


def test_all_locks_hold_the_same_versions() -> None:
    versions: dict[str, set[tuple[str, ...]]] = {}
    for lock in LOCKS:
        for name, pins in read_lock(lock).items():
            versions.setdefault(name, set()).add(tuple(sorted(str(pin.specifier) for pin in pins)))
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}, "make lock"


def test_whoever_installs_the_package_is_free_to_take_newer_libraries() -> None:
    asked = [*wanted(*(set(EXTRAS) - {"test"}))]
    bounded = [one.name for one in asked if {part.operator for part in one.specifier} != {">="}]
    assert bounded == ["pyrate-limiter"], "its interface is another one in each major version"


def test_every_extra_is_locked() -> None:
    listed = re.search(r"^EXTRAS\s*:= (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert listed
    assert sorted(listed[1].split()) == sorted(EXTRAS.keys() - {"test"})
