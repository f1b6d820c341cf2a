"""Who gains what and who loses what, with the marks that deserve a second look."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.engine.access_paths import Cell, DatedAccess, dated_accesses_of, uncovered
from reconciler.features.review.model import AccessChange, Effect, Mark
from reconciler.model.access import Access
from reconciler.model.address import Address
from reconciler.model.system import System

_OTHER_PEOPLE = "@"
"""What the key of somebody who is not in the directory has and no other key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedSide:
    """One organization on one side."""

    system: System
    reach: Mapping[Cell, Access] = field(default_factory=dict)


def compare_access(
    before: ComparedSide, after: ComparedSide, *, allowed_domains: Collection[str]
) -> list[AccessChange]:
    """Every person or partner and thing where it differs, in reading order."""
    marker = _Marker(
        before=before,
        after=after,
        first_before=_first_things(before),
        first_after=_first_things(after),
        allowed_domains=frozenset(allowed_domains),
    )
    changes = (
        _compare(cell, before, after, marker)
        for cell in before.reach.keys() | after.reach.keys()
        if before.reach.get(cell) != after.reach.get(cell)
    )
    return sorted(changes, key=lambda change: change.rank)


def _first_things(half: ComparedSide) -> dict[Address, Address]:
    """Subject -> what comes first of all it has: the membership, or the first thing that is shared."""
    first: dict[Address, Address] = {}
    for subject, on in half.reach:
        first[subject] = min(on, first.get(subject, on), key=lambda thing: (thing.kind != "organization", thing))
    return first


def _compare(cell: Cell, before: ComparedSide, after: ComparedSide, marker: _Marker) -> AccessChange:
    subject, on = cell
    had, has = before.reach.get(cell), after.reach.get(cell)
    held, holds = dated_accesses_of(had, before.system), dated_accesses_of(has, after.system)
    lost, won = uncovered(held, by=holds), uncovered(holds, by=held)
    return AccessChange(
        subject=subject,
        on=on,
        before=had,
        after=has,
        effect=_effect(won=bool(won), lost=bool(lost)),
        marks=tuple(marker.marks(cell, (*lost, *won))),
    )


def _effect(*, won: bool, lost: bool) -> Effect:
    if won and lost:
        return Effect.BOTH
    if won or lost:
        return Effect.GAIN if won else Effect.LOSS
    return Effect.WAY


@dataclass(frozen=True, slots=True, kw_only=True)
class _Marker:
    """Knows both sides of an organization, so that it can tell whose first or last access something is."""

    before: ComparedSide
    after: ComparedSide
    first_before: Mapping[Address, Address]
    first_after: Mapping[Address, Address]
    allowed_domains: frozenset[str]

    def marks(self, cell: Cell, differing: tuple[DatedAccess, ...]) -> Iterator[Mark]:
        had, has = self.before.reach.get(cell), self.after.reach.get(cell)
        is_other_account = had is not None and has is not None and had.identity != has.identity
        if any(claim.administers for claim in differing) or (is_other_account and self._administers(cell)):
            yield Mark.ADMIN
        if any(claim.handles_money for claim in differing):
            yield Mark.MONEY
        if is_other_account:
            yield Mark.ACCOUNT
        # Told once for everything somebody gets or loses, at what comes first of it.
        subject, on = cell
        if subject not in self.first_before and self.first_after[subject] == on:
            yield Mark.FIRST
        if subject not in self.first_after and self.first_before[subject] == on:
            yield Mark.LAST
        yield from self._outside(subject)

    def _administers(self, cell: Cell) -> bool:
        claims = (dated_accesses_of(half.reach[cell], half.system) for half in (self.before, self.after))
        return any(claim.administers for side in claims for claim in side)

    def _outside(self, subject: Address) -> Iterator[Mark]:
        if subject.kind != "member":
            return
        if _OTHER_PEOPLE in subject.key:
            yield Mark.OUTSIDE_DIRECTORY
        whole = Address.whole(subject.organization)
        membership = self.after.reach.get((subject, whole)) or self.before.reach.get((subject, whole))
        domain = membership.identity.rpartition("@")[2] if membership and "@" in membership.identity else ""
        if domain and self.allowed_domains and domain not in self.allowed_domains:
            yield Mark.OUTSIDE_DOMAINS
