"""The whole comparison of two revisions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from reconciler.engine.access_paths import reach
from reconciler.engine.context import approvals_of
from reconciler.engine.identities import Names
from reconciler.features.review.access import ComparedSide, compare_access
from reconciler.features.review.model import (
    AccessChange,
    DangerousStep,
    DroppedOrganization,
    PersonChange,
    Rename,
    ThingChange,
)
from reconciler.features.review.names import describe_displaced, find_renames, names_at_head, with_names
from reconciler.features.review.steps import find_steps
from reconciler.features.review.things import compare_organization, compare_people, compare_things
from reconciler.model.address import Address
from reconciler.model.declared import Approval, Declared, Desired, Organization
from reconciler.model.kinds import KINDS


@dataclass(slots=True, kw_only=True)
class Comparison:
    """What differs, before it is told; fields as in `Review`."""

    access: list[AccessChange] = field(default_factory=list)
    things: list[ThingChange] = field(default_factory=list)
    people: list[PersonChange] = field(default_factory=list)
    renames: tuple[Rename, ...] = ()
    steps: list[DangerousStep] = field(default_factory=list)
    approvals_given: tuple[Approval, ...] = ()
    approvals_withdrawn: tuple[Approval, ...] = ()
    notices: list[str] = field(default_factory=list)
    dropped: list[DroppedOrganization] = field(default_factory=list)


def compare(base: Desired, head: Desired, *, today: date, allowed_domains: Collection[str]) -> Comparison:
    """What a change from BASE to HEAD does to access from that day on."""
    names = names_at_head(base, head)
    found = Comparison(renames=find_renames(names), notices=list(describe_displaced(names, base, head)))
    members: dict[str, set[str]] = {}
    for pair in _pairs(base, head, names):
        _compare_organization(pair, found, head, today=today, allowed_domains=allowed_domains)
        for person in pair.people:
            members.setdefault(person, set()).add(pair.key)
    organizations = {person: frozenset(keys) for person, keys in members.items()}
    found.people = list(compare_people(base.people, head.people, organizations=organizations))
    found.approvals_given = _only_in(head.approvals, base.approvals)
    found.approvals_withdrawn = _only_in(base.approvals, head.approvals)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """One organization on both sides."""

    before: Organization | None
    after: Organization | None
    resources_before: Mapping[Address, Declared]
    resources_after: Mapping[Address, Declared]
    notice: str = ""
    """What to say of it besides its rows."""

    @property
    def key(self) -> str:
        """Its key on either side."""
        either = self.after or self.before
        return either.key if either else ""

    @property
    def is_dropped(self) -> bool:
        """No manifest declares it any more, whether or not its key means another one now."""
        return self.before is not None and self.after is None and not self.before.deleted

    @property
    def people(self) -> set[str]:
        both = self.resources_before.keys() | self.resources_after.keys()
        return {address.parts[part] for address in both if (part := KINDS[address.kind].person_part) is not None}


def _pairs(base: Desired, head: Desired, names: Mapping[str, Names]) -> Iterator[_Pair]:
    """Every organization with what it was; two of them where one key means another organization at HEAD."""
    for key in sorted(base.organizations.keys() | head.organizations.keys()):
        before, after = base.organizations.get(key), head.organizations.get(key)
        pair = _Pair(
            before=before,
            after=after,
            resources_before=with_names(base.resources.get(key, {}), names.get(key, Names())),
            resources_after=head.resources.get(key, {}),
        )
        if before is None or after is None or _is_same(before, after):
            yield pair
            continue
        yield _former(pair, f"{key} ({before.identity})")
        yield replace(pair, before=None, resources_before={})


def _is_same(before: Organization, after: Organization) -> bool:
    return (before.system.name, before.identity) == (after.system.name, after.identity)


def _former(pair: _Pair, key: str) -> _Pair:
    """What was under a key that means another organization now, told under a key of its own."""
    resources = {Address(key, *at[1:]): one for at, one in pair.resources_before.items() if at.kind != "organization"}
    return _Pair(
        before=replace(pair.before, key=key) if pair.before else None,
        after=None,
        resources_before={at: replace(one, address=at) for at, one in resources.items()},
        resources_after={},
        notice=f"{pair.key} is another organization on its system now: a plan does nothing there until somebody agrees"
        ", and what is live in the old one stays there",
    )


def _compare_organization(
    pair: _Pair, found: Comparison, head: Desired, *, today: date, allowed_domains: Collection[str]
) -> None:
    organization = pair.after or pair.before
    if organization is None:
        return
    key = organization.key
    halves = [
        ComparedSide(system=side.system, reach=reach(key, resources, system=side.system, today=today))
        for side, resources in (
            (pair.before or organization, pair.resources_before),
            (pair.after or organization, pair.resources_after),
        )
    ]
    access = compare_access(halves[0], halves[1], allowed_domains=allowed_domains)
    if pair.is_dropped:
        # No plan takes anything away there, so nothing of it is a loss.
        kept = {change.subject.key for change in access if change.subject.kind == "member"}
        found.dropped.append(DroppedOrganization(organization=key, people=tuple(sorted(kept))))
        found.notices += _notices(pair)
        return
    found.access += access
    changed = compare_organization(pair.before, pair.after)
    found.things += [changed] if changed else []
    found.things += compare_things(pair.resources_before, pair.resources_after)
    found.notices += _notices(pair)
    was_deleted = pair.before is not None and pair.before.deleted
    if pair.after is not None and not (was_deleted and pair.after.deleted):
        found.steps += find_steps(
            pair.resources_before, pair.resources_after, pair.after, approvals=approvals_of(head.approvals, key, today)
        )


def _notices(pair: _Pair) -> Iterator[str]:
    """What the rows of an organization alone would let a reader misunderstand."""
    before, after = pair.before, pair.after
    if pair.notice:
        yield pair.notice
    elif before is not None and after is None:
        yield (
            f"{before.key} is no longer managed: a plan takes nothing away there, and nobody watches it any more; "
            "to take it down, declare it with `deleted: true`"
        )


def _only_in(approvals: tuple[Approval, ...], others: tuple[Approval, ...]) -> tuple[Approval, ...]:
    known = {approval.terms for approval in others}
    return tuple(approval for approval in approvals if approval.terms not in known)
