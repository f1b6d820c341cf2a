"""Reading who is in: the whole member list, or single people in it, and who the token is."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import replace
from math import ceil

from reconciler.model.declared import is_masked, may_show
from reconciler.model.resource import Resource
from reconciler.model.values import dataclass
from reconciler.providers.business_api.client import Client
from reconciler.providers.business_api.errors import ApiError, Remedy
from reconciler.providers.business_api.paging import Row, text_of
from reconciler.providers.business_api.session import (
    CenterPart,
    CenterSnapshot,
    MemberList,
    Seat,
    Session,
    make_roster,
    mark_of,
    number_of,
)
from reconciler.providers.business_api.vocabulary import MEMBERS, USER_INFO

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
