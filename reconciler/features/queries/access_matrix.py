"""Who can reach an organization or one thing in it, with which role, and how they come to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from reconciler.apply.states import read_state
from reconciler.engine.holdings import AccessIndex, index_access
from reconciler.features.queries.directory import load_about, read_one_state
from reconciler.manifests.source import SourceFile
from reconciler.model.access import strongest
from reconciler.model.address import Address
from reconciler.model.errors import ReconcilerError
from reconciler.model.holding import AccessMatrix, Holding, Reach
from reconciler.model.kinds import KINDS, Shape, parents_of, person_in
from reconciler.model.ports import StateStore
from reconciler.model.resource import Attributes, Owner
from reconciler.model.state import State
from reconciler.model.suggestions import suggest_names
from reconciler.model.system import System

_MAX_SHOWN = 12
"""As many names as anybody reads."""


def access(
    text: str, *, files: Sequence[SourceFile], store: StateStore, today: date, as_of: date | None = None
) -> AccessMatrix:
    """The access matrix of an organization (its key), or its part about one asset, partner or member (an address).

    Raises ReconcilerError, naming what there is, when nothing has that address.
    """
    organization = text.partition("/")[0]
    index = _read_index(organization, files=files, store=store, today=today, as_of=as_of)
    about = _find(text, index)
    is_whole = about.kind == "organization"
    edges = [one for one in index.holdings.values() if len(one.address.parts) > 1 and not person_in(one.address)]
    return AccessMatrix(
        address=about,
        system=index.system.name if index.system else "",
        title=index.system.title if index.system else "",
        today=today,
        as_of=as_of,
        reaches=tuple(one for one in find_reaches(index) if is_whole or about in (one.on, one.subject)),
        has_no_state=as_of is None and read_state(store, organization).tells_nothing,
        last_read=index.last_read,
        owned_elsewhere=tuple(
            one for one in index.holdings.values() if _is_owned_elsewhere(one) and (is_whole or about == one.address)
        ),
        connections=tuple(
            one
            for one in edges
            if not KINDS[one.address.kind].is_share and (is_whole or about in parents_of(one.address))
        ),
    )


def _read_index(
    organization: str, *, files: Sequence[SourceFile], store: StateStore, today: date, as_of: date | None
) -> AccessIndex:
    known = store.organizations()
    desired = load_about(files, [organization], today=today)
    if organization not in known and organization not in desired.organizations:
        everything = {*known, *load_about(files, [""], today=today).organizations}
        listed = f"there are: {', '.join(sorted(everything))}" if len(everything) <= _MAX_SHOWN else ""
        message = f"there is no organization {organization!r}: not in the manifests, and without a recorded state"
        raise ReconcilerError(message, advice=suggest_names(organization, everything) or listed)
    state = State(organization=organization)
    if organization in known:
        state = read_one_state(store, organization, as_of=as_of)
    return index_access(organization, desired=desired, state=state, today=today, as_of=as_of)


def _find(text: str, index: AccessIndex) -> Address:
    """The address that is asked about; that of the organization for its mere key."""
    whole = Address.whole(index.organization)
    if text in (index.organization, str(whole)):
        return whole
    shapes = (Shape.MEMBERSHIP, Shape.ASSET)
    topics = {str(address): address for address in index.holdings if KINDS[address.kind].shape in shapes}
    if text in topics:
        return topics[text]
    former = {str(before): now for before, now in index.former.items()}
    if text in former:
        return former[text]
    advice = suggest_names(text, topics) or f"ask for {index.organization} to see everything that is in it"
    raise ReconcilerError(f"nothing in {index.organization} is called {text!r}", advice=advice)


def find_reaches(index: AccessIndex) -> Iterator[Reach]:
    """All cells: the organization's own members first, then thing by thing."""
    members = [one for one in index.holdings.values() if one.address.kind == "member"]
    whole = Address.whole(index.organization)
    for member in members:
        yield _reach(whole, member.address, [member], index)
    for asset, holding in index.holdings.items():
        is_reached = KINDS[asset.kind].shape is Shape.ASSET and asset.kind != "partner"
        if is_reached and not _is_owned_elsewhere(holding):
            yield from _reaches_of(asset, members, index)


def _is_owned_elsewhere(asset: Holding) -> bool:
    """Whether it is an app of somebody else, which nobody has by being a member, whatever is declared."""
    recorded = asset.recorded
    if asset.address.kind != "app" or recorded is None or recorded.status.is_gone:
        return False
    return Owner.of(recorded.attributes).is_elsewhere(asset.address.organization)


def _reaches_of(asset: Address, members: Iterable[Holding], index: AccessIndex) -> Iterator[Reach]:
    """Everybody who reaches one asset, then the admins who could, then partners."""
    ways: dict[Address, list[Holding]] = {}
    for holding in _ways_to(asset, index):
        person = person_in(holding.address)
        subject = Address(asset.organization, "member" if person else "partner", person or holding.address.parts[0])
        ways.setdefault(subject, []).append(holding)
    if not _is_granted(asset.kind, index.system):
        # Nobody is given access to such a thing: all members of the organization have it.
        ways = {member.address: [member] for member in members}
    takers: dict[Address, list[Holding]] = {
        member.address: [] for member in members if index.administers(member.address.key)
    }
    people = {subject: found for subject, found in {**takers, **ways}.items() if subject.kind == "member"}
    for subject in sorted(people):
        yield _reach(asset, subject, people[subject], index)
    for subject in sorted(ways.keys() - people.keys()):
        yield _reach(asset, subject, ways[subject], index)


def _ways_to(asset: Address, index: AccessIndex) -> Iterator[Holding]:
    """Grants on the asset, grants on the asset groups it is in, shares with partners."""
    for holding in index.holdings.values():
        kind, parts = holding.address.kind, holding.address.parts
        if kind == "asset_group_access" and asset.kind == "ad_account":
            leads = asset.key in holding.reaches
        elif kind == f"{asset.kind}_access" or (KINDS[kind].is_share and asset.kind in KINDS[kind].parents):
            leads = parts[KINDS[kind].target_part] == asset.key
        else:
            leads = False
        if leads:
            yield holding


def _is_granted(kind: str, system: System | None) -> bool:
    """Whether people are given access to things of a kind one by one, rather than by being members."""
    return system is None or f"{kind}_access" in system.kinds


def _reach(on: Address, subject: Address, ways: Sequence[Holding], index: AccessIndex) -> Reach:
    membership, thing = index.holdings.get(subject), index.holdings.get(on)
    # What nobody is given access to is everybody's once it is there; an app may be declared and still be elsewhere.
    is_whole = on.kind == "organization"
    is_there = is_whole or _is_granted(on.kind, index.system) or (thing is not None and thing.is_active)
    is_in = subject.kind == "partner" or (membership is not None and membership.is_active)
    links = [_link(one, on, index) for one in ways]
    active = [
        one.recorded.attributes
        for one, link in zip(ways, links, strict=True)
        if is_in and is_there and one.recorded is not None and one.is_active and (link is None or link.is_active)
    ]
    active += [one.recorded.implied for one in ways if is_in and one.recorded is not None and one.recorded.implied_by]
    wanted = [
        one.declared.attributes
        for one, link in zip(ways, links, strict=True)
        if one.declared is not None and one.is_wanted and (link is None or link.is_wanted)
    ]
    kind = ways[0].address.kind if ways else on.kind
    effective = strongest(active, kind, index.system)
    return Reach(
        on=on,
        subject=subject,
        ways=tuple(ways),
        effective=effective,
        intended=strongest(wanted, kind, index.system),
        can_take=not is_whole
        and is_there
        and subject.kind == "member"
        and index.administers(subject.key)
        and not _is_all(effective, kind, index.system),
    )


def _is_all(held: Attributes | None, kind: str, system: System | None) -> bool:
    """Whether nobody can have more of a thing: the strongest role and every permission that there is."""
    if held is None or system is None:
        return False
    strongest_role = next((role.name for role in system.roles.get(kind, ())), None)
    permissions = {permission.name for permission in system.permissions.get(kind, ())}
    return held.get("role") == strongest_role and permissions.issubset(held.get("permissions", ()))


def _link(way: Holding, on: Address, index: AccessIndex) -> Holding | None:
    """What puts an ad account into the asset group through which a way leads; None for ways that need none."""
    if way.address.kind != "asset_group_access" or on.kind != "ad_account":
        return None
    address = Address(on.organization, "asset_group_asset", f"{way.address.parts[0]}/{on.key}")
    return index.holdings.get(address, Holding(address=address, is_past=way.is_past))
