"""Assets of one organization and the access, uses and shares that hang on them."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.manifests.access import NO_TERMS, Mention, Settling, entitlement_of, note_wrong_variant, settle
from reconciler.manifests.documents import (
    AccountTerms,
    AnyOrganization,
    AssetDocument,
    BusinessCenterDocument,
    DevelopersDocument,
    ManagedAccountDocument,
    PartnerDocument,
    PixelDocument,
    RoleTerms,
    TikTokAccountDocument,
)
from reconciler.manifests.nodes import Cursor
from reconciler.manifests.words import note_listed_twice, read_day, read_keys
from reconciler.model.address import Address
from reconciler.model.declared import Declared, Entitlement
from reconciler.model.finding import Place
from reconciler.model.kinds import KINDS, Kind
from reconciler.model.resource import Attributes
from reconciler.model.suggestions import suggest_word

NOTHING: Attributes = {}
_Spot = tuple[str, Cursor]
"""A name in a list, and where it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetReader:
    """Turns the assets of the organization `organization` into declarations."""

    organization: str
    members: Container[str]
    """Who is a member; nobody else can be given access."""
    settling: Settling
    """For members; the kind is replaced for each kind of asset."""
    ids: dict[tuple[str, str, str], Place]
    """(scope, kind, id) -> where an asset with this id was declared."""

    def asset(
        self,
        kind: str,
        key: str,
        document: AssetDocument,
        at: Cursor,
        *,
        identity: str,
        platform_id: str = "",
        attributes: Attributes = NOTHING,
        details: Mapping[str, str] | None = None,
        owned_by_one: bool = False,
    ) -> Declared:
        """The asset itself; an id that another asset of the kind has is a finding.

        Most things can be shared between organizations, so an id is unique in one; `owned_by_one` makes it unique
        in all.
        """
        scope = "" if owned_by_one else self.organization
        for name in filter(None, (identity, platform_id)):
            first = self.ids.setdefault((scope, kind, name), at.place)
            if first != at.place:
                message = f"`{key}` has the id of another: {name}"
                self.settling.notes.error("duplicate-id", message, at.place, related=(first,))
        return Declared(
            address=Address(self.organization, kind, key),
            attributes=attributes,
            identity=identity,
            platform_id=platform_id,
            place=at.place,
            reason=document.reason,
            protect=document.protect,
            details={"name": document.name, **(details or {})} if document.name else details or {},
        )

    def role_access(
        self, kind: str, key: str, access: Mapping[str, str | RoleTerms], at: Cursor, *, under: str = "access"
    ) -> Iterator[Declared]:
        """Access of people with a role."""
        where = self._settling(kind)
        spots = at.into(under)
        mentions = []
        for who, value in access.items():
            role = value if isinstance(value, str) else value.role
            note_wrong_variant(role, value, spots, who, where)
            terms = NO_TERMS if isinstance(value, str) else value
            mentions.append(Mention(who=who, attributes={"role": role}, terms=terms, at=spots.into(who)))
        return self.access(kind, key, mentions)

    def access(self, kind: str, key: str, mentions: Iterable[Mention]) -> Iterator[Declared]:
        """Access of people, whatever it consists of."""
        where = self._settling(kind)
        for who, grant in settle(mentions, where).items():
            if who in self.members:
                yield where.declare(Address(self.organization, kind, f"{key}/{who}"), grant.entitlements)
            else:
                self._note_not_a_member(who, key, grant.entitlements[0])

    def _settling(self, kind: str) -> Settling:
        return replace(self.settling, kind=kind)

    def _note_not_a_member(self, who: str, key: str, grant: Entitlement) -> None:
        roles = self.settling.system.roles["member"]
        through = f" through {grant.through}" if grant.through else ""
        message = f"`{who}` has access to `{key}`{through} but is not a member of `{self.organization}`"
        advice = f"add `{who}: {min(roles, key=lambda role: role.rank).name}` to its members"
        self.settling.notes.error("not-a-member", message, grant.place, advice=advice)

    def edges(
        self, kind: str, key: str, ad_accounts: Sequence[str], at: Cursor, known: Iterable[str]
    ) -> Iterator[Declared]:
        """Connections of an asset with ad accounts."""
        for ad_account, spot in self._listed("ad_account", ad_accounts, at.into("ad_accounts"), known):
            yield Declared(address=Address(self.organization, kind, f"{key}/{ad_account}"), place=spot.place)

    def shares(
        self,
        kind: Kind,
        key: str,
        shared: Mapping[str, str | RoleTerms] | Sequence[str],
        at: Cursor,
        known: Iterable[str],
    ) -> Iterator[Declared]:
        """What a partner may use of one sort, with a role or without."""
        sort, where = kind.parents[1], self._settling(kind.name)
        if isinstance(shared, Mapping):
            spots = {name: at.into(name) for name in shared}
            spots = {name: spot for name, spot in spots.items() if self._is_known(sort, name, known, spot.place)}
        else:
            spots = dict(self._listed(sort, shared, at, known))
        for name, spot in spots.items():
            value = shared[name] if isinstance(shared, Mapping) else NO_TERMS
            role = value if isinstance(value, str) else value.role if isinstance(value, RoleTerms) else ""
            terms = NO_TERMS if isinstance(value, str) else value
            mention = Mention(who=key, attributes={"role": role} if role else NOTHING, terms=terms, at=spot)
            address = Address(self.organization, kind.name, f"{key}/{name}")
            yield where.declare(address, [entitlement_of(mention, where)])

    def _listed(self, sort: str, names: Sequence[str], spots: Cursor, known: Iterable[str]) -> Iterator[_Spot]:
        """Each declared asset of a list once, with where it stands first."""
        note_listed_twice(names, spots, self.settling.notes)
        for name, index in {name: index for index, name in reversed(list(enumerate(names)))}.items():
            if self._is_known(sort, name, known, spots.key(index)):
                yield name, spots.into(index)

    def _is_known(self, sort: str, name: str, known: Iterable[str], place: Place) -> bool:
        """Whether an asset is declared; a finding if not."""
        if name in known:
            return True
        message = f"`{self.organization}` has no {KINDS[sort].title} `{name}`"
        advice = suggest_word(name, known) or f"declare it under `{KINDS[sort].section}`"
        self.settling.notes.error("unknown-asset", message, place, advice=advice)
        return False


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


def read_assets(document: AnyOrganization, spot: Cursor, reader: AssetReader) -> Iterator[Declared]:
    """Everything an organization has besides members."""
    if isinstance(document, BusinessCenterDocument):
        yield from read_business_center(document, spot, reader)
    elif isinstance(document, DevelopersDocument):
        yield from _read_developers(document, spot, reader)


def _read_developers(document: DevelopersDocument, spot: Cursor, reader: AssetReader) -> Iterator[Declared]:
    notes = reader.settling.notes
    owner = {"owner": f"organization:{reader.organization}"}
    for key, app, at in read_keys(document.apps, spot.into("apps"), notes):
        day = read_day(app.since, "since", at, notes)
        if bool(app.rightful_owner) != bool(app.since):
            missing = "since" if app.rightful_owner else "rightful_owner"
            advice = "write both: who vouches for it, and the day on which they said so"
            notes.error("missing-key", f"`{key}` lacks `{missing}`", at.place, advice=advice)
        vouched = {"rightful_owner": f"{app.rightful_owner}, since {day}"} if app.rightful_owner and day else {}
        yield reader.asset(
            "app", key, app, at, identity=app.client_key, attributes=owner, details=vouched, owned_by_one=True
        )
        yield from reader.role_access("app_access", key, app.access, at)
    if document.research_projects and document.kind != "research":
        message = "a research project cannot be in an organization that TikTok did not make for it"
        advice = "write `kind: research` if TikTok made it, or take the projects out"
        notes.error("research-project", message, spot.key("research_projects"), advice=advice)
