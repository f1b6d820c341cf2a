# Long because what may stand in the workspace file and what is made of it are read side by side.
"""The workspace file `reconciler.yaml` and files with policies of one's own: what may stand where, and what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import date
from typing import Annotated

from reconciler.manifests.fields import (
    Day,
    Field,
    FieldSort,
    Interval,
    OneOf,
    ShortOrLong,
    StrictDocument,
    Text,
    Version,
)
from reconciler.manifests.nodes import (
    Cursor,
    MapNode,
    is_secret_name,
    note_listed_twice,
    place_of,
    read_day,
    read_interval,
)
from reconciler.manifests.source import SourceFile, digests_of, parse_file
from reconciler.manifests.structure import read_document
from reconciler.model import (
    POLICY_SETS,
    CustomRule,
    Expression,
    Finding,
    GuardSettings,
    Notes,
    Parameter,
    Place,
    PolicySettings,
    RuleException,
    RuleSettings,
    dataclass,
    list_words,
    suggest_word,
)

OptionValue = Annotated[
    str | int | float | bool | list[str], FieldSort("text, a number, true, false or a list of texts")
]
PROVIDER_OPTIONS: dict[str, tuple[str, ...]] = {
    "sandbox": ("act_as",),
    "business_api": (
        "access_token",
        "act_as",
        "api_tier",
        "app_id",
        "app_secret",
        "base_url",
        "runners",
        "timeout",
        "via",
    ),
    "work_orders": ("exists",),
}
"""Kind of a provider -> the options that it has."""


class ProviderDocument(StrictDocument):
    """How systems are reached; the other keys are options of the provider.

    Secrets are references, `env:NAME`, `file:PATH` or `keyring:NAME`, never values.
    """

    other_keys: dict[str, OptionValue]

    kind: Annotated[str, OneOf(tuple(PROVIDER_OPTIONS))]
    """Which provider it is."""


class GuardsDocument(StrictDocument):
    """Limits that stop a dangerous change; each can be lifted for one change only, by an approval."""

    max_removal_ratio: Annotated[float, Field(ge=0, le=1)] = 0.25
    """Share of an organization's access that one plan, and any seven days, may take away."""
    removal_ratio_from: Annotated[int, Field(ge=0)] = 10
    """The ratio counts only in organizations with at least this many things."""
    min_admins: Annotated[int, Field(ge=1)] = 2
    """Active admins an organization keeps; where it has fewer already, it keeps those."""
    required_admins: list[Text] = Field(default_factory=list)
    """Keys of people who are never removed or demoted where they are admin."""
    max_invitations: Annotated[int, Field(ge=0)] = 0  # never read: only what is written counts
    """Invitations per organization in any seven days; without it there is no limit."""
    pending_days: Annotated[int, Field(ge=1)] = 30
    """After how many days without an answer an invitation is cancelled and sent again, a work order that was not done
    is asked for again, and whatever else waits is overdue."""
    max_approval_days: Annotated[int, Field(ge=1)] = 90
    """How many days ahead an approval may end."""
    max_expired_invitations: Annotated[int, Field(ge=0)] = 3
    """How often an invitation that nobody answered is sent again, or a work order that was not done asked for again,
    before it is only reported."""
    lockout_notice_days: Annotated[int, Field(ge=0)] = 30
    """How long ahead a plan warns that dates leave an organization without an admin."""
    max_roster_age: Annotated[int, Field(ge=0)] = 30
    """Days after which a plan warns that what people read off a system is old."""


class DriftDocument(StrictDocument):
    """When drift audits alarm somebody again."""

    max_age: Annotated[int, Field(ge=0)] = 30
    """Days after which a difference that is known, and that nobody has accepted, is overdue."""


class StateDocument(StrictDocument):
    """Where the state is kept, and how."""

    address: Text = Field(default="file:.reconciler/state", examples=["sqlite:///state.db", "s3://bucket/prefix"])
    """`file:PATH`, `sqlite:///PATH`, `postgresql://...`, `s3://bucket/prefix`, `gs://...` or `az://...`"""
    personal_data: Annotated[str, OneOf(("clear", "sealed"))] = "clear"
    """`sealed` keeps e-mail addresses and phone numbers out of what is stored."""
    key: Text = Field(default="", examples=["env:RECONCILER_STATE_KEY"])
    """Where the key to what is sealed is: `env:NAME`, `file:PATH` or `keyring:SERVICE/NAME`; never the key itself."""


ParameterValue = Annotated[
    str | int | float | bool | list[str] | dict[str, list[str]] | dict[str, int],
    FieldSort("text, a number, true, false, a list of texts, or lists of texts or numbers by name"),
]
RuleSeverity = Annotated[str, OneOf(("off", "note", "warning", "error"))]
PolicySet = Annotated[str, OneOf(POLICY_SETS)]


class RuleDocument(StrictDocument):
    """How much a policy matters; the other keys are its parameters."""

    other_keys: dict[str, ParameterValue]

    severity: RuleSeverity = ""
    """off, note, warning or error; without it what the policy itself says."""


class ExceptionDocument(StrictDocument):
    """An agreement that a policy does not hold somewhere."""

    rule: Text
    """Which policy."""
    address: Text = Field(examples=["acme-bc/member/ana", "acme-bc/*"])
    """What it does not hold for: an address, or a pattern with `*`."""
    owner: Text
    """Who answers for it: a person, `group:NAME`, an e-mail address, or `@name` of the forge."""
    reason: Text
    """Why: a ticket, a decision."""
    until: Day
    """The last UTC day on which it counts."""


class PoliciesDocument(StrictDocument):
    """Which policies hold, how much they matter, and where they do not."""

    set: PolicySet = ""
    """What holds where `rules` says nothing."""
    files: list[Text] = Field(default_factory=list)
    """Files or folders with policies of your own."""
    rules: dict[str, Annotated[RuleSeverity | RuleDocument, ShortOrLong()]] = Field(default_factory=dict)
    """Policy -> its severity (`off`, `note`, `warning`, `error`), or a mapping with `severity` and its parameters."""
    exceptions: list[ExceptionDocument] = Field(default_factory=list)
    """Where a policy does not hold, one by one."""


class ConfigDocument(StrictDocument):
    """A workspace: where the manifests and the state are, and how systems are reached."""

    version: Version = 1
    """Version of the format."""
    manifests: Annotated[list[Text], Field(min_length=1, examples=[["access"]])] = Field(
        default_factory=lambda: ["access"]
    )
    """Files or folders with manifests; folders are read with everything below them, `*.yaml` and `*.yml`. What only its
    name keeps from being read, such as `people.yaml.txt` or a hidden file, is a warning."""
    state: Annotated[Text | StateDocument, ShortOrLong()] = Field(
        default="file:.reconciler/state", examples=["sqlite:///state.db", "s3://bucket/prefix"]
    )
    """Where the state is kept, as an address or as a mapping."""
    providers: dict[str, ProviderDocument] = Field(default_factory=dict)
    """Organization, system or `default` -> the `kind` of provider by which it is reached, and its options. Secrets are
    references: `env:NAME`, `file:PATH` or `keyring:NAME`."""
    guards: GuardsDocument = GuardsDocument()
    """Limits of the planner."""
    drift: DriftDocument = DriftDocument()
    """Drift audits."""
    policies: Annotated[PolicySet | list[Text] | PoliciesDocument, ShortOrLong()] = Field(default_factory=list[str])
    """The name of a set of policies; files or folders with policies of your own; or more about policies."""
    owners: list[Text] = Field(default_factory=list, examples=[["@acme/access"]])
    """Who decides about this file, and about manifests that belong to nobody else: people, `group:NAME`, e-mail
    addresses; `@name` or `@organization/team` of the forge."""
    allowed_domains: list[Text] = Field(default_factory=list, examples=[["acme.com"]])
    """E-mail domains known to be yours; others that look like them are reported."""
    review_every: Interval = Field(default="", examples=["90d"])
    """How often the access to each organization is to be reviewed, such as `90d`; organizations may say otherwise. An
    overdue access review is a finding."""


class CustomRuleDocument(StrictDocument):
    """One policy, told in expressions of the Common Expression Language (CEL)."""

    asks: Text
    """What has to be so, in one line; the message of its findings."""
    because: Text = ""
    """Why."""
    severity: RuleSeverity = "warning"
    """off, note, warning or error; reconciler.yaml may say otherwise."""
    when: Text = ""
    """Expression that chooses what is looked at; without it everything is."""
    require: Text
    """Expression that has to be true for whatever was chosen."""


class PolicyFileDocument(StrictDocument):
    """A file with policies."""

    version: Version = 1
    """Version of the format."""
    policies: dict[str, CustomRuleDocument] = Field(default_factory=dict)
    """Name -> policy."""


Option = str | int | float | bool | tuple[str, ...]
STATE_SCHEMES = {"file": "", "sqlite": "sqlite", "postgresql": "postgres", "s3": "cloud", "gs": "cloud", "az": "cloud"}
"""What may stand before the colon of `state:` -> the extra of the package that it takes; empty for none."""
_WINDOWS = re.compile(r"\\|(?<![A-Za-z])[A-Za-z]:(?=[\\/]|$)")
"""In a path: what separates folders on Windows, or a drive."""
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
    digest: str = field(default="", compare=False)
    """Of the file it was read from."""
    state: str
    """Address of the store."""
    state_place: Place | None = None
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
    review_every: int = 0
    """Days after which the access to an organization is to be reviewed again; 0 where nobody asks for it."""
    owners: tuple[str, ...] = ()
    """Who decides about the workspace file and what belongs to nobody else."""
    owner_places: Mapping[str, Place] = field(default_factory=dict)

    @property
    def state_extra(self) -> str:
        """The extra of the package that the store takes; empty for none."""
        return STATE_SCHEMES.get(self.state.partition(":")[0], "")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedConfig:
    """What was read of the workspace file."""

    config: Config | None
    """None when a finding is an error."""
    findings: tuple[Finding, ...]
    texts: Mapping[str, str]
    """Path -> text of the file, for showing the lines that findings are about."""
    places: Mapping[str, Place]
    """`guards.min_admins` -> where it is written, for each key of the file that is."""


def load_config(file: SourceFile) -> LoadedConfig:
    """Read the workspace file."""
    notes, parsed = Notes(), parse_file(file)
    read = read_document(ConfigDocument, parsed, notes)
    config = _read_config(*read, notes) if read else None
    config = config and replace(config, digest=digests_of([file])[file.path])
    return LoadedConfig(
        config=None if notes.has_errors else config,
        findings=notes.in_order(),
        texts={file.path: parsed.text},
        places=dict(_places_of_keys(file.path, parsed.node)),
    )


def _places_of_keys(file: str, node: object, above: str = "") -> Iterator[tuple[str, Place]]:
    if isinstance(node, MapNode):
        for key, mark in node.marks.items():
            yield f"{above}{key}", place_of(file, mark)
            yield from _places_of_keys(file, node[key], f"{above}{key}.")


def _read_config(document: ConfigDocument, top: Cursor, notes: Notes) -> Config:
    address, key = _read_state(document.state, top, notes)
    providers: dict[str, ProviderSettings] = {}
    for name, provider in document.providers.items():
        at = top.into("providers", name)
        providers[name] = ProviderSettings(
            kind=provider.kind,
            options=_read_options(provider, at, notes),
            option_places={option: at.value(option) for option in provider.other_keys},
            place=at.place,
        )
    # Only what is written: defaults stand in one place, at the settings themselves.
    guards = {name: getattr(document.guards, name) for name in document.guards.keys_written}
    admins, spots = document.guards.required_admins, top.into("guards", "required_admins")
    if "required_admins" in guards:
        guards["required_admins"] = tuple(admins)
    note_listed_twice(admins, spots, notes)
    for index, entry in enumerate(document.manifests):
        _check_path(entry, top.into("manifests").key(index), notes)
    return Config(
        manifests=tuple(document.manifests),
        state=address,
        state_place=top.value("state"),
        state_key=key,
        providers=providers,
        guards=GuardSettings(**guards),
        required_admin_places={name: spots.key(index) for index, name in reversed(list(enumerate(admins)))},
        max_drift_age=document.drift.max_age,
        policies=_read_policies(document.policies, top, notes),
        allowed_domains=tuple(document.allowed_domains),
        review_every=read_interval(document.review_every),
        owners=tuple(document.owners),
        owner_places={who: top.into("owners").key(index) for index, who in enumerate(document.owners)},
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
    _check_reference(key, at.value("key"), notes)
    return document.address, key


def _check_address(address: str, place: Place, notes: Notes) -> None:
    scheme, separator, path = address.partition(":")
    if (scheme in ("file", "sqlite") or len(scheme) == 1) and _check_path(address, place, notes):
        return
    if not separator or scheme not in STATE_SCHEMES:
        advice = f"write `file:.reconciler/state`, or an address that begins with one of {list_words(STATE_SCHEMES)}"
        notes.error("unknown-store", "`state` names no kind of store that there is", place, advice=advice)
    if scheme == "file" and not path.strip("/ ."):
        message = "`state` names no folder: the state would lie beside the manifests"
        notes.error("bad-state", message, place, advice="write `file:.reconciler/state`")
    elif scheme == "file" and path.startswith("//") and path[2:3] != "/":
        message = f"`{address}` names a folder at the top of this machine, not below the workspace"
        notes.error("bad-state", message, place, advice=f"write `file:{path[2:]}`, or `file:{path[1:]}` if it is meant")
    elif scheme in ("file", "sqlite") and (path.lstrip("/").startswith("~") or "$" in path):
        message = f"`{address}` is taken literally: neither `~` nor variables are replaced"
        notes.error("bad-state", message, place, advice="write the path out, or one below the workspace")
    if _PASSWORD_IN_URL.search(address):
        message = "`state` holds a password"
        advice = "leave the password out of the address; give it by the environment or a password file"
        notes.error("literal-secret", message, place, advice=advice)


def _check_path(path: str, place: Place, notes: Notes) -> bool:
    """Say what would be part of a name here; whether there was something to say."""
    if not _WINDOWS.search(path):
        return False
    message = "this is a path as Windows has them: here `\\` and drives are part of a name"
    advice = "write `/` between folders, and a path without a drive"
    notes.error("bad-path", message, place, advice=advice)
    return True


def _check_reference(value: object, place: Place, notes: Notes) -> None:
    """A secret in a file is read from a path too."""
    if isinstance(value, str) and value.startswith("file:"):
        _check_path(value, place, notes)


def _read_options(provider: ProviderDocument, at: Cursor, notes: Notes) -> dict[str, Option]:
    options, known = provider.other_keys, PROVIDER_OPTIONS[provider.kind]
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
        _check_reference(value, at.value(name), notes)
    return {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}


def _read_policies(document: str | list[str] | PoliciesDocument, top: Cursor, notes: Notes) -> PolicySettings:
    """Whether there are such policies is not known here."""
    if isinstance(document, str):
        return PolicySettings(set=document, place=top.key("policies"))
    if isinstance(document, list):
        for index, name in enumerate(document):
            if name in POLICY_SETS:
                message = f"`{name}` is a set of policies; a list names files of your own"
                advice = f"write `policies: {name}`, or `{{set: {name}, files: [...]}}`; a folder is `./{name}`"
                notes.error("unknown-value", message, top.into("policies", index).place, advice=advice)
            _check_path(name, top.into("policies").key(index), notes)
        return PolicySettings(sources=tuple(document))
    at = top.into("policies")
    for index, name in enumerate(document.files):
        _check_path(name, at.into("files").key(index), notes)
    rules: dict[str, RuleSettings] = {}
    for name, said in document.rules.items():
        place = at.key("rules", name)
        if isinstance(said, str):
            rules[name] = RuleSettings(severity=said, place=place)
        else:
            parameters = {option: _freeze(value) for option, value in said.other_keys.items()}
            rules[name] = RuleSettings(severity=said.severity, parameters=parameters, place=place)
    exceptions: list[RuleException] = []
    for index, one in enumerate(document.exceptions):
        spot = at.into("exceptions", index)
        if until := read_day(one.until, "until", spot, notes):  # else there is a finding
            exception = RuleException(
                rule=one.rule, address=one.address, owner=one.owner, reason=one.reason, until=until, place=spot.place
            )
            exceptions.append(exception)
    return PolicySettings(
        sources=tuple(document.files), set=document.set, place=at.place, rules=rules, exceptions=tuple(exceptions)
    )


def _freeze(written: str | float | list[str] | dict[str, list[str]] | dict[str, int]) -> Parameter:
    if isinstance(written, dict):
        numbers = {name: value for name, value in written.items() if isinstance(value, int)}
        lists = {name: tuple(value) for name, value in written.items() if isinstance(value, list)}
        return numbers if len(numbers) == len(written) else lists  # a mixture is of another sort than any rule takes
    return tuple(written) if isinstance(written, list) else written


def read_reviewed(file: SourceFile) -> tuple[dict[str, date], tuple[Finding, ...]]:
    """Organization -> the day on which its last access review was closed, from the record of closed reviews.

    What is wrong there counts as never reviewed, after a finding.
    """
    notes, parsed = Notes(), parse_file(file)
    notes.findings += parsed.findings
    found: dict[str, date] = {}
    if parsed.node is None:
        return found, notes.in_order()
    written, top = parsed.node.get("organizations"), Cursor.at_top(file.path, parsed.node)
    for key, entry in written.items() if isinstance(written, dict) else ():
        at = top.into("organizations", key)
        said = entry.get("on") if isinstance(entry, dict) else None
        if not isinstance(said, str):
            notes.error("missing-key", f"`{key}` has no `on`", at.place, advice="write the day of the review")
        elif day := read_day(said, "on", at, notes):
            found[key] = day
    return found, notes.in_order()


def load_rules(files: Sequence[SourceFile]) -> tuple[tuple[CustomRule, ...], tuple[Finding, ...]]:
    """Read all policies of one's own; a name that is there twice counts once, after a finding."""
    notes = Notes()
    rules: dict[str, CustomRule] = {}
    for file in sorted(files, key=lambda file: file.path):
        read = read_document(PolicyFileDocument, parse_file(file), notes)
        if read is None:
            continue
        policies, top = read
        for name, document in policies.policies.items():
            at = top.into("policies", name)
            if name in rules:
                message = f"there is a policy `{name}` already"
                notes.error("duplicate-policy", message, at.place, related=(rules[name].place,))
                continue
            rules[name] = CustomRule(
                id=name,
                severity=document.severity,
                asks=document.asks,
                because=document.because,
                when=Expression(text=document.when, place=at.value("when") if document.when else at.place),
                require=Expression(text=document.require, place=at.value("require")),
                place=at.place,
            )
    return tuple(rules.values()), notes.in_order()
