"""The manifest format: what may stand where. The published schema is made from this.

Roles come from `reconciler.systems`. What needs more than one value to judge, such as whether a person exists, is
left to the resolver.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from reconciler.manifests.business_center_documents import BusinessCenterDocument
from reconciler.manifests.fields import ActionName, Day, Handle, NumericId, OneOf, Text, Version
from reconciler.manifests.organization_documents import (
    BusinessAccountDocument,
    DevelopersDocument,
    OrganizationAccountDocument,
)
from reconciler.manifests.terms import StrictDocument

AnyOrganization = DevelopersDocument | OrganizationAccountDocument | BusinessAccountDocument | BusinessCenterDocument


class IdentitiesDocument(StrictDocument):
    """What the person is called elsewhere; `email` is used for every system that is not listed."""

    developers: Text = ""
    """E-mail address registered on the TikTok for Developers account."""
    organization_account: Text = ""
    """E-mail address or phone number by which they are invited to Organization Accounts."""
    business_account: Text = ""
    """E-mail address of the TikTok account that joins Business Accounts."""
    business_center: Text = ""
    """E-mail address of the TikTok For Business account."""
    business_center_id: NumericId = ""
    """Number of the person's account in Business Centers, in quotes; tells apart who looks alike behind masks."""
    phone: Text = ""
    """Phone number with country code, in quotes: "+34600111222"."""
    tiktok: Handle = ""
    """Handle of the person's own TikTok account, in quotes: "@ana"."""


class RegistrationsDocument(StrictDocument):
    """Whether the person has an account on a system; what is not said is not known."""

    developers: bool | None = None
    """On TikTok for Developers, which invites nobody without one."""
    business_center: bool | None = None
    """A TikTok For Business account, which members of a Business Center need."""


class StatementsDocument(StrictDocument):
    """What somebody has confirmed, and on which UTC day; policies can ask for it."""

    second_factor: Day = ""
    """They sign in with a second factor."""
    may_act: Day = ""
    """They may act for the business."""


class PersonDocument(StrictDocument):
    """Somebody who may be given access."""

    name: Text = ""
    """Full name, for people who read plans and reports."""
    email: Text = ""
    """E-mail address, used wherever no system-specific identity is given."""
    identities: IdentitiesDocument = IdentitiesDocument()
    """Other addresses, by system."""
    employment: Annotated[str, OneOf(("employee", "contractor", "agency", "creator"))] = "employee"
    """How they belong to you; policies can ask for end dates by it."""
    starts: Day = ""
    """No access before this UTC day."""
    ends: Day = ""
    """All access everywhere is gone on this UTC day."""
    statements: StatementsDocument = StatementsDocument()
    """What they have confirmed."""
    registered: RegistrationsDocument = RegistrationsDocument()
    """Where they are known to have an account, or to have none."""


class GroupDocument(StrictDocument):
    """A list of people with a name, usable as `group:NAME` wherever a person is."""

    members: list[Text]
    """Person keys, e-mail addresses, or other groups as `group:NAME`."""
    description: Text = ""
    """What the group is for."""


class ApprovalDocument(StrictDocument):
    """Permission for exactly one change that a guard blocks."""

    approve: ActionName
    """The action, as the plan names it."""
    address: Text
    """What it may be done to: organization/kind/key, as the plan names it."""
    reason: Text
    """Why: a ticket, a decision."""
    expires: Day
    """The last UTC day on which it counts; at most `guards.max_approval_days` ahead. Its first attempt uses it up."""


class MoveDocument(StrictDocument):
    """A resource that got another address."""

    source: Text = Field(alias="from")
    """The address it had."""
    target: Text = Field(alias="to")
    """The address it has now."""


class ManifestDocument(StrictDocument):
    """Who may do what on TikTok organizations. Any file may hold any of the sections."""

    version: Version = 1
    """Version of the format."""
    people: dict[str, PersonDocument] = Field(default_factory=dict)
    """Key -> person; the key is how the rest of the manifests speaks of them."""
    groups: dict[str, GroupDocument] = Field(default_factory=dict)
    """Name -> people, used as `group:NAME`."""
    organizations: dict[str, Annotated[AnyOrganization, Field(discriminator="system")]] = Field(default_factory=dict)
    """Key -> organization with its members and assets."""
    approvals: list[ApprovalDocument] = Field(default_factory=list)
    """Dangerous steps that are agreed to, one by one."""
    moved: list[MoveDocument] = Field(default_factory=list)
    """Addresses that changed."""
