"""What is left of a file after the parts with findings are taken out."""

from __future__ import annotations

import pytest
import yaml

from reconciler.manifests import source
from reconciler.manifests.documents import BusinessCenterDocument, ManifestDocument
from reconciler.manifests.fields import StrictDocument, Text
from reconciler.manifests.source import PartialRead, SourceFile, parse_file
from reconciler.manifests.structure import check_structure
from reconciler.model import Notes
from tests.manifests.given import describe_findings


def check(text: str) -> tuple[ManifestDocument, PartialRead]:
    parsed = parse_file(SourceFile("a.yaml", text.encode()))
    node = parsed.node
    assert node is not None
    assert not parsed.findings
    partial = PartialRead()
    document = check_structure(ManifestDocument, node, "a.yaml", Notes(), partial)
    assert document is not None
    return document, partial


def test_items_beside_a_broken_one_stay() -> None:
    document, partial = check("""\
approvals:
  - {}
  - {approve: remove, address: acme/member/a, reason: SEC-9, expires: 2026-12-31}
  - {approve: remov}
  - {approve: remove, address: acme/member/b, reason: SEC-9, expires: 2026-12-31}
""")
    assert [approval.address for approval in document.approvals] == ["acme/member/a", "acme/member/b"]
    assert not partial.incomplete


def test_a_member_with_a_wrong_role_stays_a_member() -> None:
    document, partial = check("organizations: {x: {system: business_account, handle: '@x', members: {ana: boss}}}\n")
    assert list(document.organizations["x"].members) == ["ana"]
    assert not partial.incomplete


def test_a_permission_that_is_wrong_does_not_take_the_others_along() -> None:
    document, _ = check("""\
organizations:
  x: {system: business_center, id: "1", tiktok_accounts: {z: {handle: "@z", access: {ana: [post, boss, live]}}}}
""")
    organization = document.organizations["x"]
    assert isinstance(organization, BusinessCenterDocument)
    given = organization.tiktok_accounts["z"].access["ana"]
    assert isinstance(given, list)
    assert given[::2] == ["post", "live"]


@pytest.mark.parametrize(
    ("text", "incomplete", "people"),
    [
        ("people: {ana: {age: 3}}\n", False, {"ana"}),
        ("people: {ana: 3}\n", True, set()),
        ("peple: {}\n", True, set()),
        ("groups: {a: {members: {}}}\n", True, set()),
        ("organizations: {x: {system: developers, name: X, membrs: {}}}\n", True, set()),
        ("organizations: {x: {system: developers, name: X, members: {ana: {role: admin, age: 3}}}}\n", False, set()),
        ("organizations: {x: {system: developers, name: X, apps: {z: {access: []}}}}\n", True, set()),
        ("version: 7\n", False, set()),
    ],
)
def test_what_was_left_out_decides_what_can_be_missed(text: str, incomplete: bool, people: set[str]) -> None:
    _, partial = check(text)
    assert (partial.incomplete, partial.people) == (incomplete, people)


class Strict(StrictDocument):
    name: Text


def test_nothing_is_left_of_a_file_that_lacks_what_it_must_have() -> None:
    node = parse_file(SourceFile("a.yaml", b"age: 3\n")).node
    assert node is not None
    notes, partial = Notes(), PartialRead()
    assert check_structure(Strict, node, "a.yaml", notes, partial) is None
    assert partial.incomplete
    assert describe_findings(notes.in_order()) == [
        "a.yaml:1:1: error[missing-key]: this has no `name`; write `name: ...`",
        "a.yaml:1:1: error[unknown-key]: `age` is not known here; write one of `name`",
    ]


def test_the_end_of_a_file_without_a_newline_has_a_place() -> None:
    findings = parse_file(SourceFile("a.yaml", b"people: [ana")).findings
    assert [str(finding.place) for finding in findings] == ["a.yaml:1:13"]


def test_what_only_the_yaml_library_refuses_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(text: str) -> object:
        message = f"no {text}"
        raise yaml.YAMLError(message)

    monkeypatch.setattr(source, "events_of", refuse)
    findings = parse_file(SourceFile("a.yaml", b"a: '1'")).findings
    assert describe_findings(findings) == [
        "a.yaml:1:1: error[yaml-syntax]: not YAML: it holds what no YAML file can hold"
    ]
