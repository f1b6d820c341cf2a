"""Checking any file against a published JSON Schema, the way an editor or another program would."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reconciler.core.finding import Finding
from reconciler.manifests.nodes import Cursor, MapNode
from reconciler.manifests.source import SourceFile, parse_yaml


def check_conformance(file: SourceFile, schema: Mapping[str, Any]) -> list[Finding]:
    """What keeps a YAML or JSON file from fitting a schema; empty when it fits.

    Looser than `load_manifests`, which also knows what names mean: this is the contract for programs that write or
    read our files without us.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match, relevance

    node, read = parse_yaml(file)
    # Digests in plans and states look like secrets; that is a question for manifests, not for a shape.
    findings = [finding for finding in read if finding.id != "secret"]
    if node is None:
        return findings
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    for error in sorted(validator.iter_errors(node), key=relevance, reverse=True):
        deepest = best_match([error]) or error
        findings.append(_finding(file.path, node, deepest.absolute_path, deepest.message))
    return sorted(findings, key=lambda finding: finding.sort_key)


def _finding(path: str, node: MapNode, where: Iterable[str | int], message: str) -> Finding:
    parts = list(where)
    cursor = Cursor.at_top(path, node)
    for part in parts:
        cursor = cursor.into(part)
    return Finding(id="schema", message=f"{_spell(parts)}: {message}", place=cursor.place)


def _spell(parts: Sequence[str | int]) -> str:
    return ".".join(map(str, parts)) or "the document"
