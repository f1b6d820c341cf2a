"""How the API calls what the world knows by other names: numbers, types of assets, masked addresses, account names.

Numbers are stable, have 19 digits, and are never mixed up with one another.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Final, Literal

from reconciler.sandbox.api.options import Options
from reconciler.sandbox.world import Refusal, Row, World

KINDS: Final = {
    "ADVERTISER": "ad_account",
    "CATALOG": "catalog",
    "TIKTOK_SHOP": "shop",
    "PIXEL": "pixel",
    "LEAD": "lead_library",
    "TT_ACCOUNT": "tiktok_account",
    "MANAGED_BUSINESS_ACCOUNT": "managed_account",
}
"""Asset type -> kind in the world; the other types exist, but nothing in the world is of them."""

_PEOPLE: Final = 6_800_000_000_000_000_000
_CORE: Final = 6_500_000_000_000_000_000
_ASSETS: Final = 7_600_000_000_000_000_000
_GROUPS: Final = 7_700_000_000_000_000_000
_SPAN: Final = 1_000_000_000_000_000


def user_id(person: int) -> str:
    """Of a person, in every Business Center."""
    return str(_PEOPLE + person)


def core_user_id(person: int, *, equal: bool) -> str:
    """Of a person as the owner of an account; perhaps the same number."""
    return str((_PEOPLE if equal else _CORE) + person)


def person_of(number: str) -> int:
    """The person behind a user id; a number that nobody has is nobody's, 0."""
    return _within(_PEOPLE, number)


def asset_id(asset: Row) -> str:
    """The asset's own id, if it has a numeric one; TikTok accounts are known to the world by handle and get a number.

    `asset` has the columns `asset_number` and `identity`.
    """
    identity = str(asset["identity"])
    return identity if identity.isascii() and identity.isdigit() else str(_ASSETS + int(asset["asset_number"]))


def get_asset_identity(world: World, kind: str, number: str) -> str:
    """What the world calls an asset; a number that no asset has is its own name, which leads nowhere."""
    row = world.find_row(
        "SELECT identity FROM asset WHERE kind = :kind AND id = :id", {"kind": kind, "id": _within(_ASSETS, number)}
    )
    return str(row["identity"]) if row else number


def group_id(group: int) -> str:
    """Of an asset group."""
    return str(_GROUPS + group)


def get_group(world: World, organization: int, number: str) -> Row:
    """The group with this id; none is a Refusal."""
    row = world.find_row(
        "SELECT * FROM asset_group WHERE organization = :organization AND id = :id",
        {"organization": organization, "id": _within(_GROUPS, number)},
    )
    if row is None:
        raise Refusal("unknown", f"asset group {number} does not exist")
    return row


def pixel_code(identity: str) -> str:
    """The code that web pages carry: 20 upper-case letters and digits, not the pixel's id."""
    return "C" + base64.b32encode(hashlib.sha256(identity.encode()).digest()).decode()[:19]


def _within(start: int, number: str) -> int:
    offset = int(number) - start
    return offset if 0 < offset < _SPAN else 0


def mask(address: str) -> str:
    """First and last character of the local part, as many stars as there are characters between, and the domain.

    How short local parts are masked is not published; here at least one star is always there.
    """
    local, _, domain = address.partition("@")
    hidden = local[:1] * (len(local) > 1) + "*" * max(len(local) - 2, 1) + local[-1] * (len(local) > 2)
    return f"{hidden}@{domain}"


def format_address(address: str, masking: Literal["all", "some", "none"]) -> str:
    """The address, masked or not. `some` masks half of all addresses, always the same half."""
    is_masked = masking == "all" or (masking == "some" and sum(address.encode()) % 2 == 0)
    return mask(address) if is_masked else address


def account_name(account: Row, options: Options) -> str:
    """A TikTok account's handle or title; one that was never given a title has its handle, written as a title."""
    handle, name = str(account["identity"]), str(account["name"])
    if options.account_names == "handle":
        return handle
    return name if name != handle else handle.removeprefix("@").replace(".", " ").title()
