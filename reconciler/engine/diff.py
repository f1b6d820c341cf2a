"""The difference between two worlds, keyed by address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from reconciler.model import Address, Declared, Resource, Status


class Difference(NamedTuple):
    """An address on which the two worlds do not agree; at least one side is there."""

    address: Address
    wanted: Declared | None
    live: Resource | None


def diff(*, desired: Mapping[Address, Declared], live: Mapping[Address, Resource]) -> list[Difference]:
    """Every address where what is wanted and what is live differ, sorted.

    What must be left alone is to be left out of `live` by the caller; there is no other way to be spared.
    """
    differences = [
        Difference(address, wanted, live.get(address))
        for address, wanted in desired.items()
        if not agrees(wanted, live.get(address))
    ]
    differences += [Difference(address, None, found) for address, found in live.items() if address not in desired]
    return sorted(differences, key=lambda difference: difference.address)


def agrees(wanted: Declared, live: Resource | None) -> bool:
    """Whether the live resource is exactly what was declared, in force and not about to change."""
    return live is not None and live.status is Status.ACTIVE and live.fits(wanted.attributes) and not live.pending
