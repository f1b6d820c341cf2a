"""The provider: the world as the rest of the tool sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.model.address import Address
from reconciler.model.change import Change
from reconciler.model.declared import Organization as DeclaredOrganization
from reconciler.model.drift import ActivityEntry, find_subject
from reconciler.model.kinds import Action
from reconciler.model.live import Live
from reconciler.model.outcome import Applied, Failed, Outcome, Waits
from reconciler.model.ports import Ability, ByHand, Can, Cannot, FoundOrganization, Scope
from reconciler.model.resource import Resource
from reconciler.providers.sandbox.actions import SandboxCall, carry_out
from reconciler.providers.sandbox.naming import SandboxNames
from reconciler.providers.sandbox.reading import View, read_marks, read_names, read_resources
from reconciler.sandbox.api.naming import get_asset_identity
from reconciler.sandbox.registry import SandboxOrganization, create, find_organization, find_person
from reconciler.sandbox.world import Refusal, World

_MEMBERS = frozenset(
    {
        Action.INVITE,
        Action.REINVITE,
        Action.CANCEL_INVITATION,
        Action.CHANGE_ROLE,
        Action.REMOVE,
        Action.REMOVE_AND_INVITE,
        Action.FORGET,
    }
)
_DEVELOPERS = frozenset(
    {
        Action.CREATE_ORGANIZATION,
        Action.DELETE_ORGANIZATION,
        Action.TRANSFER_APP,
        Action.GRANT,
        Action.REVOKE,
    }
)
_ABILITIES = {
    "developers": _MEMBERS | _DEVELOPERS,
    "organization_account": _MEMBERS,
    "business_account": _MEMBERS,
    "business_center": frozenset(Action) - (_DEVELOPERS - {Action.GRANT, Action.REVOKE}) - {Action.GIVE_UP_ADMIN},
}


class SandboxProvider:
    """Reads and changes one world, in process.

    `act_as` is a person key or identity, if one person's credentials are to be used; without it every change is made
    in the name of its own actor.
    """

    name = "sandbox"

    def __init__(self, world: World, *, act_as: str = "") -> None:
        self._world = world
        self._act_as = act_as
        self._names: tuple[Scope, SandboxNames] | None = None
        self._marks: tuple[tuple[int, int], dict[int, str]] | None = None

    def read(self, scope: Scope) -> Live:
        """Everything of one organization; nothing at all when the world does not have it."""
        return self._read(scope, None)

    def read_some(self, scope: Scope, addresses: Sequence[Address]) -> Live:
        """Only what is needed to be right about these addresses."""
        return self._read(scope, addresses)

    def apply(self, scope: Scope, change: Change) -> Outcome:
        """Carry out one change; either all of it happens or the platform's refusal is the outcome."""
        if change.action is Action.GIVE_UP_ADMIN:
            return Waits(on=change.address.key, why="only the admins themselves can give up their rights")
        if change.action is Action.FORGET:
            return Applied(live=self._read_back(scope, change.address))
        names = self._names_of(scope)
        try:
            with self._world.transaction():
                self._carry_out(scope, names, change)
        except Refusal as refusal:
            return Failed(reason=refusal.text, code=refusal.code(scope.organization.system.name))
        return Applied(live=self._read_back(scope, change.address))

    def ability(self, system: str, action: Action) -> Ability:
        """The sandbox does by itself whatever the system offers to an admin."""
        if action is Action.GIVE_UP_ADMIN:
            return ByHand("only the admins themselves can give up their rights")
        if action in _ABILITIES.get(system, ()):
            return Can()
        return Cannot(f"{system} does not offer it")

    def mark(self, organization: DeclaredOrganization) -> str:
        """The digest of all that the world's tables have of it; made for all at once, while nothing is written."""
        version = self._world.version()
        if self._marks is None or self._marks[0] != version:
            self._marks = version, read_marks(self._world)
        found = _find(self._world, organization)
        return self._marks[1][found.id] if found else ""

    def read_activity(self, scope: Scope, *, since: datetime, until: datetime) -> tuple[ActivityEntry, ...]:
        """What the world remembers of one organization."""
        organization = _find(self._world, scope.organization)
        events = self._world.events(organization.id) if organization else []
        return tuple(
            ActivityEntry(
                at=event.at,
                who=event.actor,
                what=event.text,
                address=find_subject(
                    event.text, organization=scope.organization.key, keys=scope.keys, assets=scope.assets
                ),
            )
            for event in events
            if since <= event.at <= until
        )

    def find_organizations(self) -> tuple[FoundOrganization, ...]:
        """All organizations of the world, in the order of founding."""
        rows = self._world.rows("SELECT system, variant, identity, name, key FROM organization ORDER BY id", {})
        return tuple(
            FoundOrganization(
                system=row["system"],
                variant=row["variant"],
                identity=row["identity"],
                name=row["name"],
                nickname=row["key"] or "",
            )
            for row in rows
        )

    def read_names(self, scope: Scope) -> Mapping[Address, str]:
        """Names of people and things, as far as they have any besides what they are known by."""
        organization = _find(self._world, scope.organization)
        if organization is None:
            return {}
        return read_names(View.of(self._world, organization, scope.organization.key, self._names_of(scope)))

    def _read(self, scope: Scope, only: Sequence[Address] | None) -> Live:
        with self._world.transaction():
            names = self._names_of(scope)
            organization = _find(self._world, scope.organization)
            resources: dict[Address, Resource] = {}
            if organization is not None:
                seen = View.of(self._world, organization, scope.organization.key, names, only=only)
                resources = read_resources(seen, only)
            acting = names.person(self._act_as) if self._act_as else ""
            return Live(
                organization=scope.organization.key,
                resources=resources,
                acting=acting,
                observed_at=self._world.now(),
            )

    def _names_of(self, scope: Scope) -> SandboxNames:
        """An apply brings the same scope with every change, and working out its names is slow."""
        if self._names is None or self._names[0] is not scope:
            self._names = scope, SandboxNames.of(replace(scope, assets=self._by_handle(scope.assets)))
        return self._names[1]

    def _by_handle(self, assets: Mapping[tuple[str, str], str]) -> dict[tuple[str, str], str]:
        """Accounts that are declared by their id alone go by what the world knows them by."""
        return {
            (kind, key): get_asset_identity(self._world, kind, identity)
            if kind == "tiktok_account" and identity.isdecimal()
            else identity
            for (kind, key), identity in assets.items()
        }

    def _read_back(self, scope: Scope, address: Address) -> Resource | None:
        return self.read_some(scope, [address]).resources.get(address)

    def _carry_out(self, scope: Scope, names: SandboxNames, change: Change) -> None:
        actor, address = self._get_actor(names, change)
        if change.action is Action.CREATE_ORGANIZATION:
            wanted = scope.organization
            create(
                self._world,
                system=wanted.system.name,
                variant=wanted.system.variant,
                identity=wanted.identity or wanted.name,
                name=wanted.name,
                creator=actor,
                address=address,
            )
            return
        organization = _find(self._world, scope.organization)
        if organization is None:
            raise Refusal("unknown", f"there is no {scope.organization.system.name} {scope.organization.identity}")
        carry_out(SandboxCall(organization=organization, names=names, change=change, actor=actor))

    def _get_actor(self, names: SandboxNames, change: Change) -> tuple[int, str]:
        """The acting person, and under which identity they are known."""
        key = change.actor or self._act_as
        for identity in names.identities(key) if key else ():
            person = find_person(self._world, identity)
            if person is not None:
                return person, identity
        raise Refusal("not-an-admin", f"nobody here goes by {key}" if key else "nobody was named to do it")


def _find(world: World, wanted: DeclaredOrganization) -> SandboxOrganization | None:
    identity = wanted.identity or wanted.name
    return find_organization(world, system=wanted.system.name, identity=identity)
