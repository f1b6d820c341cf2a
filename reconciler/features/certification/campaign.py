"""Beginning an access review: every access with its facts, and who is asked about it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import date

from reconciler.engine.context import Targets
from reconciler.engine.entitlements import dated_accesses, on_day
from reconciler.engine.guards import marks_of, marks_of_strangers
from reconciler.engine.holdings import Holding, index_access
from reconciler.features.certification.files import digest_of_facts
from reconciler.features.certification.model import (
    AccessFacts,
    Campaign,
    ReviewedAccess,
    ReviewedLine,
    ReviewerBy,
    ReviewSheet,
    SheetMark,
)
from reconciler.model import (
    KINDS,
    Address,
    Declared,
    Desired,
    Entitlement,
    Finding,
    LoggedEntry,
    Place,
    ReconcilerError,
    State,
    dataclass,
    is_administrator,
    name_access,
    person_in,
    risk_of,
    suggest_names,
)

_MAX_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewedWorld:
    """Everything that the facts of a review are read from."""

    desired: Desired
    states: Mapping[str, State]
    findings: Sequence[Finding] = ()
    changes: Mapping[str, LoggedEntry] = field(default_factory=dict)
    """Address -> the last entry of the audit log about it."""
    today: date
    allowed_domains: Collection[str] = ()

    def collect(self, scope: Iterable[str]) -> tuple[dict[Address, AccessFacts], tuple[Address, ...]]:
        """Every declared access that a scope covers and that is not over; and what is there and not declared."""
        targets, found, strangers = Targets(include=tuple(scope)), {}, []
        said: dict[str, list[str]] = {}  # by address, or else by line
        for one in self.findings:
            about = one.address or (one.place and _line(one.place)) or ""
            said.setdefault(about, []).append(f"{one.id}: {one.message}")
        for key, organization in sorted(self.desired.organizations.items()):
            if organization.deleted:
                continue
            state = self.states.get(key, State(organization=key))
            index = index_access(key, desired=self.desired, state=state, today=self.today, as_of=None)
            for address, holding in sorted(index.holdings.items()):
                kind, recorded = KINDS[address.kind], holding.recorded
                lets_somebody_in = kind.person_part is not None or kind.is_share
                if not lets_somebody_in or not targets.covers(address):
                    continue
                if holding.declared is not None:
                    if lines := [one for one in holding.declared.lines if not _is_over(one, self.today)]:
                        found[address] = self._facts(holding, holding.declared, lines, said)
                elif recorded is not None and not recorded.status.is_gone:
                    strangers.append(address)
        return found, tuple(strangers)

    def _facts(
        self, holding: Holding, declared: Declared, lines: Sequence[Entitlement], said: Mapping[str, list[str]]
    ) -> AccessFacts:
        address, desired = holding.address, self.desired
        person = person_in(address)
        known = desired.people.get(person)
        system = desired.organizations[address.organization].system
        held = on_day(declared, self.today, system).attributes
        member = desired.resources[address.organization].get(Address(address.organization, "member", person))
        marks = list(marks_of(address.kind, dated_accesses(address.kind, held, system)))
        marks += marks_of_strangers(person, member.identity if member else "", self.allowed_domains) if person else ()
        record, entry = holding.recorded, self.changes.get(str(address))
        recorded = f"{record.status.replace('_', ' ')} since {record.since}" if record and record.since else ""
        ends = [one.expires for one in lines]
        names = (str(address), *(_line(one.place) for one in lines))
        findings = [text for name in names for text in said.get(name, ())]
        return AccessFacts(
            address=address,
            person=person or f"partner:{address.parts[0]}",
            name=known.name if known else "",
            gives=name_access(address, held),
            risk=risk_of(marks, gains=True),
            marks=tuple(marks),
            lines=tuple(self._reviewed_line(address, line) for line in lines),
            ends=None if None in ends else max(day for day in ends if day),
            recorded="; ".join(filter(None, [recorded or "nothing is recorded of it", holding.trouble])),
            last_change=_describe_change(entry) if entry else "the audit log has nothing of it",
            last_use="not known: no system tells when an access was last used",
            findings=tuple(dict.fromkeys(findings)),
        )

    def _reviewed_line(self, address: Address, line: Entitlement) -> ReviewedLine:
        starts = line.starts if line.starts and line.starts > self.today else None
        gives = name_access(address, line.attributes)
        return ReviewedLine(at=_line(line.place), gives=gives, through=line.through, starts=starts, ends=line.expires)


def _line(place: Place) -> str:
    return f"{place.file}:{place.line}"


def _is_over(line: Entitlement, today: date) -> bool:
    return line.expires is not None and line.expires <= max(today, line.starts or today)


def _describe_change(entry: LoggedEntry) -> str:
    action, outcome = entry.action.replace("_", " "), entry.outcome.replace("_", " ")
    return f"{entry.time:%Y-%m-%d}: {action}, {outcome} (record {entry.record} of the audit log)"


def start(
    new: Campaign, world: ReviewedWorld, *, name_file: Callable[[str], str]
) -> tuple[Campaign, list[ReviewSheet]]:
    """With its reviewers, and a sheet for each; raises ReconcilerError when there is nothing, or nobody to ask."""
    facts, strangers = world.collect(new.scope)
    for pattern in new.scope:
        if not any(Targets(include=(pattern,)).covers(address) for address in facts):
            message = f"no access is declared that {pattern!r} covers"
            known = [*world.desired.organizations, *map(str, world.desired.everything)]
            how = "name an organization, an address, or a pattern such as 'acme-bc/*'"
            raise ReconcilerError(message, advice=suggest_names(pattern, known) or how)
    asked: dict[str, list[ReviewedAccess]] = {}
    for one in sorted(facts.values(), key=lambda one: one.sort_key):
        reviewer = next(_reviewers(one, new.reviewer_by, world), "")
        asked.setdefault(reviewer, []).append(ReviewedAccess(facts=one))
    if orphans := [str(one.facts.address) for one in asked.get("", ())]:
        more = f" and {len(orphans) - _MAX_NAMED} more" if len(orphans) > _MAX_NAMED else ""
        message = f"nobody can review {', '.join(orphans[:_MAX_NAMED])}{more}"
        advice = "nobody decides on their own access: give these people a `manager`, or the organization another admin"
        raise ReconcilerError(message, advice=advice)
    sheets = [ReviewSheet(campaign=new.name, reviewer=key, accesses=tuple(asked[key])) for key in sorted(asked)]
    marks = {}
    for sheet in sheets:
        file, facts_digest = f"{name_file(sheet.reviewer)}.yaml", digest_of_facts(sheet)
        marks[sheet.reviewer] = SheetMark(file=file, accesses=len(sheet.accesses), facts=facts_digest)
    return replace(new, reviewers=marks, not_declared=tuple(map(str, strangers))), sheets


def _reviewers(facts: AccessFacts, by: ReviewerBy, world: ReviewedWorld) -> Iterator[str]:
    """Who may be asked about an access, the first choice first; never whoever has it, and nobody who has left."""
    desired = world.desired
    person = desired.people.get(facts.person)
    manager = (person.manager,) if person else ()
    whole = desired.organizations[facts.address.organization]
    admins = [*desired.people_among(whole.owners), *_admins(whole.key, world)]
    groups = [line.through.removeprefix("group:") for line in facts.lines]
    owners = [owner for group in groups for owner in desired.group_owners.get(group, ())]
    first = {ReviewerBy.MANAGER: manager, ReviewerBy.GROUP: owners, ReviewerBy.ORGANIZATION: admins}[by]
    for key in (*first, *admins, *manager):
        if key != facts.person and not is_gone(key, desired, world.today):
            yield key


def _admins(organization: str, world: ReviewedWorld) -> list[str]:
    """Declared admins of today, in the order in which they are written."""
    system = world.desired.organizations[organization].system
    members = [one for at, one in world.desired.resources[organization].items() if at.kind == "member"]
    today = [one for one in (on_day(one, world.today, system) for one in members) if one.holds_on(world.today)]
    admins = [one for one in today if is_administrator(system, "member", one.attributes)]
    return [one.address.key for one in sorted(admins, key=lambda one: one.place)]


def is_gone(key: str, desired: Desired, today: date) -> bool:
    """Whether somebody has left, or is in no manifest any more."""
    person = desired.people.get(key)
    return person is None or (person.ends is not None and person.ends <= today)
