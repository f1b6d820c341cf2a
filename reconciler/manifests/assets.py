"""Assets of one organization and the access, uses and shares that hang on them.

Which kinds there are, and where each stands, is in the table of kinds (`model.kinds`) and in the documents; what only
one kind has is in `_asset`.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any

from reconciler.manifests.access import NO_TERMS, AccessReader, Line
from reconciler.manifests.documents import (
    AccountTerms,
    AnyOrganization,
    AppDocument,
    AssetDocument,
    AssetGroupDocument,
    DevelopersDocument,
    PartnerDocument,
    RoleTerms,
    TikTokAccountDocument,
)
from reconciler.manifests.nodes import Cursor
from reconciler.manifests.people import read_owners
from reconciler.manifests.words import note_listed_twice, read_day, read_keys
from reconciler.model.address import KINDS, Address, Kind, person_in
from reconciler.model.declared import Declared, Entitlement
from reconciler.model.finding import Place, suggest_word
from reconciler.model.resource import Owner
from reconciler.model.values import dataclass

_SECTIONS = {kind.section: kind for kind in KINDS.values() if kind.section}
_EDGES = {kind: [edge for edge in KINDS.values() if edge.parents[:1] == (kind,)] for kind in KINDS}
"""Kind of asset -> what hangs on such assets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetReader:
    """Turns the assets of one organization into declarations."""

    document: AnyOrganization
    members: Container[str]
    """Who is a member; nobody else can be given access."""
    access: AccessReader
    ids: dict[tuple[str, str, str], Place]
    """(scope, kind, id) -> where an asset with this id was declared."""

    def read(self, spot: Cursor) -> Iterator[Declared]:
        """Everything an organization has besides members."""
        for name, kind in _SECTIONS.items():
            section: Mapping[str, AssetDocument] = getattr(self.document, name, {})
            if not section:
                continue
            for key, asset, at in read_keys(section, spot.into(name), self.access.notes):
                yield self._asset(kind.name, key, asset, at)
                for edge in _EDGES[kind.name]:
                    yield from self._edges(edge, key, getattr(asset, edge.entry), at.into(edge.entry))
        if isinstance(self.document, DevelopersDocument) and self.document.research_projects:
            if self.document.kind == "research":
                return
            message = "a research project cannot be in an organization that TikTok did not make for it"
            advice = "write `kind: research` if TikTok made it, or take the projects out"
            self.access.notes.error("research-project", message, spot.key("research_projects"), advice=advice)

    def _asset(self, kind: str, key: str, asset: AssetDocument, at: Cursor) -> Declared:
        """The asset itself, with what only its kind has."""
        attributes: dict[str, str | tuple[str, ...]] = {}
        details = {"name": asset.name} if asset.name else {}
        identity, platform_id = getattr(asset, "id", ""), ""
        match asset:
            case AppDocument():
                identity = asset.client_key
                attributes |= Owner(organization=self.access.organization).attributes
                details |= self._read_rightful_owner(key, asset, at)
            case TikTokAccountDocument():
                if not asset.handle and not asset.id:
                    message, advice = f"`{key}` has neither `handle` nor `id`", 'add one: handle: "@acme"'
                    self.access.notes.error("missing-key", message, at.place, advice=advice)
                identity = asset.handle.lower() or asset.id
                platform_id = asset.id if asset.handle else ""
                attributes["permissions"] = self._read_link(asset, at.into("permissions"))
                details["ownership"] = asset.ownership
            case AssetGroupDocument() if asset.name:
                attributes["called"] = asset.name
            case PartnerDocument() if asset.id == getattr(self.document, "id", ""):
                message = f"`{key}` is this Business Center itself"
                self.access.notes.error("duplicate-id", message, at.value("id"))
        self._note_same_id(kind, key, (identity, platform_id), at.place)
        return Declared(
            address=Address(self.access.organization, kind, key),
            attributes=attributes,
            identity=identity,
            platform_id=platform_id,
            place=at.place,
            reason=asset.reason,
            protect=asset.protect,
            owners=read_owners(asset.owners, at.into("owners"), self.access.directory, self.access.notes),
            details=details,
        )

    def _note_same_id(self, kind: str, key: str, ids: tuple[str, ...], place: Place) -> None:
        """Most things can be shared between organizations, so an id is unique in one; apps have one owner."""
        scope = "" if kind == "app" else self.access.organization
        for name in filter(None, ids):
            first = self.ids.setdefault((scope, kind, name), place)
            if first != place:
                message = f"`{key}` has the id of another: {name}"
                self.access.notes.error("duplicate-id", message, place, related=(first,))

    def _read_rightful_owner(self, key: str, app: AppDocument, at: Cursor) -> dict[str, str]:
        """Who vouches for the ownership of an app, and since when: both or neither."""
        day = read_day(app.since, "since", at, self.access.notes)
        if bool(app.rightful_owner) != bool(app.since):
            missing = "since" if app.rightful_owner else "rightful_owner"
            advice = "write both: who vouches for it, and the day on which they said so"
            self.access.notes.error("missing-key", f"`{key}` lacks `{missing}`", at.place, advice=advice)
        return {"rightful_owner": f"{app.rightful_owner}, since {day}"} if app.rightful_owner and day else {}

    def _read_link(self, account: TikTokAccountDocument, at: Cursor) -> tuple[str, ...]:
        """The permissions that an owner is asked for; as little as possible when nothing is said."""
        note_listed_twice(account.permissions, at, self.access.notes)
        known = self.access.system.permissions["tiktok_account"]
        asked = set(account.permissions or [min(known, key=lambda permission: permission.rank).name])
        if asked >= {"publish_to_profile", "publish_ads_only"}:
            # The owner's page offers one or the other, and so the platform never shows both.
            asked.remove("publish_ads_only")
            place = at.key(account.permissions.index("publish_ads_only"))
            self.access.notes.warning("listed-twice", "`publish_ads_only` is part of `publish_to_profile`", place)
        return tuple(sorted(asked))

    def _edges(self, kind: Kind, key: str, written: Any, at: Cursor) -> Iterator[Declared]:
        """The access, uses or shares of one kind that are written under an asset."""
        lines = self._lines(kind, key, written, at)
        if kind.person_part is not None:
            given = (one for _, line in lines for one in self.access.read_line(kind.name, line, key))
            for declared in self.access.settle(given):
                who = person_in(declared.address)
                if who in self.members:
                    yield declared
                else:
                    self._note_not_a_member(who, key, declared.lines[0])
            return
        other = KINDS[kind.parents[1]]
        known = getattr(self.document, other.section)
        for name, line in dict(reversed(lines)).items():  # where it is named first
            address = Address(self.access.organization, kind.name, f"{key}/{name}")
            if name in known:
                # What is no share is there or not, with no role and no days: it is no entitlement of anybody.
                is_share = kind.is_share
                yield (
                    self.access.declare_share(address, line)
                    if is_share
                    else Declared(address=address, place=line.at.place)
                )
                continue
            message = f"`{self.access.organization}` has no {other.title} `{name}`"
            advice = suggest_word(name, known) or f"declare it under `{other.section}`"
            self.access.notes.error("unknown-asset", message, line.at.place, advice=advice)

    def _lines(self, kind: Kind, key: str, written: Any, at: Cursor) -> list[tuple[str, Line]]:
        """Who or what is named, with its line: an item of a list, or with a role or permissions."""
        if isinstance(written, list):
            note_listed_twice(written, at, self.access.notes)
            return [(name, Line(key if kind.is_share else name, {}, at, index)) for index, name in enumerate(written)]
        lines: list[tuple[str, Line]] = []
        for name, value in written.items():
            if isinstance(value, str | RoleTerms):
                line = self.access.line_with_role(kind.name, name, value, at)
                lines.append((name, line._replace(who=key) if kind.is_share else line))
                continue
            permissions, terms = value, NO_TERMS
            if isinstance(value, AccountTerms):
                permissions, terms = value.permissions, value
            spot = at.into(name) if terms is NO_TERMS else at.into(name, "permissions")
            note_listed_twice(permissions, spot, self.access.notes)
            attributes = {"permissions": tuple(sorted(set(permissions)))}
            lines.append((name, Line(name, attributes, at, name, terms)))
        return lines

    def _note_not_a_member(self, who: str, key: str, entitlement: Entitlement) -> None:
        roles = self.access.system.roles["member"]
        through = f" through {entitlement.through}" if entitlement.through else ""
        message = f"`{who}` has access to `{key}`{through} but is not a member of `{self.access.organization}`"
        advice = f"add `{who}: {min(roles, key=lambda role: role.rank).name}` to its members"
        self.access.notes.error("not-a-member", message, entitlement.place, advice=advice)
