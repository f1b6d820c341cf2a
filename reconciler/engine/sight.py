"""What a look at an organization could not show: parts that are unread, and single things that cannot be told apart."""

from __future__ import annotations

from datetime import date

from reconciler.engine.context import PlanningContext
from reconciler.engine.patience import is_on_record
from reconciler.engine.targets import Targets
from reconciler.model.address import Address
from reconciler.model.kinds import KINDS
from reconciler.model.live import Unknown, Unread
from reconciler.model.plan import OrganizationPlan


def unread_parts(situation: PlanningContext) -> list[Unread]:
    """Every managed part that could not be read; of nested ones only the widest."""
    unread = situation.live.unread
    looked = situation.state.looked
    return [
        Unread(
            organization=situation.organization.key,
            prefix=prefix,
            reason=reason,
            last_read=looked.get(prefix.split("/")[1]) if prefix.count("/") > 1 else max(looked.values(), default=None),
        )
        for prefix, reason in unread.items()
        if not any(prefix != other and prefix.startswith(other) for other in unread)
    ]


def doubtful(situation: PlanningContext) -> dict[Address, str]:
    """What is declared or recorded and cannot be told apart from something else, by address -> why."""
    known = sorted(situation.wanted.keys() | situation.records.keys()) if situation.live.unknown else ()
    found = {address: situation.live.find(address) for address in known}
    return {at: one.reason for at, one in found.items() if isinstance(one, Unknown) and not one.is_part}


def note_look(situation: PlanningContext) -> dict[str, date]:
    """When each kind was last read whole."""
    blind = {prefix.split("/")[1] for prefix in situation.live.unread}
    kinds = [kind for kind in situation.organization.kinds if not KINDS[kind].is_told]
    read = [] if "" in blind else [kind for kind in kinds if kind not in blind]
    seen = {kind: situation.live.seen_at(kind) for kind in sorted(read)}
    days = {kind: moment.date() if moment else situation.today for kind, moment in seen.items()}
    return {**situation.state.looked, **days}


def note_waits(situation: PlanningContext, part: OrganizationPlan, targets: Targets) -> dict[Address, date]:
    """Since when things wait of which no record or work order tells it.

    What this plan could not see, or was not about, keeps the day it had.
    """
    kept = {
        address: since
        for address, since in situation.state.waits.items()
        if not targets.covers(address) or (isinstance(found := situation.live.find(address), Unknown) and found.is_part)
    }
    return kept | {one.address: one.since for one in part.waiting if one.since and not is_on_record(one)}
