"""Which TikTok account is which, and what the owners of linked ones allow.

An account is known by its id in the Business Center, as the manifests or an earlier run have it, and by its handle. A
title is what its owner chose to write: a stranger may call their account what ours is called. So a name counts as a
handle only where it is told as one. Whichever row and whichever declared account cannot be told apart are named, with
the line that settles it, and nothing is concluded about them. What an owner allows is shown only by
an ad account that may use the account's identity.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import field, replace

from reconciler.model.address import Address
from reconciler.model.values import dataclass
from reconciler.providers.business_api.errors import ApiError
from reconciler.providers.business_api.paging import Row, read_list, text_of
from reconciler.providers.business_api.session import CenterPart, CenterSnapshot, Session
from reconciler.providers.business_api.vocabulary import ACCOUNT_USERS, IDENTITIES

ACCOUNT = "tiktok_account"
_HANDLE = re.compile(r"@[\w.]{2,24}")
_FLAGS = {"can_pull_video": "existing_posts", "can_use_live_ads": "live", "can_manage_message": "direct_message"}
_MAX_NAMED = 3
"""So many accounts are named in a sentence."""
_MAX_TITLE = 60
"""So much of a title is shown in it."""


@dataclass(slots=True, kw_only=True)
class Accounts:
    """What could be told of the rows of a list."""

    handles: dict[str, str]
    """Id -> handle, of those that show one."""
    titles: Mapping[str, str]
    """Id -> name, whatever it is."""
    keys: dict[str, str] = field(default_factory=dict)
    """Id -> key in the manifests or in the state."""
    doubts: dict[str, str] = field(default_factory=dict)
    """Keys, and ids of what has none, that cannot be told apart -> why."""


def identify_accounts(session: Session, rows: Iterable[Row]) -> Accounts:
    """Whose each row is; handles that only identities tell are asked for where something would be in doubt."""
    titles = dict(sorted((text_of(row, "asset_id"), text_of(row, "asset_name")) for row in rows))
    told = {text_of(row, "asset_id"): handle_in(row) for row in rows}
    found = _match(session, {number: handle for number, handle in told.items() if handle}, titles)
    nameless = {
        number: title
        for number, title in titles.items()
        if title and number in found.doubts and number not in found.handles
    }
    learnt = _ask_identities(session, nameless) if nameless else {}
    return _match(session, {**found.handles, **learnt}, titles) if learnt else found


def handle_in(row: Row) -> str:
    """The handle that a row tells as one; a name that does not begin with @ is a title."""
    handle, name = text_of(row, "tt_asset_handle"), text_of(row, "asset_name")
    return as_handle(handle) if handle else as_handle(name) if name.startswith("@") else ""


def as_handle(text: str) -> str:
    """A handle as manifests have it; empty for what cannot be one, also when lower case makes it ASCII."""
    written = text.strip().removeprefix("@")
    handle = f"@{written.lower()}"
    return handle if _HANDLE.fullmatch(handle) and handle.isascii() == written.isascii() else ""


def _match(session: Session, handles: dict[str, str], titles: Mapping[str, str]) -> Accounts:
    names, found = session.names, Accounts(handles=handles, titles=titles)
    found.keys |= {number: key for number in titles if (key := names.find_numbered(ACCOUNT, number))}
    numbered = {key: number for number, key in found.keys.items()}
    claims: dict[str, list[str]] = {}
    for number, handle in handles.items():
        key = names.find_asset(ACCOUNT, handle)
        if key is None or found.keys.get(number) == key or names.is_numbered(ACCOUNT, key):
            continue
        claims.setdefault(key, []).append(number)
        if found.keys.get(number, "").startswith("@"):
            del found.keys[number]  # recorded under a handle that nobody declares any more, declared under this one
    for key, numbers in claims.items():
        rivals = [*numbers, *([numbered[key]] if key in numbered else [])]
        if len(rivals) == 1 and rivals[0] not in found.keys:
            found.keys[rivals[0]] = key
        else:
            _mark_rivals(found, key, rivals)
    _mark_nameless(session, found)
    return found


def _mark_rivals(found: Accounts, key: str, rivals: list[str]) -> None:
    """Several rows that may be one declared account: a handle passed on, or shown twice."""
    for number in rivals:
        other = found.keys.pop(number, number)
        found.doubts[other] = f"its handle, or what is recorded of its id, says that it is the declared account {key}"
    found.doubts[key] = f"it may be {_format_linked(found, rivals)}; {_advise(rivals)}"


def _mark_nameless(session: Session, found: Accounts) -> None:
    """Rows that match by nothing may be any declared account that was not found. Once all were, they are nobody's."""
    settled = {*found.keys, *found.handles, *found.doubts}
    nameless = [number for number in found.titles if number not in settled]
    present = {*found.keys.values(), *found.doubts}
    missing = [
        key
        for key in sorted(session.names.listed(ACCOUNT))
        if key not in present and not session.names.is_numbered(ACCOUNT, key)
    ]
    if not nameless or not missing:
        return
    handles = ("whose handle is", "whose handles are")[len(nameless) > 1]
    why = f"it may be {_format_linked(found, nameless)}, {handles} not shown; {_advise(nameless)}"
    found.doubts |= dict.fromkeys(missing, why)
    some = ", ".join(missing[:_MAX_NAMED]) + (", ..." if len(missing) > _MAX_NAMED else "")
    found.doubts |= dict.fromkeys(nameless, f"its handle is not shown, and it may be the declared account {some}")


def _format_linked(found: Accounts, numbers: list[str]) -> str:
    titles = {number: found.titles[number][:_MAX_TITLE] for number in numbers[:_MAX_NAMED]}
    said = [f"{number} ({title!r})" if title else number for number, title in titles.items()]
    more = ", ..." if len(numbers) > _MAX_NAMED else ""
    return f"{'the linked account' if len(numbers) == 1 else 'any of the linked accounts'} {', '.join(said)}{more}"


def _advise(numbers: list[str]) -> str:
    if len(numbers) == 1:
        return f'if it is, add `id: "{numbers[0]}"` to it, else declare that one by its id under a key of its own'
    return "add the `id:` of the one that it is; if it is none, declare them by their ids under keys of their own"


def _ask_identities(session: Session, titles: Mapping[str, str]) -> dict[str, str]:
    """Handles of accounts that ad accounts use: there a title that one account and one identity have is no guess."""

    def read_users(number: str) -> list[Row]:
        try:
            return session.list(ACCOUNT_USERS, asset_id=number, asset_type="TT_ACCOUNT")
        except ApiError:
            return []

    users: dict[str, list[str]] = {}
    for number, rows in zip(titles, session.client.map(read_users, titles), strict=True):
        for row in rows:
            users.setdefault(text_of(row, "advertiser_id"), []).append(number)
    found: dict[str, set[str]] = {}
    asked = session.client.map(lambda ad_account: _read_identities(session, ad_account), users)
    for numbers, identities in zip(users.values(), asked, strict=True):
        here = Counter(titles[number] for number in numbers)
        called = Counter(text_of(row, "display_name") for row in identities)
        told = {text_of(row, "display_name"): text_of(row, "username") for row in identities}
        for number in numbers:
            if here[titles[number]] == called[titles[number]] == 1 and told[titles[number]]:
                found.setdefault(number, set()).add(as_handle(told[titles[number]]))
    return {number: handle for number, handles in found.items() if len(handles) == 1 and (handle := handles.pop())}


def _read_identities(session: Session, ad_account: str) -> list[Row]:
    """Every account of this Business Center as which the ad account with this id may post.

    A refusal says no more than silence: a token need not have the scope for it.
    """
    question = {"identity_type": "BC_AUTH_TT", "identity_authorized_bc_id": session.bc_id}
    try:
        return read_list(session.client, IDENTITIES, {"advertiser_id": ad_account, **question})
    except ApiError:
        return []


def choose_witnesses(uses: Iterable[Address]) -> dict[str, str]:
    """Account -> the ad account to ask: as few of these as show all accounts that are in use."""
    users: dict[str, set[str]] = {}
    for account, ad_account in (use.parts for use in uses if use.kind == f"{ACCOUNT}_use"):
        users.setdefault(ad_account, set()).add(account)
    witnesses: dict[str, str] = {}
    while left := set().union(*users.values()) - witnesses.keys():
        widest = min(users, key=lambda one: (-len(users[one] & left), one))
        witnesses |= dict.fromkeys(users[widest] & left, widest)
    return witnesses


def read_allowed(session: Session, known: CenterSnapshot, accounts: Iterable[str] | None = None) -> CenterPart:
    """These `accounts`, or all, with what their owners allow; what is not shown stays unread."""

    def read(ad_account: str) -> list[tuple[str, tuple[str, ...]]]:
        rows = _read_identities(session, known.asset_id(session, "ad_account", ad_account))
        told = [(as_handle(text_of(row, "username")), _find_allowed(row)) for row in rows]
        return [(handle, allowed) for handle, allowed in told if allowed is not None and handle]

    asked = known.witnesses.keys() if accounts is None else known.witnesses.keys() & set(accounts)
    witnesses = sorted({known.witnesses[account] for account in asked})
    shown = dict(pair for pairs in session.client.map(read, witnesses) for pair in pairs)
    read_now = []
    for account in asked:
        found = known.resources.get(session.address(ACCOUNT, account))
        if found is None or not found.unread:
            continue
        handle = found.name if found.name.startswith("@") else found.identity
        if (allowed := shown.get(handle)) is not None:
            read_now.append(replace(found, attributes={"permissions": allowed} if allowed else {}, unread=()))
    return CenterPart.of(read_now)


def _find_allowed(row: Row) -> tuple[str, ...] | None:
    """The permissions in a row; None where it leaves one open, or shows an identity that cannot be used just now."""

    def flag(name: str) -> bool | None:
        value = row.get(name)
        return value if isinstance(value, bool) else None

    publishes = flag("can_push_video")
    flags = {name: flag(name) for name in _FLAGS}
    is_ads_only = flag("ads_only_mode") if publishes else False
    if text_of(row, "available_status") != "AVAILABLE" or None in (publishes, is_ads_only, *flags.values()):
        return None
    publishing = ["publish_ads_only" if is_ads_only else "publish_to_profile"] if publishes else []
    return tuple(sorted([*(_FLAGS[name] for name, is_given in flags.items() if is_given), *publishing]))
