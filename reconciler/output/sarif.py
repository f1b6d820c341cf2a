"""Findings as SARIF 2.1.0, for code scanning: remarks that stay the same remark while lines move around them."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from reconciler import __version__
from reconciler.model import Finding, Place, Severity, write_json
from reconciler.output.document import Style, make_visible
from reconciler.output.findings import Annotations

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_FINGERPRINT = "primaryLocationLineHash"
"""The name by which GitHub knows a remark again; without one it would make up its own from the lines around."""
_ANYWHERE = "reconciler.yaml"
"""Where a remark stands that is about no line: GitHub takes none without a place."""
_POSITION = re.compile(r":\d+(?::\d+)?\b")


def write_sarif(about: Annotations, style: Style) -> Iterator[str]:
    """One run with its rules, in pieces. ASCII only."""
    findings = about.findings
    ids = sorted({finding.id for finding in findings})
    run = {
        "tool": {
            "driver": {
                "name": "reconciler",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_describe_rule(id_) for id_ in ids],
            }
        },
        "automationDetails": {"id": f"reconciler/{about.category}/{_as_uri(style.prefix)}"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The top of the repository."}}},
        "results": _results(findings, ids, style),
    }
    return write_json({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _results(findings: Sequence[Finding], ids: list[str], style: Style) -> list[dict[str, Any]]:
    numbers = {id_: number for number, id_ in enumerate(ids)}
    seen: Counter[str] = Counter()
    results = []
    for finding in findings:
        identity = _identity(finding, style)
        seen[identity] += 1
        results.append(
            {
                "ruleId": finding.id,
                "ruleIndex": numbers[finding.id],
                "level": _LEVELS[finding.severity],
                "message": {"text": _message(finding)},
                "locations": [_location(finding.place, style, address=finding.address)],
                **({"relatedLocations": [_location(one, style) for one in finding.related]} if finding.related else {}),
                "partialFingerprints": {_FINGERPRINT: f"{identity}:{seen[identity]}"},
            }
        )
    return results


def _identity(finding: Finding, style: Style) -> str:
    """What makes a remark the same one in another revision: its rule, its file, and what it is about; no line."""
    file = f"{style.prefix}{finding.place.file}" if finding.place else ""
    about = finding.address or _POSITION.sub("", finding.message)
    return hashlib.sha256(f"{finding.id}\0{file}\0{about}".encode("utf-8", "replace")).hexdigest()[:16]


def _message(finding: Finding) -> str:
    """Message and advice; square brackets would be read as links."""
    text = f"{finding.message}. Advice: {finding.advice}" if finding.advice else finding.message
    return re.sub(r"([\[\]\\])", r"\\\1", make_visible(text))


def _as_uri(path: str) -> str:
    """A path as its bytes are, also where those are no text."""
    return quote(path.encode("utf-8", "surrogateescape"), safe="/")


def _location(place: Place | None, style: Style, *, address: str = "") -> dict[str, Any]:
    file, line, column = (place.file, place.line, place.column) if place else (_ANYWHERE, 1, 1)
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": _as_uri(f"{style.prefix}{file}"), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": max(1, line), "startColumn": max(1, column)},
        }
    }
    if address:
        location["logicalLocations"] = [{"fullyQualifiedName": make_visible(address), "kind": "resource"}]
    return location


@cache
def rules_by_subject() -> Mapping[str, Mapping[str, list[str] | str]]:
    """Subject -> id -> one sentence about what the finding means, or its severity and the sentence."""
    import yaml

    loaded: dict[str, dict[str, list[str] | str]] = yaml.safe_load(
        files(__package__).joinpath("data", "rules.yaml").read_text("utf-8")
    )
    return loaded


def _describe_rule(id_: str) -> dict[str, Any]:
    """A rule as SARIF has it; one without a sentence, such as a workspace's own policy, is called by its id."""
    words = id_.replace("-", " ")
    told = next((rules[id_] for rules in rules_by_subject().values() if id_ in rules), f"{words.capitalize()}.")
    sentence = told if isinstance(told, str) else told[1]
    return {
        "id": id_,
        "name": "".join(word.capitalize() for word in id_.split("-")),
        "shortDescription": {"text": f"{words.capitalize()}."},
        "fullDescription": {"text": sentence.replace("`", "")},
        "help": {"text": sentence.replace("`", ""), "markdown": sentence},
        "properties": {"tags": ["access"]},
    }
