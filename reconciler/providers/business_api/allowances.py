"""What the owners of linked TikTok accounts allow, which only an ad account shows that may use their identity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from reconciler.model.address import Address
from reconciler.providers.business_api.accounts import ACCOUNT, as_handle, read_identities
from reconciler.providers.business_api.center import Center, Seen, text_of
from reconciler.providers.business_api.rows import Row

_FLAGS = {"can_pull_video": "existing_posts", "can_use_live_ads": "live", "can_manage_message": "direct_message"}


def choose_witnesses(center: Center, uses: Iterable[Address]) -> None:
    """Choose the ad accounts to ask, as few as show all accounts that are in use; kept for later looks."""
    users: dict[str, set[str]] = {}
    for account, ad_account in (use.parts for use in uses if use.kind == f"{ACCOUNT}_use"):
        users.setdefault(ad_account, set()).add(account)
    center.witnesses = {}
    while left := set().union(*users.values()) - center.witnesses.keys():
        widest = min(users, key=lambda one: (-len(users[one] & left), one))
        center.witnesses |= dict.fromkeys(users[widest] & left, widest)


def show_allowed(center: Center, seen: Seen, accounts: Iterable[str] | None = None) -> Seen:
    """The same with what owners allow on these `accounts`, or on all; what is not shown stays unread."""
    asked = center.witnesses.keys() if accounts is None else center.witnesses.keys() & set(accounts)
    witnesses = sorted({center.witnesses[account] for account in asked})
    shown = dict(
        pair for pairs in center.client.map(lambda one: _read_allowed(center, one), witnesses) for pair in pairs
    )
    for account in asked:
        found = seen.resources.get(address := center.address(ACCOUNT, account))
        if found is None or not found.unread:
            continue
        handle = found.name if found.name.startswith("@") else found.identity
        if (allowed := shown.get(handle)) is not None:
            seen.resources[address] = replace(found, attributes={"permissions": allowed} if allowed else {}, unread=())
    return seen


def _read_allowed(center: Center, ad_account: str) -> list[tuple[str, tuple[str, ...]]]:
    """Handle and permissions of every account that an ad account shows."""
    rows = read_identities(center, center.asset_id("ad_account", ad_account))
    told = [(as_handle(text_of(row, "username")), _find_allowed(row)) for row in rows]
    return [(handle, allowed) for handle, allowed in told if allowed is not None and handle]


def _find_allowed(row: Row) -> tuple[str, ...] | None:
    """The permissions in a row; None where it leaves one open, or shows an identity that cannot be used just now."""
    publishes = _flag(row, "can_push_video")
    flags = {name: _flag(row, name) for name in _FLAGS}
    is_ads_only = _flag(row, "ads_only_mode") if publishes else False
    if text_of(row, "available_status") != "AVAILABLE" or None in (publishes, is_ads_only, *flags.values()):
        return None
    publishing = ["publish_ads_only" if is_ads_only else "publish_to_profile"] if publishes else []
    return tuple(sorted([*(_FLAGS[name] for name, is_given in flags.items() if is_given), *publishing]))


def _flag(row: Mapping[str, object], name: str) -> bool | None:
    value = row.get(name)
    return value if isinstance(value, bool) else None
