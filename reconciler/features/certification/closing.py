"""Closing an access review: from decisions to one edit of the manifests, and nothing decided that nobody has seen.

Taking one access away can take more than that: a membership takes all access in its organization with it, and leaving a
group of people takes everything that the group is given. The first follows; the second is refused unless the rest was
revoked too, because somebody may have decided to keep it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import date
from functools import cached_property

from reconciler.editing.index import ManifestEdit, ManifestIndex, path_of
from reconciler.editing.writer import Edit, Put
from reconciler.engine.entitlements import declare
from reconciler.features.certification.campaign import ReviewedWorld, is_gone
from reconciler.features.certification.model import (
    AccessFacts,
    Campaign,
    ReviewClosing,
    ReviewDecision,
    ReviewedAccess,
    ReviewOutcome,
    ReviewResult,
    ReviewSheet,
)
from reconciler.manifests.source import SourceFile
from reconciler.model import (
    KINDS,
    Address,
    Declared,
    Desired,
    Entitlement,
    Finding,
    ManifestError,
    Notes,
    Place,
    dataclass,
    name_access,
    person_in,
)

_OUTCOMES = {
    ReviewDecision.KEEP: ReviewOutcome.KEPT,
    ReviewDecision.REVOKE: ReviewOutcome.REVOKED,
    ReviewDecision.SHORTEN: ReviewOutcome.SHORTENED,
}
_LOSING = (ReviewOutcome.REVOKED, ReviewOutcome.ENDS_TOO)


def settle(
    campaign: Campaign,
    sheets: Sequence[ReviewSheet],
    world: ReviewedWorld,
    *,
    files: Sequence[SourceFile],
    undecided: ReviewDecision,
) -> ReviewClosing:
    """What closing does today; where it cannot, `problems` say why and nothing is edited.

    `undecided` is what is done with what nobody decided.
    """
    results = {one.address: one for one in _results(campaign, sheets, world, undecided)}
    places = {one.facts.address: one.place for sheet in sheets for one in sheet.accesses}
    surgery = _Surgery(world, ManifestIndex(files), results, places)
    surgery.add_what_hangs_on_memberships()
    edits = list(surgery.edits())
    edit = ManifestEdit(texts={}, patch="")
    if not surgery.notes.has_errors:
        try:
            edit = surgery.index.edit(edits)
        except ManifestError as error:
            surgery.notes.findings += error.findings
    reviewed, others = _judge_organizations(results.values())
    return ReviewClosing(
        campaign=campaign,
        day=world.today,
        results=tuple(results[address] for address in sorted(results)),
        reviewed=reviewed,
        not_reviewed=others,
        patch=edit.patch,
        edited=edit.texts,
        problems=surgery.notes.in_order(),
    )


def _results(
    campaign: Campaign, sheets: Sequence[ReviewSheet], world: ReviewedWorld, undecided: ReviewDecision
) -> Iterator[ReviewResult]:
    """Each access by itself: what its reviewer says, unless it is not what they have seen."""
    new, _ = world.collect(campaign.scope)
    for sheet in sheets:
        for one in sheet.accesses:
            facts = one.facts
            outcome, note = _judge(one, new.pop(facts.address, None), world, undecided)
            yield ReviewResult(
                address=facts.address,
                person=facts.person,
                gives=facts.gives,
                risk=facts.risk,
                reviewer=sheet.reviewer,
                outcome=outcome,
                decision=one.decision,
                until=one.until,
                reason=one.reason,
                by=one.by,
                note=note,
            )
    note = f"given since {campaign.started}, and reviewed by nobody"
    for address, facts in new.items():
        gives, risk, outcome = facts.gives, facts.risk, ReviewOutcome.NEW
        yield ReviewResult(address=address, person=facts.person, gives=gives, risk=risk, outcome=outcome, note=note)


def _judge(
    one: ReviewedAccess, present: AccessFacts | None, world: ReviewedWorld, undecided: ReviewDecision
) -> tuple[ReviewOutcome, str]:
    """What comes of an access that was reviewed, and why where that is not the decision."""
    person = one.facts.person
    if present is None:
        is_key = "@" not in person and ":" not in person
        has_left = is_key and is_gone(person, world.desired, world.today)
        return ReviewOutcome.GONE, f"{person} has left since" if has_left else "it is over, or not declared any more"
    if present.terms != one.facts.terms:
        is_other = present.gives != one.facts.gives
        what = f"it is {present.gives} now" if is_other else "its days, or the lines that give it, changed"
        return ReviewOutcome.CHANGED, f"{what}, which nobody has reviewed"
    if one.decision is ReviewDecision.UNDECIDED:
        return _OUTCOMES[undecided], "nobody decided"
    return _OUTCOMES[one.decision], ""


def _judge_organizations(results: Iterable[ReviewResult]) -> tuple[tuple[str, ...], dict[str, str]]:
    """For which organizations a review counts: nothing was kept undecided, and every revocation comes about."""
    open_: dict[str, list[str]] = {}
    for one in results:
        known = open_.setdefault(one.address.organization, [])
        if one.outcome is ReviewOutcome.KEPT and one.decision is ReviewDecision.UNDECIDED:
            known.append(f"nobody decided on {one.address}")
        elif one.outcome is ReviewOutcome.CHANGED and one.decision in (ReviewDecision.REVOKE, ReviewDecision.SHORTEN):
            known.append(f"{one.address} was to be {'revoked' if one.until is None else 'shortened'}, and has changed")
    why = {key: found[0] + (f"; and {len(found) - 1} more" * (len(found) > 1)) for key, found in open_.items() if found}
    return tuple(sorted(open_.keys() - why.keys())), dict(sorted(why.items()))


@dataclass
class _Surgery:
    """Finds the smallest edit that takes away what shall go, and nothing that shall stay."""

    world: ReviewedWorld
    index: ManifestIndex
    results: dict[Address, ReviewResult]
    places: Mapping[Address, Place | None]
    notes: Notes = field(default_factory=Notes)

    @cached_property
    def _declared(self) -> dict[Address, Declared]:
        return self.world.desired.everything

    @cached_property
    def _of_person(self) -> dict[str, list[Address]]:
        found: dict[str, list[Address]] = {}
        for address in self._declared:
            if person := person_in(address):
                found.setdefault(person, []).append(address)
        return found

    def _goes(self, address: Address) -> bool:
        return address in self.results and self.results[address].outcome in _LOSING

    def add_what_hangs_on_memberships(self) -> None:
        """Access in an organization goes with the membership there."""
        for address in [one for one in self.results if one.kind == "member" and self._goes(one)]:
            for other in self._of_person[address.key]:
                if other.organization != address.organization or self._goes(other):
                    continue
                gives = name_access(other, self._declared[other].attributes)
                unseen = ReviewResult(address=other, person=address.key, gives=gives, outcome=ReviewOutcome.NEW)
                known = self.results.get(other, unseen)
                is_wanted = known.decision in (ReviewDecision.KEEP, ReviewDecision.SHORTEN)
                if is_wanted and known.outcome is not ReviewOutcome.GONE:
                    message = f"{address} is revoked, and {other}, which needs it, is decided `{known.decision}`"
                    self._refuse(address, message, "keep the membership, or revoke both", other)
                    continue
                note = f"it cannot stay without {address}"
                self.results[other] = replace(known, outcome=ReviewOutcome.ENDS_TOO, note=note)

    def edits(self) -> Iterator[tuple[str, Edit]]:
        """What to edit in which file."""
        persons: dict[str, None] = {}
        for address, result in sorted(self.results.items()):
            lines = self._declared[address].lines if address in self._declared else ()
            if self._goes(address):
                if any(line.through for line in lines):
                    persons[person_in(address)] = None
                if any(not line.through for line in lines):
                    yield self.index.take_out(address)
            elif result.outcome is ReviewOutcome.SHORTENED:
                for line in lines:
                    if put := self._shortening(address, line, result.until or self.world.today):
                        yield line.place.file, put
        for person in persons:
            yield from self._departures(person)

    def _shortening(self, address: Address, line: Entitlement, until: date) -> Edit | None:
        if line.expires is not None and line.expires <= until:
            return None
        if line.through:
            message = f"{address} comes through {line.through}, and a group has no end for one of its members"
            own = "take them out of the group and give them a line of their own with an end first"
            self._refuse(address, message, f"decide `revoke`, or {own}")
            return None
        if KINDS[address.kind].is_item:
            message = f"{address} is an item of a list, which has no end"
            self._refuse(address, message, "decide `keep` or `revoke`")
            return None
        written, day = self.index.find(path_of(address)), until.isoformat()
        if isinstance(written.value, dict):
            return Put(path=(*written.path, "expires"), value=day)
        if isinstance(written.value, list):
            return Put(path=written.path, value={"permissions": list(map(str, written.value)), "expires": day})
        return Put(path=written.path, value={"role": str(written.value), "expires": day})

    def _departures(self, person: str) -> Iterator[tuple[str, Edit]]:
        """The groups that somebody has to leave, unless that takes something that shall stay."""
        going = [address for address in self._of_person[person] if self._goes(address)]
        lines = [(address, line.through) for address in going for line in self._declared[address].lines if line.through]
        needed, cause = {through for _, through in lines}, lines[0][0]
        groups = self.index.groups
        listed = groups.of(person)
        leaving = [name for name in listed if groups.giving_through(name) & needed]
        staying = [groups.giving_through(name) for name in listed if name not in leaving]
        lost = frozenset().union(*map(groups.giving_through, leaving)) - frozenset().union(*staying)
        if needed - lost:
            message = f"no group that lists {person} leads to {', '.join(sorted(needed - lost))}"
            self._refuse(cause, message, "take them out by hand, and close the review again")
            return
        names = ", ".join(f"group:{name}" for name in leaving)
        for address in self._of_person[person]:
            if not self._goes(address) and self._loses(address, lost):
                known = self.results.get(address)
                decided = f"decided `{known.decision}`" if known else "no part of this review"
                message = f"{cause} comes through {names}; without that {person} also loses {address}, {decided}"
                advice = f"revoke that too, or take {person} out of {names} with lines of their own for what stays"
                self._refuse(cause, message, advice, address)
        for name in leaving:
            yield self.index.leave_group(name, person)

    def _loses(self, address: Address, lost: frozenset[str]) -> bool:
        """Whether an access is less, or ends earlier, without the lines of some groups."""
        declared, today = self._declared[address], self.world.today
        rest = [line for line in declared.lines if line.through not in lost]
        system = self.world.desired.organizations[address.organization].system
        is_less = len(rest) < len(declared.lines)
        return is_less and not (rest and _terms(declare(address, rest, system=system, today=today)) == _terms(declared))

    def _refuse(self, address: Address, message: str, advice: str, other: Address | None = None) -> None:
        related = self.places.get(other) if other else None
        place = self.places.get(address)
        self.notes.error("review-conflict", message, place, advice=advice, related=(related,) if related else ())


def _terms(one: Entitlement) -> tuple[object, ...]:
    return one.attributes, one.starts, one.expires, one.protect, one.identity


def check_effect(closing: ReviewClosing, before: Desired, after: Desired) -> Iterator[Finding]:
    """Whether edited manifests differ from what they were in exactly what was decided."""
    results = {one.address: one for one in closing.results}
    wanted, found = before.everything, after.everything
    for address in sorted(wanted.keys() | found.keys()):
        old, new, result = wanted.get(address), found.get(address), results.get(address)
        if result and result.outcome in _LOSING:
            is_right = new is None
        elif old is None or new is None:
            is_right = False
        elif result and result.outcome is ReviewOutcome.SHORTENED:
            until = result.until or date.max
            ends_by_then = all(line.expires is not None and line.expires <= until for line in new.lines)
            is_right = ends_by_then and old.attributes == new.attributes
        else:
            is_right = _terms(old) == _terms(new)
        if not is_right:
            message = f"the edit would do something else to {address} than was decided"
            advice = "edit the manifests by hand, and close the review again"
            yield Finding(id="unsafe-edit", message=message, advice=advice)
