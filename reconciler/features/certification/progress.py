"""How far an access review is, and what its reviewers still have to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

from reconciler.features.certification.campaign import is_gone
from reconciler.features.certification.model import (
    PAST_TENSE,
    Campaign,
    CampaignProgress,
    ReviewDecision,
    ReviewSheet,
    SheetProgress,
)
from reconciler.model import Address, Desired, RotationTask, WorkOrder
from reconciler.systems.catalogue import literal
from reconciler.systems.languages import REVIEW, REVIEW_DONE, REVIEW_STEPS, REVIEW_TITLES


def measure(
    campaign: Campaign, sheets: Sequence[ReviewSheet], desired: Desired, *, today: date, folder: str
) -> CampaignProgress:
    """How far a campaign is; `folder` is where its sheets lie."""
    is_over = today > campaign.due and campaign.closed is None
    progress = []
    for sheet in sorted(sheets, key=lambda one: one.reviewer):
        key, mark = sheet.reviewer, campaign.reviewers[sheet.reviewer]
        decided = sum(one.decision is not ReviewDecision.UNDECIDED for one in sheet.accesses)
        is_open, person = decided < mark.accesses, desired.people.get(key)
        has_left = is_gone(key, desired, today)
        progress.append(
            SheetProgress(
                reviewer=key,
                name=person.name if person else "",
                file=f"{folder}/{mark.file}",
                total=mark.accesses,
                decided=decided,
                is_late=is_over and is_open,
                note="has left: somebody else decides, with `by: KEY`" if has_left and is_open else "",
            )
        )
    return CampaignProgress(campaign=campaign, today=today, sheets=tuple(progress))


def remind(
    campaign: Campaign, sheets: Iterable[ReviewSheet], desired: Desired, *, today: date, folder: str
) -> Iterator[WorkOrder]:
    """What each reviewer still has to do in each organization, as what people are asked to do is told."""
    late = f"; overdue since {campaign.due}" if today > campaign.due else ""
    for sheet in sheets:
        open_ = (one.facts for one in sheet.accesses if one.decision is ReviewDecision.UNDECIDED)
        file = literal(f"{folder}/{campaign.reviewers[sheet.reviewer].file}")
        numbers = Counter(one.address.organization for one in open_)
        for key in sorted(numbers.keys() & desired.organizations.keys()):
            yield WorkOrder(
                operation=REVIEW,
                address=Address.whole(key),
                action=RotationTask.REVIEW,
                system=desired.organizations[key].system.name,
                actor=sheet.reviewer,
                actor_role=f"a reviewer of access review {campaign.name}",
                title=REVIEW_TITLES[numbers[key] > 1].format(number=f"{numbers[key]:,}", key=campaign.name) + late,
                steps=tuple(one.format(file=file) for one in REVIEW_STEPS),
                done_when=REVIEW_DONE,
                reason=f"whoever answers for access decides until {campaign.due} whether it stays; "
                f"then what is open is to be {PAST_TENSE[campaign.undecided]}",
                issued=datetime.combine(campaign.started, time(), UTC),
                expires=None if late else datetime.combine(campaign.due + timedelta(days=1), time(), UTC),
            )
