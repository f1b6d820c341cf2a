"""A whole Business Center, as little of it as a few addresses need, or who did what there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

from reconciler.model.address import KINDS, Address
from reconciler.model.drift import ActivityEntry
from reconciler.model.finding import ProviderError
from reconciler.model.resource import Part, Resource
from reconciler.providers.business_api.accounts import choose_witnesses, read_allowed
from reconciler.providers.business_api.assets import (
    read_access,
    read_assets,
    read_group_contents,
    read_groups,
    read_partners,
    read_shares,
    read_uses,
)
from reconciler.providers.business_api.errors import ApiError
from reconciler.providers.business_api.members import find_members, find_self, read_roster, show_members
from reconciler.providers.business_api.paging import Row, read_list, text_of
from reconciler.providers.business_api.session import CenterPart, CenterSnapshot, Session
from reconciler.providers.business_api.vocabulary import (
    ACTIVITY,
    ASSET_TYPES,
    BY_ACCESS,
    BY_KIND,
    CENTERS,
    USED_KINDS,
    AssetType,
)

_MAX_DAYS = 180
"""For longer times the documentation advises against asking for the activity at once."""


def read_everything(session: Session, *, configured_self: str) -> CenterSnapshot:
    """All there is of what is managed. Raises ApiError when not even the Business Center itself can be read."""
    everything, kinds = Part.everything(session.organization), session.kinds
    itself, obstacle = _read_center(session)
    known = CenterSnapshot().plus(itself)
    if obstacle:
        return known.plus(CenterPart(unknown={everything: obstacle}))
    try:
        known = read_roster(session, known)
    except ApiError as error:
        # Whose access anything is cannot be said without the members.
        return known.plus(CenterPart(unknown={everything: str(error)}))
    known = replace(known, acting=find_self(session, known.roster, configured_self))
    known = known.plus(show_members(session, known.roster))
    if "partner" in kinds:
        known = read_partners(session, known)
    if "asset_group" in kinds:
        known = read_group_contents(session, read_groups(session, known))
    # Side by side: while one type waits for its last answers, calls about another keep the pace.
    types = [asset_type for asset_type in ASSET_TYPES if asset_type.kind in kinds]
    known = known.joined(session.client.map(partial(_read_assets_and_access, session, known), types))
    if "tiktok_account" in known.assets:
        # Which ad account shows what an owner allows: by now all of both are known.
        known = replace(known, witnesses=choose_witnesses(known.resources))
        known = known.plus(read_allowed(session, known))
    for kind in kinds:
        if KINDS[kind].is_share:
            known = read_shares(session, known, kind)
    return known


def _read_center(session: Session) -> tuple[CenterPart, str]:
    """The Business Center itself, and why nothing more can be read or done in it; raises ApiError."""
    rows = read_list(session.client, CENTERS, {"bc_id": session.bc_id})
    row = next((row for row in rows if text_of(row.get("bc_info") or {}, "bc_id") == session.bc_id), None)
    if row is None:
        why = f"whoever the token belongs to is not in Business Center {session.bc_id}, or its id is wrong"
        return CenterPart(), why
    address = session.address("organization", session.organization)
    found = CenterPart.of([Resource(address=address, identity=session.bc_id)])
    status, role = text_of(row["bc_info"], "status"), text_of(row, "user_role")
    if status != "ENABLE":
        return found, f"the Business Center is not in service: its status is {status or 'not shown'}"
    if role != "ADMIN":
        return found, f"the token's owner is {role or 'no member'} there; only an ADMIN sees and changes who has access"
    return found, ""


def _read_assets_and_access(session: Session, known: CenterSnapshot, asset_type: AssetType) -> CenterSnapshot:
    kind = asset_type.kind
    known = read_assets(session, known, asset_type)
    if kind not in known.assets:
        why = known.unknown[session.part(kind)]
        hanging = [asset_type.access, *([f"{kind}_use"] if kind in USED_KINDS else [])]
        return known.plus(CenterPart(unknown=dict.fromkeys(map(session.part, hanging), why)))
    known = read_access(session, known, asset_type)
    return read_uses(session, known, kind) if kind in USED_KINDS else known


def read_a_few(session: Session, known: CenterSnapshot, addresses: Sequence[Address]) -> CenterSnapshot:
    """What these addresses need to be right, and whatever comes along with it. Raises ApiError."""
    wanted: dict[str, set[tuple[str, ...]]] = {}
    for address in addresses:
        wanted.setdefault(address.kind, set()).add(address.parts)
    known = _read_people(session, replace(known, resources={}, unknown={}), wanted)
    for kind, parts in wanted.items():
        known = _read_kind(session, known, kind, parts)
    return known


def _read_people(session: Session, known: CenterSnapshot, wanted: dict[str, set[tuple[str, ...]]]) -> CenterSnapshot:
    """Members that were asked for are looked up now; others only as far as their numbers are needed."""
    people = {parts[0] for parts in wanted.get("member", ())}
    for kind, keys in wanted.items():
        index = KINDS[kind].person_part
        if index is not None and kind != "member":
            people |= {parts[index] for parts in keys if not known.roster.find_user_id(parts[index])}
    if not people:
        return known
    known = find_members(session, known, people)
    return known.plus(show_members(session, known.roster, people))


def _read_kind(session: Session, known: CenterSnapshot, kind: str, parts: set[tuple[str, ...]]) -> CenterSnapshot:
    firsts = {key[0] for key in parts}
    if kind == "organization":
        return known.plus(_read_center(session)[0])
    if kind in BY_KIND:
        known = read_assets(session, known, BY_KIND[kind])
        return known.plus(read_allowed(session, known, firsts)) if kind == "tiktok_account" else known
    if kind in BY_ACCESS:
        known = _list_first(session, known, BY_ACCESS[kind].kind)
        return read_access(session, known, BY_ACCESS[kind], {(key[0], key[1]) for key in parts})
    if kind.removesuffix("_use") in USED_KINDS:
        used = kind.removesuffix("_use")
        return read_uses(session, _list_first(session, known, used), used, firsts)
    if kind in ("asset_group", "asset_group_asset", "asset_group_access"):
        known = read_groups(session, known)
        return known if kind == "asset_group" else read_group_contents(session, known, firsts)
    if kind == "partner":
        return read_partners(session, known)
    return read_shares(session, known, kind, firsts) if KINDS[kind].is_share else known


def _list_first(session: Session, known: CenterSnapshot, kind: str) -> CenterSnapshot:
    """Numbers and codes of assets are not in the manifest for all kinds, so the list has to have been read once."""
    return known if kind in known.assets else read_assets(session, known, BY_KIND[kind])


def read_activity(
    session: Session, known: CenterSnapshot, *, since: datetime, until: datetime
) -> tuple[ActivityEntry, ...]:
    """The activity log: who did what, on the site or through any app, oldest first.

    Raises ProviderError when the log cannot be read.
    """
    try:
        rows = [row for days in _spans(since, until) for row in _read_span(session, *days)]
        timed = [(moment, row) for row in rows if since <= (moment := _moment(row)) <= until]
        if timed and not known.roster.people:
            known = read_roster(session, known)
    except ApiError as error:
        advice = "the activity log takes scope 2, Ads Management, besides those for Business Centers"
        raise ProviderError(str(error), advice=advice) from error
    people = {**session.names.numbers, **known.roster.people}
    entries = [
        ActivityEntry(
            at=moment,
            who=people.get(text_of(row, "operator_id")) or text_of(row, "operator_id"),
            what=text_of(row, "activity_log"),
            address=session.names.find_subject(text_of(row, "activity_log"), organization=session.organization),
        )
        for moment, row in timed
    ]
    return tuple(sorted(entries, key=lambda entry: entry.at))


def _spans(since: datetime, until: datetime) -> Iterator[tuple[date, date]]:
    """First and last day of each call; the log counts in days of UTC."""
    first, end = since.astimezone(UTC).date(), until.astimezone(UTC).date()
    while first <= end:
        last = min(end, first + timedelta(days=_MAX_DAYS - 1))
        yield first, last
        first = last + timedelta(days=1)


def _read_span(session: Session, first: date, last: date) -> list[Row]:
    """Ascending, so that what happens meanwhile is added behind and moves no page."""
    days = {"start_date": first.isoformat(), "end_date": last.isoformat()}
    return session.list(ACTIVITY, filtering=days, sort_field="operation_time", sort_type="ASC", lang="en")


def _moment(row: Row) -> datetime:
    told = text_of(row, "time")
    try:
        return datetime.strptime(told, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        message = f"the answer makes no sense: {told[:40]!r} is no time"
        raise ApiError(message, endpoint=ACTIVITY.endpoint) from None
