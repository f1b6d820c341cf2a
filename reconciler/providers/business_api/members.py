"""Reading who is in, who the token is, which TikTok account is which and what the owners of linked ones allow."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import field, replace
from math import ceil

from reconciler.model import Address, Resource, dataclass, is_masked, may_show
from reconciler.providers.business_api.client import Client, Row, read_if_allowed, text_of
from reconciler.providers.business_api.session import (
    CenterPart,
    CenterSnapshot,
    MemberList,
    Seat,
    Session,
    make_roster,
    mark_of,
    name_few,
    number_of,
)
from reconciler.providers.business_api.vocabulary import ACCOUNT_USERS, IDENTITIES, MEMBERS, USER_INFO, ApiError, Remedy

_UNNUMBERED = (
    "the member list shows no number of theirs, and access is listed by number: add it under `people`, as "
    "`identities: {business_center_id: ...}`"
)
_MAX_SEARCHES = 500
"""So many people who cannot be told apart are searched for one by one; with more it takes too long."""


def read_roster(session: Session, known: CenterSnapshot) -> CenterSnapshot:
    """Look at the whole member list; what was learnt of numbers before is kept. Raises ApiError."""
    rows = session.list(MEMBERS)
    if not any((row.get("relation_status"), row.get("user_role")) == ("BOUND", "ADMIN") for row in rows):
        # Only an admin sees this list, so one without any admin is no list of who is in: nobody in it is gone.
        message = "the list of members shows no admin, although only an admin may ask for it"
        raise ApiError(message, endpoint=MEMBERS.endpoint, remedy=Remedy.DOUBT)
    learnt = _numbers_of(session, known.roster)
    known = replace(known, roster=make_roster(rows, session.names, learnt=learnt, former=known.roster))
    if 0 < len(known.roster.ambiguous) <= _MAX_SEARCHES:
        known = _try_search(session, known)
        if known.keyword_finds:
            learnt |= _search_ambiguous(session, known.roster)
            known = replace(known, roster=make_roster(rows, session.names, learnt=learnt, former=known.roster))
    return known


def find_members(session: Session, known: CenterSnapshot, people: Iterable[str]) -> CenterSnapshot:
    """Look at single people, with one call each where the interface can search; else at everybody. Raises ApiError.

    Everybody is also looked at where that takes fewer calls, unless addresses are masked: a search for a whole address
    tells apart what looks alike in the list. Whether it finds a member whose address is masked is not documented, so it
    is tried once with a member who is known to be there.
    """
    wanted, roster = sorted(set(people)), known.roster
    seats = roster.seats.values()
    lists = len(wanted) > ceil(len(seats) / MEMBERS.page_size) and not any(is_masked(seat.shown) for seat in seats)
    if not seats or lists or not all(_addresses_of(session, roster, person) for person in wanted):
        return read_roster(session, known)
    known = _try_search(session, known)
    if not known.keyword_finds:
        return read_roster(session, known)
    found = session.client.map(lambda person: _search(session, roster, person), wanted)
    kept, owners = dict(roster.seats), dict(roster.people)
    for person, rows in zip(wanted, found, strict=True):
        seat = _seat_among(rows, person, session, roster)
        former = kept.pop(person, None)
        if former is not None:
            owners.pop(former.user_id, None)
        if seat is not None:
            kept[person] = seat
            owners |= {seat.user_id: person} if seat.user_id else {}
    numbers = roster.numbers | {number_of(row) for rows in found for row in rows}
    return replace(known, roster=replace(roster, seats=kept, people=owners, numbers=numbers))


def show_members(session: Session, roster: MemberList, only: AbstractSet[str] | None = None) -> CenterPart:
    """The roster as resources, or `only` some people of it; whoever is ambiguous is unknown with all their access."""
    return CenterPart.of(
        (
            Resource(
                address=session.address("member", key),
                attributes=seat.attributes,
                status=seat.status,
                identity=seat.identity,
                platform_id=seat.user_id,
                name=seat.name,
            )
            for key, seat in roster.seats.items()
            if only is None or key in only
        ),
        {str(session.address("member", person)): why for person, why in roster.ambiguous.items()},
    )


def owner_of(number: str, shown: str, roster: MemberList, endpoint: str) -> str | None:
    """Whose a row in a list of access is; None where the member list has the row and not the person.

    Raises ApiError for somebody whom the member list does not have: one of the two lists lacks something, so who has
    access is not known.
    """
    owner = roster.people.get(number)
    if owner is None and not roster.may_list(number, shown):
        message = f"it shows member {number or 'without a number'}, whom the list of members does not have"
        raise ApiError(message, endpoint=endpoint, remedy=Remedy.DOUBT)
    return owner


def find_ambiguous_access(session: Session, roster: MemberList, kind: str, assets: Iterable[str]) -> dict[str, str]:
    """Address -> reason, of access of people who could not be told apart: it may be in a row that was left out.

    The question that settles it is asked once, at the member.
    """
    unnumbered = {seat.key: _UNNUMBERED for seat in roster.members if not seat.user_id}
    return {
        str(session.address(kind, asset, person)): why.partition("; ")[0]
        for asset in assets
        for person, why in {**roster.ambiguous, **unnumbered}.items()
    }


def _search_ambiguous(session: Session, roster: MemberList) -> dict[str, str]:
    """Marks of rows that a search for the whole address of one person only finds -> that person.

    That a search finds nobody proves nothing: whoever has just joined may not be in its index yet.
    """
    people = sorted(roster.ambiguous)
    claims: dict[str, set[str]] = {}
    found = session.client.map(lambda person: _search(session, roster, person), people)
    for person, rows in zip(people, found, strict=True):
        marks = {mark_of(row) for row in rows if _may_be(row, session.names.emails(person))}
        if len(marks) == 1:
            claims.setdefault(marks.pop(), set()).add(person)
    return {mark: owners.pop() for mark, owners in claims.items() if len(owners) == 1}


def _may_be(row: Row, emails: Iterable[str]) -> bool:
    """Whether a found row may be of whoever has these addresses; one that shows no address may be anybody's."""
    shown = text_of(row, "user_email")
    return not shown or any(may_show(shown, email) for email in emails)


def _numbers_of(session: Session, roster: MemberList) -> dict[str, str]:
    """Numbers whose person is certain: from earlier runs, and of people whose address this one has seen."""
    seen = {seat.user_id: seat.key for seat in roster.seats.values() if seat.user_id and seat.email}
    return {**session.names.numbers, **seen}


def _try_search(session: Session, known: CenterSnapshot) -> CenterSnapshot:
    """Learn whether a search finds members, masked ones if there are any, unless it is known already."""
    if known.keyword_finds is not None:
        return known
    complete = [seat for seat in known.roster.members if seat.email and seat.user_id]
    masked = [seat for seat in complete if is_masked(seat.shown)]
    sample = next(iter(masked or complete), None)
    if sample is None:
        return known
    rows = session.list(MEMBERS, filtering={"keyword": sample.email})
    return replace(known, keyword_finds=any(text_of(row, "user_id") == sample.user_id for row in rows))


def _search(session: Session, roster: MemberList, person: str) -> list[Row]:
    """Rows that a search for any of the person's addresses finds, each once."""
    rows: dict[tuple[str, str, str], Row] = {}
    for email in _addresses_of(session, roster, person):
        for row in session.list(MEMBERS, filtering={"keyword": email}):
            rows[text_of(row, "user_id"), text_of(row, "user_email"), text_of(row, "relation_status")] = row
    return list(rows.values())


def _addresses_of(session: Session, roster: MemberList, person: str) -> list[str]:
    """Whole addresses to search for; of a stranger whose address is masked there are none."""
    seat = roster.seats.get(person)
    known = [*([seat.email] if seat and seat.email else []), *session.names.emails(person)]
    return [email for email in dict.fromkeys(known) if not is_masked(email)]


def _seat_among(rows: list[Row], person: str, session: Session, roster: MemberList) -> Seat | None:
    """The person's seat among found rows; a search may also find others, whose numbers are known.

    The only row that a search for somebody's whole address finds, and that may be theirs, is theirs.
    """
    learnt = _numbers_of(session, roster)
    others = {number for number, owner in learnt.items() if owner != person}
    mine = [row for row in rows if number_of(row) not in others]
    fitting = [row for row in mine if _may_be(row, session.names.emails(person))]
    if len(fitting) == 1:
        learnt[mark_of(fitting[0])] = person
    return make_roster(mine, session.names, learnt=learnt).seats.get(person)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admin:
    """An admin, or whoever a token belongs to, as far as that helps to recognize them; empty where nobody says."""

    number: str = ""
    name: str = ""
    shown: str = ""
    """The address as the interface shows it, in lower case; mostly masked."""
    email: str = ""
    """The whole address, where it is known."""


def read_owner(client: Client) -> Admin:
    """Whom the token belongs to: name, masked address and a number. Raises ApiError.

    Whether the number is the one that the member list has for the same person is not documented.
    """
    info = client.get(USER_INFO, {})
    return Admin(
        number=text_of(info, "core_user_id") or text_of(info, "id"),
        name=text_of(info, "display_name"),
        shown=text_of(info, "email").lower(),
    )


def recognize(owner: Admin, admins: Iterable[Admin]) -> Admin | None:
    """The one among all admins who owns the token, None when it might be several.

    To be asked only where the token's owner is known to be an admin: then the only one there is must be it.
    """
    every = list(admins)
    by_number = [admin for admin in every if owner.number and admin.number == owner.number]
    alike = by_number or [admin for admin in every if _is_alike(owner, admin)] or every
    return alike[0] if len(alike) == 1 else None


def _is_alike(owner: Admin, admin: Admin) -> bool:
    if owner.shown and not is_masked(owner.shown):
        return owner.shown in (admin.email, admin.shown)
    return bool(owner.name) and (owner.name, owner.shown) == (admin.name, admin.shown)


def find_self(session: Session, roster: MemberList, configured: str) -> str:
    """The key of the member whose token this is, or an empty text when that cannot be told.

    `configured` is a person's key or a user id. Without it the owner is looked for among the admins; whoever can read
    the members is one.
    """
    if configured:
        return roster.people.get(configured, configured if configured in roster.seats else "")
    try:
        owner = read_owner(session.client)
    except ApiError:
        owner = Admin()
    if owner.number in roster.people:
        return roster.people[owner.number]
    admins = {
        seat.key: Admin(number=seat.user_id, name=seat.name, shown=seat.shown, email=seat.email)
        for seat in roster.members
        if seat.attributes.get("role") == "admin"
    }
    # Among people who cannot be told apart there may be more admins than are seen.
    found = None if roster.ambiguous else recognize(owner, admins.values())
    return next((key for key, admin in admins.items() if admin is found), "")


ACCOUNT = "tiktok_account"
_HANDLE = re.compile(r"@[\w.]{2,24}")
_FLAGS = {"can_pull_video": "existing_posts", "can_use_live_ads": "live", "can_manage_message": "direct_message"}
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
    which = f"it may be the declared account {name_few(missing)}"
    found.doubts |= dict.fromkeys(nameless, f"its handle is not shown, and {which}")


def _format_linked(found: Accounts, numbers: list[str]) -> str:
    titles = {number: found.titles[number][:_MAX_TITLE] for number in numbers}
    said = [f"{number} ({title!r})" if title else number for number, title in titles.items()]
    return f"{'the linked account' if len(numbers) == 1 else 'any of the linked accounts'} {name_few(said)}"


def _advise(numbers: list[str]) -> str:
    if len(numbers) == 1:
        return f'if it is, add `id: "{numbers[0]}"` to it, else declare that one by its id under a key of its own'
    return "add the `id:` of the one that it is; if it is none, declare them by their ids under keys of their own"


def _ask_identities(session: Session, titles: Mapping[str, str]) -> dict[str, str]:
    """Handles of accounts that ad accounts use: there a title that one account and one identity have is no guess."""

    def read_users(number: str) -> list[Row]:
        parameters = {"bc_id": session.bc_id, "asset_id": number, "asset_type": "TT_ACCOUNT"}
        return read_if_allowed(session.client, ACCOUNT_USERS, parameters)

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
    """Every account of this Business Center as which the ad account with this id may post."""
    question = {"identity_type": "BC_AUTH_TT", "identity_authorized_bc_id": session.bc_id}
    return read_if_allowed(session.client, IDENTITIES, {"advertiser_id": ad_account, **question})


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
