"""Reading who is in: the whole member list, or single people in it, and who the token is."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import replace
from math import ceil

from reconciler.model.resource import Resource
from reconciler.providers.business_api.center import Center, Seen, text_of
from reconciler.providers.business_api.codes import Remedy
from reconciler.providers.business_api.endpoints import MEMBERS
from reconciler.providers.business_api.errors import ApiError
from reconciler.providers.business_api.identity import Admin, Owner, read_owner, recognize
from reconciler.providers.business_api.masks import is_masked, may_show
from reconciler.providers.business_api.roster import Seat, make_roster, mark_of, number_of
from reconciler.providers.business_api.rows import Row

_UNNUMBERED = (
    "the member list shows no number of theirs, and access is listed by number: add it under `people`, as "
    "`identities: {business_center_id: ...}`"
)
_MAX_SEARCHES = 500
"""So many people who cannot be told apart are searched for one by one; with more it takes too long."""


def read_roster(center: Center) -> None:
    """Look at the whole member list; what was learnt of numbers before is kept. Raises ApiError."""
    rows = center.list(MEMBERS)
    if not any((row.get("relation_status"), row.get("user_role")) == ("BOUND", "ADMIN") for row in rows):
        # Only an admin sees this list, so one without any admin is no list of who is in: nobody in it is gone.
        message = "the list of members shows no admin, although only an admin may ask for it"
        raise ApiError(message, endpoint=MEMBERS.endpoint, remedy=Remedy.DOUBT)
    learnt = _learnt(center)
    center.roster = make_roster(rows, center.names, learnt=learnt, former=center.roster)
    if 0 < len(center.roster.ambiguous) <= _MAX_SEARCHES and _can_search(center):
        learnt |= _search_ambiguous(center)
        center.roster = make_roster(rows, center.names, learnt=learnt, former=center.roster)


def _search_ambiguous(center: Center) -> dict[str, str]:
    """Marks of rows that a search for the whole address of one person only finds -> that person.

    That a search finds nobody proves nothing: whoever has just joined may not be in its index yet.
    """
    people = sorted(center.roster.ambiguous)
    claims: dict[str, set[str]] = {}
    for person, rows in zip(people, center.client.map(lambda each: _search(center, each), people), strict=True):
        marks = {mark_of(row) for row in rows if _may_be(row, center.names.emails(person))}
        if len(marks) == 1:
            claims.setdefault(marks.pop(), set()).add(person)
    return {mark: owners.pop() for mark, owners in claims.items() if len(owners) == 1}


def _may_be(row: Row, emails: Iterable[str]) -> bool:
    """Whether a found row may be of whoever has these addresses; one that shows no address may be anybody's."""
    shown = text_of(row, "user_email")
    return not shown or any(may_show(shown, email) for email in emails)


def find_members(center: Center, people: Iterable[str]) -> None:
    """Look at single people, with one call each where the interface can search; else at everybody. Raises ApiError.

    Everybody is also looked at where that takes fewer calls, unless addresses are masked: a search for a whole address
    tells apart what looks alike in the list. Whether it finds a member whose address is masked is not documented, so it
    is tried once with a member who is known to be there.
    """
    wanted = sorted(set(people))
    seats = center.roster.seats.values()
    lists = len(wanted) > ceil(len(seats) / MEMBERS.page_size) and not any(is_masked(seat.shown) for seat in seats)
    nameless = not all(_addresses_of(center, person) for person in wanted)
    if not seats or lists or nameless or not _can_search(center):
        read_roster(center)
        return
    found = center.client.map(lambda person: _search(center, person), wanted)
    known, owners = dict(center.roster.seats), dict(center.roster.people)
    for person, rows in zip(wanted, found, strict=True):
        seat = _seat_among(rows, person, center)
        former = known.pop(person, None)
        if former is not None:
            owners.pop(former.user_id, None)
        if seat is not None:
            known[person] = seat
            owners |= {seat.user_id: person} if seat.user_id else {}
    center.roster = replace(center.roster, seats=known, people=owners)


def show_members(center: Center, only: AbstractSet[str] | None = None) -> Seen:
    """The roster as resources, or `only` some people of it; whoever is ambiguous is unknown with all their access."""
    seen, seats = Seen(), center.roster.seats
    for key in seats if only is None else only & seats.keys():
        seat = seats[key]
        seen.add(
            Resource(
                address=center.address("member", key),
                attributes=seat.attributes,
                status=seat.status,
                identity=seat.identity,
                platform_id=seat.user_id,
                name=seat.name,
            )
        )
    for person, why in center.roster.ambiguous.items():
        seen.unknown[str(center.address("member", person))] = why
    return seen


def hide_ambiguous(center: Center, kind: str, assets: Iterable[str], seen: Seen) -> None:
    """Mark access of people who could not be told apart as unknown: it may be in a row that was left out.

    The question that settles it is asked once, at the member.
    """
    unnumbered = {seat.key: _UNNUMBERED for seat in center.roster.members if not seat.user_id}
    for asset in assets:
        for person, why in {**center.roster.ambiguous, **unnumbered}.items():
            seen.unknown[str(center.address(kind, asset, person))] = why.partition("; ")[0]


def find_self(center: Center, configured: str) -> str:
    """The key of the member whose token this is, or an empty text when that cannot be told.

    `configured` is a person's key or a user id. Without it the owner is looked for among the admins; whoever can read
    the members is one.
    """
    roster = center.roster
    if configured:
        return roster.people.get(configured, configured if configured in roster.seats else "")
    try:
        owner = read_owner(center.client)
    except ApiError:
        owner = Owner()
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


def _learnt(center: Center) -> dict[str, str]:
    """Numbers whose person is certain: from earlier runs, and of people whose address this one has seen."""
    seats = center.roster.seats.values()
    return {**center.names.numbers(), **{seat.user_id: seat.key for seat in seats if seat.user_id and seat.email}}


def _can_search(center: Center) -> bool:
    if center.keyword_finds is None:
        known = [seat for seat in center.roster.members if seat.email and seat.user_id]
        masked = [seat for seat in known if is_masked(seat.shown)]
        sample = next(iter(masked or known), None)
        if sample is None:
            return False
        rows = center.list(MEMBERS, filtering={"keyword": sample.email})
        center.keyword_finds = any(text_of(row, "user_id") == sample.user_id for row in rows)
    return center.keyword_finds


def _search(center: Center, person: str) -> list[Row]:
    """Rows that a search for any of the person's addresses finds, each once."""
    rows: dict[tuple[str, str, str], Row] = {}
    for email in _addresses_of(center, person):
        for row in center.list(MEMBERS, filtering={"keyword": email}):
            rows[text_of(row, "user_id"), text_of(row, "user_email"), text_of(row, "relation_status")] = row
    return list(rows.values())


def _addresses_of(center: Center, person: str) -> list[str]:
    """Whole addresses to search for; of a stranger whose address is masked there are none."""
    seat = center.roster.seats.get(person)
    known = [*([seat.email] if seat and seat.email else []), *center.names.emails(person)]
    return [email for email in dict.fromkeys(known) if not is_masked(email)]


def _seat_among(rows: list[Row], person: str, center: Center) -> Seat | None:
    """The person's seat among found rows; a search may also find others, whose numbers are known.

    The only row that a search for somebody's whole address finds, and that may be theirs, is theirs.
    """
    learnt = _learnt(center)
    others = {number for number, owner in learnt.items() if owner != person}
    mine = [row for row in rows if number_of(row) not in others]
    fitting = [row for row in mine if _may_be(row, center.names.emails(person))]
    if len(fitting) == 1:
        learnt[mark_of(fitting[0])] = person
    return make_roster(mine, center.names, learnt=learnt).seats.get(person)
