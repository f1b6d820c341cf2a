"""The manifest format: what may stand where. The published schema is made from this.

Roles come from `reconciler.systems`. What needs more than one value to judge, such as whether a person exists, is
left to the resolver.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from reconciler.manifests.fields import (
    ActionName,
    Day,
    Field,
    Handle,
    Interval,
    Language,
    NumericId,
    OneOf,
    ShortOrLong,
    StrictDocument,
    Text,
    Version,
    developers_variant,
    roles_of,
)
from reconciler.model import Mode, System
from reconciler.systems.catalogue import get_system

_Short = TypeVar("_Short")
_Long = TypeVar("_Long")
Named = dict[str, Annotated[_Short | _Long, ShortOrLong()]]
"""Who or what is named -> what they get, as a word or list, or as a mapping with more to say."""


class Terms(StrictDocument):
    """What can be said about any access, besides what it allows."""

    starts: Day = ""
    """Absent before this UTC day; a person's own `starts` narrows it."""
    expires: Day = ""
    """Gone on this UTC day; a person's own `ends` narrows it."""
    reason: Text = ""
    """Why: a ticket, a justification."""
    protect: bool | None = None
    """Never removed or lowered by a plan; outlives this block until it is set to false."""
    break_glass: bool = False
    """Given in an emergency: needs `starts`, `expires` and `reason`, and the policy `break-glass` reports it, also
    after its end, until somebody has reviewed it. `reconciler grant --break-glass` writes it."""
    reviewed_by: Text = ""
    """With `break_glass`: who has reviewed it, a person or an address other than the one who got it."""


class RoleTerms(Terms):
    """Access with a role."""

    role: Text
    """What it allows."""


Roles = Named[_Short, RoleTerms]
"""Who or what is named -> a role of some kind."""


class MemberTerms(RoleTerms):
    """A membership."""

    details: dict[str, Text] = Field(default_factory=dict)
    """What an operator must know, such as answers that an invitation to a research organization asks for."""


class AssetDocument(StrictDocument):
    """Anything access can be given to."""

    name: Text = ""
    """For readers; not compared."""
    reason: Text = ""
    """Why it is here: a ticket, a justification."""
    protect: bool | None = None
    """Never given up by a plan; outlives this block until it is set to false."""
    owners: list[Text] = Field(default_factory=list)
    """Who decides about it: people, `group:NAME`, e-mail addresses; `@name` or `@organization/team` of the forge."""


class LimitsDocument(StrictDocument):
    """Limits of one organization where the platform has agreed to others than the usual ones."""

    members: Annotated[int, Field(ge=1)] = 0  # where it is not written, the usual limit counts
    """How many members it can have, invited ones included."""
    admins: Annotated[int, Field(ge=1)] = 0
    """How many of them can be admins."""


class OrganizationDocument(StrictDocument):
    """What all organizations have."""

    name: Text = ""
    """Its name, for readers, and where the system has no other identifier, on the system."""
    mode: Annotated[str, OneOf(Mode)] = "additive"
    """What happens to live access that is not declared."""
    manages: list[Text] | None = None
    """Kinds that are read, planned and audited here, such as `member` and `ad_account`, with the access to them. All
    that the system has unless it is given; what is left out is neither read nor planned, and every report says so."""
    limits: LimitsDocument = LimitsDocument()
    """Where the platform has agreed to other limits than the usual ones. `validate`, `diff` and plans name the limit
    they used and where it is from."""
    on_conflict: Annotated[str, OneOf(("error", "highest"))] = "error"
    """A person with different roles in one place on the same day is an error; or the strongest role counts, with all
    finance roles and permissions."""
    deleted: bool = False
    """The organization shall be deleted; it takes an approval too."""
    review_every: Interval = ""
    """How often the access to it is to be reviewed, such as `90d`; without it what reconciler.yaml says."""
    owners: list[Text] = Field(default_factory=list)
    """Who decides about it: people, `group:NAME`, e-mail addresses; `@name` or `@organization/team` of the forge."""
    language: Language = ""
    """In which messages are written to people there who have no language of their own, such as `de`."""
    represents: Annotated[str, OneOf(("company", "department", "group"))] = "company"
    """Documentary: what it stands for."""


_DeveloperRole = Annotated[str, roles_of("developers", "member")]
_AppRole = Annotated[str, roles_of("developers", "app_access", "A person's role in one app.")]


class DeveloperTerms(MemberTerms):
    """A membership in a TikTok for Developers organization."""

    role: _DeveloperRole


class AppDocument(AssetDocument):
    """An app that this organization shall own."""

    client_key: Text = ""
    """Client key as the developer portal shows it. Never the client secret."""
    rightful_owner: Text = ""
    """Who vouches that the organization rightfully owns the app: a person, a company, a contract."""
    since: Day = ""
    """The UTC day on which they said so."""
    access: Roles[_AppRole] = Field(default_factory=dict)
    """Person or group -> role in the app; only with `role_system: owner`."""


class ResearchProjectDocument(StrictDocument):
    """A research project, listed for readers: TikTok attaches it by itself."""

    name: Text = ""
    """Title of the project."""
    id: Text = ""
    """Its id in the portal."""


class DevelopersDocument(OrganizationDocument):
    """A TikTok for Developers organization."""

    system: Literal["developers"]
    """Which system it is on; it decides what else can be said here."""
    name: Text
    """Its name in the developer portal, which identifies it."""
    kind: Annotated[str, OneOf(("company", "research"))] = "company"
    """Research organizations are made by TikTok when a research project is approved."""
    role_system: Annotated[str, OneOf(("legacy", "owner"))] = "legacy"
    """`owner` for new and migrated organizations, which have one owner and app managers."""
    members: Named[_DeveloperRole, DeveloperTerms] = Field(default_factory=dict)
    """Person, e-mail address or `group:NAME` -> role."""
    apps: dict[str, AppDocument] = Field(default_factory=dict)
    """Apps that this organization owns."""
    research_projects: dict[str, ResearchProjectDocument] = Field(default_factory=dict)
    """Research projects, for readers; only with `kind: research`."""


_OrganizationAccountRole = Annotated[str, roles_of("organization_account", "member")]
_BusinessAccountRole = Annotated[str, roles_of("business_account", "member")]


class OrganizationAccountTerms(MemberTerms):
    """A membership in an Organization Account."""

    role: _OrganizationAccountRole
    via: Annotated[str, OneOf(("email", "phone"))] = "email"
    """How the person is invited to an Organization Account."""


class OrganizationAccountDocument(OrganizationDocument):
    """An Organization Account in the TikTok app."""

    system: Literal["organization_account"]
    """Which system it is on; it decides what else can be said here."""
    handle: Handle
    """Its handle, in quotes: `"@acme"`."""
    members: Named[_OrganizationAccountRole, OrganizationAccountTerms] = Field(default_factory=dict)
    """Person, e-mail address or `group:NAME` -> role."""


class BusinessAccountTerms(MemberTerms):
    """A membership in a Business Account."""

    role: _BusinessAccountRole


class BusinessAccountDocument(OrganizationDocument):
    """A TikTok Business Account that several people work on."""

    system: Literal["business_account"]
    """Which system it is on; it decides what else can be said here."""
    handle: Handle
    """Its handle, in quotes: `"@acme"`."""
    members: Named[_BusinessAccountRole, BusinessAccountTerms] = Field(default_factory=dict)
    """Person, e-mail address or `group:NAME` -> role."""


_SYSTEM = "business_center"
_MemberRole = Annotated[str, roles_of(_SYSTEM, "member")]
_FinanceRole = Annotated[str, roles_of(_SYSTEM, "member.finance")]
_AdAccountRole = Annotated[str, roles_of(_SYSTEM, "ad_account_access", "A person's access to an ad account.")]
_CatalogRole = Annotated[str, roles_of(_SYSTEM, "catalog_access", "A person's access to a catalog.")]
_ShopRole = Annotated[str, roles_of(_SYSTEM, "shop_access", "A person's access to a TikTok Shop.")]
_LeadLibraryRole = Annotated[
    str, roles_of(_SYSTEM, "lead_library_access", "A person's access to a library of lead forms.")
]
_ManagedAccountRole = Annotated[
    str, roles_of(_SYSTEM, "managed_account_access", "A person's access to a managed TikTok account.")
]
_AssetGroupRole = Annotated[str, roles_of(_SYSTEM, "asset_group_access", "A person's access to an asset group.")]
_ShareRole = Annotated[str, roles_of(_SYSTEM, "partner_share", "A partner's access to an ad account.")]
_CatalogShareRole = Annotated[str, roles_of(_SYSTEM, "catalog_share", "A partner's access to a catalog.")]
_LinkPermission = Annotated[str, roles_of(_SYSTEM, "tiktok_account")]
_AccountPermission = Annotated[str, roles_of(_SYSTEM, "tiktok_account_access")]


class BusinessCenterTerms(MemberTerms):
    """A membership in a Business Center."""

    role: _MemberRole
    finance: _FinanceRole = ""
    """What they may do with payments in a Business Center; nobody sees money without it, not even an admin."""


class AccountTerms(Terms):
    """A person's access to a TikTok account."""

    permissions: Annotated[list[_AccountPermission], Field(min_length=1)]
    """What they may do with a TikTok account."""


class CenterAssetDocument(AssetDocument):
    """An asset of a Business Center with people in roles."""

    id: NumericId
    """Its id, in quotes."""
    access: dict[str, Any] = Field(default_factory=dict)
    """Person or group -> role; each must be a member of the organization."""


class AdAccountDocument(CenterAssetDocument):
    """An ad account of the Business Center."""

    access: Roles[_AdAccountRole] = Field(default_factory=dict)


class CatalogDocument(CenterAssetDocument):
    """A catalog of the Business Center."""

    access: Roles[_CatalogRole] = Field(default_factory=dict)


class ShopDocument(CenterAssetDocument):
    """A TikTok Shop of the Business Center."""

    access: Roles[_ShopRole] = Field(default_factory=dict)


class LeadLibraryDocument(CenterAssetDocument):
    """A library of lead forms of the Business Center."""

    access: Roles[_LeadLibraryRole] = Field(default_factory=dict)


class ManagedAccountDocument(AssetDocument):
    """A TikTok account that the Business Center manages itself, such as an Organization Account created there."""

    id: NumericId
    """Its id in the Business Center, in quotes."""
    ad_accounts: list[str] = Field(default_factory=list)
    """Keys of the ad accounts in which its identity and posts may be used."""
    access: Roles[_ManagedAccountRole] = Field(default_factory=dict)
    """Person or group -> role; each must be a member of the organization."""


class TikTokAccountDocument(AssetDocument):
    """A TikTok account whose owner lets the Business Center use its identity and posts in ads."""

    id: NumericId = ""
    """Its id in the Business Center, in quotes: tells which one it is where TikTok shows a title in place of its
    handle. `reconciler auth check`, `import` and the plan tell it."""
    handle: Handle = ""
    """Its handle, in quotes: `"@acme"`."""
    ownership: Annotated[str, OneOf(("own", "client"))] = "own"
    """Whose account it is; a client's owner approves the link by scanning a QR code."""
    permissions: Annotated[list[_LinkPermission], Field(min_length=1)] = Field(default_factory=list)
    """What its owner is asked to allow; by default the least there is."""
    ad_accounts: list[str] = Field(default_factory=list)
    """Keys of the ad accounts in which its identity and posts may be used."""
    access: Named[Annotated[list[_AccountPermission], Field(min_length=1)], AccountTerms] = Field(default_factory=dict)
    """Person or group -> permissions; each must be a member of the organization."""


class PixelDocument(AssetDocument):
    """A pixel of the Business Center."""

    id: NumericId
    """Its id, in quotes."""
    ad_accounts: list[str] = Field(default_factory=list)
    """Keys of the ad accounts that may use it."""
    access: list[str] = Field(default_factory=list)
    """People and groups; access to a pixel has no roles."""


class AssetGroupDocument(AssetDocument):
    """Several ad accounts: access to the group is access to all of them. With `name`, it is called so on the site."""

    id: NumericId = ""
    """Its id, in quotes, once it exists."""
    ad_accounts: list[str] = Field(default_factory=list)
    """Keys of the ad accounts in the group."""
    access: Roles[_AssetGroupRole] = Field(default_factory=dict)
    """Person or group -> role on every ad account of the group."""


class PartnerDocument(AssetDocument):
    """Another Business Center that assets are shared with. All but ad accounts is shared by work orders."""

    id: NumericId
    """Id of the partner's Business Center, in quotes."""
    shares: Roles[_ShareRole] = Field(default_factory=dict)
    """Key of an ad account -> the role of the partner's people in it."""
    catalogs: Roles[_CatalogShareRole] = Field(default_factory=dict)
    """Key of a catalog that is shared by hand -> the role of the partner's people in it."""
    pixels: list[str] = Field(default_factory=list)
    """Keys of pixels that are shared by hand."""
    shops: list[str] = Field(default_factory=list)
    """Keys of TikTok Shops that are shared by hand."""
    tiktok_accounts: list[str] = Field(default_factory=list)
    """Keys of TikTok accounts that are shared by hand."""


class BusinessCenterDocument(OrganizationDocument):
    """A TikTok Business Center."""

    system: Literal["business_center"]
    """Which system it is on; it decides what else can be said here."""
    id: NumericId
    """Its id, in quotes."""
    members: Named[_MemberRole, BusinessCenterTerms] = Field(default_factory=dict)
    """Person, e-mail address or `group:NAME` -> role."""
    ad_accounts: dict[str, AdAccountDocument] = Field(default_factory=dict)
    """Ad accounts and who works in them."""
    tiktok_accounts: dict[str, TikTokAccountDocument] = Field(default_factory=dict)
    """Linked TikTok accounts and who works with them."""
    catalogs: dict[str, CatalogDocument] = Field(default_factory=dict)
    """Catalogs and who works with them."""
    pixels: dict[str, PixelDocument] = Field(default_factory=dict)
    """Pixels, where they are used and who sees them."""
    shops: dict[str, ShopDocument] = Field(default_factory=dict)
    """TikTok Shops and who uses them in ads."""
    lead_libraries: dict[str, LeadLibraryDocument] = Field(default_factory=dict)
    """Libraries of lead forms and who reads them."""
    managed_accounts: dict[str, ManagedAccountDocument] = Field(default_factory=dict)
    """TikTok accounts that the Business Center manages, and who works with them."""
    asset_groups: dict[str, AssetGroupDocument] = Field(default_factory=dict)
    """Groups of ad accounts and who works in them."""
    partners: dict[str, PartnerDocument] = Field(default_factory=dict)
    """Other Business Centers and what is shared with them."""


AnyOrganization = DevelopersDocument | OrganizationAccountDocument | BusinessAccountDocument | BusinessCenterDocument


def system_of(document: AnyOrganization) -> System:
    """The system that an organization is on; research has its own roles, whatever `role_system` says."""
    if isinstance(document, DevelopersDocument):
        return get_system(document.system, developers_variant(document.kind, document.role_system))
    return get_system(document.system)


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
    """Phone number with country code, in quotes: `"+34600111222"`."""
    tiktok: Handle = ""
    """Handle of the person's own TikTok account, in quotes: `"@ana"`."""


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
    manager: Text = ""
    """Key of the person who answers for their access; access reviews can ask them."""
    starts: Day = ""
    """No access before this UTC day."""
    ends: Day = ""
    """All access everywhere is gone on this UTC day."""
    statements: StatementsDocument = StatementsDocument()
    """What they have confirmed, and on which UTC day; policies can ask for it."""
    language: Language = ""
    """In which messages to them are written, such as `de`, where there is a catalogue; English without it."""
    registered: RegistrationsDocument = RegistrationsDocument()
    """Where they are known to have an account, or to have none: nobody without one is invited, because the invitation
    would only be spent."""


class GroupDocument(StrictDocument):
    """A list of people with a name, usable as `group:NAME` wherever a person is."""

    members: list[Text]
    """Person keys, e-mail addresses, or other groups as `group:NAME`."""
    description: Text = ""
    """What the group is for."""
    owners: list[Text] = Field(default_factory=list)
    """Keys of the people who answer for who is in it; access reviews can ask them."""


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
