"""Which declarations count today."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from reconciler.core.address import Address
from reconciler.core.declared import Declared
from reconciler.core.kinds import KINDS
from reconciler.core.planning.situation import Ended


def split_by_date(
    declared: Mapping[Address, Declared], today: date
) -> tuple[Mapping[Address, Declared], dict[Address, Ended]]:
    """Tell what shall be there today from what shall not, because it has ended or not begun.

    A grant goes with its membership: where a person's membership is out of its dates, so are all their grants.
    """
    ended = {
        address: Ended(declared=item, why=why)
        for address, item in declared.items()
        if (item.expires or item.starts) and (why := _why_absent(item, today))
    }
    if not ended:
        return declared, {}
    for address, item in declared.items():
        membership = _membership_of(address)
        if membership in ended and address not in ended:
            ended[address] = Ended(declared=item, why=ended[membership].why)
    return {address: item for address, item in declared.items() if address not in ended}, ended


def _why_absent(item: Declared, today: date) -> str:
    if item.expires and item.expires <= today:
        return f"ends {item.expires}"
    if item.starts and item.starts > today:
        return f"starts {item.starts}"
    return ""


def _membership_of(address: Address) -> Address | None:
    """The membership a grant hangs on; None for anything that is not a person's grant."""
    part = KINDS[address.kind].person_part
    if part is None or address.kind == "member":
        return None
    return Address(address.organization, "member", address.parts[part])
