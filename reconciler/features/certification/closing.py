"""Closing an access review: from decisions to one edit of the manifests, and nothing decided that nobody has seen.

Taking one access away can take more than that: a membership takes all access in its organization with it, and leaving a
group of people takes everything that the group is given. The first follows; the second is refused unless the rest was
revoked too, because somebody may have decided to keep it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import date
from functools import cached_property

from reconciler.editing.edits import Edit, EditError, Put
from reconciler.editing.entries import path_of
from reconciler.editing.person_edits import ManifestEdit, ManifestIndex, edit_all
from reconciler.engine.entitlements import join_on_day
from reconciler.features.certification.campaign import is_gone
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
from reconciler.manifests.people import PREFIX
from reconciler.manifests.source import SourceFile
from reconciler.model.address import KINDS, Address, person_in
from reconciler.model.declared import Declared, Desired, Entitlement
from reconciler.model.finding import Finding, Notes, Place
from reconciler.model.values import dataclass

_OUTCOMES = {
    ReviewDecision.KEEP: ReviewOutcome.KEPT,
    ReviewDecision.REVOKE: ReviewOutcome.REVOKED,
    ReviewDecision.SHORTEN: ReviewOutcome.SHORTENED,
}
_LOSING = (ReviewOutcome.REVOKED, ReviewOutcome.ENDS_TOO)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReview:
    """A campaign with what its reviewers say, beside what is declared today."""

    campaign: Campaign
    sheets: Sequence[ReviewSheet]
    present: Mapping[Address, AccessFacts]
    """Everything in scope today."""
    undecided: ReviewDecision
    """What is done with what nobody decided."""
    desired: Desired
    files: Sequence[SourceFile]
    today: date


def settle(review: OpenReview) -> ReviewClosing:
    """What closing does today; where it cannot, `problems` say why and nothing is edited."""
    results = {one.address: one for one in _results(review)}
    places = {one.facts.address: one.place for sheet in review.sheets for one in sheet.accesses}
    surgery = _Surgery(review, results, places)
    surgery.add_what_hangs_on_memberships()
    edits = surgery.edits()
    results = surgery.results
    edit = ManifestEdit(texts={}, patch="")
    if not surgery.notes.has_errors:
        try:
            edit = edit_all(review.files, edits)
        except EditError as error:
            surgery.notes.findings += error.findings
    reviewed, others = _judge_organizations(results.values())
    return ReviewClosing(
        campaign=review.campaign,
        day=review.today,
        results=tuple(results[address] for address in sorted(results)),
        reviewed=reviewed,
        not_reviewed=others,
        patch=edit.patch,
        edited=edit.texts,
        problems=surgery.notes.in_order(),
    )


def _results(review: OpenReview) -> Iterator[ReviewResult]:
    """Each access by itself: what its reviewer says, unless it is not what they have seen."""
    reviewed = set()
    for sheet in review.sheets:
        for one in sheet.accesses:
            reviewed.add(one.facts.address)
            yield _result(one, sheet.reviewer, review)
    for address, facts in review.present.items():
        if address not in reviewed:
            note = f"given since {review.campaign.started}, and reviewed by nobody"
            yield ReviewResult(
                address=address,
                person=facts.person,
                gives=facts.gives,
                risk=facts.risk,
                outcome=ReviewOutcome.NEW,
                note=note,
            )


def _result(one: ReviewedAccess, reviewer: str, review: OpenReview) -> ReviewResult:
    facts = one.facts
    result = ReviewResult(
        address=facts.address,
        person=facts.person,
        gives=facts.gives,
        risk=facts.risk,
        reviewer=reviewer,
        outcome=ReviewOutcome.GONE,
        decision=one.decision,
        until=one.until,
        reason=one.reason,
        by=one.by,
    )
    present = review.present.get(facts.address)
    if present is None:
        has_left = (
            "@" not in facts.person and ":" not in facts.person and is_gone(facts.person, review.desired, review.today)
        )
        return replace(
            result, note=f"{facts.person} has left since" if has_left else "it is over, or not declared any more"
        )
    if present.terms != facts.terms:
        note = (
            f"it is {present.gives} now"
            if present.gives != facts.gives
            else "its days, or the lines that give it, changed"
        )
        return replace(result, outcome=ReviewOutcome.CHANGED, note=f"{note}, which nobody has reviewed")
    if one.decision is not ReviewDecision.UNDECIDED:
        return replace(result, outcome=_OUTCOMES[one.decision])
    return replace(result, outcome=_OUTCOMES[review.undecided], note="nobody decided")


def _judge_organizations(results: Iterable[ReviewResult]) -> tuple[tuple[str, ...], dict[str, str]]:
    """For which organizations a review counts: nothing was kept undecided, and every revocation comes about."""
    open_: dict[str, list[str]] = {}
    for one in results:
        known = open_.setdefault(one.address.organization, [])
        is_undecided = one.outcome is ReviewOutcome.KEPT and one.decision is ReviewDecision.UNDECIDED
        is_withheld = one.outcome is ReviewOutcome.CHANGED and one.decision in (
            ReviewDecision.REVOKE,
            ReviewDecision.SHORTEN,
        )
        if is_undecided:
            known.append(f"nobody decided on {one.address}")
        elif is_withheld:
            known.append(f"{one.address} was to be {'revoked' if one.until is None else 'shortened'}, and has changed")
    why = {
        key: found[0] + (f"; and {len(found) - 1} more" if len(found) > 1 else "")
        for key, found in open_.items()
        if found
    }
    return tuple(sorted(open_.keys() - why.keys())), dict(sorted(why.items()))


@dataclass
class _Surgery:
    """Finds the smallest edit that takes away what shall go, and nothing that shall stay."""

    review: OpenReview
    results: dict[Address, ReviewResult]
    places: Mapping[Address, Place | None]
    notes: Notes = field(default_factory=Notes)

    @cached_property
    def _declared(self) -> dict[Address, Declared]:
        return self.review.desired.everything

    @cached_property
    def _of_person(self) -> dict[str, list[Address]]:
        found: dict[str, list[Address]] = {}
        for address in self._declared:
            if person := person_in(address):
                found.setdefault(person, []).append(address)
        return found

    @cached_property
    def _index(self) -> ManifestIndex:
        return ManifestIndex(self.review.files)

    def _outcome(self, address: Address) -> ReviewOutcome | None:
        return self.results[address].outcome if address in self.results else None

    def _goes(self, address: Address) -> bool:
        return self._outcome(address) in _LOSING

    def add_what_hangs_on_memberships(self) -> None:
        """Access in an organization goes with the membership there."""
        for address in [one for one in self.results if one.kind == "member" and self._goes(one)]:
            for other in self._of_person[address.key]:
                if other.organization != address.organization or self._goes(other):
                    continue
                known = self.results.get(other)
                is_wanted = known is not None and known.decision in (ReviewDecision.KEEP, ReviewDecision.SHORTEN)
                if is_wanted and known is not None and known.outcome is not ReviewOutcome.GONE:
                    message = f"{address} is revoked, and {other}, which needs it, is decided `{known.decision}`"
                    self._refuse(address, message, "keep the membership, or revoke both", other)
                    continue
                note = f"it cannot stay without {address}"
                if known is None:
                    known = ReviewResult(
                        address=other,
                        person=address.key,
                        gives=_words(self._declared[other]),
                        outcome=ReviewOutcome.NEW,
                    )
                self.results[other] = replace(known, outcome=ReviewOutcome.ENDS_TOO, note=note)

    def edits(self) -> dict[str, list[Edit]]:
        """File -> what to edit in it."""
        found = defaultdict[str, list[Edit]](list)
        persons: dict[str, None] = {}
        for address, result in sorted(self.results.items()):
            lines = self._declared[address].lines if address in self._declared else ()
            if self._goes(address):
                if any(line.through for line in lines):
                    persons[person_in(address)] = None
                if any(not line.through for line in lines):
                    file, edit = self._index.take_out(address)
                    found[file].append(edit)
            elif result.outcome is ReviewOutcome.SHORTENED:
                for line in lines:
                    if put := self._shortening(address, line, result.until or self.review.today):
                        found[line.place.file].append(put)
        for person in persons:
            for file, edit in self._departures(person):
                found[file].append(edit)
        return found

    def _shortening(self, address: Address, line: Entitlement, until: date) -> Edit | None:
        if line.expires is not None and line.expires <= until:
            return None
        if line.through:
            message = f"{address} comes through {line.through}, and a group has no end for one of its members"
            advice = (
                "decide `revoke`, or take them out of the group and give them a line of their own with an end first"
            )
            self._refuse(address, message, advice)
            return None
        if KINDS[address.kind].is_item:
            message = f"{address} is an item of a list, which has no end"
            self._refuse(address, message, "decide `keep` or `revoke`")
            return None
        written, day = self._index.find(path_of(address)), until.isoformat()
        if isinstance(written.value, dict):
            return Put(path=(*written.path, "expires"), value=day)
        if isinstance(written.value, list):
            return Put(path=written.path, value={"permissions": list(map(str, written.value)), "expires": day})
        return Put(path=written.path, value={"role": str(written.value), "expires": day})

    def _departures(self, person: str) -> Iterator[tuple[str, Edit]]:
        """The groups that somebody has to leave, unless that takes something that shall stay."""
        needed = {
            line.through
            for address in self._of_person[person]
            if self._goes(address)
            for line in self._declared[address].lines
            if line.through
        }
        listed = self._index.groups.of(person)
        leaving = [name for name in listed if self._index.groups.giving_through(name) & needed]
        staying = [self._index.groups.giving_through(name) for name in listed if name not in leaving]
        lost = frozenset().union(*map(self._index.groups.giving_through, leaving)) - frozenset().union(*staying)
        if needed - lost:
            message = f"no group that lists {person} leads to {', '.join(sorted(needed - lost))}"
            self._refuse(self._first_of(person, needed), message, "take them out by hand, and close the review again")
            return
        cause, groups = self._first_of(person, needed), ", ".join(PREFIX + name for name in leaving)
        for address in self._of_person[person]:
            if not self._goes(address) and self._loses(address, lost):
                known = self.results.get(address)
                decided = f"decided `{known.decision}`" if known else "no part of this review"
                message = f"{cause} comes through {groups}; without that {person} also loses {address}, {decided}"
                advice = f"revoke that too, or take {person} out of {groups} with lines of their own for what stays"
                self._refuse(cause, message, advice, address)
        for name in leaving:
            yield self._index.leave_group(name, person)

    def _first_of(self, person: str, needed: frozenset[str] | set[str]) -> Address:
        """The access for whose sake the groups are left."""
        return next(
            address
            for address in self._of_person[person]
            if self._goes(address) and any(line.through in needed for line in self._declared[address].lines)
        )

    def _loses(self, address: Address, lost: frozenset[str]) -> bool:
        """Whether an access is less, or ends earlier, without the lines of some groups."""
        declared = self._declared[address]
        rest = [line for line in declared.lines if line.through not in lost]
        return len(rest) < len(declared.lines) and _joined(declared, rest, self.review) != _joined(
            declared, declared.lines, self.review
        )

    def _refuse(self, address: Address, message: str, advice: str, other: Address | None = None) -> None:
        related = self.places.get(other) if other else None
        place = self.places.get(address)
        self.notes.error("review-conflict", message, place, advice=advice, related=(related,) if related else ())


def _joined(declared: Declared, lines: Sequence[Entitlement], review: OpenReview) -> object:
    """What lines give together, today or on the first day on which they do."""
    system = review.desired.organizations[declared.address.organization].system
    days = [review.today, *(one.starts for one in lines if one.starts and one.starts > review.today)]
    found = (join_on_day(lines, day, kind=declared.address.kind, system=system) for day in sorted(days))
    first = next((one for one in found if one is not None), None)
    return None if first is None else _terms(first)


def _terms(one: Entitlement) -> tuple[object, ...]:
    return one.attributes, one.starts, one.expires, one.protect, one.identity


def _words(declared: Declared) -> str:
    return (
        ", ".join(value if isinstance(value, str) else " + ".join(value) for value in declared.attributes.values())
        or "access"
    )


def check_effect(closing: ReviewClosing, before: Desired, after: Desired) -> Iterator[Finding]:
    """Whether edited manifests differ from what they were in exactly what was decided."""
    results = {one.address: one for one in closing.results}
    wanted, found = before.everything, after.everything
    for address in sorted(wanted.keys() | found.keys()):
        old, new, result = wanted.get(address), found.get(address), results.get(address)
        outcome = result.outcome if result else None
        if outcome in _LOSING:
            is_right = new is None
        elif outcome is ReviewOutcome.SHORTENED and old is not None and new is not None and result is not None:
            ends = [line.expires for line in new.lines]
            is_right = None not in ends and max(day for day in ends if day) <= (result.until or date.max)
            is_right = is_right and old.attributes == new.attributes
        else:
            is_right = old is not None and new is not None and _terms(old) == _terms(new)
        if not is_right:
            message = f"the edit would do something else to {address} than was decided"
            yield Finding(
                id="unsafe-edit", message=message, advice="edit the manifests by hand, and close the review again"
            )
