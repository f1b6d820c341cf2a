"""What an invited person does with an invitation."""

from __future__ import annotations

from reconciler.sandbox.members import get_own
from reconciler.sandbox.organizations import SandboxOrganization, find_active
from reconciler.sandbox.refusal import Refusal
from reconciler.sandbox.registry import register
from reconciler.sandbox.world import Row, World


def accept_invitation(world: World, organization: SandboxOrganization, *, person: int) -> None:
    """Become a member. Whoever has no account yet registers on the way, under the invited address."""
    with world.transaction() as db:
        invitation = _get_open(world, organization, person)
        if find_active(world, organization, person):
            own = get_own(world, organization, person)
            raise Refusal("already-a-member", f"already in {organization.name} as {own['identity']}")
        register(world, person, system=organization.system, identity=invitation["identity"])
        db.execute(
            "UPDATE membership SET status = 'active', since = ?, expires = NULL WHERE id = ?",
            (world.timestamp(), invitation["id"]),
        )
        db.execute(
            "INSERT OR IGNORE INTO asset_grant (holding, membership, roles, since)"
            " SELECT promised_grant.holding, promised_grant.membership, promised_grant.roles, :now FROM promised_grant"
            " JOIN holding ON holding.id = promised_grant.holding"
            " WHERE membership = :membership AND holding.status = 'active'",
            {"membership": invitation["id"], "now": world.timestamp()},
        )
        db.execute("DELETE FROM promised_grant WHERE membership = ?", (invitation["id"],))
        world.log("accept", f"{invitation['identity']} accepted", actor=person, organization=organization.id)


def decline_invitation(world: World, organization: SandboxOrganization, *, person: int) -> None:
    """Say no; the row stays and shows it."""
    with world.transaction() as db:
        invitation = _get_open(world, organization, person)
        db.execute(
            "UPDATE membership SET status = 'declined', since = ?, expires = NULL WHERE id = ?",
            (world.timestamp(), invitation["id"]),
        )
        world.log("decline", f"{invitation['identity']} declined", actor=person, organization=organization.id)


def _get_open(world: World, organization: SandboxOrganization, person: int) -> Row:
    """The oldest invitation that can still be answered; the Refusal says what became of any other."""
    rows = world.rows(
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
