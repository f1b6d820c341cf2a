"""Business Centers with their assets and partners, as manifests write them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from reconciler.manifests.fields import Handle, NumericId, OneOf, ShortOrLong, roles_of
from reconciler.manifests.terms import AssetDocument, MemberTerms, OrganizationDocument, RoleTerms, Terms

_SYSTEM = "business_center"
_MemberRole = Annotated[str, roles_of(_SYSTEM, "member")]
_FinanceRole = Annotated[str, roles_of(_SYSTEM, "member.finance")]
_AdAccountRole = Annotated[str, roles_of(_SYSTEM, "ad_account_access")]
_CatalogRole = Annotated[str, roles_of(_SYSTEM, "catalog_access")]
_ShopRole = Annotated[str, roles_of(_SYSTEM, "shop_access")]
_LeadLibraryRole = Annotated[str, roles_of(_SYSTEM, "lead_library_access")]
_ManagedAccountRole = Annotated[str, roles_of(_SYSTEM, "managed_account_access")]
_AssetGroupRole = Annotated[str, roles_of(_SYSTEM, "asset_group_access")]
_ShareRole = Annotated[str, roles_of(_SYSTEM, "partner_share")]
_CatalogShareRole = Annotated[str, roles_of(_SYSTEM, "catalog_share")]
_LinkPermission = Annotated[str, roles_of(_SYSTEM, "tiktok_account")]
_AccountPermission = Annotated[str, roles_of(_SYSTEM, "tiktok_account_access")]


class BusinessCenterTerms(MemberTerms):
    """A membership in a Business Center."""

    role: _MemberRole
    finance: _FinanceRole = ""
    """What they may do with payments; nobody sees money without it, not even an admin."""


class AdAccountTerms(RoleTerms):
    """A person's access to an ad account."""

    role: _AdAccountRole


class CatalogTerms(RoleTerms):
    """A person's access to a catalog."""

    role: _CatalogRole


class ShopTerms(RoleTerms):
    """A person's access to a TikTok Shop."""

    role: _ShopRole


class LeadLibraryTerms(RoleTerms):
    """A person's access to a library of lead forms."""

    role: _LeadLibraryRole


class ManagedAccountTerms(RoleTerms):
    """A person's access to a managed TikTok account."""

    role: _ManagedAccountRole


class AssetGroupTerms(RoleTerms):
    """A person's access to an asset group."""

    role: _AssetGroupRole


class ShareTerms(RoleTerms):
    """A partner's access to an ad account."""

    role: _ShareRole


class CatalogShareTerms(RoleTerms):
    """A partner's access to a catalog."""

    role: _CatalogShareRole


class AccountTerms(Terms):
    """A person's access to a TikTok account."""

    permissions: Annotated[list[_AccountPermission], Field(min_length=1)]
    """What they may do with it."""


class AdAccountDocument(AssetDocument):
    """An ad account of the Business Center."""

    id: NumericId
    """Its id, in quotes."""
    access: dict[str, Annotated[_AdAccountRole | AdAccountTerms, ShortOrLong()]] = Field(default_factory=dict)
    """Person or group -> role; each must be a member of the organization."""


class CatalogDocument(AssetDocument):
    """A catalog of the Business Center."""

    id: NumericId
    """Its id, in quotes."""
    access: dict[str, Annotated[_CatalogRole | CatalogTerms, ShortOrLong()]] = Field(default_factory=dict)
    """Person or group -> role; each must be a member of the organization."""


class ShopDocument(AssetDocument):
    """A TikTok Shop of the Business Center."""

    id: NumericId
    """Its id, in quotes."""
    access: dict[str, Annotated[_ShopRole | ShopTerms, ShortOrLong()]] = Field(default_factory=dict)
    """Person or group -> role; each must be a member of the organization."""


class LeadLibraryDocument(AssetDocument):
    """A library of lead forms of the Business Center."""

    id: NumericId
    """Its id, in quotes."""
    access: dict[str, Annotated[_LeadLibraryRole | LeadLibraryTerms, ShortOrLong()]] = Field(default_factory=dict)
    """Person or group -> role; each must be a member of the organization."""


class ManagedAccountDocument(AssetDocument):
    """A TikTok account that the Business Center manages itself, such as an Organization Account created there."""

    id: NumericId
    """Its id in the Business Center, in quotes."""
    ad_accounts: list[str] = Field(default_factory=list)
    """Keys of the ad accounts in which its identity and posts may be used."""
    access: dict[str, Annotated[_ManagedAccountRole | ManagedAccountTerms, ShortOrLong()]] = Field(default_factory=dict)
    """Person or group -> role; each must be a member of the organization."""


class TikTokAccountDocument(AssetDocument):
    """A TikTok account whose owner lets the Business Center use its identity and posts in ads."""

    id: NumericId = ""
    """Its id in the Business Center, in quotes: tells which one it is although its handle is not shown, or changes."""
    handle: Handle = ""
    """Its handle, in quotes: "@acme"."""
    ownership: Annotated[str, OneOf(("own", "client"))] = "own"
    """Whose account it is; a client's owner approves the link by scanning a QR code."""
    permissions: Annotated[list[_LinkPermission], Field(min_length=1)] = Field(default_factory=list)
    """What its owner is asked to allow; by default the least there is."""
    ad_accounts: list[str] = Field(default_factory=list)
    """Keys of the ad accounts in which its identity and posts may be used."""
    access: dict[
        str, Annotated[Annotated[list[_AccountPermission], Field(min_length=1)] | AccountTerms, ShortOrLong()]
    ] = Field(default_factory=dict)
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
    """Several ad accounts under one name; access to the group is access to all of them. Its `name` is kept so."""

    id: NumericId = ""
    """Its id, in quotes, once it exists."""
    ad_accounts: list[str] = Field(default_factory=list)
    """Keys of the ad accounts in the group."""
    access: dict[str, Annotated[_AssetGroupRole | AssetGroupTerms, ShortOrLong()]] = Field(default_factory=dict)
    """Person or group -> role on every ad account of the group."""


class PartnerDocument(AssetDocument):
    """Another Business Center that assets are shared with."""

    id: NumericId
    """Id of the partner's Business Center, in quotes."""
    shares: dict[str, Annotated[_ShareRole | ShareTerms, ShortOrLong()]] = Field(default_factory=dict)
    """Key of an ad account -> the role of the partner's people in it."""
    catalogs: dict[str, Annotated[_CatalogShareRole | CatalogShareTerms, ShortOrLong()]] = Field(default_factory=dict)
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
    id: NumericId
    """Its id, in quotes."""
    members: dict[str, Annotated[_MemberRole | BusinessCenterTerms, ShortOrLong()]] = Field(default_factory=dict)
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
