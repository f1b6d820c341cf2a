"""Looking whether a write has arrived. How long the platform takes to show one is not documented."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from reconciler.model.change import Change
from reconciler.model.kinds import Action
from reconciler.model.live import Unknown
from reconciler.model.resource import Resource, Status
from reconciler.providers.business_api.pace import Ticker

LOOKS = (1.0, 2.0, 4.0, 8.0)
"""Seconds to wait before each look but the first."""

Found = Resource | Unknown | None
Sight = TypeVar("Sight")
"""What a look shows: one thing, or several."""

_INVITES = frozenset({Action.INVITE, Action.REINVITE, Action.REMOVE_AND_INVITE})
_INVITED = frozenset({Status.INVITED, Status.ACTIVE})
"""An invited person may be in at once: whoever was a member before can come back without being asked."""


def has_arrived(change: Change, found: Found) -> bool:
    """Whether what is there is what the change leads to."""
    after = change.after
    if after is None or isinstance(found, Unknown):
        return is_gone(found) and after is None
    if found is None or not found.shows(after.attributes):
        return False
    if change.action in _INVITES:
        is_same_address = not after.identity or found.identity.lower() == after.identity.lower()
        return found.status in _INVITED and is_same_address
    return found.status is Status.ACTIVE


def is_gone(found: Found) -> bool:
    """Whether it is known to be absent, or to give no access any more."""
    return found is None or (isinstance(found, Resource) and found.status.is_gone)


def look_until(is_right: Callable[[Sight], bool], look: Callable[[], Sight], ticker: Ticker) -> Sight:
    """Look again and again, ever more slowly, until it is right; what was seen last."""
    seen = look()
    for pause in LOOKS:
        if is_right(seen):
            break
        ticker.sleep(pause)
        seen = look()
    return seen
