"""Given these files, these findings or these resources: one file in tests/cases/manifests for each rule."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.cli.schemas import json_schema
from reconciler.manifests.load import BatchLoader, Inseparable, Manifests, load_manifests
from reconciler.manifests.nodes import MapNode
from reconciler.manifests.source import SourceFile, parse_file
from reconciler.model import Severity
from tests.lawbook import Lawbook
from tests.manifests.given import PATHS, Case, describe_desired, describe_findings, read_case, the_long_way

every_case = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
LAWS = Lawbook()


def _loaded(case: Case, files: Sequence[SourceFile]) -> Manifests:
    return load_manifests(
        files, today=case.today, allowed_domains=case.allowed_domains, max_approval_days=case.max_approval_days
    )


@LAWS.law
def reading_the_files_gives_what_the_case_wants(path: Path) -> None:
    case = read_case(path)
    told = _load(case)
    wanted = {"findings": [], **case.want}
    _must_be_equal(wanted, {name: told[name] for name in wanted})


@LAWS.law
def the_order_in_which_files_are_found_does_not_matter(path: Path) -> None:
    case = read_case(path)
    files = case.files[::-1]
    assert _loaded(case, files) == _loaded(case, case.files)


@LAWS.law
def a_usual_line_gives_what_it_gives_the_long_way(path: Path) -> None:
    case = read_case(path)
    usual = _loaded(case, case.files)
    with the_long_way():
        assert _loaded(case, case.files) == usual


@LAWS.law
def files_read_one_after_the_other_say_the_same(path: Path) -> None:
    case = read_case(path)
    whole, found = _loaded(case, case.files), dict[str, Any]()
    loader = BatchLoader(
        case.files,
        size=1,
        today=case.today,
        allowed_domains=case.allowed_domains,
        max_approval_days=case.max_approval_days,
    )
    try:
        for part in loader.batches():
            assert found.keys().isdisjoint(part.resources)
            assert part.organizations.keys() == part.resources.keys()
            found |= part.resources
    except Inseparable:
        assert whole.desired is None
        return
    rest = loader.finish()
    assert found.keys().isdisjoint(rest.readable.resources)
    readable = replace(rest.readable, resources={**found, **rest.readable.resources})
    assert replace(rest, readable=readable, desired=readable if rest.desired else None) == whole


@LAWS.law
def something_is_desired_unless_there_is_an_error(path: Path) -> None:
    case = read_case(path)
    manifests = load_manifests(
        case.files, today=case.today, allowed_domains=case.allowed_domains, max_approval_days=case.max_approval_days
    )
    has_errors = any(finding.severity is Severity.ERROR for finding in manifests.findings)
    assert (manifests.desired is None) == has_errors


@LAWS.law
def the_published_schema_accepts_exactly_what_the_documents_accept(path: Path) -> None:
    import jsonschema

    validator = jsonschema.Draft202012Validator(json_schema("manifest"))
    for file in read_case(path).files:
        node = parse_file(file).node
        if node is not None:
            assert validator.is_valid(node) == _documents_accept(node), file.path


@every_case
def test_every_law_holds_for_the_case(path: Path) -> None:
    LAWS.check(path)


def test_there_are_cases() -> None:
    assert len(PATHS) > 60


def _documents_accept(node: object) -> bool:
    from reconciler.manifests.documents import ManifestDocument
    from reconciler.manifests.fields import read_mapping

    return isinstance(node, MapNode) and not read_mapping(ManifestDocument, node)[1]


def _load(case: Case) -> dict[str, Any]:
    manifests = load_manifests(
        case.files, today=case.today, allowed_domains=case.allowed_domains, max_approval_days=case.max_approval_days
    )
    return {"findings": describe_findings(manifests.findings), **describe_desired(manifests.desired)}


def _must_be_equal(wanted: Any, told: Any) -> None:
    if wanted != told:
        lines = difflib.unified_diff(_lines(wanted), _lines(told), "wanted", "told", lineterm="", n=5)
        pytest.fail("\n".join(lines), pytrace=False)


def _lines(value: Any) -> list[str]:
    return yaml.safe_dump(json.loads(json.dumps(value, default=str)), width=200).splitlines()
