"""One write: sent once, then looked for. No write of this interface can be repeated without risk.

It has no idempotency keys, and an answer that says nothing is the rule. So a write is sent again only after a look
showed that it has had no effect, and only when the platform said that it did not even begin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from reconciler.model.address import Address
from reconciler.model.change import Change
from reconciler.model.errors import ProviderError
from reconciler.model.live import Live, Unknown
from reconciler.model.outcome import Applied, Failed, InDoubt, Outcome
from reconciler.providers.business_api import endpoints
from reconciler.providers.business_api.center import Center
from reconciler.providers.business_api.codes import Remedy
from reconciler.providers.business_api.errors import ApiError
from reconciler.providers.business_api.reading import read_a_few
from reconciler.providers.business_api.verifying import Found, Sight, has_arrived, look_until

_ATTEMPTS = 5
_HINTS = {
    endpoints.INVITE: "; where that lasts, see whether the allowed e-mail domains under Settings, Security at "
    "business.tiktok.com leave the address out"
}
"""What somebody can do about a call that is accepted and comes to nothing."""


class PartialRead(Exception):  # a state of knowledge, not an error
    """A write was sent, and whether it took effect cannot be told."""


class NotShown(PartialRead):
    """The platform said yes, and the readings do not show it."""


class Stays(NotShown):
    """The platform said yes to taking access away, the readings show it, and no role explains that."""


@dataclass(slots=True, kw_only=True)
class Task:
    """One change of one Business Center."""

    center: Center
    change: Change
    show_code: Callable[[str, str], None] | None
    """Shows a QR code to whoever runs the tool: handle of the TikTok account, text of the code."""
    is_seen: bool = False
    """Whether somebody has looked since the last write."""
    seen: Found = None
    """What the last look showed."""

    @property
    def address(self) -> Address:
        """What the change is about."""
        return self.change.address

    def look(self) -> Found:
        """What is there now; Unknown when that cannot be read."""
        self.seen, self.is_seen = self._look(), True
        return self.seen

    def _look(self) -> Found:
        try:
            seen = read_a_few(self.center, [self.address])
        except (ApiError, ProviderError) as error:
            return Unknown(str(error))
        live = Live(organization=self.center.organization, resources=seen.resources, unknown=seen.unknown)
        return live.find(self.address)

    def write(
        self,
        endpoint: str,
        body: Mapping[str, Any],
        *,
        until: Callable[[Found], bool] | None = None,
        or_if_accepted: Callable[[Found], bool] = lambda _: False,
    ) -> None:
        """Send it and return when it shows, by default as the change wants it in the end.

        Raises ApiError when the platform refuses and nothing changed, Doubt when that cannot be told.
        """
        is_done = until or partial(has_arrived, self.change)
        send(self.center, endpoint, body, look=self.look, is_done=is_done, or_if_accepted=or_if_accepted)

    def outcome(self) -> Outcome:
        """What is there now that it is done, which the look after the write has shown already."""
        found = self.seen if self.is_seen else self.look()
        if isinstance(found, Unknown):
            return InDoubt(reason=f"it was done, and could not be read again: {found.reason}")
        return Applied(live=found)


def send(
    center: Center,
    endpoint: str,
    body: Mapping[str, Any],
    *,
    look: Callable[[], Sight],
    is_done: Callable[[Sight], bool],
    or_if_accepted: Callable[[Sight], bool] = lambda _: False,
) -> None:
    """Send a write and return when a look shows that it is done, or something that counts only if it was accepted.

    Raises ApiError when the platform refuses and nothing changed, Doubt when that cannot be told.
    """
    client = center.client
    problem: ApiError | None = None
    for attempt in range(1, _ATTEMPTS + 1):
        problem = _post(center, endpoint, body)
        is_right = partial(_either, is_done, or_if_accepted) if problem is None else is_done
        if problem is not None and problem.remedy is Remedy.WAIT:
            client.pace.back_off(attempt)
            seen = look()
        else:
            seen = look_until(is_right, look, client.ticker)
        if is_right(seen):
            return
        if problem is None:
            hint = _HINTS.get(endpoint, "")
            raise NotShown(f"{endpoint}: the platform accepted it and does not show it yet{hint}")
        if problem.remedy is Remedy.LOOK:
            raise problem
        if problem.remedy is Remedy.DOUBT:
            raise PartialRead(str(problem)) from problem
    raise problem or AssertionError


def _either(one: Callable[[Sight], bool], other: Callable[[Sight], bool], seen: Sight) -> bool:
    return one(seen) or other(seen)


def in_doubt(doubt: PartialRead) -> InDoubt:
    """The outcome of a change of which nobody can tell now what became of it."""
    return InDoubt(reason=str(doubt), has_looked=True, is_accepted=isinstance(doubt, NotShown))


def failure_of(error: ApiError | KeyError | ProviderError) -> Failed:
    """The outcome of a change that was refused, by the platform or before it was asked."""
    if isinstance(error, ProviderError):
        return Failed(reason=error.message)
    if isinstance(error, KeyError):
        return Failed(reason=f"the platform does not know the role or permission {error}")
    return Failed(reason=str(error), code=str(error.code) if error.code else "")


def _post(center: Center, endpoint: str, body: Mapping[str, Any]) -> ApiError | None:
    """The problem, if it is one that a look may solve."""
    try:
        center.client.post(endpoint, {"bc_id": center.bc_id, **body})
    except ApiError as error:
        if error.remedy in (Remedy.NONE, Remedy.STOP):
            raise
        return error
    return None
