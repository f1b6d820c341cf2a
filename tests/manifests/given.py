"""Reading the cases in tests/cases/manifests and telling what came of them in the same words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.manifests.access import AccessReader
from reconciler.manifests.people import Contacts
from reconciler.manifests.source import SourceFile
from reconciler.model import Declared, Desired, Finding

CASES = Path(__file__).parents[1] / "cases" / "manifests"
PATHS = sorted(CASES.glob("*.yaml"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is given and what is wanted."""

    files: list[SourceFile]
    today: date | None
    allowed_domains: tuple[str, ...]
    max_approval_days: int | None
    want: Mapping[str, Any]


@contextmanager
def the_long_way() -> Iterator[None]:
    """While it lasts, no line and no address is read the short way that is for the usual ones."""
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(
            AccessReader,
            "read_members",
            lambda self, written, at: (
                one
                for who, said in written.items()
                for one in self.read_line("member", self.line_with_role("member", who, said, at))
            ),
        )
        changed.setattr(Contacts, "read_usual", lambda *_: "")
        yield


def read_case(path: Path) -> Case:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert content.keys() == {"given", "want"}, path
    given, want = content["given"], content["want"]
    assert given.keys() <= {"files", "today", "allowed_domains", "max_approval_days"}, path
    assert want.keys() <= {"findings", "resources", "people", "approvals", "moves"}, path
    assert want, path
    return Case(
        files=[SourceFile(name, text.encode()) for name, text in given["files"].items()],
        today=given.get("today"),
        allowed_domains=tuple(given.get("allowed_domains", ())),
        max_approval_days=given.get("max_approval_days"),
        want=want,
    )


def describe_findings(findings: Iterable[Finding]) -> list[str]:
    return [describe_finding(finding) for finding in findings]


def describe_finding(finding: Finding) -> str:
    """The finding in one line: place, severity, id, message; advice; other places."""
    line = f"{finding.place}: {finding.severity}[{finding.id}]: {finding.message}"
    if finding.advice:
        line += f"; {finding.advice}"
    if finding.related:
        line += f"; see {', '.join(map(str, finding.related))}"
    return line


def describe_desired(desired: Desired | None) -> dict[str, Any]:
    """What is desired in the words of the cases; values that say nothing are left out."""
    if desired is None:
        return {"resources": {}, "people": {}, "approvals": [], "moves": []}
    return {
        "resources": {
            str(address): describe_declared(declared)
            for resources in desired.resources.values()
            for address, declared in resources.items()
        },
        "people": {
            key: _said(
                {
                    "name": person.name,
                    **person.identities,
                    "employment": person.employment,
                    "starts": person.starts,
                    "ends": person.ends,
                }
            )
            for key, person in desired.people.items()
        },
        "approvals": [
            _said({"approve": one.approve, "address": str(one.address), "reason": one.reason, "expires": one.expires})
            for one in desired.approvals
        ],
        "moves": [f"{move.source} -> {move.target}" for move in desired.moves],
    }


def describe_declared(declared: Declared) -> dict[str, Any]:
    return _said(
        {
            **{name: list(v) if isinstance(v, tuple) else v for name, v in declared.attributes.items()},
            "identity": declared.identity,
            "at": str(declared.place).partition(":")[2],
            "through": declared.through,
            "starts": declared.starts,
            "expires": declared.expires,
            "reason": declared.reason,
            "protect": declared.protect,
            "details": dict(declared.details),
        }
    )


def _said(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}
