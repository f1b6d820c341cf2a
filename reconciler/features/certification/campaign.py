"""Beginning an access review: every access with its facts, and who is asked about it; and how far it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, date, datetime, time, timedelta

from reconciler.engine.access_paths import dated_accesses
from reconciler.engine.context import Targets
from reconciler.engine.entitlements import on_day
from reconciler.engine.holdings import index_access
from reconciler.engine.risk import marks_of, marks_of_strangers
from reconciler.features.certification.files import digest_of_facts
from reconciler.features.certification.model import (
    PAST_TENSE,
    AccessFacts,
    Campaign,
    CampaignProgress,
    ReviewDecision,
    ReviewedAccess,
    ReviewedLine,
    ReviewerBy,
    ReviewSheet,
    SheetMark,
    SheetProgress,
)
from reconciler.model.address import KINDS, Address, person_in
from reconciler.model.change import is_administrator, risk_of
from reconciler.model.declared import Desired, Entitlement
from reconciler.model.finding import Finding, ReconcilerError, suggest_names
from reconciler.model.holding import Holding
from reconciler.model.plan import LoggedEntry
from reconciler.model.state import RotationTask, State, WorkOrder
from reconciler.model.values import dataclass
from reconciler.output.words import name_access
from reconciler.systems.languages import REVIEW, REVIEW_DONE, REVIEW_STEPS, REVIEW_TITLES
from reconciler.systems.markup import literal

NO_LAST_USE = "not known: no system tells when an access was last used"
_UNRECORDED = "nothing is recorded of it"
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
        said = self._findings()
        for key, organization in sorted(self.desired.organizations.items()):
            if organization.deleted:
                continue
            state = self.states.get(key, State(organization=key))
            index = index_access(key, desired=self.desired, state=state, today=self.today, as_of=None)
            for address, holding in sorted(index.holdings.items()):
                if not (_is_access(address) and targets.covers(address)):
                    continue
                if holding.declared is None:
                    if holding.recorded is not None and not holding.recorded.status.is_gone:
                        strangers.append(address)
                elif lines := [one for one in holding.declared.lines if not _is_over(one, self.today)]:
                    found[address] = self._facts(holding, lines, said)
        return found, tuple(strangers)

    def _facts(self, holding: Holding, lines: Sequence[Entitlement], said: Mapping[str, list[str]]) -> AccessFacts:
        address, declared = holding.address, holding.declared
        assert declared is not None  # noqa: S101  # the caller has looked
        person = person_in(address)
        known = self.desired.people.get(person)
        system = self.desired.organizations[address.organization].system
        record, entry = holding.recorded, self.changes.get(str(address))
        held = on_day(declared, self.today, system).attributes
        member = self.desired.resources[address.organization].get(Address(address.organization, "member", person))
        marks = list(marks_of(address.kind, dated_accesses(address.kind, held, system)))
        marks += marks_of_strangers(person, member.identity if member else "", self.allowed_domains) if person else ()
        recorded = f"{record.status.replace('_', ' ')} since {record.since}" if record and record.since else ""
        ends = [one.expires for one in lines]
        return AccessFacts(
            address=address,
            person=person or f"partner:{address.parts[0]}",
            name=known.name if known else "",
            gives=name_access(address, held),
            risk=risk_of(marks, gains=True),
            marks=tuple(marks),
            lines=tuple(
                ReviewedLine(
                    at=f"{line.place.file}:{line.place.line}",
                    gives=name_access(address, line.attributes),
                    through=line.through,
                    starts=line.starts if line.starts and line.starts > self.today else None,
                    ends=line.expires,
                )
                for line in lines
            ),
            ends=None if None in ends else max(day for day in ends if day),
            recorded="; ".join(filter(None, [recorded or _UNRECORDED, holding.trouble])),
            last_change=_describe_change(entry) if entry else "the audit log has nothing of it",
            last_use=NO_LAST_USE,
            findings=tuple(
                dict.fromkeys(text for name in (str(address), *map(_line, lines)) for text in said.get(name, ()))
            ),
        )

    def _findings(self) -> dict[str, list[str]]:
        """What is said of an address, or else of a line."""
        found: dict[str, list[str]] = {}
        for one in self.findings:
            name = one.address or (f"{one.place.file}:{one.place.line}" if one.place else "")
            found.setdefault(name, []).append(f"{one.id}: {one.message}")
        return found


def _line(line: Entitlement) -> str:
    return f"{line.place.file}:{line.place.line}"


def _is_access(address: Address) -> bool:
    """Whether it lets a person, or another company, do something."""
    kind = KINDS[address.kind]
    return kind.person_part is not None or kind.is_share


def _is_over(line: Entitlement, today: date) -> bool:
    return line.expires is not None and line.expires <= max(today, line.starts or today)


def _describe_change(entry: LoggedEntry) -> str:
    action = entry.action.replace("_", " ")
    return (
        f"{entry.time:%Y-%m-%d}: {action}, {entry.outcome.replace('_', ' ')} (record {entry.record} of the audit log)"
    )


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
            advice = suggest_names(pattern, known) or how
            raise ReconcilerError(message, advice=advice)
    asked: dict[str, list[ReviewedAccess]] = {}
    orphans: list[Address] = []
    for one in sorted(facts.values(), key=lambda one: one.sort_key):
        reviewer = next(_reviewers(one, new.reviewer_by, world), "")
        if reviewer:
            asked.setdefault(reviewer, []).append(ReviewedAccess(facts=one))
        else:
            orphans.append(one.address)
    if orphans:
        more = f" and {len(orphans) - _MAX_NAMED} more" if len(orphans) > _MAX_NAMED else ""
        message = f"nobody can review {', '.join(map(str, orphans[:_MAX_NAMED]))}{more}"
        advice = "nobody decides on their own access: give these people a `manager`, or the organization another admin"
        raise ReconcilerError(message, advice=advice)
    sheets = [ReviewSheet(campaign=new.name, reviewer=key, accesses=tuple(asked[key])) for key in sorted(asked)]
    campaign = replace(
        new,
        reviewers={
            one.reviewer: SheetMark(
                file=f"{name_file(one.reviewer)}.yaml", accesses=len(one.accesses), facts=digest_of_facts(one)
            )
            for one in sheets
        },
        not_declared=tuple(map(str, strangers)),
    )
    return campaign, sheets


def _reviewers(facts: AccessFacts, by: ReviewerBy, world: ReviewedWorld) -> Iterator[str]:
    """Who may be asked about an access, the first choice first; never whoever has it, and nobody who has left."""
    desired = world.desired
    person = desired.people.get(facts.person)
    manager = (person.manager,) if person else ()
    whole = desired.organizations[facts.address.organization]
    admins = [*desired.people_among(whole.owners), *_admins(whole.key, world)]
    owners = [
        owner for line in facts.lines for owner in desired.group_owners.get(line.through.removeprefix("group:"), ())
    ]
    first = {ReviewerBy.MANAGER: manager, ReviewerBy.GROUP: owners, ReviewerBy.ORGANIZATION: admins}[by]
    for key in (*first, *admins, *manager):
        found = desired.people.get(key)
        if found is not None and key != facts.person and not is_gone(found.key, desired, world.today):
            yield key


def _admins(organization: str, world: ReviewedWorld) -> list[str]:
    """Declared admins of today, in the order in which they are written."""
    system = world.desired.organizations[organization].system
    members = [one for at, one in world.desired.resources[organization].items() if at.kind == "member"]
    today = [on_day(one, world.today, system) for one in members]
    admins = [one for one in today if one.holds_on(world.today) and is_administrator(system, "member", one.attributes)]
    return [one.address.key for one in sorted(admins, key=lambda one: one.place)]


def is_gone(key: str, desired: Desired, today: date) -> bool:
    """Whether somebody has left, or is in no manifest any more."""
    person = desired.people.get(key)
    return person is None or (person.ends is not None and person.ends <= today)


def measure(
    campaign: Campaign, sheets: Sequence[ReviewSheet], desired: Desired, *, today: date, folder: str
) -> CampaignProgress:
    """How far a campaign is; `folder` is where its sheets lie."""
    late = today > campaign.due and campaign.closed is None
    progress = []
    for sheet in sorted(sheets, key=lambda one: one.reviewer):
        key = sheet.reviewer
        decided = sum(one.decision is not ReviewDecision.UNDECIDED for one in sheet.accesses)
        total = campaign.reviewers[key].accesses
        has_left = is_gone(key, desired, today)
        person = desired.people.get(key)
        progress.append(
            SheetProgress(
                reviewer=key,
                name=person.name if person else "",
                file=f"{folder}/{campaign.reviewers[key].file}",
                total=total,
                decided=decided,
                is_late=late and decided < total,
                note="has left: somebody else decides, with `by: KEY`" if has_left and decided < total else "",
            )
        )
    return CampaignProgress(campaign=campaign, today=today, sheets=tuple(progress))


def remind(
    campaign: Campaign, sheets: Iterable[ReviewSheet], desired: Desired, *, today: date, folder: str
) -> Iterator[WorkOrder]:
    """What each reviewer still has to do in each organization, as what people are asked to do is told."""
    late = f"; overdue since {campaign.due}" if today > campaign.due else ""
    for sheet in sheets:
        open_ = [one for one in sheet.accesses if one.decision is ReviewDecision.UNDECIDED]
        for key in sorted({one.facts.address.organization for one in open_} & desired.organizations.keys()):
            file = literal(f"{folder}/{campaign.reviewers[sheet.reviewer].file}")
            number = sum(one.facts.address.organization == key for one in open_)
            yield WorkOrder(
                operation=REVIEW,
                address=Address.whole(key),
                action=RotationTask.REVIEW,
                system=desired.organizations[key].system.name,
                actor=sheet.reviewer,
                actor_role=f"a reviewer of access review {campaign.name}",
                title=REVIEW_TITLES[number > 1].format(number=f"{number:,}", key=campaign.name) + late,
                steps=tuple(one.format(file=file) for one in REVIEW_STEPS),
                done_when=REVIEW_DONE,
                reason=f"whoever answers for access decides until {campaign.due} whether it stays; "
                f"then what is open is to be {PAST_TENSE[campaign.undecided]}",
                issued=datetime.combine(campaign.started, time(), UTC),
                expires=None if late else datetime.combine(campaign.due + timedelta(days=1), time(), UTC),
            )
