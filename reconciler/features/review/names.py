"""What is called differently on both sides and is the same, and what only seems to be the same under one key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.engine.identities import Dispute, Identities, Names
from reconciler.features.review.model import Rename
from reconciler.model.address import Address
from reconciler.model.declared import Declared, Desired
from reconciler.model.kinds import KINDS


def names_at_head(base: Desired, head: Desired) -> dict[str, Names]:
    """Organization -> what its things of BASE are called at HEAD, told as a plan tells it of what is recorded.

    Something whose key means another one at HEAD goes by its identity: what is on it is lost, and gained on the other.
    """
    identities = Identities(head)
    return {
        organization: _apart(
            identities.names(
                organization,
                {at: one.identity for at, one in resources.items()},
                numbers={at: one.platform_id for at, one in resources.items()},
            ),
            base,
            head,
        )
        for organization, resources in base.resources.items()
    }


def _apart(names: Names, base: Desired, head: Desired) -> Names:
    """Without names of somebody whom BASE knows as somebody else: an address passed on, which records cannot show."""
    moved = {(move.source.kind, move.source.key) for move in head.moves}
    passed_on = {
        (kind, key)
        for (kind, key), now in names.keys.items()
        if kind == "member" and key in base.people and now in base.people and (kind, key) not in moved
    }
    if not passed_on:
        return names
    return replace(
        names,
        keys={name: now for name, now in names.keys.items() if name not in passed_on},
        recorded=names.recorded - passed_on,
        disputes=(
            *names.disputes,
            *(
                Dispute(identity=_identity_of(key, base), recorded=key, declared=names.keys[kind, key])
                for kind, key in sorted(passed_on)
            ),
        ),
    )


def _identity_of(person: str, base: Desired) -> str:
    return base.people[person].identities.get("email", person)


def find_renames(names: Mapping[str, Names]) -> tuple[Rename, ...]:
    """Members and assets of BASE that have another name at HEAD, by address."""
    return tuple(
        Rename(before=Address(organization, kind, key), after=Address(organization, kind, found.keys[kind, key]))
        for organization, found in sorted(names.items())
        for kind, key in sorted(found.recorded - found.displaced)
    )


def describe_displaced(names: Mapping[str, Names], base: Desired, head: Desired) -> Iterator[str]:
    """What a reader would otherwise take for the same, because it has the same key."""
    for organization, found in sorted(names.items()):
        for kind, key in sorted(found.displaced):
            address = Address(organization, kind, key)
            now = head.resources.get(organization, {}).get(address)
            became = f", which is {now.identity} now" if now else ""
            former = base.resources[organization][address].identity
            yield f"{KINDS[kind].title} {former} of {organization} had the key {key}{became}: these are two things"
        for one in found.disputes:
            yield (
                f"{one.identity} was the address of {one.recorded} in {organization} and is that of {one.declared} "
                "now: these are two people, and a plan waits until somebody decides about the account"
            )


def with_names(resources: Mapping[Address, Declared], names: Names) -> dict[Address, Declared]:
    """The same declarations under the names that they have at HEAD; what hangs on a thing goes along with it."""
    moved = {names.today(address): declared for address, declared in resources.items()}
    return {
        address: declared if address == declared.address else replace(declared, address=address)
        for address, declared in moved.items()
    }
