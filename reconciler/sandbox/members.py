"""Membership as an admin manages it: invitations, roles, removal."""

from __future__ import annotations

from datetime import timedelta

from reconciler.sandbox.organizations import SandboxOrganization, require_admin, require_role
from reconciler.sandbox.refusal import Refusal
from reconciler.sandbox.registry import find_or_add_person, is_registered, normalise
from reconciler.sandbox.world import Row, World


def invite(
    world: World, organization: SandboxOrganization, *, actor: int, address: str, role: str, finance: str = ""
) -> None:
    """Send an invitation. An earlier one that was declined or ran out is replaced by it."""
    address = normalise(address)
    with world.transaction() as db:
        require_admin(world, organization, actor)
        _require_role_to_give(organization, role=role, finance=finance)
        if role in organization.platform.admins:
            _require_say_over_admins(world, organization, actor)
        if _is_already_in(world, organization, address):
            return
        _require_registration(world, organization, address)
        _require_room(world, organization, role=role, joins=True)
        db.execute(
            "DELETE FROM membership WHERE organization = ? AND identity = ? AND status IN ('declined', 'expired')",
            (organization.id, address),
        )
        expires = world.timestamp(timedelta(hours=world.knobs.invitation_hours(organization.system)))
        person = find_or_add_person(world, address)
        db.execute(
            "INSERT INTO membership (organization, person, identity, role, finance, status, since, expires)"
            " VALUES (?, ?, ?, ?, ?, 'invited', ?, ?)",
            (organization.id, person, address, role, finance, world.timestamp(), expires),
        )
        world.log("invite", f"invited {address} as {role}", actor=actor, organization=organization.id)


def cancel_invitation(world: World, organization: SandboxOrganization, *, actor: int, address: str) -> None:
    """Take back an invitation, or clear away the row of one that was declined or ran out."""
    with world.transaction() as db:
        require_admin(world, organization, actor)
        row = get_membership(world, organization, address)
        if row["status"] == "active":
            raise Refusal("already-a-member", f"{address} has accepted")
        db.execute("DELETE FROM membership WHERE id = ?", (row["id"],))
        world.log("cancel", f"cancelled the invitation of {address}", actor=actor, organization=organization.id)


def change_role(
    world: World, organization: SandboxOrganization, *, actor: int, address: str, role: str, finance: str = ""
) -> None:
    """Set role and finance role of a member; both, because leaving one out means not having it."""
    platform = organization.platform
    with world.transaction() as db:
        require_admin(world, organization, actor)
        target = get_active(world, organization, address)
        _require_role_to_give(organization, role=role, finance=finance, held=target["role"])
        is_own = target["person"] == actor
        if target["role"] in platform.admins and role not in platform.admins:
            _require_not_owner(target)
            if platform.admins_step_down_alone and not is_own and not _is_owner(world, organization, actor):
                raise Refusal("admins-step-down-alone", f"only {address} can give up these admin rights")
            _require_other_admin(world, organization, target)
        elif role != target["role"] and role in platform.admins:
            _require_say_over_admins(world, organization, actor)
        if role != target["role"]:
            _require_room(world, organization, role=role, joins=False)
        db.execute("UPDATE membership SET role = ?, finance = ? WHERE id = ?", (role, finance, target["id"]))
        world.log("change_role", f"made {address} {role}", actor=actor, organization=organization.id)


def remove(world: World, organization: SandboxOrganization, *, actor: int, address: str) -> None:
    """Take somebody out; every grant, group and app that hung on the membership goes with it."""
    with world.transaction() as db:
        require_admin(world, organization, actor)
        target = get_active(world, organization, address)
        _require_not_owner(target)
        if target["role"] in organization.platform.admins:
            if target["person"] != actor and not world.knobs.admins_remove_admins:
                raise Refusal("admins-step-down-alone", f"{address} is an admin and can only leave")
            _require_say_over_admins(world, organization, actor)
            _require_other_admin(world, organization, target)
        db.execute("DELETE FROM membership WHERE id = ?", (target["id"],))
        world.log("remove", f"removed {address}", actor=actor, organization=organization.id)


def go(world: World, organization: SandboxOrganization, *, person: int) -> None:
    """Leave; coming back takes a new invitation."""
    with world.transaction() as db:
        membership = get_own(world, organization, person)
        _require_not_owner(membership)
        _require_other_admin(world, organization, membership)
        db.execute("DELETE FROM membership WHERE id = ?", (membership["id"],))
        world.log("leave", f"{membership['identity']} left", actor=person, organization=organization.id)


def step_down(world: World, organization: SandboxOrganization, *, person: int) -> None:
    """Give up one's own admin rights, for the next lower role."""
    with world.transaction() as db:
        membership = require_admin(world, organization, person)
        _require_not_owner(membership)
        _require_other_admin(world, organization, membership)
        roles = organization.platform.roles
        lower = roles[roles.index(membership["role"]) + 1]
        db.execute("UPDATE membership SET role = ? WHERE id = ?", (lower, membership["id"]))
        text = f"{membership['identity']} gave up admin rights"
        world.log("give_up_admin", text, actor=person, organization=organization.id)


def get_membership(world: World, organization: SandboxOrganization, address: str) -> Row:
    """The row of an address, in whatever state; none is a Refusal."""
    row = find_membership(world, organization, address)
    if row is None:
        raise Refusal("unknown", f"{address} is not in {organization.name}")
    return row


def get_active(world: World, organization: SandboxOrganization, address: str) -> Row:
    """The row of an address that has accepted; anything else is a Refusal."""
    row = get_membership(world, organization, address)
    if row["status"] != "active":
        raise Refusal("not-a-member", f"{address} has not accepted: the invitation is {row['status']}")
    return row


def get_own(world: World, organization: SandboxOrganization, person: int) -> Row:
    """Somebody's active membership; none is a Refusal."""
    row = world.find_row(
        "SELECT * FROM membership WHERE organization = :organization AND person = :person AND status = 'active'",
        {"organization": organization.id, "person": person},
    )
    if row is None:
        raise Refusal("not-a-member", f"not a member of {organization.name}")
    return row


def find_membership(world: World, organization: SandboxOrganization, address: str) -> Row | None:
    """The row of an address, in whatever state."""
    return world.find_row(
        "SELECT * FROM membership WHERE organization = :organization AND identity = :identity",
        {"organization": organization.id, "identity": normalise(address)},
    )


def _is_already_in(world: World, organization: SandboxOrganization, address: str) -> bool:
    """True if the invitation is to be ignored; where the system does not ignore it, a Refusal."""
    row = find_membership(world, organization, address)
    if row is None or row["status"] in ("declined", "expired"):
        return False
    ignored = organization.platform.repeated_invitation_is_ignored
    if row["status"] == "active":
        if ignored and world.knobs.inviting_a_member_is_ignored:
            return True
        raise Refusal("already-a-member", f"{address} is already in {organization.name}")
    if ignored:
        return True
    raise Refusal("already-invited", f"{address} already has an invitation to {organization.name}")


def _require_registration(world: World, organization: SandboxOrganization, address: str) -> None:
    needed = world.knobs.must_be_registered(organization.system)
    if needed and not is_registered(world, system=organization.system, identity=address):
        raise Refusal("not-registered", f"{address} has no account here")


def _require_role_to_give(
    organization: SandboxOrganization, *, role: str, finance: str, held: str | None = None
) -> None:
    platform = organization.platform
    if role not in platform.invitable and role != held:
        raise Refusal("invalid", f"role {role!r} is not acceptable, correct is {list(platform.invitable)}")
    if finance and finance not in platform.finance:
        raise Refusal("invalid", f"finance role {finance!r} is not acceptable, correct is {list(platform.finance)}")


def _require_room(world: World, organization: SandboxOrganization, *, role: str, joins: bool) -> None:
    """Caps count everybody who is in or invited."""
    values = {"organization": organization.id, "role": role}
    counted = "SELECT count(*) FROM membership WHERE organization = :organization AND status IN ('active', 'invited')"
    cap = world.knobs.member_cap(organization.system, organization.variant)
    if joins and cap is not None and world.count(counted, values) >= cap:
        raise Refusal("cap", f"{organization.name} has its {cap} members, pending ones included")
    role_cap = organization.platform.role_caps.get(role)
    if role_cap is not None and world.count(f"{counted} AND role = :role", values) >= role_cap:
        raise Refusal("cap", f"{organization.name} has its {role_cap} with role {role}, pending ones included")


def _require_other_admin(world: World, organization: SandboxOrganization, leaving: Row) -> None:
    """An organization is not left without an admin; invitations that nobody has accepted do not count."""
    admins = organization.platform.admins
    if leaving["role"] not in admins or world.knobs.last_admin_may_go:
        return
    others = world.rows(
        "SELECT role FROM membership WHERE organization = :organization AND status = 'active' AND id <> :id",
        {"organization": organization.id, "id": leaving["id"]},
    )
    if not any(row["role"] in admins for row in others):
        raise Refusal("last-admin", f"{leaving['identity']} is the last admin of {organization.name}")


def _require_not_owner(target: Row) -> None:
    if target["role"] == "owner":
        raise Refusal("owner", f"{target['identity']} owns the organization")


def _require_say_over_admins(world: World, organization: SandboxOrganization, actor: int) -> None:
    if organization.platform.owner_manages_admins:
        require_role(world, organization, actor, "owner")


def _is_owner(world: World, organization: SandboxOrganization, actor: int) -> bool:
    return str(get_own(world, organization, actor)["role"]) == "owner"
