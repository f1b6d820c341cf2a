"""The workspace file `reconciler.yaml`: how everything else is found and reached."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reconciler.manifests.nodes import Cursor
from reconciler.manifests.partial_read import PartialRead, but_once
from reconciler.manifests.scalars import is_secret_name
from reconciler.manifests.source import SourceFile, parse_file
from reconciler.manifests.words import note_listed_twice, read_day
from reconciler.model.finding import Finding, Notes, Place
from reconciler.model.settings import GuardSettings, Parameter, PolicySettings, RuleException, RuleSettings
from reconciler.model.suggestions import list_words, suggest_word

if TYPE_CHECKING:
    from reconciler.manifests.config_documents import (
        ConfigDocument,
        GuardsDocument,
        PoliciesDocument,
        ProviderDocument,
        RuleDocument,
        StateDocument,
    )

Option = str | int | float | bool | tuple[str, ...]
STATE_SCHEMES = ("file", "sqlite", "postgresql", "s3", "gs", "az")
"""What may stand before the colon of `state:`."""
_REFERENCE = re.compile(r"(?:env:[A-Za-z_][A-Za-z0-9_]*|file:.+|keyring:.+)")
_PASSWORD_IN_URL = re.compile(r"://[^/@\s]*:[^/@\s]+@")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """How one system, or everything else, is reached."""

    kind: str
    options: Mapping[str, Option] = field(default_factory=dict)
    """What the provider wants to know; secrets are references such as `env:NAME`."""
    option_places: Mapping[str, Place] = field(default_factory=dict)
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the workspace file says, with defaults for what it leaves out."""

    manifests: tuple[str, ...]
    state: str
    """Address of the store."""
    state_key: str = ""
    """Reference to the key under which personal data is sealed in the store; empty where it is kept in clear."""
    providers: Mapping[str, ProviderSettings] = field(default_factory=dict)
    """Organization, system or `default` -> provider."""
    guards: GuardSettings = field(default_factory=GuardSettings)
    required_admin_places: Mapping[str, Place] = field(default_factory=dict)
    max_drift_age: int = 30
    """Days after which drift that is known, and that nobody has accepted, alarms again."""
    policies: PolicySettings = field(default_factory=PolicySettings)
    allowed_domains: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedConfig:
    """What was read of the workspace file."""

    config: Config | None
    """None when a finding is an error."""
    findings: tuple[Finding, ...]
    texts: Mapping[str, str]
    """Path -> text of the file, for showing the lines that findings are about."""


def load_config(file: SourceFile) -> LoadedConfig:
    """Read the workspace file."""
    from reconciler.manifests.config_documents import ConfigDocument
    from reconciler.manifests.structure import check_structure

    notes = Notes()
    parsed = parse_file(file)
    notes.findings += parsed.findings
    config = None
    if parsed.node is not None:
        said = Notes()
        document = check_structure(ConfigDocument, parsed.node, file.path, said, PartialRead())
        notes.findings += but_once(said.findings, parsed.findings)
        if document is not None:
            config = _read_config(document, Cursor.at_top(file.path, parsed.node), notes)
    return LoadedConfig(
        config=None if notes.has_errors else config, findings=notes.in_order(), texts={file.path: parsed.text}
    )


def _read_config(document: ConfigDocument, top: Cursor, notes: Notes) -> Config:
    address, key = _read_state(document.state, top, notes)
    spots = top.into("providers")
    return Config(
        manifests=tuple(document.manifests),
        state=address,
        state_key=key,
        providers={
            name: ProviderSettings(
                kind=provider.kind,
                options=_read_options(provider, spots.into(name), notes),
                option_places={option: spots.into(name).value(option) for option in provider.__pydantic_extra__},
                place=spots.key(name),
            )
            for name, provider in document.providers.items()
        },
        guards=_read_guards(document.guards),
        required_admin_places=_places_of_required(document.guards, top.into("guards"), notes),
        max_drift_age=document.drift.max_age,
        policies=_read_policies(document.policies, top, notes),
        allowed_domains=tuple(document.allowed_domains),
    )


def _read_state(document: str | StateDocument, top: Cursor, notes: Notes) -> tuple[str, str]:
    """The address, and the reference to the key where there is something to seal."""
    if isinstance(document, str):
        _check_address(document, top.value("state"), notes)
        return document, ""
    at, key = top.into("state"), document.key
    _check_address(document.address, at.value("address"), notes)
    if document.personal_data == "sealed" and not key:
        advice = "write `key: env:NAME`; `reconciler state new-key` makes one"
        notes.error("missing-key", "`personal_data: sealed` has no `key`", at.value("personal_data"), advice=advice)
    elif document.personal_data == "clear" and key:
        advice = "write `personal_data: sealed`, or leave the key out"
        notes.error("unknown-key", "`key` has nothing to seal", at.key("key"), advice=advice)
    elif key and not _REFERENCE.fullmatch(key):
        advice = "write `key: env:NAME`, `file:PATH` or `keyring:SERVICE/NAME`"
        notes.error("literal-secret", "`key` is written out; this file is in git", at.value("key"), advice=advice)
    return document.address, key


def _check_address(address: str, place: Place, notes: Notes) -> None:
    scheme, separator, path = address.partition(":")
    if not separator or scheme not in STATE_SCHEMES:
        advice = f"write `file:.reconciler/state`, or an address that begins with one of {list_words(STATE_SCHEMES)}"
        notes.error("unknown-store", "`state` names no kind of store that there is", place, advice=advice)
    if scheme == "file" and not path.strip("/ ."):
        message = "`state` names no folder: the state would lie beside the manifests"
        notes.error("bad-state", message, place, advice="write `file:.reconciler/state`")
    elif scheme in ("file", "sqlite") and (path.lstrip("/").startswith("~") or "$" in path):
        message = f"`{address}` is taken literally: neither `~` nor variables are replaced"
        notes.error("bad-state", message, place, advice="write the path out, or one below the workspace")
    if _PASSWORD_IN_URL.search(address):
        message = "`state` holds a password"
        advice = "leave the password out of the address; give it by the environment or a password file"
        notes.error("literal-secret", message, place, advice=advice)


def _read_options(provider: ProviderDocument, at: Cursor, notes: Notes) -> dict[str, Option]:
    from reconciler.manifests.config_documents import PROVIDER_OPTIONS

    options, known = provider.__pydantic_extra__, PROVIDER_OPTIONS[provider.kind]
    for name, value in options.items():
        is_written_out = is_secret_name(name) and not (isinstance(value, str) and _REFERENCE.fullmatch(value))
        if name not in known and not is_written_out:
            advice = suggest_word(name, known) or f"it has {list_words(known)}"
            message = f"a provider of kind {provider.kind} has no option `{name}`"
            notes.error("unknown-key", message, at.key(name), advice=advice)
        if is_written_out:
            message = f"`{name}` is written out; this file is in git"
            advice = f"write `{name}: env:NAME`, `file:PATH` or `keyring:NAME`"
            notes.error("literal-secret", message, at.value(name), advice=advice)
    return {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}


def _read_policies(document: list[str] | PoliciesDocument, top: Cursor, notes: Notes) -> PolicySettings:
    """Whether there are such policies is not known here."""
    if isinstance(document, list):
        return PolicySettings(sources=tuple(document))
    at = top.into("policies")
    return PolicySettings(
        sources=tuple(document.files),
        rules={name: _read_rule(said, at.into("rules").key(name)) for name, said in document.rules.items()},
        exceptions=tuple(
            RuleException(
                rule=one.rule,
                address=one.address,
                reason=one.reason,
                until=read_day(one.until, "until", at.into("exceptions").into(index), notes),
                place=at.into("exceptions").key(index),
            )
            for index, one in enumerate(document.exceptions)
        ),
    )


def _read_rule(said: str | RuleDocument, place: Place) -> RuleSettings:
    if isinstance(said, str):
        return RuleSettings(severity=said, place=place)
    parameters = {name: _frozen(value) for name, value in said.__pydantic_extra__.items()}
    return RuleSettings(severity=said.severity, parameters=parameters, place=place)


def _frozen(written: str | float | list[str] | dict[str, list[str]]) -> Parameter:
    if isinstance(written, dict):
        return {name: tuple(words) for name, words in written.items()}
    return tuple(written) if isinstance(written, list) else written


def _places_of_required(document: GuardsDocument, at: Cursor, notes: Notes) -> dict[str, Place]:
    items = at.into("required_admins")
    note_listed_twice(document.required_admins, items, notes)
    return {name: items.key(index) for index, name in reversed(list(enumerate(document.required_admins)))}


def _read_guards(document: GuardsDocument) -> GuardSettings:
    """Only what is written: defaults stand in one place, at the settings themselves."""
    written: dict[str, Any] = document.model_dump(exclude_unset=True)
    if "required_admins" in written:
        written["required_admins"] = tuple(document.required_admins)
    return GuardSettings(**written)
