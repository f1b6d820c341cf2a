"""Assets and partners of one Business Center."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.manifests.assets import AssetReader
from reconciler.manifests.business_center_documents import (
    AccountTerms,
    BusinessCenterDocument,
    ManagedAccountDocument,
    PartnerDocument,
    PixelDocument,
    TikTokAccountDocument,
)
from reconciler.manifests.grants import NO_TERMS, Mention
from reconciler.manifests.keys import note_listed_twice, read_keys
from reconciler.manifests.nodes import Cursor
from reconciler.model.declared import Declared
from reconciler.model.kinds import KINDS

_WITH_ROLES = ("ad_account", "catalog", "shop", "lead_library", "managed_account")
"""Kinds of assets that have an id and people with a role each."""


def read_business_center(document: BusinessCenterDocument, spot: Cursor, reader: AssetReader) -> Iterator[Declared]:
    """Everything a Business Center has besides members."""
    notes = reader.settling.notes
    ad_accounts = document.ad_accounts
    for kind in _WITH_ROLES:
        section = KINDS[kind].section
        for key, asset, at in read_keys(getattr(document, section), spot.into(section), notes):
            yield reader.asset(kind, key, asset, at, identity=asset.id)
            yield from reader.role_access(f"{kind}_access", key, asset.access, at)
            if isinstance(asset, ManagedAccountDocument):
                yield from reader.edges("managed_account_use", key, asset.ad_accounts, at, ad_accounts)
    for key, account, at in read_keys(document.tiktok_accounts, spot.into("tiktok_accounts"), notes):
        yield from _tiktok_account(key, account, at, document, reader)
    for key, pixel, at in read_keys(document.pixels, spot.into("pixels"), notes):
        yield from _pixel(key, pixel, at, document, reader)
    for key, group, at in read_keys(document.asset_groups, spot.into("asset_groups"), notes):
        named = {"called": group.name} if group.name else {}
        yield reader.asset("asset_group", key, group, at, identity=group.id, attributes=named)
        yield from reader.edges("asset_group_asset", key, group.ad_accounts, at, ad_accounts)
        yield from reader.role_access("asset_group_access", key, group.access, at)
    for key, partner, at in read_keys(document.partners, spot.into("partners"), notes):
        yield from _partner(key, partner, at, document, reader)


def _tiktok_account(
    key: str, account: TikTokAccountDocument, at: Cursor, document: BusinessCenterDocument, reader: AssetReader
) -> Iterator[Declared]:
    asked = set(account.permissions or _least_permission(reader))
    if asked >= {"publish_to_profile", "publish_ads_only"}:
        # The owner's page offers one or the other, and so the platform never shows both.
        asked.remove("publish_ads_only")
        spot = at.into("permissions").key(account.permissions.index("publish_ads_only"))
        reader.settling.notes.warning("listed-twice", "`publish_ads_only` is part of `publish_to_profile`", spot)
    attributes = {"permissions": tuple(sorted(asked))}
    note_listed_twice(account.permissions, at.into("permissions"), reader.settling.notes)
    details = {"ownership": account.ownership}
    if not account.handle and not account.id:
        reader.settling.notes.error(
            "missing-key", f"`{key}` has neither `handle` nor `id`", at.place, advice='add one: handle: "@acme"'
        )
    yield reader.asset(
        "tiktok_account",
        key,
        account,
        at,
        identity=account.handle.lower() or account.id,
        platform_id=account.id if account.handle else "",
        attributes=attributes,
        details=details,
    )
    spots = at.into("access")
    for who, value in account.access.items():
        if isinstance(value, AccountTerms):
            note_listed_twice(value.permissions, spots.into(who).into("permissions"), reader.settling.notes)
        else:
            note_listed_twice(value, spots.into(who), reader.settling.notes)
    mentions = [
        Mention(
            who=who,
            attributes={
                "permissions": tuple(sorted(set(value.permissions if isinstance(value, AccountTerms) else value)))
            },
            terms=value if isinstance(value, AccountTerms) else NO_TERMS,
            at=spots.into(who),
        )
        for who, value in account.access.items()
    ]
    yield from reader.access("tiktok_account_access", key, mentions)
    yield from reader.edges("tiktok_account_use", key, account.ad_accounts, at, document.ad_accounts)


def _least_permission(reader: AssetReader) -> list[str]:
    """What an owner is asked to allow when nothing is said: as little as possible."""
    return [min(reader.settling.system.permissions["tiktok_account"], key=lambda permission: permission.rank).name]


def _pixel(
    key: str, pixel: PixelDocument, at: Cursor, document: BusinessCenterDocument, reader: AssetReader
) -> Iterator[Declared]:
    yield reader.asset("pixel", key, pixel, at, identity=pixel.id)
    spots = at.into("access")
    note_listed_twice(pixel.access, spots, reader.settling.notes)
    mentions = [Mention(who=who, at=spots.into(index)) for index, who in enumerate(pixel.access)]
    yield from reader.access("pixel_access", key, mentions)
    yield from reader.edges("pixel_use", key, pixel.ad_accounts, at, document.ad_accounts)


def _partner(
    key: str, partner: PartnerDocument, at: Cursor, document: BusinessCenterDocument, reader: AssetReader
) -> Iterator[Declared]:
    yield reader.asset("partner", key, partner, at, identity=partner.id)
    if partner.id == document.id:
        reader.settling.notes.error("duplicate-id", f"`{key}` is this Business Center itself", at.value("id"))
    for kind in (kind for kind in KINDS.values() if kind.is_share):
        known, shared = getattr(document, KINDS[kind.parents[1]].section), getattr(partner, kind.share_section)
        yield from reader.shares(kind, key, shared, at.into(kind.share_section), known)
