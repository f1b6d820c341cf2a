"""What two revisions of the manifests differ in, told in terms of access: a review needs no state and no system."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import ClassVar

from reconciler.manifests.config import Config, LoadedConfig
from reconciler.manifests.source import SourceFile
from reconciler.model import Access, Action, Address, Approval, Finding, Mark, Place, Risk, Severity, dataclass, risk_of


class Effect(StrEnum):
    """What a change does to the access of one person or partner to one thing."""

    GAIN = "gain"
    LOSS = "loss"
    BOTH = "both"
    """More in one respect and less in another: other permissions, other dates, another account."""
    WAY = "way"
    """The same access in another way: through a group instead of directly, or protected from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessChange:
    """One person or partner and one thing: what they could do with it before, and can do afterwards."""

    JSON_PROPERTIES: ClassVar = ("organization", "risk")

    subject: Address
    """A member or a partner."""
    on: Address
    """An asset, or the organization itself."""
    before: Access | None
    after: Access | None
    effect: Effect
    marks: tuple[Mark, ...] = ()
    """In the order in which a reviewer reads them."""

    @property
    def risk(self) -> Risk:
        """How much it matters."""
        return risk_of(self.marks, gains=self.effect in (Effect.GAIN, Effect.BOTH))

    @property
    def organization(self) -> str:
        """Key of the organization it is in."""
        return self.on.organization

    @property
    def place(self) -> Place | None:
        """The line at HEAD; None for a loss that left none."""
        return self.after.ways[0].place if self.after else None

    @property
    def earlier_place(self) -> Place | None:
        """The line that was there at BASE."""
        return self.before.ways[0].place if self.before else None

    @property
    def rank(self) -> tuple[int, Address, Address]:
        """Reading order inside an organization: admins, money, everything else, and last what changes no access."""
        group = 0 if Mark.ADMIN in self.marks else 1 if Mark.MONEY in self.marks else 2
        return (3 if self.effect is Effect.WAY else group, self.subject, self.on)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """A member or an asset that has another name in the manifests now and is the same to its system."""

    before: Address
    after: Address


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueChange:
    """One value before and after, as the manifests write it; empty where it is not said."""

    JSON_PROPERTIES: ClassVar = ("risk",)

    name: str
    before: str
    after: str
    marks: tuple[Mark, ...] = ()
    """Whether it weakens a guard."""

    @property
    def risk(self) -> Risk:
        """How much it matters."""
        return risk_of(self.marks, gains=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChange(ValueChange):
    """One setting of the workspace file before and after."""

    place: Place | None
    """Where it is written now, or else what it would stand in; None where that is not written either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThingChange:
    """An organization, an asset or a connection between two assets that appears, changes or goes."""

    JSON_PROPERTIES: ClassVar = ("risk",)

    address: Address
    before: Place | None
    """Where it was declared; None for something new."""
    after: Place | None
    """Where it is declared now; None for something that goes."""
    values: tuple[ValueChange, ...] = ()
    """What is different, by name: `owner`, `permissions`, `id`, `mode`, `protect`, ..."""
    marks: tuple[Mark, ...] = ()

    @property
    def risk(self) -> Risk:
        """How much it matters."""
        return risk_of(self.marks, gains=bool(self.marks) and self.after is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChange:
    """An entry of the directory that appears, changes or goes."""

    key: str
    before: Place | None
    after: Place | None
    values: tuple[ValueChange, ...] = ()
    """`name`, `employment`, `starts`, `ends`, and identities under their names."""
    organizations: tuple[str, ...] = ()
    """Where they have access, before or afterwards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DangerousStep:
    """A step that the change asks for and that a plan will not take without an approval."""

    JSON_PROPERTIES: ClassVar = ("marks", "risk")

    action: Action
    address: Address
    why: str
    """What cannot be taken back, or which damage it does."""
    irreversible: bool
    """False for a step that only does damage to others or leaves a gap."""
    approval: Approval | None = None
    """The approval at HEAD that lets it through."""
    place: Place | None = None

    @property
    def marks(self) -> tuple[Mark, ...]:
        """What is wrong with it."""
        return (Mark.IRREVERSIBLE if self.irreversible else Mark.DISRUPTIVE,)

    @property
    def risk(self) -> Risk:
        """How much it matters."""
        return risk_of(self.marks, gains=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A workspace as one revision has it."""

    name: str
    """As it was asked for."""
    commit: str = ""
    """Empty for the working tree."""
    config: LoadedConfig | None = None
    """None when there is no reconciler.yaml in it."""
    files: Sequence[SourceFile] = ()
    """The manifests, as its own configuration finds them."""
    policies: Sequence[SourceFile] = ()
    """Files with policies of one's own, likewise."""

    @property
    def settings(self) -> Config | None:
        """None also when its reconciler.yaml cannot be read."""
        return self.config.config if self.config else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two revisions."""

    name: str
    """As it was asked for: `origin/main`, `working tree`."""
    commit: str = ""
    """Full id of the commit; empty for the working tree."""
    digest: str = ""
    """SHA-256 over the manifests."""
    problems: tuple[Finding, ...] = ()
    """Errors that keep it from being read as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit of the change. All texts are its author's."""

    id: str
    author: str
    subject: str
    """The first line of its message, which often names a ticket."""
    files: tuple[str, ...] = ()
    """What it touches in the workspace, by path in it."""

    def __str__(self) -> str:
        return f"{self.author} in {self.id[:12]}: {self.subject}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSummary:
    """What there is to judge."""

    is_empty: bool
    gains: int
    losses: int
    admins: int
    """Changes of a role that manages other people's access."""
    money: int
    """Changes of a role that sees or manages money."""
    steps_without_approval: int
    new_errors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedOrganization:
    """An organization that no manifest declares any more: it is left as it is, and nobody watches it."""

    organization: str
    people: tuple[str, ...] = ()
    """Who keeps access there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Everything a reviewer has to judge. Turned around, gains are losses and what is new is gone."""

    JSON_PROPERTIES: ClassVar = ("summary",)

    tool_version: str = ""
    today: date
    base: Side
    """When it has problems, what it wants is compared as far as it can be read."""
    head: Side
    """When it has problems, nothing is compared: only findings are told."""
    access: tuple[AccessChange, ...] = ()
    """By organization; in each admins first, then money, and last what changes no access."""
    things: tuple[ThingChange, ...] = ()
    people: tuple[PersonChange, ...] = ()
    settings: tuple[SettingChange, ...] = ()
    """What changes in reconciler.yaml: its rules of BASE hold for this review, those of HEAD after it."""
    renames: tuple[Rename, ...] = ()
    """Everything else is told in the names of HEAD."""
    steps: tuple[DangerousStep, ...] = ()
    approvals_given: tuple[Approval, ...] = ()
    approvals_withdrawn: tuple[Approval, ...] = ()
    findings: tuple[Finding, ...] = ()
    """What validation says at HEAD and did not say at BASE."""
    policy_findings: tuple[Finding, ...] = ()
    """What policies say at HEAD and did not say at BASE."""
    resolved: tuple[Finding, ...] = ()
    """What validation and policies said at BASE and do not say any more."""
    dropped: tuple[DroppedOrganization, ...] = ()
    commits: tuple[Commit, ...] = ()
    """Who committed it, the newest first, as far as git knows; none for a working tree."""
    notices: tuple[str, ...] = ()
    """What a reader has to know about the comparison itself."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to judge; findings that go away alone are nothing to judge."""
        differences = (self.access, self.dropped, self.things, self.people, self.settings, self.renames, self.steps)
        approvals = (self.approvals_given, self.approvals_withdrawn)
        return not any((*differences, *approvals, self.findings, self.policy_findings))

    @property
    def summary(self) -> ReviewSummary:
        """What there is to judge, in numbers; what is more and less at once counts on both sides."""
        effects = [change.effect for change in self.access]
        marks = [mark for change in self.access for mark in change.marks]
        new = (*self.findings, *self.policy_findings)
        return ReviewSummary(
            is_empty=self.is_empty,
            gains=effects.count(Effect.GAIN) + effects.count(Effect.BOTH),
            losses=effects.count(Effect.LOSS) + effects.count(Effect.BOTH),
            admins=marks.count(Mark.ADMIN),
            money=marks.count(Mark.MONEY),
            steps_without_approval=sum(step.approval is None for step in self.steps),
            new_errors=sum(finding.severity is Severity.ERROR for finding in new),
        )

    @property
    def risks(self) -> tuple[Risk, ...]:
        """Of everything that is compared."""
        access = [one.risk for one in self.access]
        things = [one.risk for one in self.things]
        return (*access, *things, *(one.risk for one in self.settings), *(one.risk for one in self.steps))

    @property
    def other_findings(self) -> tuple[Finding, ...]:
        """What is new, without what keeps HEAD from being compared: that is told by itself."""
        told = frozenset(self.head.problems)
        return tuple(finding for finding in self.findings if finding not in told)

    @property
    def organizations(self) -> tuple[str, ...]:
        """Keys of all organizations in which anything changes."""
        things = {one.address.organization for one in self.things}
        return tuple(sorted({one.organization for one in self.access} | things))

    @property
    def has_errors(self) -> bool:
        """Whether validation says at HEAD that something is wrong that was not wrong at BASE."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def has_policy_errors(self) -> bool:
        """Whether a policy of severity error objects to something that it did not object to at BASE."""
        return any(finding.severity is Severity.ERROR for finding in self.policy_findings)
