"""The published schemas are made from the code, fit what is written, and say what an editor shows."""

from __future__ import annotations

import json
import re
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.cli.schemas import SCHEMAS
from reconciler.cli.schemas import json_schema as make_schema
from reconciler.model import Action, Guard, Mode, Plan, Role, State, System, plan_to_json, state_to_json
from reconciler.systems.catalogue import SYSTEMS

ROOT = Path(__file__).parents[2]

json_schema = cache(make_schema)
every_schema = pytest.mark.parametrize("name", SCHEMAS)


@every_schema
def test_the_published_file_is_what_the_code_makes(name: str) -> None:
    published = (ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
    assert published == json.dumps(json_schema(name), indent=2, ensure_ascii=False) + "\n"


def test_every_schema_that_can_be_asked_for_is_published() -> None:
    assert {path.name for path in (ROOT / "schemas").iterdir()} == {f"{name}.schema.json" for name in SCHEMAS}


@every_schema
def test_a_schema_is_a_schema(name: str) -> None:
    import jsonschema

    schema = json_schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:reconciler:schema:{name}"
    assert schema["title"]


@every_schema
def test_hovers_are_in_the_words_of_users(name: str) -> None:
    """No class, function or module of ours, and no word of Python's."""
    schema = json_schema(name)
    texts = [text for key in ("title", "description") for text in _find(schema, key) if isinstance(text, str)]
    texts += [text for words in _find(schema, "enumDescriptions") for text in words]
    code = re.compile(r"(?!TikTok|GitHub|GitLab)\b[A-Z][a-z]+[A-Z]\w*|\bNone\b|\w\(\)|`_|\w\.py\b|`[A-Z][a-z]+[`.]")
    assert [text for text in texts if code.search(text)] == []
    titled = [one["title"] for one in schema.get("$defs", {}).values()]
    assert len(set(titled)) == len(titled)


@every_schema
def test_descriptions_of_words_stand_beside_their_words(name: str) -> None:
    for table in _tables(json_schema(name)):
        if "enumDescriptions" in table:
            assert len(table["enumDescriptions"]) == len(table["enum"])


@pytest.mark.parametrize("name", ["manifest", "config"])
def test_every_role_action_and_mode_says_what_it_does(name: str) -> None:
    known = {role.name: role.may for table in SYSTEMS.values() for one in table.values() for role in _roles(one)}
    explained = {*known, *Action, *Mode}
    for table in _tables(json_schema(name)):
        if explained >= set(table.get("enum", ["?"])):
            assert all(table["enumDescriptions"]), table


def test_a_role_says_what_the_systems_data_say() -> None:
    table = json_schema("manifest")["$defs"]["AdAccountTerms"]["properties"]["role"]
    told = dict(zip(table["enum"], table["enumDescriptions"], strict=True))
    for role in SYSTEMS["business_center"][""].roles["ad_account_access"]:
        assert role.may in told[role.name]
        assert role.may_not in told[role.name]


def test_every_guard_says_what_it_stops() -> None:
    table = json_schema("plan")["$defs"]["Guard"]
    assert set(table["enum"]) == set(Guard)
    assert all(table["enumDescriptions"])


@pytest.mark.parametrize("name", ["manifest", "config"])
def test_every_key_of_a_file_that_people_write_is_described(name: str) -> None:
    schema = json_schema(name)
    tables = {"": schema, **schema["$defs"]}
    bare = [
        f"{title}.{key}"
        for title, table in tables.items()
        for key, field in table.get("properties", {}).items()
        if "description" not in field
    ]
    assert bare == []


def test_every_role_and_permission_is_offered() -> None:
    offered = {word for found in _find(json_schema("manifest"), "enum") for word in found}
    offered |= {found for found in _find(json_schema("manifest"), "const") if isinstance(found, str)}
    known = {role.name for variants in SYSTEMS.values() for system in variants.values() for role in _roles(system)}
    assert known <= offered


def test_every_system_is_offered() -> None:
    documents = json_schema("manifest")["properties"]["organizations"]["additionalProperties"]["oneOf"]
    definitions = json_schema("manifest")["$defs"]
    offered = {definitions[one["$ref"].rpartition("/")[2]]["properties"]["system"]["const"] for one in documents}
    assert offered == set(SYSTEMS)


def test_saved_plans_and_states_fit_their_schemas() -> None:
    import jsonschema

    jsonschema.validate(json.loads(plan_to_json(Plan(today=date(2026, 11, 22)))), json_schema("plan"))
    jsonschema.validate(json.loads(state_to_json(State(organization="acme"))), json_schema("state"))


@pytest.mark.parametrize("path", sorted(ROOT.glob("examples/*/reconciler.yaml")), ids=lambda path: path.parent.name)
def test_examples_fit_the_schemas(path: Path) -> None:
    import jsonschema

    jsonschema.validate(yaml.safe_load(path.read_text(encoding="utf-8")), json_schema("config"))
    # Dates are text to JSON Schema.
    text = re.compile(r"(?<=: )(\d{4}-\d{2}-\d{2})")
    manifests = sorted((path.parent / "access").rglob("*.yaml"))
    assert manifests
    for manifest in manifests:
        content = text.sub(r'"\1"', manifest.read_text(encoding="utf-8"))
        jsonschema.validate(yaml.safe_load(content), json_schema("manifest"))


def _roles(system: System) -> list[Role]:
    return [role for roles in (*system.roles.values(), *system.permissions.values()) for role in roles]


def _tables(value: Any) -> list[dict[str, Any]]:
    """Every part of a schema."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [*([value] if isinstance(value, dict) else []), *(hit for one in parts for hit in _tables(one))]


def _find(value: Any, key: str) -> list[Any]:
    if isinstance(value, dict):
        return [*([value[key]] if key in value else []), *(hit for one in value.values() for hit in _find(one, key))]
    return [hit for one in value for hit in _find(one, key)] if isinstance(value, list) else []
