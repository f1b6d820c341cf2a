"""The members of a Business Center under the keys that manifests use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from reconciler.model.resource import Attributes, Status
from reconciler.providers.business_api.masks import is_masked, match_masks, may_show
from reconciler.providers.business_api.names import CenterNames
from reconciler.providers.business_api.rows import Row
from reconciler.providers.business_api.vocabulary import MEMBER_STATUS, member_attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """One row of the member list, and whose it is."""

    key: str
    email: str
    """The real address, in lower case; empty where it is masked and nobody's."""
    user_id: str
    """Empty for whoever has not accepted: only members have one."""
    shown: str
    """The address as the interface shows it."""
    name: str
    status: Status
    attributes: Attributes

    @property
    def identity(self) -> str:
        """What to remember the member by."""
        return self.email or self.user_id or self.shown


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberList:
    """Everybody who is in, was invited, or said no."""

    seats: Mapping[str, Seat] = field(default_factory=dict)
    """Key -> seat; one for each person."""
    ambiguous: Mapping[str, str] = field(default_factory=dict)
    """Person who may be one of the masked or nameless members -> why it cannot be told."""
    people: Mapping[str, str] = field(default_factory=dict)
    """User id -> key."""
    elsewhere: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Number of a member without an address -> people known to be somebody else."""

    @property
    def members(self) -> list[Seat]:
        """Who is in."""
        return [seat for seat in self.seats.values() if seat.status is Status.ACTIVE]

    def find_user_id(self, person: str) -> str:
        """The number of a member, empty for whoever is none."""
        seat = self.seats.get(person)
        return seat.user_id if seat and seat.status is Status.ACTIVE else ""


def make_roster(
    rows: Iterable[Row],
    names: CenterNames,
    *,
    learnt: Mapping[str, str] | None = None,
    former: MemberList | None = None,
) -> MemberList:
    """Tell whose each row is: by a number seen before, by the whole address, then by a mask that fits one person only.

    `learnt` are marks of rows (see `mark_of`) whose person is known already, such as the numbers in a scope. Rows that
    might be several people's are in no seat: whoever they may be is ambiguous, and nothing may be concluded about them.
    A member without an address may be anybody who was not found. The name that is shown of a member settles nothing:
    people choose it themselves, so it would let them choose whose access they get. `former` is what was told before:
    whoever was in another row then is not the member without an address now that the other row is gone.
    """
    learnt = learnt or {}
    ordered = sorted(rows, key=lambda row: (_RANK.get(_status(row), len(_RANK)), mark_of(row), _email(row)))
    # Rows that give access come first: whoever declined once may be in under a mask all the same.
    living = sum(not _status(row).is_gone for row in ordered)
    owners, doubts = _tell(ordered, living, names, learnt)
    found = frozenset(owner for index, owner in owners.items() if index < living)
    nameless = {index: row for index, row in enumerate(ordered[:living]) if index not in owners and not _email(row)}
    missing = names.members() - found if nameless else frozenset()
    elsewhere = _find_others(nameless.values(), found, learnt, former)
    lost = {person: _say(row) for row in nameless.values() for person in missing - elsewhere[mark_of(row)]}
    unsettled = {*doubts, *(nameless if missing else ())}
    seats = _seat(
        {index: (row, owners.get(index)) for index, row in enumerate(ordered) if index not in unsettled}, names
    )
    for person in lost.keys() & seats.keys():
        del seats[person]  # declined once, which says nothing of the member without an address
    people = {seat.user_id: seat.key for seat in seats.values() if seat.user_id}
    ambiguous = {**lost, **_told(doubts, ordered, seats)}
    return MemberList(seats=seats, ambiguous=ambiguous, people=people, elsewhere=elsewhere)


_RANK = {Status.ACTIVE: 0, Status.INVITED: 1, Status.DECLINED: 2}
"""If one person has several rows, the one that gives access is the person's."""


def mark_of(row: Row) -> str:
    """What tells a row from others: the number of a member; of an invitation only what is shown of it."""
    return number_of(row) or f"{row.get('relation_status')} {_email(row)}"


def number_of(row: Row) -> str:
    """The number of a member; what an invitation shows in its place was left out when it was read."""
    return str(row.get("user_id") or "")


def _status(row: Row) -> Status:
    return MEMBER_STATUS.get(str(row.get("relation_status")), Status.REMOVED)


def _email(row: Row) -> str:
    return str(row.get("user_email") or "").lower()


def _tell(
    ordered: list[Row], living: int, names: CenterNames, learnt: Mapping[str, str]
) -> tuple[dict[int, str], dict[int, frozenset[str]]]:
    """Rows that are one person's, and rows that may be several people's."""
    marks = Counter(map(mark_of, ordered))
    telling = {mark: person for mark, person in learnt.items() if marks[mark] == 1}
    owners: dict[int, str] = {}
    doubts: dict[int, frozenset[str]] = {}
    for index, row in enumerate(ordered):
        known = _find_owners(row, names, telling)
        if len(known) == 1:
            owners[index] = next(iter(known))
        elif known:
            doubts[index] = known
    for end, indexes in ((living, range(living)), (len(ordered), range(living, len(ordered)))):
        taken = {owner for index, owner in owners.items() if index < end}
        _match(indexes, ordered, owners, doubts, names=names, taken=taken)
    return owners, doubts


def _find_owners(row: Row, names: CenterNames, learnt: Mapping[str, str]) -> frozenset[str]:
    """Whoever the number is known to be, else whoever has the address; both where the address is another person's."""
    email = _email(row)
    remembered = learnt.get(mark_of(row))
    addressed = None if is_masked(email) else names.find_person(email) or (None if remembered else email)
    return frozenset(filter(None, (remembered, addressed)))


def _match(
    indexes: Iterable[int],
    rows: list[Row],
    owners: dict[int, str],
    doubts: dict[int, frozenset[str]],
    *,
    names: CenterNames,
    taken: AbstractSet[str],
) -> None:
    """Find owners for masked rows among the people who are not taken."""
    masked = [index for index in indexes if index not in owners and index not in doubts]
    if not masked:
        return
    candidates = {email: person for email, person in names.addresses().items() if person not in taken}
    matches = match_masks([_email(rows[index]) for index in masked], candidates)
    for index in masked:
        mask = _email(rows[index])
        if mask in matches.people:
            owners[index] = matches.people[mask]
        elif mask in matches.ambiguous:
            doubts[index] = matches.ambiguous[mask]


def _seat(rows: Mapping[int, tuple[Row, str | None]], names: CenterNames) -> dict[str, Seat]:
    seats: dict[str, Seat] = {}
    for row, owner in rows.values():
        seat = _seat_of(row, owner, names, taken=seats)
        if seat is not None:
            seats[seat.key] = seat
    return seats


def _seat_of(row: Row, owner: str | None, names: CenterNames, *, taken: Mapping[str, Seat]) -> Seat | None:
    """A second row of a person counts only if it gives access, and then stands under its own address."""
    number, shown, status = number_of(row), _email(row), _status(row)
    key = owner or f"{shown}#{number}".rstrip("#")
    if key in taken:
        if status.is_gone or shown in (key, taken[key].email):
            return None
        key = shown if not is_masked(shown) else f"{shown}#{number}".rstrip("#")
    return Seat(
        key=key,
        email=_real_email(shown, owner, names),
        user_id=number or _known_number(owner, status, names),
        shown=shown,
        name=str(row.get("user_name") or ""),
        status=status,
        attributes=member_attributes(row),
    )


def _known_number(owner: str | None, status: Status, names: CenterNames) -> str:
    """The number of a member whose row shows none, as the manifests say or an earlier look has shown."""
    if owner is None or status is not Status.ACTIVE:
        return ""
    return next((number for number, person in names.numbers().items() if person == owner), "")


def _real_email(shown: str, owner: str | None, names: CenterNames) -> str:
    if not is_masked(shown):
        return shown
    known = names.emails(owner) if owner else ()
    return next((email for email in known if may_show(shown, email)), "")


def _find_others(
    nameless: Iterable[Row], found: frozenset[str], learnt: Mapping[str, str], former: MemberList | None
) -> dict[str, frozenset[str]]:
    """Who each member without an address is not: whoever is in another row, was before, or has another number."""
    others = found | {person for mark, person in learnt.items() if mark.isdecimal()}
    before = former.elsewhere if former else {}
    return {mark: others | before.get(mark, frozenset()) for mark in map(mark_of, nameless)}


def _say(row: Row) -> str:
    return f"{_name(row)} is shown without an e-mail address and may be anybody who was not found; {_ask(row)}"


def _name(row: Row) -> str:
    """`member 70012, called 'Ana Lopez',`; an invitation has no number, and mostly no name."""
    name = f", called {row['user_name']!r}," if row.get("user_name") else ""
    return f"member {number}{name}" if (number := number_of(row)) else f"an invitation{name}"


def _ask(*rows: Row) -> str:
    """The question that settles it, and where the answer goes; who is nobody's is answered by a person of their own."""
    numbers = list(filter(None, map(number_of, rows)))
    if not numbers:
        return "an admin sees at business.tiktok.com, Members, to whom it went, and can cancel it there"
    which, pronoun = ("whose number is it", "it is") if len(numbers) == 1 else ("who is who", "each of them is")
    lines = " or ".join(f'`identities: {{business_center_id: "{number}"}}`' for number in numbers[:_NAMED])
    return f"{which}? Add {lines} to whoever {pronoun} under `people`, a stranger too"


_NAMED = 3
"""So many people or members are named in a sentence."""


def _told(doubts: Mapping[int, frozenset[str]], rows: list[Row], seats: Mapping[str, Seat]) -> dict[str, str]:
    fitting: dict[str, list[int]] = {}
    for index, people in doubts.items():
        for person in people - seats.keys():
            fitting.setdefault(person, []).append(index)
    told: dict[str, str] = {}
    for person, indexes in fitting.items():
        mine = [rows[index] for index in indexes]
        shown, alike = _email(mine[0]), sorted(doubts[indexes[0]])
        others = ", ".join(alike[:_NAMED]) + (", ..." if len(alike) > _NAMED else "")
        why = f"{_name(mine[0])} is shown as {shown} and may be any of {others}"
        if len(alike) == 1:
            why = f"several members are shown as {shown}"
        told[person] = f"{why}; {_ask(*mine)}"
    return told
