"""How the changes of a plan are carried out on the world."""

from __future__ import annotations

import json

from reconciler.model.change import Change
from reconciler.model.kinds import INVITATIONS, KINDS, Action
from reconciler.model.resource import role_in
from reconciler.model.values import dataclass
from reconciler.providers.sandbox.naming import SandboxNames
from reconciler.sandbox import apps, assets, links, members, partners, registry
from reconciler.sandbox.platforms import SHARE_ROLES
from reconciler.sandbox.registry import SandboxOrganization, normalise
from reconciler.sandbox.world import Refusal


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
    def finance(self) -> str:
        """The finance role it leads to; empty when there is none."""
        return str(self.change.attributes.get("finance", ""))

    @property
    def permissions(self) -> tuple[str, ...]:
        """The permissions it leads to."""
        return tuple(self.change.attributes.get("permissions", ()))

    @property
    def member(self) -> str:
        """The row that the plan saw, whatever the person is called now."""
        before = self.change.before
        return (before.identity if before else "") or self.find_address(self.change.address.key)

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


def carry_out(call: SandboxCall) -> None:
    """Do it, or raise the Refusal with which the platform answers."""
    action = call.change.action
    if action in _OF_MEMBERS:
        _change_member(call)
    elif action in (Action.GRANT, Action.CHANGE_GRANT):
        # Granting twice with different roles is how the platform changes a grant.
        _grant(call)
    elif action is Action.REVOKE:
        _revoke(call)
    elif action in (Action.SHARE, Action.CHANGE_SHARE, Action.UNSHARE):
        _change_share(call)
    elif action in (Action.CREATE_GROUP, Action.RENAME_GROUP, Action.DELETE_GROUP):
        _change_group(call)
    else:
        _change_thing(call)


_OF_MEMBERS = {
    *(Action.INVITE, Action.REINVITE, Action.CANCEL_INVITATION),
    *(Action.CHANGE_ROLE, Action.REMOVE, Action.REMOVE_AND_INVITE),
}


def _change_member(call: SandboxCall) -> None:
    place, action, actor = call.organization, call.change.action, call.actor
    match action:
        case Action.REINVITE | Action.CANCEL_INVITATION:
            members.cancel_invitation(place, actor=actor, address=call.member)
        case Action.REMOVE | Action.REMOVE_AND_INVITE:
            members.remove(place, actor=actor, address=call.member)
        case Action.CHANGE_ROLE:
            members.change_role(
                call.organization, actor=actor, address=call.member, role=call.role, finance=call.finance
            )
    if action in INVITATIONS:
        after = call.change.after
        address = (after.identity if after else "") or call.ids[0]
        members.invite(place, actor=actor, address=address, role=call.role, finance=call.finance)


def _change_thing(call: SandboxCall) -> None:
    place, actor, first = call.organization, call.actor, call.ids[0]
    match call.change.action:
        case Action.DELETE_ORGANIZATION:
            registry.delete(place, actor=actor)
        case Action.REQUEST_ACCESS:
            assets.request_access(place, actor=actor, kind=call.change.address.kind, identity=first)
        case Action.TRANSFER_APP:
            # A person who owns the app initiates the transfer in their own name: nobody else could.
            owner = apps.get_app(call.organization.world, first)["owner_person"]
            initiator = actor if owner is None else int(owner)
            apps.initiate_transfer(call.organization.world, first, to=call.organization, actor=initiator)
        case Action.LINK | Action.CHANGE_LINK:
            links.request_link(place, actor=actor, handle=first, permissions=call.permissions)
        case Action.UNLINK:
            links.unlink(place, actor=actor, handle=first)
        case Action.ADD_PARTNER:
            partners.add_partner(place, actor=actor, partner=first)
        case Action.REMOVE_PARTNER:
            partners.remove_partner(place, actor=actor, partner=first)
        case unknown:
            raise Refusal("not-supported", f"the sandbox does not know how to {unknown}")


def _change_group(call: SandboxCall) -> None:
    place, actor, name = call.organization, call.actor, call.ids[0]
    match call.change.action:
        case Action.CREATE_GROUP:
            assets.create_group(place, actor=actor, name=name)
        case Action.RENAME_GROUP:
            assets.rename_group(place, actor=actor, name=name, new_name=str(call.change.attributes["called"]))
        case Action.DELETE_GROUP:
            assets.delete_group(place, actor=actor, name=name)


def _change_share(call: SandboxCall) -> None:
    """Raised in place; lowered the only way the platform knows: stop sharing and share again."""
    (partner, identity), kind = call.ids, KINDS[call.change.address.kind].parents[1]
    before = role_in(call.change.before.attributes) if call.change.before else ""
    roles, action = SHARE_ROLES[kind], call.change.action
    place, actor = call.organization, call.actor
    is_lowered = {before, call.role} <= set(roles) and roles.index(call.role) < roles.index(before)
    if action is Action.UNSHARE or (action is Action.CHANGE_SHARE and is_lowered):
        partners.unshare(place, actor=actor, partner=partner, kind=kind, identity=identity)
    if action is not Action.UNSHARE:
        partners.share(
            call.organization, actor=call.actor, partner=partner, kind=kind, identity=identity, role=call.role
        )


def _grant(call: SandboxCall) -> None:
    place, actor, kind = call.organization, call.actor, call.change.address.kind
    first, second = call.ids
    person = call.find_address(call.change.address.parts[1])
    match kind:
        case "app_access":
            apps.add_manager(place, actor=actor, client_key=first, address=person)
        case "asset_group_asset":
            assets.add_asset_to_group(place, actor=actor, name=first, ad_account=second)
        case "asset_group_access":
            assets.set_group_role(place, actor=actor, name=first, address=person, role=call.role)
        case "pixel_use" | "tiktok_account_use" | "managed_account_use":
            links.allow_use(place, actor=actor, kind=kind.removesuffix("_use"), identity=first, ad_account=second)
        case _:
            roles = call.permissions or tuple(filter(None, (call.role,)))
            asset = kind.removesuffix("_access")
            assets.grant(place, actor=actor, kind=asset, identity=first, address=person, roles=roles)


def _revoke(call: SandboxCall) -> None:
    place, actor, kind = call.organization, call.actor, call.change.address.kind
    first, second = call.ids
    person = call.find_address(call.change.address.parts[1])
    match kind:
        case "app_access":
            apps.remove_manager(place, actor=actor, client_key=first, address=person)
        case "asset_group_asset":
            assets.take_asset_from_group(place, actor=actor, name=first, ad_account=second)
        case "asset_group_access":
            assets.take_from_group(place, actor=actor, name=first, address=person)
        case "pixel_use" | "tiktok_account_use" | "managed_account_use":
            links.end_use(place, actor=actor, kind=kind.removesuffix("_use"), identity=first, ad_account=second)
        case _:
            asset = kind.removesuffix("_access")
            assets.revoke(place, actor=actor, kind=asset, identity=first, address=person)
