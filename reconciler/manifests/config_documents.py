"""The workspace file `reconciler.yaml` and files with policies of one's own: what may stand where."""

from __future__ import annotations

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
from reconciler.model.declared import POLICY_SETS

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
    severity: Annotated[str, OneOf(("off", "note", "warning", "error"))] = "warning"
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
