"""Assets of one organization and the access that hangs on them: what all kinds have in common."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.manifests.grants import NO_TERMS, Mention, Settling, entitlement_of, settle
from reconciler.manifests.keys import note_listed_twice
from reconciler.manifests.members import note_wrong_variant
from reconciler.manifests.nodes import Cursor
from reconciler.manifests.terms import AssetDocument, RoleTerms
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
