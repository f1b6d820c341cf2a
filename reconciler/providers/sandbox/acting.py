"""How the changes of a plan are carried out on the world: one function per action, all listed in `ACTIONS`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from reconciler.model.change import Change
from reconciler.model.kinds import KINDS, Action
from reconciler.providers.sandbox.naming import SandboxNames
from reconciler.sandbox import apps, assets, links, members, partners, registry
from reconciler.sandbox.platforms import SHARE_ROLES
from reconciler.sandbox.registry import SandboxOrganization, normalise
from reconciler.sandbox.world import Refusal, World


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxCall:
    """One change in the world's words."""

    world: World
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
        return str(self.change.attributes.get("role", ""))

    @property
    def finance(self) -> str:
        """The finance role it leads to; empty when there is none."""
        return str(self.change.attributes.get("finance", ""))

    @property
    def permissions(self) -> tuple[str, ...]:
        """The permissions it leads to."""
        return tuple(self.change.attributes.get("permissions", ()))

    def address(self, key: str) -> str:
        """Under which of a person's identities they are in this organization; else the one to invite by."""
        identities = self.names.identities(key)
        row = self.world.find_row(
            "SELECT identity FROM membership WHERE organization = :organization"
            " AND identity IN (SELECT value FROM json_each(:mine))"
            " ORDER BY CASE status WHEN 'active' THEN 0 WHEN 'invited' THEN 1 ELSE 2 END, id",
            {"organization": self.organization.id, "mine": json.dumps([normalise(name) for name in identities])},
        )
        return str(row["identity"]) if row else identities[0]


def _delete_organization(call: SandboxCall) -> None:
    registry.delete(call.world, call.organization, actor=call.actor)


def _invite(call: SandboxCall) -> None:
    after = call.change.after
    address = (after.identity if after else "") or call.ids[0]
    members.invite(
        call.world, call.organization, actor=call.actor, address=address, role=call.role, finance=call.finance
    )


def _reinvite(call: SandboxCall) -> None:
    _cancel_invitation(call)
    _invite(call)


def _cancel_invitation(call: SandboxCall) -> None:
    members.cancel_invitation(call.world, call.organization, actor=call.actor, address=_member(call))


def _change_role(call: SandboxCall) -> None:
    members.change_role(
        call.world, call.organization, actor=call.actor, address=_member(call), role=call.role, finance=call.finance
    )


def _remove(call: SandboxCall) -> None:
    members.remove(call.world, call.organization, actor=call.actor, address=_member(call))


def _remove_and_invite(call: SandboxCall) -> None:
    _remove(call)
    _invite(call)


def _member(call: SandboxCall) -> str:
    """The row that the plan saw, whatever the person is called now."""
    before = call.change.before
    return (before.identity if before else "") or call.address(call.change.address.key)


def _request_access(call: SandboxCall) -> None:
    kind = call.change.address.kind
    assets.request_access(call.world, call.organization, actor=call.actor, kind=kind, identity=call.ids[0])


def _transfer_app(call: SandboxCall) -> None:
    """A person who owns the app initiates the transfer in their own name: nobody else could."""
    owner = apps.get_app(call.world, call.ids[0])["owner_person"]
    actor = call.actor if owner is None else int(owner)
    apps.initiate_transfer(call.world, call.ids[0], to=call.organization, actor=actor)


def _link(call: SandboxCall) -> None:
    links.request_link(
        call.world, call.organization, actor=call.actor, handle=call.ids[0], permissions=call.permissions
    )


def _unlink(call: SandboxCall) -> None:
    links.unlink(call.world, call.organization, actor=call.actor, handle=call.ids[0])


def _create_group(call: SandboxCall) -> None:
    assets.create_group(call.world, call.organization, actor=call.actor, name=call.ids[0])


def _rename_group(call: SandboxCall) -> None:
    name, new = call.ids[0], str(call.change.attributes["called"])
    assets.rename_group(call.world, call.organization, actor=call.actor, name=name, new_name=new)


def _delete_group(call: SandboxCall) -> None:
    assets.delete_group(call.world, call.organization, actor=call.actor, name=call.ids[0])


def _add_partner(call: SandboxCall) -> None:
    partners.add_partner(call.world, call.organization, actor=call.actor, partner=call.ids[0])


def _remove_partner(call: SandboxCall) -> None:
    partners.remove_partner(call.world, call.organization, actor=call.actor, partner=call.ids[0])


def _share(call: SandboxCall) -> None:
    partners.share(call.world, call.organization, actor=call.actor, **_shared(call), role=call.role)


def _shared(call: SandboxCall) -> dict[str, str]:
    partner, identity = call.ids
    return {"partner": partner, "kind": KINDS[call.change.address.kind].parents[1], "identity": identity}


def _change_share(call: SandboxCall) -> None:
    """Raised in place; lowered the only way the platform knows: stop sharing and share again."""
    before = str(call.change.before.attributes.get("role", "")) if call.change.before else ""
    roles = SHARE_ROLES[_shared(call)["kind"]]
    if {before, call.role} <= set(roles) and roles.index(call.role) < roles.index(before):
        _unshare(call)
    _share(call)


def _unshare(call: SandboxCall) -> None:
    partners.unshare(call.world, call.organization, actor=call.actor, **_shared(call))


def _grant(call: SandboxCall) -> None:
    """Granting twice with different roles is how the platform changes a grant."""
    world, organization, kind = call.world, call.organization, call.change.address.kind
    first, second = call.ids
    person = call.address(call.change.address.parts[1])
    match kind:
        case "app_access":
            apps.add_manager(world, organization, actor=call.actor, client_key=first, address=person)
        case "asset_group_asset":
            assets.add_asset_to_group(world, organization, actor=call.actor, name=first, ad_account=second)
        case "asset_group_access":
            assets.set_group_role(world, organization, actor=call.actor, name=first, address=person, role=call.role)
        case "pixel_use" | "tiktok_account_use" | "managed_account_use":
            used = kind.removesuffix("_use")
            links.allow_use(world, organization, actor=call.actor, kind=used, identity=first, ad_account=second)
        case _:
            roles = call.permissions or tuple(filter(None, (call.role,)))
            asset = kind.removesuffix("_access")
            assets.grant(world, organization, actor=call.actor, kind=asset, identity=first, address=person, roles=roles)


def _revoke(call: SandboxCall) -> None:
    world, organization, kind = call.world, call.organization, call.change.address.kind
    first, second = call.ids
    person = call.address(call.change.address.parts[1])
    match kind:
        case "app_access":
            apps.remove_manager(world, organization, actor=call.actor, client_key=first, address=person)
        case "asset_group_asset":
            assets.take_asset_from_group(world, organization, actor=call.actor, name=first, ad_account=second)
        case "asset_group_access":
            assets.take_from_group(world, organization, actor=call.actor, name=first, address=person)
        case "pixel_use" | "tiktok_account_use" | "managed_account_use":
            used = kind.removesuffix("_use")
            links.end_use(world, organization, actor=call.actor, kind=used, identity=first, ad_account=second)
        case _:
            asset = kind.removesuffix("_access")
            assets.revoke(world, organization, actor=call.actor, kind=asset, identity=first, address=person)


ACTIONS: dict[Action, Callable[[SandboxCall], None]] = {
    Action.DELETE_ORGANIZATION: _delete_organization,
    Action.INVITE: _invite,
    Action.REINVITE: _reinvite,
    Action.CANCEL_INVITATION: _cancel_invitation,
    Action.CHANGE_ROLE: _change_role,
    Action.REMOVE: _remove,
    Action.REMOVE_AND_INVITE: _remove_and_invite,
    Action.REQUEST_ACCESS: _request_access,
    Action.TRANSFER_APP: _transfer_app,
    Action.LINK: _link,
    Action.CHANGE_LINK: _link,
    Action.UNLINK: _unlink,
    Action.GRANT: _grant,
    Action.CHANGE_GRANT: _grant,
    Action.REVOKE: _revoke,
    Action.CREATE_GROUP: _create_group,
    Action.RENAME_GROUP: _rename_group,
    Action.DELETE_GROUP: _delete_group,
    Action.ADD_PARTNER: _add_partner,
    Action.REMOVE_PARTNER: _remove_partner,
    Action.SHARE: _share,
    Action.CHANGE_SHARE: _change_share,
    Action.UNSHARE: _unshare,
}


def carry_out(call: SandboxCall) -> None:
    """Do it, or raise the Refusal with which the platform answers."""
    action = ACTIONS.get(call.change.action)
    if action is None:
        raise Refusal("not-supported", f"the sandbox does not know how to {call.change.action}")
    action(call)
