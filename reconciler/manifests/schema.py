"""The published JSON Schemas, made from the documents and from the values of the core themselves."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from types import ModuleType
from typing import Any

from reconciler.core.state import STATE_FORMAT

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TITLES = {
    "manifest": "Access manifest: who may do what on TikTok organizations",
    "config": "Workspace of reconciler (reconciler.yaml)",
    "plan": "Plan: ordered changes and everything that is held back",
    "state": "State: everything remembered of one organization",
    "findings": "Findings of validate",
    "report": "Report: what apply did",
    "state-list": "Organizations that have a state",
    "systems": "Systems, roles and permissions",
    "history": "States of one organization that are kept",
    "audit-log": "Audit log",
    "who": "Everything one person has",
    "access": "Access matrix of an organization or of one thing in it",
    "drift": "Drift: what is live and was not made so by this tool",
    "estimate": "Calls and time that a run takes",
    "review": "Review of a change: who gains and who loses what",
    "policies": "Policies as they are set in a workspace",
    "observation": "Roster: the members or apps that somebody read off a page",
    "work-orders": "Work orders: what people are asked to do by hand",
    "offboarding": "Offboarding: what is left of one person, and who has to do what about it",
    "notices": "Notices: one message for each person who has to act",
    "onboarding": "Onboarding: what somebody new is given to work like somebody else",
}


def json_schema(name: str) -> Schema:
    """The schema of one of `SCHEMAS`, in JSON Schema 2020-12."""
    schema = _SOURCES[name]()
    _describe(schema)
    return {"$schema": _DIALECT, "$id": f"{name}.schema.json", **_ordered(schema), "title": _TITLES[name]}


def _manifest() -> Schema:
    from reconciler.manifests.documents import ManifestDocument

    return ManifestDocument.model_json_schema()


def _config() -> Schema:
    from reconciler.manifests.config_documents import ConfigDocument

    return ConfigDocument.model_json_schema()


def _plan() -> Schema:
    from reconciler.manifests.saved import plan_adapter

    schema = plan_adapter().json_schema()
    schema["required"] = ["format_version", *schema["required"]]
    return schema


def _state() -> Schema:
    from reconciler.manifests.saved import state_adapter

    schema = state_adapter().json_schema()
    schema["properties"]["format_version"] = {
        "type": "string",
        "description": f"This version writes {STATE_FORMAT}; another number before the dot is another format.",
    }
    schema["required"] = ["format_version", *schema["required"]]
    return schema


def _output(shape: str) -> Schema:
    """Of a document that a command writes with `--format json`."""
    from pydantic import TypeAdapter

    from reconciler.manifests import output_documents

    return TypeAdapter(getattr(output_documents, shape)).json_schema()


def _drift() -> Schema:
    from pydantic import TypeAdapter

    from reconciler.manifests.drift_documents import DriftOutput

    return TypeAdapter(DriftOutput).json_schema()


def _estimate() -> Schema:
    from pydantic import TypeAdapter

    from reconciler.manifests.forecast_documents import ForecastOutput

    return TypeAdapter(ForecastOutput).json_schema()


def _policies() -> Schema:
    from pydantic import TypeAdapter

    from reconciler.manifests.policy_documents import PoliciesOutput

    return TypeAdapter(PoliciesOutput).json_schema()


def _review() -> Schema:
    from pydantic import TypeAdapter

    from reconciler.manifests.review_documents import ReviewOutput

    return TypeAdapter(ReviewOutput).json_schema()


def _work_orders() -> Schema:
    from pydantic import TypeAdapter

    from reconciler.manifests.work_order_documents import WorkOrdersOutput

    return TypeAdapter(WorkOrdersOutput).json_schema()


def _observation() -> Schema:
    from pydantic import TypeAdapter

    from reconciler.manifests.roster_documents import ObservationOutput

    return TypeAdapter(ObservationOutput).json_schema()


def _departure(shape: str) -> Schema:
    from pydantic import TypeAdapter

    from reconciler.manifests import departure_documents

    return TypeAdapter(getattr(departure_documents, shape)).json_schema()


_SOURCES: Mapping[str, Callable[[], Schema]] = {
    "manifest": _manifest,
    "config": _config,
    "plan": _plan,
    "state": _state,
    "findings": partial(_output, "FindingsOutput"),
    "report": partial(_output, "ReportOutput"),
    "state-list": partial(_output, "StateListOutput"),
    "systems": partial(_output, "SystemsOutput"),
    "history": partial(_output, "HistoryOutput"),
    "audit-log": partial(_output, "AuditLogOutput"),
    "who": partial(_output, "WhoOutput"),
    "access": partial(_output, "AccessOutput"),
    "review": _review,
    "policies": _policies,
    "observation": _observation,
    "drift": _drift,
    "estimate": _estimate,
    "work-orders": _work_orders,
    "offboarding": partial(_departure, "OffboardingOutput"),
    "notices": partial(_departure, "NoticesOutput"),
    "onboarding": partial(_departure, "OnboardingOutput"),
}

SCHEMAS = tuple(_SOURCES)
"""Names of all published schemas: first what people write, then what this tool does."""


def _ordered(schema: Schema) -> Schema:
    """The schema with what it is about first and the definitions last."""
    definitions = schema.pop("$defs", {})
    return {**schema, "$defs": definitions} if definitions else schema


def _describe(schema: Schema) -> None:
    """Put the docstrings of classes and attributes where editors show them, and drop what says nothing."""
    docstrings = _docstrings()
    for title, definition in [(schema.get("title", ""), schema), *schema.get("$defs", {}).items()]:
        about = docstrings.get(title, {})
        if "" in about:
            definition["description"] = about[""]
        for name, field in definition.get("properties", {}).items():
            _tidy(field)
            if about.get(name):
                field["description"] = about[name]
        definition.pop("discriminator", None)


def _tidy(field: Schema) -> None:
    """Titles only repeat the name of the key; an empty default means that the key may be left out."""
    field.pop("title", None)
    if field.get("default") in ("", 0, [], {}) and field.get("default") is not False:
        del field["default"]


def _docstrings() -> dict[str, dict[str, str]]:
    """Class -> attribute -> docstring, with the class's own under the empty name; inherited ones included."""
    found: dict[str, dict[str, str]] = {}
    for module in _modules():
        for node in ast.parse(inspect.getsource(module)).body:
            if isinstance(node, ast.ClassDef):
                inherited: dict[str, str] = {}
                for parent in node.bases:
                    inherited |= found.get(ast.unparse(parent), {})
                found[node.name] = inherited | _attributes_of(node)
    aliases = {"from": "source", "to": "target"}
    found["MoveDocument"] |= {alias: found["MoveDocument"][name] for alias, name in aliases.items()}
    return found


def _attributes_of(node: ast.ClassDef) -> dict[str, str]:
    about = {"": _one_line(ast.get_docstring(node) or "")}
    for statement, following in zip(node.body, node.body[1:], strict=False):
        if not (isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)):
            continue
        if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
            about[statement.target.id] = _one_line(str(following.value.value))
    return about


def _one_line(text: str) -> str:
    return " ".join(text.partition("\n\n")[0].split())


def _modules() -> list[ModuleType]:
    """Where the documents and values are defined, bases before what builds on them."""
    from reconciler.core import change, finding, plan, resource, state
    from reconciler.manifests import (
        business_center_documents,
        config_documents,
        departure_documents,
        documents,
        drift_documents,
        forecast_documents,
        organization_documents,
        output_documents,
        policy_documents,
        review_documents,
        roster_documents,
        terms,
        work_order_documents,
    )

    ours = [terms, organization_documents, business_center_documents, documents, config_documents]
    outputs = [
        output_documents,
        departure_documents,
        drift_documents,
        forecast_documents,
        policy_documents,
        review_documents,
        roster_documents,
        work_order_documents,
    ]
    return [*ours, *outputs, finding, resource, change, plan, state]
