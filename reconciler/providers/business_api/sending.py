"""One write: sent once, then looked for. No write of this interface can be repeated without risk.

It has no idempotency keys, and an answer that says nothing is the rule. So a write is sent again only after a look
showed that it has had no effect, and only when the platform said that it did not even begin. How long the platform
takes to show a write is not documented.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from reconciler.model.address import INVITATIONS, KINDS, Action, Address
from reconciler.model.change import Change
from reconciler.model.finding import ProviderError
from reconciler.model.plan import Applied, Failed, InDoubt, Outcome
from reconciler.model.resource import Live, Resource, Status, Unknown
from reconciler.model.values import dataclass
from reconciler.providers.business_api.assets import read_assets, read_groups
from reconciler.providers.business_api.client import Ticker
from reconciler.providers.business_api.errors import ApiError, Remedy
from reconciler.providers.business_api.members import find_members
from reconciler.providers.business_api.reading import read_a_few
from reconciler.providers.business_api.session import CenterSnapshot, Session
from reconciler.providers.business_api.vocabulary import ASSETS, BY_KIND, GROUPS, INVITE, MEMBERS, find_obstacle

Found = Resource | Unknown | None
Sight = TypeVar("Sight")
"""What a look shows: one thing, or several."""

LOOKS = (1.0, 2.0, 4.0, 8.0)
"""Seconds to wait before each look but the first."""
_ATTEMPTS = 5
_HINTS = {
    INVITE: "; where that lasts, see whether the allowed e-mail domains under Settings, Security at "
    "business.tiktok.com leave the address out"
}
"""What somebody can do about a call that is accepted and comes to nothing."""
_INVITED = frozenset({Status.INVITED, Status.ACTIVE})
"""An invited person may be in at once: whoever was a member before can come back without being asked."""
_NAMES_BY_NUMBER = {
    *(Action.GRANT, Action.CHANGE_GRANT, Action.REVOKE, Action.SHARE, Action.CHANGE_SHARE, Action.UNSHARE),
    *(Action.UNLINK, Action.RENAME_GROUP, Action.DELETE_GROUP),
}
"""What is about things and people that calls name by number."""
_LISTED_FIRST = frozenset({"tiktok_account", "pixel"})
"""Kinds whose numbers or codes only the platform's list tells."""


class WriteInDoubt(Exception):  # a state of knowledge, not an error
    """A write was sent, and whether it took effect cannot be told."""


class NotShown(WriteInDoubt):
    """The platform said yes, and the readings do not show it."""


class StillListed(NotShown):
    """The platform said yes to taking access away, the readings show it, and no role explains that."""


class Writer:
    """Writes to one Business Center and looks what became of it.

    `known` is the snapshot of the last look; a new look replaces it.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.known = CenterSnapshot()

    def look(self, addresses: Sequence[Address]) -> Live:
        """What is there of these addresses now; raises ApiError when that cannot be read."""
        self.known = read_a_few(self.session, self.known, addresses)
        return self.live()

    def live(self) -> Live:
        """What the last reading has shown."""
        known, organization = self.known, self.session.organization
        return Live(organization=organization, resources=known.resources, unknown=known.unknown, acting=known.acting)

    def learn_numbers(self, changes: Sequence[Change]) -> None:
        """Read the numbers of people, accounts and groups that calls name and no look has shown. Raises ApiError."""
        kinds: dict[str, set[str]] = {}
        for change in changes:
            if change.action in _NAMES_BY_NUMBER and not find_obstacle(change):
                parents = KINDS[change.address.kind].parents or (change.address.kind,)
                for kind, key in zip(parents, change.address.parts, strict=True):
                    kinds.setdefault(kind, set()).add(key)
        created = {change.address.key for change in changes if change.action is Action.CREATE_GROUP}
        for kind in sorted(kinds.keys() & _LISTED_FIRST):
            if kinds[kind] - self.known.assets.get(kind, {}).keys():
                self.known = read_assets(self.session, self.known, BY_KIND[kind])
        if kinds.get("asset_group", set()) - created - self.known.groups.keys():
            self.known = read_groups(self.session, self.known)
        strangers = [key for key in kinds.get("member", ()) if not self.known.roster.find_user_id(key)]
        if strangers:
            self.known = find_members(self.session, self.known, strangers)

    def asset_id(self, kind: str, key: str) -> str:
        """The number of an asset; raises ApiError where the platform's list would tell it and does not."""
        if kind in _LISTED_FIRST and key not in self.known.assets.get(kind, {}):
            raise ApiError(f"there is no {kind} {key}", endpoint=ASSETS.endpoint)
        return self.known.asset_id(self.session, kind, key)

    def member_id(self, person: str) -> str:
        """The number of somebody who has joined; raises ApiError for anybody else."""
        number = self.known.roster.find_user_id(person)
        if not number:
            raise ApiError(f"{person} has not joined the Business Center", endpoint=MEMBERS.endpoint)
        return number

    def group_id(self, key: str) -> str:
        """The number of an asset group; raises ApiError when there is none."""
        if key not in self.known.groups:
            raise ApiError(f"there is no asset group {key}", endpoint=GROUPS.endpoint)
        return self.known.groups[key]

    def post(self, endpoint: str, body: Mapping[str, Any]) -> None:
        """Send a call and leave it at that; raises ApiError."""
        self.session.client.post(endpoint, {"bc_id": self.session.bc_id, **body})

    def send(
        self,
        endpoint: str,
        body: Mapping[str, Any],
        *,
        look: Callable[[], Sight],
        is_done: Callable[[Sight], bool],
        or_if_accepted: Callable[[Sight], bool] = lambda _: False,
    ) -> None:
        """Send a write and return when a look shows that it is done, or something that counts only if it was accepted.

        Raises ApiError when the platform refuses and nothing changed, WriteInDoubt when that cannot be told.
        """
        client = self.session.client
        problem: ApiError | None = None

        def is_right(seen: Sight) -> bool:
            return is_done(seen) or (problem is None and or_if_accepted(seen))

        for attempt in range(1, _ATTEMPTS + 1):
            problem = None
            try:
                self.post(endpoint, body)
            except ApiError as error:
                if error.remedy in (Remedy.NONE, Remedy.STOP):
                    raise
                problem = error  # one that a look may solve
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
                raise WriteInDoubt(str(problem)) from problem
        raise problem or AssertionError


@dataclass(slots=True, kw_only=True)
class Task:
    """One change of one Business Center."""

    writer: Writer
    change: Change
    show_code: Callable[[str, str], None] | None = None
    """Shows a QR code to whoever runs the tool: handle of the TikTok account, text of the code."""
    is_seen: bool = False
    """Whether somebody has looked since the last write."""
    seen: Found = None
    """What the last look showed."""

    @property
    def address(self) -> Address:
        """What the change is about."""
        return self.change.address

    @property
    def is_reached(self) -> bool:
        """Whether a look since the call showed what the change leads to; nobody looks after a refused call."""
        return self.is_seen and is_reached(self.change, self.seen)

    def look(self) -> Found:
        """What is there now; Unknown when that cannot be read."""
        look_at([self])
        return self.seen

    def write(
        self,
        endpoint: str,
        body: Mapping[str, Any],
        *,
        until: Callable[[Found], bool] | None = None,
        or_if_accepted: Callable[[Found], bool] = lambda _: False,
    ) -> None:
        """Send it and return when it shows, by default as the change wants it in the end. Raises as `Writer.send`."""
        is_done = until or partial(is_reached, self.change)
        self.writer.send(endpoint, body, look=self.look, is_done=is_done, or_if_accepted=or_if_accepted)

    def outcome(self) -> Outcome:
        """What is there now that it is done, which the look after the write has shown already."""
        found = self.seen if self.is_seen else self.look()
        if isinstance(found, Unknown):
            return InDoubt(reason=f"it was done, and could not be read again: {found.reason}")
        return Applied(live=found)


def look_at(tasks: Sequence[Task]) -> bool:
    """Look once at what all these are about, and say whether all have arrived; each remembers what was seen of it."""
    try:
        live = tasks[0].writer.look([task.address for task in tasks])
    except (ApiError, ProviderError) as error:
        for task in tasks:
            task.seen, task.is_seen = Unknown(str(error)), True
        return False
    for task in tasks:
        task.seen, task.is_seen = live.find(task.address), True
    return all(task.is_reached for task in tasks)


def look_until(is_right: Callable[[Sight], bool], look: Callable[[], Sight], ticker: Ticker) -> Sight:
    """Look again and again, ever more slowly, until it is right; what was seen last."""
    seen = look()
    for pause in LOOKS:
        if is_right(seen):
            break
        ticker.sleep(pause)
        seen = look()
    return seen


def is_reached(change: Change, found: Found) -> bool:
    """Whether what is there is what the change leads to."""
    after = change.after
    if after is None or isinstance(found, Unknown):
        return is_gone(found) and after is None
    if found is None or not found.shows(after.attributes):
        return False
    if change.action in INVITATIONS:
        is_same_address = not after.identity or found.identity.lower() == after.identity.lower()
        return found.status in _INVITED and is_same_address
    return found.status is Status.ACTIVE


def is_gone(found: Found) -> bool:
    """Whether it is known to be absent, or to give no access any more."""
    return found is None or (isinstance(found, Resource) and found.status.is_gone)


def in_doubt(doubt: WriteInDoubt) -> InDoubt:
    """The outcome of a change of which nobody can tell now what became of it."""
    return InDoubt(reason=str(doubt), has_looked=True, is_accepted=isinstance(doubt, NotShown))


def failure_of(error: ApiError | KeyError | ProviderError) -> Failed:
    """The outcome of a change that was refused, by the platform or before it was asked."""
    if isinstance(error, ProviderError):
        return Failed(reason=error.message)
    if isinstance(error, KeyError):
        return Failed(reason=f"the platform does not know the role or permission {error}")
    return Failed(reason=str(error), code=str(error.code) if error.code else "")
