"""Whether one access holds everything that another one holds, day by day.

An access is taken apart into claims: one for each role, finance role, permission and account, with the days on which it
holds. A claim is covered when on every one of its days the other side has the same or a higher one. So a role given
directly and the same role given through a group cover each other, and a longer end date is a gain.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from reconciler.model.access import Access, AccessPath
from reconciler.model.system import Role, System


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedAccess:
    """One thing that can be done, from a UTC day until another."""

    dimension: str
    """What it is compared with: `there`, `role`, `finance`, `account EMAIL`, `permission NAME`."""
    rank: int = 0
    starts: date = date.min
    ends: date = date.max
    """The UTC day on which it is gone."""
    administers: bool = False
    handles_money: bool = False


def claims_of(access: Access | None, system: System) -> tuple[DatedAccess, ...]:
    """Everything that an access holds, over all its ways."""
    if access is None:
        return ()
    return tuple(claim for way in access.ways for claim in _claims_of_way(way, access.identity, system))


def _claims_of_way(way: AccessPath, identity: str, system: System) -> Iterator[DatedAccess]:
    starts, ends = way.starts or date.min, way.ends or date.max
    yield DatedAccess(dimension="there", starts=starts, ends=ends)
    if identity:
        yield DatedAccess(dimension=f"account {identity}", starts=starts, ends=ends)
    for name, value in way.attributes.items():
        kind = way.address.kind if name in {"role", "permissions"} else f"{way.address.kind}.{name}"
        for word in (value,) if isinstance(value, str) else value:
            role = system.find_role(kind, word) or Role(name=word, label=word, rank=0, may="")
            yield DatedAccess(
                dimension=name if isinstance(value, str) else f"permission {word}",
                rank=role.rank if isinstance(value, str) else 0,
                starts=starts,
                ends=ends,
                administers=role.administers,
                handles_money=role.handles_money,
            )


def uncovered(claims: Sequence[DatedAccess], by: Sequence[DatedAccess]) -> tuple[DatedAccess, ...]:
    """The claims that the others do not hold on all of their days."""
    return tuple(claim for claim in claims if not _is_covered(claim, by))


def _is_covered(claim: DatedAccess, by: Sequence[DatedAccess]) -> bool:
    alike = [one for one in by if one.dimension == claim.dimension and one.rank >= claim.rank]
    day = claim.starts
    for one in sorted(alike, key=lambda one: one.starts):
        if one.starts <= day:
            day = max(day, one.ends)
    return day >= claim.ends
