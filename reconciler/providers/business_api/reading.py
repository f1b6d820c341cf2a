"""Reading a whole Business Center or a part of it, and a write that is looked for after it was sent once.

No write of this interface can be repeated without risk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

from reconciler.model import (
    INVITATIONS,
    KINDS,
    Action,
    ActivityEntry,
    Address,
    Applied,
    Change,
    Failed,
    InDoubt,
    Live,
    Outcome,
    Part,
    ProviderError,
    Resource,
    Status,
    Unknown,
    dataclass,
    find_subject,
)
from reconciler.providers.business_api.assets import (
    read_access,
    read_assets,
    read_group_contents,
    read_groups,
    read_partners,
    read_shares,
    read_uses,
)
from reconciler.providers.business_api.client import Row, Ticker, read_list, text_of
from reconciler.providers.business_api.members import (
    choose_witnesses,
    find_members,
    find_self,
    read_allowed,
    read_roster,
    show_members,
)
from reconciler.providers.business_api.session import CenterPart, CenterSnapshot, Session
from reconciler.providers.business_api.vocabulary import (
    ACTIVITY,
    ASSET_TYPES,
    ASSETS,
    BY_ACCESS,
    BY_KIND,
    CENTERS,
    GROUPS,
    INVITE,
    MEMBERS,
    USED_KINDS,
    ApiError,
    AssetType,
    Remedy,
    find_obstacle,
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
    wanted = parts_by_kind(addresses)
    known = _read_people(session, replace(known, resources={}, unknown={}), wanted)
    for kind, parts in wanted.items():
        known = _read_kind(session, known, kind, parts)
    return known


def parts_by_kind(addresses: Iterable[Address]) -> dict[str, set[tuple[str, ...]]]:
    """What a look at these asks for, kind by kind."""
    wanted: dict[str, set[tuple[str, ...]]] = {}
    for address in addresses:
        wanted.setdefault(address.kind, set()).add(address.parts)
    return wanted


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
        # Ascending, so that what happens meanwhile is added behind and moves no page.
        order = {"sort_field": "operation_time", "sort_type": "ASC", "lang": "en"}
        rows = [row for days in _spans(since, until) for row in session.list(ACTIVITY, filtering=days, **order)]
        timed = [(moment, row) for row in rows if since <= (moment := _moment(row)) <= until]
        if timed and not known.roster.people:
            known = read_roster(session, known)
    except ApiError as error:
        advice = "the activity log takes scope 2, Ads Management, besides those for Business Centers"
        raise ProviderError(str(error), advice=advice) from error
    people = {**session.names.numbers, **known.roster.people}
    entries = []
    for moment, row in sorted(timed, key=lambda one: one[0]):
        who, what = text_of(row, "operator_id"), text_of(row, "activity_log")
        keys, assets = session.names.keys, session.scope.assets
        about = find_subject(what, organization=session.organization, keys=keys, assets=assets)
        entries.append(ActivityEntry(at=moment, who=people.get(who) or who, what=what, address=about))
    return tuple(entries)


def _spans(since: datetime, until: datetime) -> Iterator[dict[str, str]]:
    """First and last day of each call; the log counts in days of UTC."""
    first, end = since.astimezone(UTC).date(), until.astimezone(UTC).date()
    while first <= end:
        last = min(end, first + timedelta(days=_MAX_DAYS - 1))
        yield {"start_date": first.isoformat(), "end_date": last.isoformat()}
        first = last + timedelta(days=1)


def _moment(row: Row) -> datetime:
    told = text_of(row, "time")
    try:
        return datetime.strptime(told, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        message = f"the answer makes no sense: {told[:40]!r} is no time"
        raise ApiError(message, endpoint=ACTIVITY.endpoint) from None


Found = Resource | Unknown | None
Sight = TypeVar("Sight")
"""What a look shows: one thing, or several."""

LOOKS = (1.0, 2.0, 4.0, 8.0)
"""Seconds to wait before each look but the first."""
_ATTEMPTS = 5
_HINTS = {
    INVITE: "; where that lasts, see whether the allowed e-mail domains under Settings, Security at "
    "business.tiktok.com leave the address out"
}
"""What somebody can do about a call that is accepted and comes to nothing."""
_INVITED = frozenset({Status.INVITED, Status.ACTIVE})
"""An invited person may be in at once: whoever was a member before can come back without being asked."""
_NAMES_BY_NUMBER = {
    *(Action.GRANT, Action.CHANGE_GRANT, Action.REVOKE, Action.SHARE, Action.CHANGE_SHARE, Action.UNSHARE),
    *(Action.UNLINK, Action.RENAME_GROUP, Action.DELETE_GROUP),
}
"""What is about things and people that calls name by number."""
_LISTED_FIRST = frozenset({"tiktok_account", "pixel"})
"""Kinds whose numbers or codes only the platform's list tells."""


class WriteInDoubt(Exception):  # a state of knowledge, not an error
    """A write was sent, and whether it took effect cannot be told."""


class NotShown(WriteInDoubt):
    """The platform said yes, and the readings do not show it."""


class StillListed(NotShown):
    """The platform said yes to taking access away, the readings show it, and no role explains that."""


class Writer:
    """Writes to one Business Center and looks what became of it.

    `known` is the snapshot of the last look; a new look replaces it.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.known = CenterSnapshot()

    def look(self, addresses: Sequence[Address]) -> Live:
        """What is there of these addresses now; raises ApiError when that cannot be read."""
        self.known = read_a_few(self.session, self.known, addresses)
        return self.live()

    def live(self) -> Live:
        """What the last reading has shown."""
        known, organization = self.known, self.session.organization
        return Live(organization=organization, resources=known.resources, unknown=known.unknown, acting=known.acting)

    def learn_numbers(self, changes: Sequence[Change]) -> None:
        """Read the numbers of people, accounts and groups that calls name and no look has shown. Raises ApiError."""
        kinds: dict[str, set[str]] = {}
        for change in changes:
            if change.action in _NAMES_BY_NUMBER and not find_obstacle(change):
                parents = KINDS[change.address.kind].parents or (change.address.kind,)
                for kind, key in zip(parents, change.address.parts, strict=True):
                    kinds.setdefault(kind, set()).add(key)
        created = {change.address.key for change in changes if change.action is Action.CREATE_GROUP}
        for kind in sorted(kinds.keys() & _LISTED_FIRST):
            if kinds[kind] - self.known.assets.get(kind, {}).keys():
                self.known = read_assets(self.session, self.known, BY_KIND[kind])
        if kinds.get("asset_group", set()) - created - self.known.groups.keys():
            self.known = read_groups(self.session, self.known)
        strangers = [key for key in kinds.get("member", ()) if not self.known.roster.find_user_id(key)]
        if strangers:
            self.known = find_members(self.session, self.known, strangers)

    def asset_id(self, kind: str, key: str) -> str:
        """The number of an asset; raises ApiError where the platform's list would tell it and does not."""
        if kind in _LISTED_FIRST and key not in self.known.assets.get(kind, {}):
            raise ApiError(f"there is no {kind} {key}", endpoint=ASSETS.endpoint)
        return self.known.asset_id(self.session, kind, key)

    def member_id(self, person: str) -> str:
        """The number of somebody who has joined; raises ApiError for anybody else."""
        number = self.known.roster.find_user_id(person)
        if not number:
            raise ApiError(f"{person} has not joined the Business Center", endpoint=MEMBERS.endpoint)
        return number

    def group_id(self, key: str) -> str:
        """The number of an asset group; raises ApiError when there is none."""
        if key not in self.known.groups:
            raise ApiError(f"there is no asset group {key}", endpoint=GROUPS.endpoint)
        return self.known.groups[key]

    def post(self, endpoint: str, body: Mapping[str, Any]) -> None:
        """Send a call and leave it at that; raises ApiError."""
        self.session.client.post(endpoint, {"bc_id": self.session.bc_id, **body})

    def send(
        self,
        endpoint: str,
        body: Mapping[str, Any],
        *,
        look: Callable[[], Sight],
        is_done: Callable[[Sight], bool],
        or_if_accepted: Callable[[Sight], bool] = lambda _: False,
    ) -> None:
        """Send a write and return when a look shows that it is done, or something that counts only if it was accepted.

        Raises ApiError when the platform refuses and nothing changed, WriteInDoubt when that cannot be told.
        """
        client = self.session.client
        problem: ApiError | None = None

        def is_right(seen: Sight) -> bool:
            return is_done(seen) or (problem is None and or_if_accepted(seen))

        for attempt in range(1, _ATTEMPTS + 1):
            problem = None
            try:
                self.post(endpoint, body)
            except ApiError as error:
                if error.remedy in (Remedy.NONE, Remedy.STOP):
                    raise
                problem = error  # one that a look may solve
            if problem is not None and problem.remedy is Remedy.WAIT:
                client.pace.back_off(attempt)
                seen = look()
            else:
                seen = look_until(is_right, look, client.ticker)
            if is_right(seen):
                return
            if problem is None:
                hint = _HINTS.get(endpoint, "")
                raise NotShown(f"{endpoint}: the platform accepted it and does not show it yet{hint}")
            if problem.remedy is Remedy.LOOK:
                raise problem
            if problem.remedy is Remedy.DOUBT:
                raise WriteInDoubt(str(problem)) from problem
        raise problem or AssertionError


@dataclass(slots=True, kw_only=True)
class Task:
    """One change of one Business Center."""

    writer: Writer
    change: Change
    show_code: Callable[[str, str], None] | None = None
    """Shows a QR code to whoever runs the tool: handle of the TikTok account, text of the code."""
    is_seen: bool = False
    """Whether somebody has looked since the last write."""
    seen: Found = None
    """What the last look showed."""

    @property
    def address(self) -> Address:
        """What the change is about."""
        return self.change.address

    @property
    def is_reached(self) -> bool:
        """Whether a look since the call showed what the change leads to; nobody looks after a refused call."""
        return self.is_seen and is_reached(self.change, self.seen)

    def look(self) -> Found:
        """What is there now; Unknown when that cannot be read."""
        look_at([self])
        return self.seen

    def write(
        self,
        endpoint: str,
        body: Mapping[str, Any],
        *,
        until: Callable[[Found], bool] | None = None,
        or_if_accepted: Callable[[Found], bool] = lambda _: False,
    ) -> None:
        """Send it and return when it shows, by default as the change wants it in the end. Raises as `Writer.send`."""
        is_done = until or partial(is_reached, self.change)
        self.writer.send(endpoint, body, look=self.look, is_done=is_done, or_if_accepted=or_if_accepted)

    def outcome(self) -> Outcome:
        """What is there now that it is done, which the look after the write has shown already."""
        found = self.seen if self.is_seen else self.look()
        if isinstance(found, Unknown):
            return InDoubt(reason=f"it was done, and could not be read again: {found.reason}")
        return Applied(live=found)


def look_at(tasks: Sequence[Task]) -> bool:
    """Look once at what all these are about, and say whether all have arrived; each remembers what was seen of it."""
    try:
        live = tasks[0].writer.look([task.address for task in tasks])
    except (ApiError, ProviderError) as error:
        for task in tasks:
            task.seen, task.is_seen = Unknown(str(error)), True
        return False
    for task in tasks:
        task.seen, task.is_seen = live.find(task.address), True
    return all(task.is_reached for task in tasks)


def look_until(is_right: Callable[[Sight], bool], look: Callable[[], Sight], ticker: Ticker) -> Sight:
    """Look again and again, ever more slowly, until it is right; what was seen last."""
    seen = look()
    for pause in LOOKS:
        if is_right(seen):
            break
        ticker.sleep(pause)
        seen = look()
    return seen


def is_reached(change: Change, found: Found) -> bool:
    """Whether what is there is what the change leads to."""
    after = change.after
    if after is None or isinstance(found, Unknown):
        return is_gone(found) and after is None
    if found is None or not found.shows(after.attributes):
        return False
    if change.action in INVITATIONS:
        is_same_address = not after.identity or found.identity.lower() == after.identity.lower()
        return found.status in _INVITED and is_same_address
    return found.status is Status.ACTIVE


def is_gone(found: Found) -> bool:
    """Whether it is known to be absent, or to give no access any more."""
    return found is None or (isinstance(found, Resource) and found.status.is_gone)


def in_doubt(doubt: WriteInDoubt) -> InDoubt:
    """The outcome of a change of which nobody can tell now what became of it."""
    return InDoubt(reason=str(doubt), has_looked=True, is_accepted=isinstance(doubt, NotShown))


def failure_of(error: ApiError | KeyError | ProviderError) -> Failed:
    """The outcome of a change that was refused, by the platform or before it was asked."""
    if isinstance(error, ProviderError):
        return Failed(reason=error.message)
    if isinstance(error, KeyError):
        return Failed(reason=f"the platform does not know the role or permission {error}")
    return Failed(reason=str(error), code=str(error.code) if error.code else "")
