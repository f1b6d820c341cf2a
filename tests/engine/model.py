"""The invariants of a plan, judged by a small model that shares no code with the planner.

It plays the changes one after the other on a copy of what is live and looks at the whole after each: counting by hand,
slowly, with plain sets. Invited people never answer here; that is the worst they can do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from reconciler.model import Action, Address, Change, Declared, Live, OrganizationPlan, Record, Resource, Status, System

_GRANT_ENDS: Mapping[str, tuple[str, str]] = {
    "app_access": ("app", "member"),
    "ad_account_access": ("ad_account", "member"),
    "tiktok_account_access": ("tiktok_account", "member"),
    "tiktok_account_use": ("tiktok_account", "ad_account"),
    "catalog_access": ("catalog", "member"),
    "pixel_access": ("pixel", "member"),
    "pixel_use": ("pixel", "ad_account"),
    "shop_access": ("shop", "member"),
    "lead_library_access": ("lead_library", "member"),
    "managed_account_access": ("managed_account", "member"),
    "managed_account_use": ("managed_account", "ad_account"),
    "asset_group_asset": ("asset_group", "ad_account"),
    "asset_group_access": ("asset_group", "member"),
    "partner_share": ("partner", "ad_account"),
    "catalog_share": ("partner", "catalog"),
    "pixel_share": ("partner", "pixel"),
    "shop_share": ("partner", "shop"),
    "tiktok_account_share": ("partner", "tiktok_account"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the judge needs to know besides the plan."""

    system: System
    live: Live
    wanted: Mapping[Address, Declared]
    """Whatever the day."""
    min_admins: int
    today: date
    recorded: Mapping[Address, Record]
    directory: Collection[str]
    """Keys of the people who work here today."""


def broken_rules(part: OrganizationPlan, ground: Ground) -> list[str]:
    """What goes wrong after any prefix of the plan, in words; empty for a safe plan."""
    broken: list[str] = []
    world = {address: found for address, found in ground.live.resources.items() if not found.status.is_gone}
    for number, change in enumerate(part.changes):
        complaints = [*_actor_may(change, world, ground), *_makes_sense(change, world, ground)]
        before = _admins(world, ground.system)
        _play(change, world, ground)
        gone = before - _admins(world, ground.system)
        complaints += [*_enough_admins(gone, change, world, ground), *_within_caps(world, ground)]
        if change.after is None or change.action is Action.REMOVE_AND_INVITE:
            complaints += _grants_went_before(change, part.changes[number + 1 :])
        broken += [f"after {change.action} {change.address}: {complaint}" for complaint in complaints]
    return [*broken, *_wrong_one_stays(part, ground)]


def _play(change: Change, world: dict[Address, Resource], ground: Ground) -> None:
    if change.after is None:
        world.pop(change.address, None)
    elif change.address.kind == "app" and change.before is not None:
        world[change.address] = replace(change.before, status=Status.AWAITING_ACCEPTANCE)
    else:
        world[change.address] = change.after
    if change.action is Action.CREATE_ORGANIZATION:
        founder = Address(change.address.organization, "member", change.actor)
        world[founder] = Resource(address=founder, attributes=ground.wanted[founder].attributes)


def _members(world: Mapping[Address, Resource]) -> dict[str, Resource]:
    return {address.key: found for address, found in world.items() if address.kind == "member"}


def _admins(world: Mapping[Address, Resource], system: System) -> set[str]:
    members = _members(world)
    active = {key: found for key, found in members.items() if found.status is Status.ACTIVE}
    return {key for key, found in active.items() if system.administers(str(found.attributes.get("role")))}


def _declared_admins(ground: Ground) -> dict[str, date | None]:
    """Who shall be an admin today, and until when: the latest end of the lines that say so."""
    found: dict[str, date | None] = {}
    for address, declared in ground.wanted.items():
        ends = [
            line.expires
            for line in declared.lines
            if ground.system.administers(str(line.attributes.get("role")))
            and (line.expires is None or ground.today < line.expires)
            and (line.starts is None or line.starts <= ground.today)
        ]
        if address.kind == "member" and ends:
            found[address.key] = None if None in ends else max(filter(None, ends))
    return found


def _former_admins(ground: Ground) -> set[str]:
    """Who was made an admin through the manifests, whatever these say now."""
    records = {address.key: record for address, record in ground.recorded.items() if address.kind == "member"}
    given = {key: record.attributes if record.granted is None else record.granted for key, record in records.items()}
    return {key for key, values in given.items() if ground.system.administers(str(values.get("role")))}


def _enough_admins(
    gone: Collection[str], change: Change, world: Mapping[Address, Resource], ground: Ground
) -> list[str]:
    """Strangers count for nothing, neither as lost nor as left; whoever has left the company only as lost."""
    if not gone:
        return []
    now, declared, former = _admins(world, ground.system), _declared_admins(ground), _former_admins(ground)
    if not now & declared.keys():
        return ["no admin is left who is declared"]
    lost = {key for key in gone if key in declared or key in former}
    if not lost:
        return []
    were = _admins(ground.live.resources, ground.system)
    before = {key for key in were if (key in declared and declared[key] is None) or key in former - declared.keys()}
    stays = {key for key in now if key in declared and declared[key] is None}
    stays |= {key for key in now & former - declared.keys() if key in ground.directory and not _has_ended(key, ground)}
    needed = 1 if change.approval else max(1, min(ground.min_admins, len(before)))
    return [f"{len(stays)} admins to rely on, {needed} needed"] if max(1, len(stays)) < needed else []


def _has_ended(key: str, ground: Ground) -> bool:
    """Whether the manifests name somebody whose day is over."""
    named = [declared for address, declared in ground.wanted.items() if (address.kind, address.key) == ("member", key)]
    lines = [line for declared in named for line in declared.lines]
    return bool(lines) and all(line.expires is not None and line.expires <= ground.today for line in lines)


def _wrong_one_stays(part: OrganizationPlan, ground: Ground) -> list[str]:
    """Of admins who cannot all go, those go first who should not be there at all."""
    former, admins = _former_admins(ground), _admins(ground.live.resources, ground.system)
    members = [change for change in part.changes if change.address.kind == "member" and change.address.key in admins]
    gone = {change.address.key for change in members if change.after is None}
    lowered = {change.address.key for change in members if change.after is not None} - _declared_admins(ground).keys()
    stuck = {
        item.change.address.key
        for item in part.blocked
        if item.guard == "min_admins" and item.change.after is None and item.change.address.key in admins
    }
    strangers = {key for key in stuck if key not in former}
    departed = {key for key in stuck & former if key not in ground.directory or _has_ended(key, ground)}
    complaints = [f"{key} was never declared and stays" for key in strangers if (gone | lowered) & former]
    complaints += [f"{key} has left and stays" for key in departed if any(_is_here(k, ground) for k in gone | lowered)]
    return complaints


def _is_here(key: str, ground: Ground) -> bool:
    return key in _former_admins(ground) and key in ground.directory and not _has_ended(key, ground)


def _within_caps(world: Mapping[Address, Resource], ground: Ground) -> list[str]:
    """A system that is over a cap already may stay there, but not grow."""
    now, before = _members(world), _members(ground.live.resources)
    complaints = []
    cap = ground.system.member_cap
    if cap is not None and len(now) > max(cap, len(before)):
        complaints.append(f"{len(now)} members, at most {cap}")
    for role in ground.system.roles["member"]:
        holders, had = _holders(now, role.name), _holders(before, role.name)
        if role.cap is not None and holders > max(role.cap, had):
            complaints.append(f"{holders} times {role.name}, at most {role.cap}")
    return complaints


def _holders(members: Mapping[str, Resource], role: str) -> int:
    return sum(found.attributes.get("role") == role for found in members.values() if not found.status.is_gone)


def _actor_may(change: Change, world: Mapping[Address, Resource], ground: Ground) -> list[str]:
    if change.action is Action.CREATE_ORGANIZATION:
        return []
    if change.action is Action.TRANSFER_APP:
        owner = change.before.attributes.get("owner") if change.before else ""
        return [] if owner == f"person:{change.actor}" else [f"{change.actor} does not own the app"]
    admins = _admins(world, ground.system)
    complaints = [] if change.actor in admins else [f"{change.actor or 'nobody'} is no active admin"]
    if ground.live.acting and change.actor != ground.live.acting:
        complaints.append(f"{change.actor} acts, not {ground.live.acting}")
    return complaints if complaints or ground.live.acting else [*_better_placed(change, admins, ground)]


def _better_placed(change: Change, admins: Collection[str], ground: Ground) -> Iterator[str]:
    """Nobody who goes, or whom nobody knows, is asked where somebody with the same role stays."""
    roles = {key: found.attributes.get("role") for key, found in _members(ground.live.resources).items()}
    declared = _declared_admins(ground)
    staying = {key for key in admins if key in declared and declared[key] is None} - set(change.address.parts)
    staying = {key for key in staying & _admins(ground.live.resources, ground.system) if key in ground.directory}
    same = {key for key in staying if roles[key] == roles.get(change.actor, roles[key])}
    if change.actor not in staying and same:
        yield f"{change.actor} is asked, and {min(same)} stays"


def _makes_sense(change: Change, world: Mapping[Address, Resource], ground: Ground) -> list[str]:
    complaints = []
    found = world.get(change.address)
    if change.action is Action.INVITE and found is not None:
        complaints.append(f"is {found.status} already")
    is_acting = change.address == Address(change.address.organization, "member", ground.live.acting)
    if is_acting and (
        change.after is None or change.address.key not in _admins({change.address: change.after}, ground.system)
    ):
        complaints.append("takes admin rights from whom the tool acts as")
    if change.after is not None:
        for kind, key in zip(_GRANT_ENDS.get(change.address.kind, ()), change.address.parts, strict=False):
            end = world.get(Address(change.address.organization, kind, key))
            if end is None or end.status is not Status.ACTIVE:
                complaints.append(f"{kind} {key} is not there")
    if change.address.kind == "member" and change.action in {Action.REMOVE, Action.REMOVE_AND_INVITE}:
        owner = f"person:{change.address.key}"
        apps = [a for a in ground.wanted if a in world and world[a].attributes.get("owner") == owner]
        complaints += [f"still owns {app}" for app in apps]
    return complaints


def _grants_went_before(change: Change, later: tuple[Change, ...]) -> list[str]:
    """Nothing may still be taken away that hung on what has gone."""
    return [
        f"{other.address} goes only later"
        for other in later
        if other.after is None
        and (change.address.kind, change.address.key)
        in zip(_GRANT_ENDS.get(other.address.kind, ()), other.address.parts, strict=False)
    ]
