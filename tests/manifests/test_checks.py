"""What does not fit a document is what pydantic says does not fit the same declaration, and the rest is read alike."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from reconciler.cli.schemas import model_of
from reconciler.manifests.config import ConfigDocument, PolicyFileDocument
from reconciler.manifests.documents import ManifestDocument
from reconciler.manifests.fields import StrictDocument, read_mapping
from reconciler.manifests.nodes import MapNode
from reconciler.manifests.source import SourceFile, parse_file
from tests.manifests.given import PATHS, read_case
from tests.tiers import scaled

CONFIG = """\
version: 1
manifests: [access]
state: {address: "file:x", personal_data: sealed, key: env:K}
providers: {default: {kind: sandbox, act_as: ana}, business_center: {kind: business_api, timeout: 3.5, via: sandbox}}
guards: {max_removal_ratio: 1, min_admins: 2, required_admins: [ana]}
drift: {max_age: 3}
policies: {files: [a], rules: {one: "off", two: {severity: note, most: 3, who: [a], of: {x: [y]}}}, exceptions: []}
allowed_domains: [acme.example]
review_every: 90d
"""
ODD: list[Any] = [None, True, 1, 0, -1, 1.0, 7.5, 10**25, "", " ", "x", "admin", "2027-01-31", "2027-01-31\n", "٣"]
ODD += ["@a", "1", [], [1], ["post"], {}, {"role": "admin"}, {"role": 3, "x": 1}, {"system": "x"}, {"system": ["x"]}]
ODD += [{"system": "business_center", "id": 3}, {"members": ["a"]}, "off", "90d", "developers", "a\x85"]


def judged(model: Any, node: Any) -> tuple[Any, list[Any]]:
    """The same by pydantic."""
    try:
        return model_of(model).model_validate(node), []
    except ValidationError as problem:
        return None, [(one["type"], one["loc"], one["input"], one.get("ctx", {})) for one in problem.errors()]


def compare(model: type[StrictDocument], node: Any) -> None:
    document, errors = read_mapping(model, node)
    expected, faults = judged(model, node)
    assert [(one["type"], one["loc"], one["input"]) for one in errors] == [fault[:3] for fault in faults]
    for error, fault in zip(errors, faults, strict=True):
        told = {name: value for name, value in error["ctx"].items() if name != "known"}
        assert told == {name: fault[3][name] for name in told}
    if not errors:
        assert content(document) == content(expected)


def content(value: Any) -> Any:
    """What is in a document or a model, with the keys that were written."""
    if isinstance(value, BaseModel):
        others = {} if value.__pydantic_extra__ is None else value.__pydantic_extra__
        named = {name: content(getattr(value, name)) for name in type(value).model_fields}
        return named, value.model_fields_set - others.keys(), others
    if isinstance(value, StrictDocument):
        kind: Any = type(value)
        named = {name: content(getattr(value, name)) for name in model_of(kind).model_fields}
        return named, value.keys_written, getattr(value, "other_keys", {})
    if isinstance(value, dict):
        return {key: content(one) for key, one in value.items()}
    if isinstance(value, list):
        return [content(one) for one in value]
    return type(value), value


def broken(node: Any, choose: st.DataObject) -> Any:
    """The same with an odd value, a key too many or one too few somewhere."""
    if isinstance(node, (dict, list)) and node and choose.draw(st.integers(0, 5)):
        places: Any = sorted(node) if isinstance(node, dict) else range(len(node))
        at = choose.draw(st.sampled_from(places))
        changed: Any = dict(node) if isinstance(node, dict) else list(node)
        changed[at] = broken(node[at], choose)
        return changed
    kind: str = choose.draw(st.sampled_from(["less", "more", "odd", "odd"]))
    if isinstance(node, dict) and kind != "odd":
        if node and kind == "less":
            gone = choose.draw(st.sampled_from(sorted(node)))
            return {key: value for key, value in node.items() if key != gone}
        return {choose.draw(st.sampled_from(["more", "role", "id", "reason", "to"])): 1, **node}
    return choose.draw(st.sampled_from(ODD))


def mapping(text: bytes) -> MapNode | None:
    return parse_file(SourceFile("a.yaml", text)).node


NODES = [node for path in PATHS for file in read_case(path).files if (node := mapping(file.data or b"")) is not None]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_case_is_judged_alike(path: Path) -> None:
    for file in read_case(path).files:
        if (node := mapping(file.data or b"")) is not None:
            compare(ManifestDocument, node)


@settings(max_examples=scaled(4000))
@given(choose=st.data())
def test_whatever_is_wrong_is_judged_alike(choose: st.DataObject) -> None:
    node = choose.draw(st.sampled_from(NODES))
    for _ in range(choose.draw(st.integers(1, 3))):
        node = broken(node, choose)
    compare(ManifestDocument, node)


@settings(max_examples=scaled(1000))
@given(choose=st.data())
def test_whatever_is_wrong_in_the_workspace_is_judged_alike(choose: st.DataObject) -> None:
    node: Any = mapping(CONFIG.encode())
    compare(ConfigDocument, node)
    compare(ConfigDocument, broken(broken(node, choose), choose))
    rules = {"policies": {"one": {"asks": "x", "require": "y", "severity": "off"}}}
    compare(PolicyFileDocument, broken(rules, choose))


def test_a_document_cannot_be_changed() -> None:
    document, _ = read_mapping(ManifestDocument, {"version": 1})
    with pytest.raises(AttributeError):
        document.version = 2


def test_what_is_declared_again_without_a_default_has_none() -> None:
    class Above(StrictDocument):
        name: str = ""
        kind: Annotated[str, "kind"] = "one"

    class Under(Above):
        name: str

    assert (Above.required_fields, Under.required_fields) == (set(), {"name"})
    compare(Under, {"kind": "two"})


def test_a_version_may_be_written_with_a_point() -> None:
    compare(ConfigDocument, {"version": 1.0})
    compare(ConfigDocument, {"version": True})
