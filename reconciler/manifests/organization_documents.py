"""Organizations of TikTok for Developers, Organization Accounts and Business Accounts, as manifests write them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from reconciler.manifests.fields import Day, Handle, OneOf, ShortOrLong, Text, roles_of
from reconciler.manifests.terms import AssetDocument, MemberTerms, OrganizationDocument, RoleTerms, StrictDocument

_DeveloperRole = Annotated[str, roles_of("developers", "member")]
_AppRole = Annotated[str, roles_of("developers", "app_access")]


class DeveloperTerms(MemberTerms):
    """A membership in a TikTok for Developers organization."""

    role: _DeveloperRole


class AppTerms(RoleTerms):
    """A person's role in one app."""

    role: _AppRole


class AppDocument(AssetDocument):
    """An app that this organization shall own."""

    client_key: Text = ""
    """Client key as the developer portal shows it. Never the client secret."""
    rightful_owner: Text = ""
    """Who vouches that the organization rightfully owns the app: a person, a company, a contract."""
    since: Day = ""
    """The UTC day on which they said so."""
    access: dict[str, Annotated[_AppRole | AppTerms, ShortOrLong()]] = Field(default_factory=dict)
    """Person or group -> role in the app; only with `role_system: owner`."""


class ResearchProjectDocument(StrictDocument):
    """A research project, listed for readers: TikTok attaches it by itself."""

    name: Text = ""
    """Title of the project."""
    id: Text = ""
    """Its id in the portal."""


def developers_variant(kind: object, role_system: object) -> str:
    """The variant of the system that these two words choose, right or wrong as they may be."""
    if kind == "research":
        return "research"
    return "owner" if role_system == "owner" else ""


class DevelopersDocument(OrganizationDocument):
    """A TikTok for Developers organization."""

    system: Literal["developers"]
    name: Text
    """Its name in the developer portal, which identifies it."""
    kind: Annotated[str, OneOf(("company", "research"))] = "company"
    """Research organizations are made by TikTok when a research project is approved."""
    role_system: Annotated[str, OneOf(("legacy", "owner"))] = "legacy"
    """`owner` for new and migrated organizations, which have one owner and app managers."""
    members: dict[str, Annotated[_DeveloperRole | DeveloperTerms, ShortOrLong()]] = Field(default_factory=dict)
    """Person, e-mail address or `group:NAME` -> role."""
    apps: dict[str, AppDocument] = Field(default_factory=dict)
    """Apps that this organization owns."""
    research_projects: dict[str, ResearchProjectDocument] = Field(default_factory=dict)
    """Only with `kind: research`."""

    @property
    def variant(self) -> str:
        """Research organizations have the roles of research organizations, whatever `role_system` says."""
        return developers_variant(self.kind, self.role_system)


_OrganizationAccountRole = Annotated[str, roles_of("organization_account", "member")]
_BusinessAccountRole = Annotated[str, roles_of("business_account", "member")]


class OrganizationAccountTerms(MemberTerms):
    """A membership in an Organization Account."""

    role: _OrganizationAccountRole
    via: Annotated[str, OneOf(("email", "phone"))] = "email"
    """How the person is invited: by e-mail address or by phone number."""


class OrganizationAccountDocument(OrganizationDocument):
    """An Organization Account in the TikTok app."""

    system: Literal["organization_account"]
    handle: Handle
    """Its handle, in quotes: "@acme"."""
    members: dict[
        str,
        Annotated[
            _OrganizationAccountRole | OrganizationAccountTerms,
            ShortOrLong(),
        ],
    ] = Field(default_factory=dict)
    """Person, e-mail address or `group:NAME` -> role."""


class BusinessAccountTerms(MemberTerms):
    """A membership in a Business Account."""

    role: _BusinessAccountRole


class BusinessAccountDocument(OrganizationDocument):
    """A TikTok Business Account that several people work on."""

    system: Literal["business_account"]
    handle: Handle
    """Its handle, in quotes: "@acme.studio"."""
    members: dict[
        str,
        Annotated[_BusinessAccountRole | BusinessAccountTerms, ShortOrLong()],
    ] = Field(default_factory=dict)
    """Person, e-mail address or `group:NAME` -> role."""
