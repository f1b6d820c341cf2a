"""Membership: invitations and their answers, roles, leaving, removal."""

from __future__ import annotations

from datetime import timedelta

from reconciler.sandbox.registry import (
    SandboxOrganization,
    find_active,
    find_or_add_person,
    is_registered,
    normalise,
    register,
    require_admin,
    require_say_over_admins,
    seat,
)
from reconciler.sandbox.world import Refusal, Row


def invite(organization: SandboxOrganization, *, actor: int, address: str, role: str, finance: str = "") -> None:
    """Send an invitation. An earlier one that was declined or ran out is replaced by it."""
    address = normalise(address)
    with organization.acting(actor) as world:
        _require_role_to_give(organization, role=role, finance=finance)
        if role in organization.platform.admins:
            require_say_over_admins(organization, actor)
        earlier = find_membership(organization, address)
        if earlier is not None and earlier["status"] in ("active", "invited"):
            _require_ignored(organization, earlier)
            return
        must_be_registered = world.knobs.must_be_registered(organization.system)
        if must_be_registered and not is_registered(world, system=organization.system, identity=address):
            raise Refusal("not-registered", f"{address} has no account here")
        _require_room(organization, role=role, joins=True)
        world.delete("membership", organization=organization.id, identity=address)
        expires = world.timestamp(timedelta(hours=world.knobs.invitation_hours(organization.system)))
        seat(
            organization,
            person=find_or_add_person(world, address),
            address=address,
            role=role,
            finance=finance,
            status="invited",
            expires=expires,
        )
        organization.log("invite", f"invited {address} as {role}", actor=actor)


def cancel_invitation(organization: SandboxOrganization, *, actor: int, address: str) -> None:
    """Take back an invitation, or clear away the row of one that was declined or ran out."""
    with organization.acting(actor, "cancel", f"cancelled the invitation of {address}") as world:
        row = get_membership(organization, address)
        if row["status"] == "active":
            raise Refusal("already-a-member", f"{address} has accepted")
        world.delete("membership", id=row["id"])


def change_role(organization: SandboxOrganization, *, actor: int, address: str, role: str, finance: str = "") -> None:
    """Set role and finance role of a member; both, because leaving one out means not having it."""
    platform = organization.platform
    with organization.acting(actor, "change_role", f"made {address} {role}") as world:
        target = get_active(organization, address)
        _require_role_to_give(organization, role=role, finance=finance, held=target["role"])
        if role != target["role"]:
            _require_not_owner(target)
        if target["role"] in platform.admins and role not in platform.admins:
            is_by_owner = get_own(organization, actor)["role"] == "owner"
            if platform.admins_step_down_alone and target["person"] != actor and not is_by_owner:
                raise Refusal("admins-step-down-alone", f"only {address} can give up these admin rights")
            _require_other_admin(organization, target)
        elif role != target["role"] and role in platform.admins:
            require_say_over_admins(organization, actor)
        if role != target["role"]:
            _require_room(organization, role=role, joins=False)
        world.update("membership", {"id": target["id"]}, role=role, finance=finance)


def remove(organization: SandboxOrganization, *, actor: int, address: str) -> None:
    """Take somebody out; every grant, group and app that hung on the membership goes with it."""
    with organization.acting(actor, "remove", f"removed {address}") as world:
        target = get_active(organization, address)
        _require_not_owner(target)
        if target["role"] in organization.platform.admins:
            if target["person"] != actor and not world.knobs.admins_remove_admins:
                raise Refusal("admins-step-down-alone", f"{address} is an admin and can only leave")
            require_say_over_admins(organization, actor)
            _require_other_admin(organization, target)
        world.delete("membership", id=target["id"])


def answer_invitation(organization: SandboxOrganization, *, person: int, agree: bool) -> None:
    """Become a member. Whoever has no account yet registers on the way, under the invited address.

    Or say no: the row stays and shows it.
    """
    world = organization.world
    with world.transaction() as db:
        invitation = _get_open(organization, person)
        answered, since = {"id": invitation["id"]}, world.timestamp()
        if not agree:
            world.update("membership", answered, status="declined", since=since, expires=None)
            organization.log("decline", f"{invitation['identity']} declined", actor=person)
            return
        own = find_active(organization, person)
        if own is not None:
            raise Refusal("already-a-member", f"already in {organization.name} as {own['identity']}")
        register(world, person, system=organization.system, identity=invitation["identity"])
        world.update("membership", answered, status="active", since=since, expires=None)
        db.execute(
            "INSERT OR IGNORE INTO asset_grant (holding, membership, roles, since)"
            " SELECT promised_grant.holding, promised_grant.membership, promised_grant.roles, :now FROM promised_grant"
            " JOIN holding ON holding.id = promised_grant.holding"
            " WHERE membership = :membership AND holding.status = 'active'",
            {"membership": invitation["id"], "now": since},
        )
        world.delete("promised_grant", membership=invitation["id"])
        organization.log("accept", f"{invitation['identity']} accepted", actor=person)


def _get_open(organization: SandboxOrganization, person: int) -> Row:
    """The oldest invitation that can still be answered; the Refusal says what became of any other."""
    rows = organization.world.rows(
        "SELECT * FROM membership WHERE organization = :organization AND person = :person ORDER BY id",
        {"organization": organization.id, "person": person},
    )
    for row in rows:
        if row["status"] == "invited":
            return row
    if not rows:
        raise Refusal("unknown", f"there is no invitation to {organization.name}")
    said = {"active": "was accepted before", "declined": "was declined; it takes a new one", "expired": "has expired"}
    raise Refusal(rows[-1]["status"], f"the invitation to {organization.name} {said[rows[-1]['status']]}")


def leave(organization: SandboxOrganization, *, person: int) -> None:
    """Leave; coming back takes a new invitation."""
    with organization.world.transaction():
        membership = get_own(organization, person)
        _require_not_owner(membership)
        _require_other_admin(organization, membership)
        organization.world.delete("membership", id=membership["id"])
        organization.log("leave", f"{membership['identity']} left", actor=person)


def step_down(organization: SandboxOrganization, *, person: int) -> None:
    """Give up one's own admin rights, for the next lower role."""
    with organization.world.transaction():
        membership = require_admin(organization, person)
        _require_not_owner(membership)
        _require_other_admin(organization, membership)
        roles = organization.platform.roles
        lower = roles[roles.index(membership["role"]) + 1]
        organization.world.update("membership", {"id": membership["id"]}, role=lower)
        organization.log("give_up_admin", f"{membership['identity']} gave up admin rights", actor=person)


def get_membership(organization: SandboxOrganization, address: str) -> Row:
    """The row of an address, in whatever state; none is a Refusal."""
    row = find_membership(organization, address)
    if row is None:
        raise Refusal("unknown", f"{address} is not in {organization.name}")
    return row


def get_active(organization: SandboxOrganization, address: str) -> Row:
    """The row of an address that has accepted; anything else is a Refusal."""
    row = get_membership(organization, address)
    if row["status"] != "active":
        raise Refusal("not-a-member", f"{address} has not accepted: the invitation is {row['status']}")
    return row


def get_own(organization: SandboxOrganization, person: int) -> Row:
    """Somebody's active membership; none is a Refusal."""
    row = find_active(organization, person)
    if row is None:
        raise Refusal("not-a-member", f"not a member of {organization.name}")
    return row


def find_membership(organization: SandboxOrganization, address: str) -> Row | None:
    """The row of an address, in whatever state."""
    return organization.world.find("membership", organization=organization.id, identity=normalise(address))


def _require_ignored(organization: SandboxOrganization, earlier: Row) -> None:
    """A Refusal unless the system quietly ignores an invitation of somebody who is in or invited already."""
    is_ignored, is_in = organization.platform.repeated_invitation_is_ignored, earlier["status"] == "active"
    if is_in and not (is_ignored and organization.world.knobs.inviting_a_member_is_ignored):
        raise Refusal("already-a-member", f"{earlier['identity']} is already in {organization.name}")
    if not is_ignored:
        raise Refusal("already-invited", f"{earlier['identity']} already has an invitation to {organization.name}")


def _require_role_to_give(
    organization: SandboxOrganization, *, role: str, finance: str, held: str | None = None
) -> None:
    platform = organization.platform
    if role not in platform.invitable and role != held:
        raise Refusal("invalid", f"role {role!r} is not acceptable, correct is {list(platform.invitable)}")
    if finance and finance not in platform.finance:
        raise Refusal("invalid", f"finance role {finance!r} is not acceptable, correct is {list(platform.finance)}")


def _require_room(organization: SandboxOrganization, *, role: str, joins: bool) -> None:
    """Caps count everybody who is in or invited."""
    world = organization.world
    values = {"organization": organization.id, "role": role}
    counted = "SELECT count(*) FROM membership WHERE organization = :organization AND status IN ('active', 'invited')"
    cap = world.knobs.member_cap(organization.system, organization.variant)
    if joins and cap is not None and world.count(counted, values) >= cap:
        raise Refusal("cap", f"{organization.name} has its {cap} members, pending ones included")
    role_cap = organization.platform.role_caps.get(role)
    if role_cap is not None and world.count(f"{counted} AND role = :role", values) >= role_cap:
        raise Refusal("cap", f"{organization.name} has its {role_cap} with role {role}, pending ones included")


def _require_other_admin(organization: SandboxOrganization, leaving: Row) -> None:
    """An organization is not left without an admin; invitations that nobody has accepted do not count."""
    admins = organization.platform.admins
    if leaving["role"] not in admins or organization.world.knobs.last_admin_may_go:
        return
    others = organization.world.rows(
        "SELECT role FROM membership WHERE organization = :organization AND status = 'active' AND id <> :id",
        {"organization": organization.id, "id": leaving["id"]},
    )
    if not any(row["role"] in admins for row in others):
        raise Refusal("last-admin", f"{leaving['identity']} is the last admin of {organization.name}")


def _require_not_owner(target: Row) -> None:
    if target["role"] == "owner":
        raise Refusal("owner", f"{target['identity']} owns the organization")
