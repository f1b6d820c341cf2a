"""Files with policies of one's own: what may stand in them, and reading them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.manifests.nodes import Cursor
from reconciler.manifests.partial_read import PartialRead, but_once
from reconciler.manifests.source import SourceFile, parse_file
from reconciler.model.finding import Finding, Notes
from reconciler.model.settings import CustomRule, Expression

if TYPE_CHECKING:
    from reconciler.manifests.config_documents import CustomRuleDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedRules:
    """What was read."""

    rules: tuple[CustomRule, ...]
    findings: tuple[Finding, ...]


def load_rules(files: Sequence[SourceFile]) -> LoadedRules:
    """Read all rules; a name that is there twice counts once, after a finding."""
    notes = Notes()
    rules: dict[str, CustomRule] = {}
    for rule in _read_all(sorted(files, key=lambda file: file.path), notes):
        if rule.id in rules:
            message = f"there is a policy `{rule.id}` already"
            notes.error("duplicate-policy", message, rule.place, related=(rules[rule.id].place,))
        else:
            rules[rule.id] = rule
    return LoadedRules(rules=tuple(rules.values()), findings=notes.in_order())


def _read_all(files: Iterable[SourceFile], notes: Notes) -> Iterable[CustomRule]:
    from reconciler.manifests.config_documents import PolicyFileDocument
    from reconciler.manifests.structure import check_structure

    for file in files:
        parsed = parse_file(file)
        notes.findings += parsed.findings
        if parsed.node is None:
            continue
        said = Notes()
        document = check_structure(PolicyFileDocument, parsed.node, file.path, said, PartialRead())
        notes.findings += but_once(said.findings, parsed.findings)
        if document is not None:
            spots = Cursor.at_top(file.path, parsed.node).into("policies")
            yield from (_rule(name, rule, spots.into(name)) for name, rule in document.policies.items())


def _rule(name: str, document: CustomRuleDocument, at: Cursor) -> CustomRule:
    return CustomRule(
        id=name,
        severity=document.severity,
        asks=document.asks,
        because=document.because,
        when=Expression(text=document.when, place=at.value("when") if document.when else at.place),
        require=Expression(text=document.require, place=at.value("require")),
        place=at.place,
    )
