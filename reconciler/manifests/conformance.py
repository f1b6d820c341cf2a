"""Checking any file against a published JSON Schema, the way an editor or another program would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from reconciler.manifests.nodes import Cursor
from reconciler.manifests.source import SourceFile, parse_file
from reconciler.model import Finding, list_words

if TYPE_CHECKING:
    from jsonschema import ValidationError


def check_conformance(file: SourceFile, schema: Mapping[str, Any]) -> list[Finding]:
    """What keeps a YAML or JSON file from fitting a schema; empty when it fits.

    Looser than `load_manifests`, which also knows what names mean: this is the contract for programs that write or
    read our files without us.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match, relevance

    parsed = parse_file(file)
    # Digests in plans and states look like secrets; that is a question for manifests, not for a shape.
    findings = [finding for finding in parsed.findings if finding.id != "secret"]
    if parsed.node is None:
        return findings
    top = Cursor.at_top(file.path, parsed.node)
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    for error in sorted(validator.iter_errors(parsed.node), key=relevance, reverse=True):
        deepest = best_match([error]) or error
        where = tuple(deepest.absolute_path)
        message = f"{'.'.join(map(str, where)) or 'the document'}: {_describe_misfit(deepest)}"
        findings.append(Finding(id="schema", message=message, place=top.key(*where)))
    # Every key that is missing is an error about all of them.
    return sorted(dict.fromkeys(findings), key=lambda finding: finding.sort_key)


_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "null": "null",
}


def _describe_misfit(error: ValidationError) -> str:
    """What is wrong, in words that stay the same when those of the library change."""
    rule = str(error.validator)
    wanted: Any = error.validator_value
    value: Any = error.instance
    match rule:
        case "required":
            missing = [name for name in wanted if name not in value]
            return f"{list_words(missing)} {'is' if len(missing) == 1 else 'are'} missing"
        case "additionalProperties" | "unevaluatedProperties":
            known = error.schema.get("properties", {}) if isinstance(error.schema, Mapping) else {}
            unknown = [name for name in value if name not in known]
            return f"{list_words(unknown)} {'is' if len(unknown) == 1 else 'are'} not known here"
        case "enum":
            return f"`{value}` is not one of {list_words(wanted)}"
        case "const":
            return f"`{value}` is not `{wanted}`"
        case "type":
            kinds = [wanted] if isinstance(wanted, str) else wanted
            return f"must be {' or '.join(_TYPES.get(kind, kind) for kind in kinds)}"
        case "pattern" | "format":
            return f"`{value}` does not have the form `{wanted}`"
        case "minimum" | "exclusiveMinimum" | "minLength" | "minItems" | "minProperties":
            return f"is too small or too short: `{rule}` is {wanted}"
        case "maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" | "maxProperties":
            return f"is too large or too long: `{rule}` is {wanted}"
        case _:
            return f"does not fit what the schema says with `{rule}`"
