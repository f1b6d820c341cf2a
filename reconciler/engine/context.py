"""Everything the planner looks at for one organization, and what a plan is limited to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import date, datetime
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Self

from reconciler.engine.identities import Dispute, Names
from reconciler.model import (
    KINDS,
    Action,
    Address,
    Approval,
    Declared,
    GuardSettings,
    Live,
    Mode,
    Organization,
    Person,
    Place,
    Record,
    Resource,
    State,
    Status,
    Unknown,
    Unread,
    UsedApproval,
    WorkOrder,
    dataclass,
    is_administrator,
    person_in,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A declared thing whose time is over or has not come, so that it shall be absent today."""

    declared: Declared
    why: str


@dataclass(frozen=True, kw_only=True)
class PlanningContext:
    """One organization in its three worlds on one day. What takes long to find out is found out once."""

    organization: Organization
    wanted: Mapping[Address, Declared]
    """What the manifests want today."""
    ended: Mapping[Address, Ended] = field(default_factory=dict)
    records: Mapping[Address, Record] = field(default_factory=dict)
    """What was remembered, brought up to what is live (see `engine.drift`)."""
    state: State
    """Under the names of today."""
    in_question: tuple[Address, ...]
    """Where the three worlds may differ in anything; of all other addresses there is nothing to do, to remember or to
    say (see `engine.drift.find_in_question`)."""
    names: Names = field(default_factory=Names)
    """Under which other names the state is stored, and what about them is in doubt."""
    another: str = ""
    """What the organization was recorded as, where the manifests name another one and nobody has agreed to that; then
    `live` is unknown, because it is not what the state is about."""
    former_key: str = ""
    """The key under which this very organization is recorded, where that is no key of the manifests any more."""
    is_forgotten: bool = False
    """Whether somebody has agreed to forget what was recorded of another organization under this key."""
    live: Live
    people: Mapping[str, Person] = field(default_factory=dict)
    approvals: Mapping[tuple[Address, Action], Approval] = field(default_factory=dict)
    """Only those that count today."""
    owned_apps: Mapping[str, tuple[Address, ...]] = field(default_factory=dict)
    """Person key -> apps whose transfer away from this person is wanted and not completed."""
    orders: Mapping[str, WorkOrder] = field(default_factory=dict)
    """Work orders by id, as they stand after looking at the system (see `engine.orders`)."""
    asked_for: frozenset[Address] = frozenset()
    """What is ours if it is there, because a work order has asked somebody for it."""
    refusals: Mapping[Address, str] = field(default_factory=dict)
    """Access that a policy of severity error objects to, with its words."""
    allowed_domains: frozenset[str] = frozenset()
    settings: GuardSettings
    today: date
    moment: datetime
    """On that day; it decides which work orders have run out."""
    retry: bool = False
    """Whether what was deferred today is tried again at once."""
    left_out: frozenset[Address] = frozenset()
    """What is not tried again all the same, nor asked for, because the plan that is applied does not."""

    @property
    def address(self) -> Address:
        """Of the organization itself."""
        return Address.whole(self.organization.key)

    def member(self, person: str) -> Address:
        """The membership of a person."""
        return Address(self.organization.key, "member", person)

    def is_ours(self, address: Address) -> bool:
        """Whether a live thing may be changed or taken away; a thing that can only be forgotten must be known to us."""
        if self.was_given(address) or self.time_is_over(person_in(address)):
            return True
        return self.organization.mode is Mode.AUTHORITATIVE and KINDS[address.kind].delete is not Action.FORGET

    def find_ours(self) -> dict[Address, Resource]:
        """What is live and may be changed or taken away, where the worlds may differ."""
        live = self.live.resources
        return {address: live[address] for address in self.in_question if address in live and self.is_ours(address)}

    def find_readable(self) -> dict[Address, Declared]:
        """What is wanted and could be read, where the worlds may differ."""
        wanted, unreadable = self.wanted, self.unreadable
        return {at: wanted[at] for at in self.in_question if at in wanted and at not in unreadable}

    def was_given(self, address: Address) -> bool:
        """Whether the manifests give it, or once did: what somebody else gave makes no removal look smaller."""
        return address in self.wanted or address in self.ended or address in self.records or address in self.asked_for

    def is_known(self, address: Address) -> bool:
        """Whether there is anything about an address: declared, remembered, live, or perhaps live."""
        return address in self.wanted or address in self.records or self.live.find(address) is not None

    @cached_property
    def obstacle_to_acting(self) -> str:
        """Why nothing can be done here: whoever could act may be among the members that could not be read."""
        system, live = self.organization.system, self.live
        if live.acting:
            found = live.find(self.member(live.acting))
            return found.reason if isinstance(found, Unknown) else ""
        is_anybody_there = any(
            found.status is Status.ACTIVE and is_administrator(system, address.kind, found.attributes)
            for address, found in live.resources.items()
        )
        return "" if is_anybody_there else live.reason_members_unread

    @cached_property
    def contested(self) -> tuple[Dispute, ...]:
        """Accounts that are still there as one person's although the manifests give their address to another."""
        found = []
        for dispute in self.names.disputes:
            address = self.member(dispute.recorded)
            live, record = self.live.find(address), self.state.records.get(address)
            is_there = isinstance(live, Unknown) or (live is not None and not live.status.is_gone)
            if is_there and record is not None and not record.status.is_gone:
                found.append(dispute)
        return tuple(found)

    def is_contested(self, address: Address) -> bool:
        """Whether an address is about somebody whose account is in doubt."""
        person = person_in(address) if self.contested else ""
        return bool(person) and any(person in (one.recorded, one.declared) for one in self.contested)

    @cached_property
    def doubles(self) -> Mapping[str, str]:
        """Strangers who have the name and role of somebody declared who is gone -> that person.

        A name proves nothing; but somebody whose account has got another address looks just like this.
        """
        gone: dict[tuple[str, str], str] = {}
        for address in self.in_question:
            declared = self.wanted.get(address) if address.kind == "member" else None
            record = self.records.get(address)
            name = self.people[address.key].name if address.key in self.people else ""
            if name and declared is not None and record is not None and record.status is Status.LEFT:
                gone[_folded(name), str(declared.attributes.get("role"))] = address.key
        found: dict[str, str] = {}
        for address, live in self.live.resources.items() if gone else ():
            looks = (_folded(live.name), str(live.attributes.get("role")))
            is_in = address.kind == "member" and live.status is Status.ACTIVE
            if is_in and looks in gone and not self.was_given(address):
                found[address.key] = gone[looks]
        return found

    @cached_property
    def unread_parts(self) -> tuple[Unread, ...]:
        """Every managed part that could not be read; of nested ones only the widest."""
        unread, looked = self.live.unread, self.state.looked
        last = max(looked.values(), default=None)
        return tuple(
            Unread(
                organization=self.organization.key,
                prefix=part,
                reason=reason,
                last_read=looked.get(part.kind) if part.kind else last,
            )
            for part, reason in unread.items()
            if not any(part != other and part.startswith(other) for other in unread)
        )

    @cached_property
    def unreadable(self) -> dict[Address, Unknown]:
        """What is declared or recorded and could not be read, in whole parts or alone, by address."""
        if not self.live.unknown and not self.live.unmanaged:
            return {}
        known = sorted(self.wanted.keys() | self.records.keys())
        found = ((address, self.live.find(address)) for address in known)
        return {address: one for address, one in found if isinstance(one, Unknown)}

    @cached_property
    def indistinct(self) -> dict[Address, str]:
        """What is declared or recorded and cannot be told apart from something else, by address -> why."""
        return {address: one.reason for address, one in self.unreadable.items() if not one.is_part}

    @cached_property
    def orders_about(self) -> Mapping[Address, tuple[WorkOrder, ...]]:
        """Address -> all work orders about it."""
        found: dict[Address, tuple[WorkOrder, ...]] = {}
        for order in self.orders.values():
            found[order.address] = (*found.get(order.address, ()), order)
        return found

    def has_left(self, person: str) -> bool:
        """Whether somebody's time with the company is over, or nobody by that key is left in the directory."""
        return "@" not in person if person not in self.people else self.time_is_over(person)

    def name_of_required_admin(self, person: str) -> str:
        """The name under which the settings require an admin, if they do: a key, an earlier key or an address."""
        known = self.people.get(person)
        record = self.state.records.get(self.member(person))
        earlier = record.formerly if record else ()
        names = {person, *earlier, *(known.identities.values() if known else ())}
        return min(names.intersection(self.settings.required_admins), default="")

    def time_is_over(self, person: str) -> bool:
        """Whether the directory says that somebody has left; that ends all their access, whoever gave it."""
        known = self.people.get(person)
        return known is not None and known.ends is not None and known.ends <= self.today

    def is_leaving(self, person: str) -> bool:
        """Whether somebody has left, or the manifests say when they will."""
        known = self.people.get(person)
        if known is not None:
            return known.ends is not None
        declared = self.wanted.get(self.member(person))
        return declared is None or declared.expires is not None

    def place_of(self, address: Address) -> Place | None:
        """The manifest line that is responsible for an address today."""
        if address in self.wanted:
            return self.wanted[address].place
        if address in self.ended:
            return self.ended[address].declared.place
        person = self.people.get(person_in(address))
        return person.place if person else None


def _folded(name: str) -> str:
    return " ".join(name.casefold().split())


def approvals_of(
    approvals: tuple[Approval, ...], organization: str, today: date, *, used: Iterable[UsedApproval] = ()
) -> dict[tuple[Address, Action], Approval]:
    """The approvals for one organization that still count; the last one wins where two are to the same step."""
    spent = {approval.terms for approval in used}
    return {
        (approval.address, approval.approve): approval
        for approval in approvals
        if approval.address.organization == organization
        and (approval.expires is None or approval.expires >= today)
        and approval.terms not in spent
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """Patterns of addresses with `*` and `?`; an organization's key alone stands for all of it."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def covers(self, address: Address) -> bool:
        """Whether the plan may contain a change of this address."""
        if not (self.include or self.exclude):
            return True
        text = str(address)
        included = not self.include or any(_matches(text, pattern) for pattern in self.include)
        return included and not any(_matches(text, pattern) for pattern in self.exclude)

    def reach(self, prefix: str) -> bool:
        """Whether addresses that begin like this may be covered."""
        if any(_matches(prefix, pattern) for pattern in self.exclude):
            return False
        return not self.include or any(_may_match(prefix, pattern) for pattern in self.include)

    def describe(self) -> tuple[str, ...]:
        """The patterns as the plan records them, exclusions with a leading `!`."""
        return (*self.include, *(f"!{pattern}" for pattern in self.exclude))

    @classmethod
    def parse(cls, described: Iterable[str]) -> Self:
        """The limits that a plan recorded."""
        patterns = tuple(described)
        return cls(
            include=tuple(pattern for pattern in patterns if not pattern.startswith("!")),
            exclude=tuple(pattern[1:] for pattern in patterns if pattern.startswith("!")),
        )


EVERYTHING = Targets()
"""No limit."""


def _matches(text: str, pattern: str) -> bool:
    return fnmatchcase(text, pattern) or ("/" not in pattern and text.startswith(f"{pattern}/"))


def _may_match(prefix: str, pattern: str) -> bool:
    """Whether an address that begins with `prefix` can match: as far as both go, their pieces do."""
    pieces = prefix.rstrip("/").split("/")
    if "/" not in pattern:
        return fnmatchcase(pieces[0], pattern)
    return all(fnmatchcase(piece, wanted) for piece, wanted in zip(pieces, pattern.split("/"), strict=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """Part `number` of `count`; 1/1 is everything. It divides organizations among runners that do not talk."""

    number: int = 1
    count: int = 1

    def covers(self, organization: str) -> bool:
        """Whether an organization belongs to this part, which depends on nothing but its key and the count."""
        digest = hashlib.sha256(organization.encode()).digest()
        return int.from_bytes(digest[:8]) % self.count == self.number - 1

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `K/N`; raises ValueError when it is not that."""
        number, separator, count = text.partition("/")
        if not (separator and number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
            message = f"{text!r} is not a shard: write K/N, for example 1/4"
            raise ValueError(message)
        return cls(number=int(number), count=int(count))


ALL_SHARDS = Shard()
"""All organizations."""


def shards_of(count: int) -> list[Shard]:
    """All parts, which together are everything and have nothing in common."""
    return [Shard(number=number, count=count) for number in range(1, count + 1)]
