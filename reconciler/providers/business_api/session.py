"""One Business Center: how it is reached, what things and people are called, who is in it, what has been seen so far.

A reader takes the session and the snapshot as it is by then. It returns what it found (a `CenterPart`), or the snapshot
with its part in it where later readers need what it has learnt. Nothing is filled in on the way: snapshots are frozen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import field, replace
from typing import Any, Self

from reconciler.model import (
    Address,
    Attributes,
    Part,
    Resource,
    Scope,
    Status,
    dataclass,
    declared_names,
    is_masked,
    match_masks,
    may_show,
)
from reconciler.providers.business_api.client import Client, Row, read_list, text_of
from reconciler.providers.business_api.vocabulary import MEMBER_STATUS, ApiError, Listing, member_attributes

_RANK = {Status.ACTIVE: 0, Status.INVITED: 1, Status.DECLINED: 2}
"""If one person has several rows, the one that gives access is the person's."""
_MAX_NAMED = 3
"""So many things of a kind are named in a sentence."""


class CenterNames:
    """The dictionary between manifest keys and what the interface calls people and assets, in both directions.

    Whatever is not listed is its own key.
    """

    def __init__(self, scope: Scope) -> None:
        self._people = scope.people
        # A scope may leave the way back to be worked out from the way there.
        self.keys = scope.keys or {name.lower(): key for key, names in scope.people.items() for name in names}
        self._assets = scope.assets
        self._declared_numbers = scope.numbers
        self._numbered = {(kind, number): key for (kind, key), number in ({**scope.learnt, **scope.numbers}).items()}
        self._members = scope.members
        self.numbers: Mapping[str, str] = scope.platform_ids
        """User id -> person, as the manifests say or earlier runs have learnt it."""
        self.roles = scope.roles
        """Role that is declared at an address, where one is."""
        self.group_names = declared_names(scope, "asset_group")
        named = {("asset_group", name.casefold()): key for key, name in self.group_names.items()}
        self._asset_keys = named | {(kind, name.casefold()): key for (kind, key), name in scope.assets.items()}

    def emails(self, person: str) -> tuple[str, ...]:
        """Addresses of a person, the one to invite by first; whoever is not listed is an address themselves."""
        known = self._people.get(person) or (person,)
        return tuple(name.lower() for name in known if "@" in name.strip("@"))

    def find_person(self, identity: str) -> str | None:
        """The key of whoever goes by an identity, if somebody is known to."""
        return self.keys.get(identity.lower())

    def addresses(self) -> dict[str, str]:
        """Every e-mail address there is -> the person."""
        return {name.lower(): key for name, key in self.keys.items() if "@" in name.strip("@")}

    def members(self) -> AbstractSet[str]:
        """Everybody who is declared or recorded as a member; where the scope does not say, everybody there is."""
        return self._members or frozenset(self.keys.values())

    def find_asset(self, kind: str, identity: str) -> str | None:
        """The key under which an asset, a partner or a group is declared or recorded."""
        return self._asset_keys.get((kind, identity.casefold()))

    def find_numbered(self, kind: str, number: str) -> str | None:
        """The key of the asset that has a number, as the manifests say or earlier runs have learnt it."""
        return self._numbered.get((kind, number)) or self.find_asset(kind, number)

    def is_numbered(self, kind: str, key: str) -> bool:
        """Whether the manifests say which number it has, so that nothing else tells which one it is."""
        return (kind, key) in self._declared_numbers or not self.asset_id(kind, key).startswith("@")

    def asset_key(self, kind: str, number: str) -> str:
        """The key of something with a number; the number itself where it has none."""
        return self.find_asset(kind, number) or number

    def asset_id(self, kind: str, key: str) -> str:
        """What the scope says an asset goes by; its key where it says nothing."""
        return self._assets.get((kind, key), key)

    def listed(self, kind: str) -> dict[str, str]:
        """Key -> id of everything of a kind that is declared or recorded."""
        return {key: identity for (listed, key), identity in self._assets.items() if listed == kind}


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
    numbers: frozenset[str] = frozenset()
    """Every number that was listed, also of rows whose person could not be told."""
    is_numbered: bool = True
    """Whether everybody who is in was listed with a number."""

    @property
    def members(self) -> list[Seat]:
        """Who is in."""
        return [seat for seat in self.seats.values() if seat.status is Status.ACTIVE]

    def find_user_id(self, person: str) -> str:
        """The number of a member, empty for whoever is none."""
        seat = self.seats.get(person)
        return seat.user_id if seat and seat.status is Status.ACTIVE else ""

    def may_list(self, number: str, shown: str) -> bool:
        """Whether one of the rows may be of the member with this number and address; lists of access may show none."""
        if number in self.numbers or not self.is_numbered:
            return True
        invited = (seat for seat in self.seats.values() if not seat.user_id)
        return bool(shown) and any(may_show(shown, seat.email or seat.shown) for seat in invited)


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
    owners, doubts = _find_owners(ordered, living, names, learnt)
    found = frozenset(owner for index, owner in owners.items() if index < living)
    nameless = {index: row for index, row in enumerate(ordered[:living]) if index not in owners and not _email(row)}
    missing = names.members() - found if nameless else frozenset()
    # Whom each member without an address is not: whoever is in another row, was before, or has another number.
    others = found | {person for mark, person in learnt.items() if mark.isdecimal()}
    before = former.elsewhere if former else {}
    elsewhere = {mark: others | before.get(mark, frozenset()) for mark in map(mark_of, nameless.values())}
    lost = {
        person: _describe_nameless(row) for row in nameless.values() for person in missing - elsewhere[mark_of(row)]
    }
    unsettled = {*doubts, *(nameless if missing else ())}
    seats: dict[str, Seat] = {}
    for index, row in enumerate(ordered):
        seat = None if index in unsettled else _seat_of(row, owners.get(index), names, taken=seats)
        if seat is not None:
            seats[seat.key] = seat
    for person in lost.keys() & seats.keys():
        del seats[person]  # declined once, which says nothing of the member without an address
    people = {seat.user_id: seat.key for seat in seats.values() if seat.user_id}
    ambiguous = {**lost, **_describe_doubts(doubts, ordered, seats)}
    return MemberList(
        seats=seats,
        ambiguous=ambiguous,
        people=people,
        elsewhere=elsewhere,
        numbers=frozenset(filter(None, map(number_of, ordered))),
        is_numbered=all(number_of(row) for row in ordered if _status(row) is Status.ACTIVE),
    )


def mark_of(row: Row) -> str:
    """What tells a row from others: the number of a member; of an invitation only what is shown of it."""
    return number_of(row) or f"{row.get('relation_status')} {_email(row)}"


def number_of(row: Row) -> str:
    """The number of a member; what an invitation shows in its place was left out when it was read."""
    return text_of(row, "user_id")


def _status(row: Row) -> Status:
    return MEMBER_STATUS.get(str(row.get("relation_status")), Status.REMOVED)


def _email(row: Row) -> str:
    return text_of(row, "user_email").lower()


def _find_owners(
    ordered: list[Row], living: int, names: CenterNames, learnt: Mapping[str, str]
) -> tuple[dict[int, str], dict[int, frozenset[str]]]:
    """Rows that are one person's, and rows that may be several people's."""
    marks = Counter(map(mark_of, ordered))
    owners: dict[int, str] = {}
    doubts: dict[int, frozenset[str]] = {}
    for index, row in enumerate(ordered):
        # Whoever the number is known to be, else whoever has the address; both where the address is another person's.
        email, mark = _email(row), mark_of(row)
        remembered = learnt.get(mark) if marks[mark] == 1 else None
        addressed = None if is_masked(email) else names.find_person(email) or (None if remembered else email)
        known = frozenset(filter(None, (remembered, addressed)))
        if len(known) == 1:
            owners[index] = next(iter(known))
        elif known:
            doubts[index] = known
    for indexes, end in ((range(living), living), (range(living, len(ordered)), len(ordered))):
        masked = {index: _email(ordered[index]) for index in indexes if index not in owners and index not in doubts}
        if not masked:
            continue
        taken = {owner for index, owner in owners.items() if index < end}
        candidates = {email: person for email, person in names.addresses().items() if person not in taken}
        matches = match_masks(masked.values(), candidates)
        owners |= {index: matches.people[mask] for index, mask in masked.items() if mask in matches.people}
        doubts |= {index: matches.ambiguous[mask] for index, mask in masked.items() if mask in matches.ambiguous}
    return owners, doubts


def _seat_of(row: Row, owner: str | None, names: CenterNames, *, taken: Mapping[str, Seat]) -> Seat | None:
    """A second row of a person counts only if it gives access, and then stands under its own address."""
    number, shown, status = number_of(row), _email(row), _status(row)
    key = owner or f"{shown}#{number}".rstrip("#")
    if key in taken:
        if status.is_gone or shown in (key, taken[key].email):
            return None
        key = shown if not is_masked(shown) else f"{shown}#{number}".rstrip("#")
    if owner is not None and status is Status.ACTIVE and not number:
        # Its row shows none, but the manifests say it or an earlier look has shown it.
        number = next((known for known, person in names.numbers.items() if person == owner), "")
    emails = names.emails(owner) if owner else ()
    return Seat(
        key=key,
        email=next((email for email in emails if may_show(shown, email)), "") if is_masked(shown) else shown,
        user_id=number,
        shown=shown,
        name=text_of(row, "user_name"),
        status=status,
        attributes=member_attributes(row),
    )


def _ask_who(*rows: Row) -> str:
    """The question that settles it, and where the answer goes; who is nobody's is answered by a person of their own."""
    numbers = list(filter(None, map(number_of, rows)))
    if not numbers:
        return "an admin sees at business.tiktok.com, Members, to whom it went, and can cancel it there"
    which, pronoun = ("whose number is it", "it is") if len(numbers) == 1 else ("who is who", "each of them is")
    lines = " or ".join(f'`identities: {{business_center_id: "{number}"}}`' for number in numbers[:_MAX_NAMED])
    return f"{which}? Add {lines} to whoever {pronoun} under `people`, a stranger too"


def name_few(names: Sequence[str]) -> str:
    """As many of them as a sentence can name."""
    return ", ".join(names[:_MAX_NAMED]) + (", ..." if len(names) > _MAX_NAMED else "")


def _name_row(row: Row) -> str:
    """`member 70012, called 'Ana Lopez',`; an invitation has no number, and mostly no name."""
    name = f", called {row['user_name']!r}," if row.get("user_name") else ""
    return f"member {number}{name}" if (number := number_of(row)) else f"an invitation{name}"


def _describe_nameless(row: Row) -> str:
    return f"{_name_row(row)} is shown without an e-mail address and may be anybody who was not found; {_ask_who(row)}"


def _describe_doubts(
    doubts: Mapping[int, frozenset[str]], rows: list[Row], seats: Mapping[str, Seat]
) -> dict[str, str]:
    """Person -> which rows may be theirs, of everybody who is in no other one."""
    fitting: dict[str, list[int]] = {}
    for index, people in doubts.items():
        for person in people - seats.keys():
            fitting.setdefault(person, []).append(index)
    told: dict[str, str] = {}
    for person, indexes in fitting.items():
        mine = [rows[index] for index in indexes]
        shown, alike = _email(mine[0]), sorted(doubts[indexes[0]])
        why = f"{_name_row(mine[0])} is shown as {shown} and may be any of {name_few(alike)}"
        if len(alike) == 1:
            why = f"several members are shown as {shown}"
        told[person] = f"{why}; {_ask_who(*mine)}"
    return told


class Session:
    """How one Business Center is reached. The client has the token and keeps the pace of its tier."""

    def __init__(self, client: Client, scope: Scope) -> None:
        self.client = client
        self.scope = scope
        self.names = CenterNames(scope)
        self.bc_id = scope.organization.identity
        self.organization = scope.organization.key
        """Key in the manifests."""
        self.kinds = scope.organization.kinds
        """What is managed here; nothing else is read for its own sake."""

    def list(self, listing: Listing, **parameters: Any) -> list[Row]:
        """A whole list of this Business Center; raises ApiError."""
        return read_list(self.client, listing, {"bc_id": self.bc_id, **parameters})

    def address(self, kind: str, *parts: str) -> Address:
        """The address of something in this Business Center."""
        return Address(self.organization, kind, "/".join(parts))

    def part(self, kind: str, asset: str = "") -> Part:
        """Everything of a kind, or what hangs on one asset."""
        return Part.all_of(self.organization, kind, asset)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """How the interface knows an asset."""

    key: str
    id: str
    code: str = ""
    """Of a pixel: what web pages and the calls about its use know it by."""
    name: str = ""
    """What people see."""
    is_held: bool = True
    """Whether the Business Center has it; else it was only asked for, refused or taken back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CenterPart:
    """What one reader found, and what it could not read."""

    resources: Mapping[Address, Resource] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Prefix of addresses -> reason."""

    @classmethod
    def of(cls, resources: Iterable[Resource], unknown: Mapping[str, str] | None = None) -> Self:
        """What was found, and what is unknown besides."""
        return cls(resources={found.address: found for found in resources}, unknown=unknown or {})

    @classmethod
    def read(cls, prefix: str, reading: Iterator[Resource]) -> Self:
        """What a reading yields; nothing but the reason when it is refused, because unread is not empty."""
        try:
            return cls.of(reading)
        except ApiError as error:
            return cls(unknown={prefix: str(error)})


@dataclass(frozen=True, slots=True, kw_only=True)
class CenterSnapshot:
    """What a reading found, and what this and earlier readings have learnt."""

    resources: Mapping[Address, Resource] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Prefix of addresses -> reason."""
    roster: MemberList = field(default_factory=MemberList)
    acting: str = ""
    """Key of the member whose token is used; empty when it could not be told."""
    assets: Mapping[str, Mapping[str, Asset]] = field(default_factory=dict)
    """Kind -> key -> asset, for every kind that was listed."""
    unnamed: Mapping[str, str] = field(default_factory=dict)
    """TikTok accounts that cannot be told from one another (keys) -> why."""
    groups: Mapping[str, str] = field(default_factory=dict)
    """Key -> id of the asset groups."""
    group_roles: Mapping[tuple[str, str], tuple[str, str]] | None = None
    """(ad account, person) -> the highest role that an asset group gives, and the group; None before they were read."""
    implied: frozenset[tuple[str, str]] = frozenset()
    """Kinds of access, and roles that were seen to give it without a grant (see `assets`)."""
    partners: tuple[str, ...] | None = None
    """Ids of partners; None before they were read."""
    read_by_person: frozenset[str] = frozenset()
    """Kinds of access that are read person by person; the other ones asset by asset."""
    witnesses: Mapping[str, str] = field(default_factory=dict)
    """Key of a TikTok account -> key of an ad account that shows what its owner allows."""
    keyword_finds: bool | None = None
    """Whether searching the member list for an address finds a masked member; None before it was tried."""

    def plus(self, *parts: CenterPart) -> CenterSnapshot:
        """With what readers found; of two that speak of one address the later one counts."""
        resources, unknown = dict(self.resources), dict(self.unknown)
        for part in parts:
            resources.update(part.resources)
            unknown.update(part.unknown)
        return replace(self, resources=resources, unknown=unknown)

    def joined(self, branches: Sequence[CenterSnapshot]) -> CenterSnapshot:
        """With what readers found side by side who all began with this."""
        grouped = next((one for one in branches if one.group_roles is not None), self)
        return replace(
            self.plus(*(CenterPart(resources=one.resources, unknown=one.unknown) for one in branches)),
            assets={kind: found for one in (self, *branches) for kind, found in one.assets.items()},
            unnamed={key: why for one in branches for key, why in one.unnamed.items()},
            groups=grouped.groups,
            group_roles=grouped.group_roles,
            read_by_person=self.read_by_person.union(*(one.read_by_person for one in branches)),
        )

    def asset_id(self, session: Session, kind: str, key: str) -> str:
        """What the interface knows an asset by, as listed or else as declared."""
        known = self.assets.get(kind, {}).get(key)
        return known.id if known else session.names.asset_id(kind, key)
