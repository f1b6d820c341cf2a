"""The provider: the world as the rest of the tool sees it, and how the changes of a plan are carried out on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.model import (
    INVITATIONS,
    KINDS,
    Action,
    ActivityEntry,
    Address,
    Applied,
    Change,
    Failed,
    FoundOrganization,
    Live,
    Outcome,
    Resource,
    Scope,
    Waits,
    dataclass,
    find_subject,
    role_in,
)
from reconciler.model import Organization as DeclaredOrganization
from reconciler.providers.sandbox.reading import SandboxNames, View, read_marks, read_names, read_resources
from reconciler.sandbox import apps, assets, members, partners
from reconciler.sandbox.registry import SandboxOrganization, create, delete, find_organization, find_person, normalise
from reconciler.sandbox.world import Refusal, World


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
        return self.read_some(scope, None)

    def read_some(self, scope: Scope, addresses: Sequence[Address] | None) -> Live:
        """Only what is needed to be right about these addresses."""
        with self._world.transaction():
            names = self._names_of(scope)
            organization = _find(self._world, scope.organization)
            resources: dict[Address, Resource] = {}
            if organization is not None:
                view = View.of(organization, scope.organization.key, names, addresses)
                resources = read_resources(view, addresses)
            return Live(
                organization=scope.organization.key,
                resources=resources,
                acting=names.person(self._act_as) if self._act_as else "",
                observed_at=self._world.now(),
            )

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
        columns = "system, variant, identity, name, coalesce(key, '') AS nickname"
        rows = self._world.rows(f"SELECT {columns} FROM organization ORDER BY id", {})  # noqa: S608  # from just above
        return tuple(FoundOrganization(**dict(row)) for row in rows)

    def read_names(self, scope: Scope) -> Mapping[Address, str]:
        """Names of people and things, as far as they have any besides what they are known by."""
        organization = _find(self._world, scope.organization)
        if organization is None:
            return {}
        return read_names(View.of(organization, scope.organization.key, self._names_of(scope)))

    def _names_of(self, scope: Scope) -> SandboxNames:
        """An apply brings the same scope with every change, and working out its names is slow."""
        if self._names is None or self._names[0] is not scope:
            self._names = scope, SandboxNames.of(replace(scope, assets=self._by_handle(scope.assets)))
        return self._names[1]

    def _by_handle(self, known: Mapping[tuple[str, str], str]) -> dict[tuple[str, str], str]:
        """Accounts that are declared by their id alone go by what the world knows them by."""
        return {
            (kind, key): assets.get_asset_identity(self._world, kind, identity)
            if kind == "tiktok_account" and identity.isdecimal()
            else identity
            for (kind, key), identity in known.items()
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
        step = _STEPS.get(change.action)
        if step is None:
            raise Refusal("not-supported", f"the sandbox does not know how to {change.action}")
        step(SandboxCall(organization=organization, names=names, change=change, actor=actor))

    def _get_actor(self, names: SandboxNames, change: Change) -> tuple[int, str]:
        key = change.actor or self._act_as
        for identity in names.identities(key) if key else ():
            person = find_person(self._world, identity)
            if person is not None:
                return person, identity
        raise Refusal("not-an-admin", f"nobody here goes by {key}" if key else "nobody was named to do it")


def _find(world: World, wanted: DeclaredOrganization) -> SandboxOrganization | None:
    identity = wanted.identity or wanted.name
    return find_organization(world, system=wanted.system.name, identity=identity)


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxCall:
    """One change in the world's words."""

    organization: SandboxOrganization
    names: SandboxNames
    change: Change
    actor: int

    @property
    def ids(self) -> tuple[str, ...]:
        """The parts of the address as the world calls them."""
        return self.names.parts(self.change.address)

    @property
    def role(self) -> str:
        """The role it leads to; empty when there is none."""
        return role_in(self.change.attributes)

    @property
    def permissions(self) -> tuple[str, ...]:
        """The permissions it leads to."""
        return tuple(self.change.attributes.get("permissions", ()))

    def act(self, rule: Callable[..., None], **values: object) -> None:
        """Apply a rule of the world to the organization, in the name of the actor."""
        rule(self.organization, actor=self.actor, **values)

    def find_address(self, key: str) -> str:
        """Under which of a person's identities they are in this organization; else the one to invite by."""
        identities = self.names.identities(key)
        row = self.organization.world.find_row(
            "SELECT identity FROM membership WHERE organization = :organization"
            " AND identity IN (SELECT value FROM json_each(:mine))"
            " ORDER BY CASE status WHEN 'active' THEN 0 WHEN 'invited' THEN 1 ELSE 2 END, id",
            {"organization": self.organization.id, "mine": json.dumps([normalise(name) for name in identities])},
        )
        return str(row["identity"]) if row else identities[0]


def _change_member(call: SandboxCall) -> None:
    change, finance = call.change, str(call.change.attributes.get("finance", ""))
    # The row that the plan saw, whatever the person is called now.
    member = (change.before.identity if change.before else "") or call.find_address(change.address.key)
    match change.action:
        case Action.REINVITE | Action.CANCEL_INVITATION:
            call.act(members.cancel_invitation, address=member)
        case Action.REMOVE | Action.REMOVE_AND_INVITE:
            call.act(members.remove, address=member)
        case Action.CHANGE_ROLE:
            call.act(members.change_role, address=member, role=call.role, finance=finance)
    if change.action in INVITATIONS:
        address = (change.after.identity if change.after else "") or call.ids[0]
        call.act(members.invite, address=address, role=call.role, finance=finance)


def _change_share(call: SandboxCall) -> None:
    """Raised in place; lowered the only way the platform knows: stop sharing and share again."""
    (partner, identity), kind = call.ids, KINDS[call.change.address.kind].parents[1]
    before = role_in(call.change.before.attributes) if call.change.before else ""
    roles, action = partners.SHARE_ROLES[kind], call.change.action
    is_lowered = {before, call.role} <= set(roles) and roles.index(call.role) < roles.index(before)
    if action is Action.UNSHARE or (action is Action.CHANGE_SHARE and is_lowered):
        call.act(partners.unshare, partner=partner, kind=kind, identity=identity)
    if action is not Action.UNSHARE:
        call.act(partners.share, partner=partner, kind=kind, identity=identity, role=call.role)


def _change_grant(call: SandboxCall) -> None:
    """Granting twice with different roles is how the platform changes a grant."""
    kind, gives = call.change.address.kind, call.change.action is not Action.REVOKE
    first, second = call.ids
    person = call.find_address(call.change.address.parts[1])
    match kind:
        case "app_access":
            call.act(apps.add_manager if gives else apps.remove_manager, client_key=first, address=person)
        case "asset_group_asset":
            step = assets.add_asset_to_group if gives else assets.take_asset_from_group
            call.act(step, name=first, ad_account=second)
        case "asset_group_access" if gives:
            call.act(assets.set_group_role, name=first, address=person, role=call.role)
        case "asset_group_access":
            call.act(assets.take_from_group, name=first, address=person)
        case "pixel_use" | "tiktok_account_use" | "managed_account_use":
            use = {"kind": kind.removesuffix("_use"), "identity": first, "ad_account": second}
            call.act(assets.allow_use if gives else assets.end_use, **use)
        case _:
            access = {"kind": kind.removesuffix("_access"), "identity": first, "address": person}
            if gives:
                call.act(assets.grant, **access, roles=call.permissions or tuple(filter(None, (call.role,))))
            else:
                call.act(assets.revoke, **access)


def _transfer_app(call: SandboxCall) -> None:
    """A person who owns the app initiates the transfer in their own name: nobody else could."""
    world, app = call.organization.world, call.ids[0]
    owner = apps.get_app(world, app)["owner_person"]
    apps.initiate_transfer(world, app, to=call.organization, actor=call.actor if owner is None else int(owner))


_STEPS: Mapping[Action, Callable[[SandboxCall], None]] = {
    **dict.fromkeys((*INVITATIONS, Action.CANCEL_INVITATION, Action.CHANGE_ROLE, Action.REMOVE), _change_member),
    **dict.fromkeys((Action.GRANT, Action.CHANGE_GRANT, Action.REVOKE), _change_grant),
    **dict.fromkeys((Action.SHARE, Action.CHANGE_SHARE, Action.UNSHARE), _change_share),
    **dict.fromkeys(
        (Action.LINK, Action.CHANGE_LINK),
        lambda call: call.act(assets.request_link, handle=call.ids[0], permissions=call.permissions),
    ),
    Action.UNLINK: lambda call: call.act(assets.unlink, handle=call.ids[0]),
    Action.REQUEST_ACCESS: lambda call: call.act(
        assets.request_access, kind=call.change.address.kind, identity=call.ids[0]
    ),
    Action.CREATE_GROUP: lambda call: call.act(assets.create_group, name=call.ids[0]),
    Action.RENAME_GROUP: lambda call: call.act(
        assets.rename_group, name=call.ids[0], new_name=call.change.attributes["called"]
    ),
    Action.DELETE_GROUP: lambda call: call.act(assets.delete_group, name=call.ids[0]),
    Action.ADD_PARTNER: lambda call: call.act(partners.add_partner, partner=call.ids[0]),
    Action.REMOVE_PARTNER: lambda call: call.act(partners.remove_partner, partner=call.ids[0]),
    Action.TRANSFER_APP: _transfer_app,
    Action.DELETE_ORGANIZATION: lambda call: call.act(delete),
}
"""What is done in an organization; founding one is up to the provider."""
