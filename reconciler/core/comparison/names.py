"""What is called differently on both sides and is the same: nobody gains or loses anything by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.core.address import Address
from reconciler.core.declared import Declared, Desired
from reconciler.core.kinds import KINDS, Shape
from reconciler.core.review import Rename

_Resources = Mapping[Address, Declared]


def find_renames(base: Desired, head: Desired) -> tuple[Rename, ...]:
    """Things of BASE that have another name at HEAD, by address.

    A move of HEAD says so, or the system would take them for the same: a member under the same account, an asset with
    the same id.
    """
    renames: dict[Address, Address] = {}
    for organization, resources in base.resources.items():
        wanted = head.resources.get(organization, {})
        for before, after in (*_moved(base, head, organization), *_recognized(resources, wanted)):
            is_free = after not in resources and before not in renames and after not in renames.values()
            if before in resources and before not in wanted and is_free:
                renames[before] = after
    return tuple(Rename(before=before, after=after) for before, after in sorted(renames.items()))


def _moved(base: Desired, head: Desired, organization: str) -> Iterator[tuple[Address, Address]]:
    earlier = {(move.source, move.target) for move in base.moves}
    for move in head.moves:
        if move.source.organization == move.target.organization == organization:
            is_new = (move.source, move.target) not in earlier
            if is_new and not KINDS[move.source.kind].parents:
                yield move.source, move.target


def _recognized(before: _Resources, after: _Resources) -> Iterator[tuple[Address, Address]]:
    gone = _by_identity(before, without=after)
    new = _by_identity(after, without=before)
    for identity in gone.keys() & new.keys():
        if len(gone[identity]) == len(new[identity]) == 1:
            yield gone[identity][0], new[identity][0]


def _by_identity(resources: _Resources, *, without: _Resources) -> dict[tuple[str, str], list[Address]]:
    found: dict[tuple[str, str], list[Address]] = {}
    for address, declared in resources.items():
        is_edge = KINDS[address.kind].parents or KINDS[address.kind].shape is Shape.ORGANIZATION
        if declared.identity and not is_edge and address not in without:
            found.setdefault((address.kind, declared.identity), []).append(address)
    return found


def with_names(resources: _Resources, renames: tuple[Rename, ...]) -> dict[Address, Declared]:
    """The same declarations under the names that they have at HEAD; what hangs on a thing goes along with it."""
    if not renames:
        return dict(resources)
    keys = {(one.before.organization, one.before.kind, one.before.key): one.after.key for one in renames}
    moved = ((_new_address(address, keys), declared) for address, declared in resources.items())
    return {
        address: declared if address == declared.address else replace(declared, address=address)
        for address, declared in moved
    }


def _new_address(address: Address, keys: Mapping[tuple[str, str, str], str]) -> Address:
    kinds = KINDS[address.kind].parents or (address.kind,)
    parts = [
        keys.get((address.organization, kind, part), part) for kind, part in zip(kinds, address.parts, strict=True)
    ]
    return Address(address.organization, address.kind, "/".join(parts))
