"""The people on the other side: what waits for somebody, what they do about it, and what admins click by hand.

Everybody is named by key, e-mail, phone or handle, every organization by nickname, id, handle or name. What the
platform does not allow is a Refusal. The functions `*_by_hand` are an admin's clicks in the portal, past the tool. For
what is also a command, the docstring is the command's help.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from reconciler.sandbox import assets, members, partners
from reconciler.sandbox.apps import answer_transfer, get_receiver
from reconciler.sandbox.registry import (
    SandboxOrganization,
    find_address,
    find_person,
    get_admin,
    get_organization,
    get_organization_by_id,
    get_person,
    known_as,
    normalise,
)
from reconciler.sandbox.world import Refusal, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something that waits for one person's answer."""

    person: str
    asking: int
    kind: str
    """invitation | transfer | link | access | partnership"""
    organization: str
    """The organization that asks, by id, handle or name; of a transfer the one that receives."""
    subject: str
    """What it is about: the invited address, the app, the handle, the asset, the partner."""
    text: str
    since: str


def inbox(world: World, person: str | None = None) -> list[Message]:
    """Everything that waits for an answer, of one person or of all, oldest first."""
    number = None if person is None else get_person(world, person)
    with world.transaction():
        messages = [
            Message(
                person=known_as(world, row["person"]),
                asking=row["asking"],
                kind=row["kind"],
                organization=get_organization_by_id(world, row["asking"]).identity,
                subject=row["subject"],
                text=row["text"].strip(),
                since=row["since"],
            )
            for row in world.rows("SELECT * FROM waiting", {})
            if number in (None, row["person"])
        ]
        return sorted(messages, key=lambda message: (message.since, message.subject))


def answer(world: World, message: Message, *, agree: bool) -> None:
    """Answer whatever waits in an inbox."""
    person, subject = get_person(world, message.person), message.subject
    place = get_organization_by_id(world, message.asking)
    match message.kind:
        case "invitation":
            members.answer_invitation(place, person=person, agree=agree)
        case "transfer":
            answer_transfer(world, subject, actor=person, agree=agree)
        case "partnership":
            partners.answer_partnership(place, actor=person, partner=subject, approve=agree)
        case _:
            kind, _, _ = message.text.partition(" ")
            assets.answer_access(place, owner=person, kind=kind, identity=subject, agree=agree)


def answer_all(world: World, people: list[str], *, agree: bool) -> list[Message]:
    """Answer everything that waits for these people, or for everybody if none are named; returns what was answered.

    What the platform refuses is passed over: two admins share a transfer, and only the first answer counts.
    """
    with world.transaction():
        named = [message for person in people for message in inbox(world, person)]
        answered = []
        for message in named if people else inbox(world):
            with suppress(Refusal), world.attempt():
                answer(world, message, agree=agree)
                answered.append(message)
        return answered


def accept(world: World, person: str, organization: str) -> None:
    """Accept an invitation."""
    members.answer_invitation(get_organization(world, organization), person=get_person(world, person), agree=True)


def decline(world: World, person: str, organization: str) -> None:
    """Decline an invitation."""
    members.answer_invitation(get_organization(world, organization), person=get_person(world, person), agree=False)


def leave(world: World, person: str, organization: str) -> None:
    """Leave an organization."""
    members.leave(get_organization(world, organization), person=get_person(world, person))


def give_up_admin(world: World, person: str, organization: str) -> None:
    """Give up one's own admin rights."""
    members.step_down(get_organization(world, organization), person=get_person(world, person))


def transfer(world: World, app: str, person: str, answer: str) -> None:
    """An admin of the receiving organization answers an app transfer: `accept` or `decline`."""
    answer_transfer(world, app, actor=get_person(world, person), agree=answer == "accept")


def approve(world: World, what: str, organization: str) -> None:
    """As the owner, approve a link (scan the code), an access request or a partnership."""
    _answer_one(world, what, organization, agree=True)


def refuse(world: World, what: str, organization: str) -> None:
    """As the owner, refuse a link, an access request or a partnership."""
    _answer_one(world, what, organization, agree=False)


def _answer_one(world: World, what: str, organization: str, *, agree: bool) -> None:
    asking = get_organization(world, organization)
    for message in inbox(world):
        matches = message.subject.casefold() == what.casefold() and message.asking == asking.id
        if matches and message.kind in ("link", "access", "partnership"):
            answer(world, message, agree=agree)
            return
    if not assets.open_codes(world, asking):
        raise Refusal("unknown", f"{asking.name} does not wait for {what}")
    assets.scan(asking, handle=what, agree=agree)


def scan(world: World, handle: str, organization: str, answer: str, permissions: str = "") -> None:
    """The owner of a TikTok account scans a Business Center's code: `approve` or `refuse`; permissions by commas."""
    place, wanted = get_organization(world, organization), tuple(filter(None, permissions.split(",")))
    assets.scan(place, handle=handle, permissions=wanted, agree=answer == "approve")


def revoke(world: World, what: str, organization: str) -> None:
    """As the owner, take back a link or an access."""
    asked = get_organization(world, organization)
    for kind in ("tiktok_account", *assets.ASSET_ROLES):
        held = assets.find_holding(asked, kind, what)
        if held is not None and held["relation"] == "granted":
            lender = held["owner_organization"]
            owner = held["owner_person"] if lender is None else get_admin(get_organization_by_id(world, lender))
            assets.take_back_access(asked, owner=owner, kind=kind, identity=what)
            return
    raise Refusal("unknown", f"{asked.name} has no access to {what} that its owner could take back")


def expire(world: World, person: str, organization: str) -> None:
    """Let an invitation run out now."""
    place = get_organization(world, organization)
    with world.transaction():
        row = members.get_membership(place, address_of(world, person, place))
        if row["status"] != "invited":
            raise Refusal(row["status"], f"{person} has no open invitation to {place.name}")
        world.update("membership", {"id": row["id"]}, status="expired", since=world.timestamp(), expires=None)


def _act(
    world: World,
    rule: Callable[..., None],
    *,
    admin: str,
    organization: str,
    person: str | None = None,
    **values: object,
) -> None:
    """Apply a rule in an admin's name, perhaps to a person, by the address that they have or would have there."""
    place, actor = get_organization(world, organization), get_person(world, admin)
    if person:
        values["address"] = address_of(world, person, place)
    rule(place, actor=actor, **values)


def invite_by_hand(world: World, admin: str, person: str, organization: str, role: str) -> None:
    """As an admin, invite somebody by hand."""
    _act(world, members.invite, admin=admin, organization=organization, person=person, role=role)


def remove_by_hand(world: World, admin: str, person: str, organization: str) -> None:
    """As an admin, remove somebody by hand."""
    _act(world, members.remove, admin=admin, organization=organization, person=person)


def set_role_by_hand(world: World, admin: str, person: str, organization: str, role: str) -> None:
    """As an admin, change somebody's role by hand."""
    _change_by_hand(world, admin, person, organization, role=role)


def set_finance_by_hand(world: World, admin: str, person: str, organization: str, finance: str) -> None:
    """Set somebody's finance role, or take it away: `none`."""
    _change_by_hand(world, admin, person, organization, finance="" if finance == "none" else finance)


def _change_by_hand(world: World, admin: str, person: str, organization: str, **wanted: str) -> None:
    """Whichever of the two roles is not changed stays."""
    place = get_organization(world, organization)
    with world.transaction():
        present = members.get_active(place, address_of(world, person, place))
        roles = {"role": present["role"], "finance": present["finance"], **wanted}
        _act(world, members.change_role, admin=admin, organization=organization, person=person, **roles)


def promote_by_hand(world: World, admin: str, person: str, organization: str) -> None:
    """As an admin, make somebody an admin by hand."""
    highest = get_organization(world, organization).platform.invitable[0]
    set_role_by_hand(world, admin, person, organization, highest)


def grant_by_hand(
    world: World, *, admin: str, person: str, organization: str, kind: str, asset: str, roles: str = ""
) -> None:
    """Give access; several permissions are joined by commas, a pixel has none."""
    wanted = {"kind": kind, "identity": asset, "roles": list(filter(None, roles.split(",")))}
    _act(world, assets.grant, admin=admin, organization=organization, person=person, **wanted)


def revoke_by_hand(world: World, *, admin: str, person: str, organization: str, kind: str, asset: str) -> None:
    """Take access away."""
    _act(world, assets.revoke, admin=admin, organization=organization, person=person, kind=kind, identity=asset)


def share_by_hand(
    world: World, *, admin: str, organization: str, partner: str, kind: str, asset: str, role: str = ""
) -> None:
    """Share something with a partner; only ad accounts and catalogs have a role."""
    shared = {"partner": partner, "kind": kind, "identity": asset, "role": role}
    _act(world, partners.share, admin=admin, organization=organization, **shared)


def unshare_by_hand(world: World, *, admin: str, organization: str, partner: str, kind: str, asset: str) -> None:
    """Take something away from a partner."""
    _act(world, partners.unshare, admin=admin, organization=organization, partner=partner, kind=kind, identity=asset)


def request_access_by_hand(world: World, admin: str, organization: str, kind: str, asset: str) -> None:
    """Ask for somebody else's asset."""
    _act(world, assets.request_access, admin=admin, organization=organization, kind=kind, identity=asset)


def get_admin_of(world: World, organization: str) -> str:
    """Some active admin, to act when nobody in particular is named; the longest-standing one."""
    return known_as(world, get_admin(get_organization(world, organization)))


def get_receiver_of(world: World, client_key: str) -> str:
    """Some admin of the organization that an app is offered to; no offer is a Refusal."""
    return known_as(world, get_admin(get_receiver(world, client_key)))


def address_of(world: World, person: str, organization: SandboxOrganization) -> str:
    """Where somebody is or would be in an organization; an address that was spelled out is taken at its word."""
    number = find_person(world, person)
    if number is None or world.find("identity", value=normalise(person)) is not None:
        return person
    return find_address(world, number, system=organization.system, organization=organization.id)
