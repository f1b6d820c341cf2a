"""The published schemas are made from the code, fit what is written, and say what an editor shows."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.cli.commands.schema import SCHEMAS, json_schema
from reconciler.model.json import plan_to_json, state_to_json
from reconciler.model.plan import Plan
from reconciler.model.state import State
from reconciler.systems import SYSTEMS

ROOT = Path(__file__).parents[2]

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
    assert schema["$id"] == f"{name}.schema.json"
    assert schema["title"]


@pytest.mark.parametrize("name", ["manifest", "config"])
def test_every_key_of_a_file_that_people_write_is_described(name: str) -> None:
    schema = json_schema(name)
    tables = {"": schema, **schema["$defs"]}
    bare = [
        f"{title}.{key}"
        for title, table in tables.items()
        for key, field in table.get("properties", {}).items()
        if "description" not in field and key != "system"
    ]
    assert bare == []


def test_every_role_and_permission_is_offered() -> None:
    offered = {word for found in _find(json_schema("manifest"), "enum") for word in found}
    offered |= {found for found in _find(json_schema("manifest"), "const") if isinstance(found, str)}
    known = {
        role.name
        for variants in SYSTEMS.values()
        for system in variants.values()
        for roles in (*system.roles.values(), *system.permissions.values())
        for role in roles
    }
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


def _find(value: Any, key: str) -> list[Any]:
    if isinstance(value, dict):
        return [*([value[key]] if key in value else []), *(hit for one in value.values() for hit in _find(one, key))]
    return [hit for one in value for hit in _find(one, key)] if isinstance(value, list) else []
