"""The files in `reconciler/systems/data`: what is misspelt, doubled or without a source never passes for knowledge."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.model import KINDS, ReconcilerError, System
from reconciler.systems import catalogue as loading
from reconciler.systems.catalogue import SYSTEMS, Handbook, list_operations, load_handbook, load_systems

DATA = Path(loading.__file__).parent / "data"
FILES = sorted(DATA.glob("*.yaml"))

every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def keys_twice(node: yaml.Node) -> list[str]:
    if isinstance(node, yaml.SequenceNode):
        return [key for child in node.value for key in keys_twice(child)]
    if not isinstance(node, yaml.MappingNode):
        return []
    keys = [str(key.value) for key, _ in node.value]
    return [key for key in keys if keys.count(key) > 1] + [key for _, value in node.value for key in keys_twice(value)]


@every_file
def test_no_key_stands_twice(path: Path) -> None:
    for document in yaml.compose_all(
        path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    ):
        assert keys_twice(document) == []


@every_file
def test_every_phrase_is_used_and_every_line_fits(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert set(re.findall(r" &(\w+)", text)) == set(re.findall(r" \*(\w+)$", text, re.MULTILINE))
    assert [line for line in text.splitlines() if len(line) > 120] == []


@every_file
def test_values_are_of_the_sort_that_the_program_takes_them_for(path: Path) -> None:
    from pydantic import TypeAdapter

    if path.stem in SYSTEMS:
        for system in SYSTEMS[path.stem].values():
            TypeAdapter(System).dump_python(system, warnings="error")
        TypeAdapter(Handbook).dump_python(load_handbook(path.stem), warnings="error")
    else:
        (document,) = loading.read_documents(path.stem)
        assert {"source", "date"} <= document.get("about", document).keys()


@pytest.mark.parametrize("name", SYSTEMS)
def test_whatever_is_chosen_or_left_to_do_is_an_operation(name: str) -> None:
    handbook = load_handbook(name)
    assert {key for cases in handbook.choices.values() for key in cases.values() if key} <= handbook.operations.keys()
    assert all("" in cases for cases in handbook.choices.values())
    assert set(handbook.chores.values()) <= handbook.operations.keys()
    assert {*handbook.menus, *(kind for kind, _ in handbook.choices)} <= KINDS.keys()


def test_no_two_systems_have_an_operation_of_one_name() -> None:
    assert len(list_operations()) == sum(len(load_handbook(name).operations) for name in SYSTEMS)


def replaced(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


BROKEN = {
    "a key of a role": (replaced("may_not:", "maynot:"), "organization_account, member, operator: Role: .*maynot"),
    "a key of the system": (replaced("identifiers:", "identifier:"), "System: .*identifier"),
    "an action": (replaced("  delete_organization:", "  delete_organisation:"), "delete_organisation"),
    "a source without a date": (replaced("    date: 2026-11\n", ""), "Source: .*date"),
    "a key of a fact": (replaced("  - text: >-", "  - txt: >-"), "Fact: .*txt"),
    "a fact without a source": (replaced("    source: invite\n", ""), "Fact: 'source'"),
    "a source that is not listed": (replaced("    source: invite\n", "    source: invites\n"), "Fact: 'invites'"),
    "a key of a step": (replaced("done_when:", "done_if:"), "Party: .*done_if"),
    "a person": (replaced("actor: invitee", "actor: invited"), "'invited' is not a valid Actor"),
    "a part of the file": (replaced("\nchoices:", "\nchoice:"), "choices"),
    "no YAML": (replaced("title:", "title: ["), "line"),
}


def load_both(name: str) -> None:
    for load in (load_systems, load_handbook):
        uncached: Any = load.__wrapped__
        uncached(name)


@pytest.mark.parametrize("case", BROKEN)
def test_a_mistake_is_told_with_its_place_and_nothing_is_taken(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "organization_account"
    change, expected = BROKEN[case]
    (tmp_path / "data").mkdir()
    broken = change((DATA / f"{name}.yaml").read_text(encoding="utf-8"))
    (tmp_path / "data" / f"{name}.yaml").write_text(broken, encoding="utf-8")
    monkeypatch.setattr(loading, "get_data", lambda _, name: (tmp_path / name).read_bytes())
    with pytest.raises(ReconcilerError, match=expected) as told:
        load_both(name)
    assert "data" in told.value.advice


def test_what_a_plan_needs_is_read_without_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    first = (DATA / "developers.yaml").read_text(encoding="utf-8").partition("\n---\n")[0]
    (tmp_path / "data" / "developers.yaml").write_text(f"{first}\n---\nno: [yaml", encoding="utf-8")
    monkeypatch.setattr(loading, "get_data", lambda _, name: (tmp_path / name).read_bytes())
    uncached: Any = load_systems.__wrapped__
    assert uncached("developers") == load_systems("developers")
