"""Hold an organization for as long as something is being done to it, and no longer.

A lock is a lease: it runs out unless it is renewed, so that a machine that dies blocks nobody for long. The price is
that its holder has to stop by itself in time. A heartbeat renews the lease well before its end, and `Lease.check`
counts from the moment *before* the store was asked, by a timer that goes on while the process is stopped: our idea of
the end is always earlier than the store's. Should a write slip through anyway, the store refuses its token.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta

from reconciler.model.finding import LeaseLost, StateLocked, StoreError
from reconciler.model.ports import Lock, StateStore, Timer
from reconciler.model.values import dataclass

_FIRST_PAUSE = 0.1
_MAX_PAUSE = 5.0
_jitter = secrets.SystemRandom()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseTerms:
    """How long to hold, and how long to wait for others."""

    timer: Timer
    ttl: timedelta = timedelta(minutes=1)
    """How long others are kept out when this process dies."""
    patience: timedelta = timedelta(minutes=30)
    """How long the lease is renewed while its holder does nothing under it. Calls to systems end by themselves and long
    waits for them take minutes, so after this time the holder hangs and others are let in."""
    timeout: timedelta = timedelta()
    """How long to wait while somebody else holds the organization."""
    on_wait: Callable[[StateLocked], None] = lambda _locked: None
    """Told once for every holder that is waited for."""


class Lease:
    """A lock that is being held; made by `hold`."""

    def __init__(self, store: StateStore, organization: str, *, purpose: str, terms: LeaseTerms) -> None:
        self._store = store
        self._terms = terms
        self._ended = threading.Event()
        self._lost = ""
        asked = terms.timer.elapsed()
        self._lock = store.acquire(organization, purpose=purpose, ttl=terms.ttl)
        self._until = asked + terms.ttl.total_seconds()
        self._alive = asked
        self._heart = threading.Thread(target=self._beat, name=f"lease of {organization}", daemon=True)
        self._heart.start()

    @property
    def lock(self) -> Lock:
        """As it was last renewed."""
        return self._lock

    @property
    def token(self) -> int:
        """What every write under this lease carries."""
        self._alive = self._terms.timer.elapsed()
        return self._lock.token

    def check(self) -> None:
        """Raises LeaseLost when the lease has ended; to be called before anything that cannot be taken back."""
        self._alive = self._terms.timer.elapsed()
        if not self._lost and self._terms.timer.elapsed() >= self._until:
            self._lost = "it ran out before it could be renewed"
        if self._lost:
            message = f"the lock on {self._lock.organization} is lost: {self._lost}"
            raise LeaseLost(message, advice="run the command again; it goes on from what was done")

    def end(self) -> None:
        """Stop renewing and let others in. A lock that cannot be released runs out by itself."""
        self._ended.set()
        self._heart.join()
        with suppress(StoreError):
            self._store.release(self._lock)

    def _beat(self) -> None:
        """Renew until the end. A store that cannot be reached is asked again: the lease still runs meanwhile."""
        while not self._ended.wait(self._terms.ttl.total_seconds() / 3):
            asked = self._terms.timer.elapsed()
            if asked - self._alive > self._terms.patience.total_seconds():
                continue  # the holder hangs: the lease runs out
            try:
                self._lock = self._store.renew(self._lock, ttl=self._terms.ttl)
            except LeaseLost as error:
                self._lost = error.message
                return
            except StoreError:
                continue
            self._until = asked + self._terms.ttl.total_seconds()


@contextmanager
def hold(store: StateStore, organization: str, *, purpose: str, terms: LeaseTerms) -> Iterator[Lease]:
    """Hold the organization; raises StateLocked when somebody else does and the timeout is over."""
    lease = _wait(store, organization, purpose=purpose, terms=terms)
    try:
        yield lease
    finally:
        lease.end()


@contextmanager
def hold_many(
    store: StateStore, organizations: Iterable[str], *, purpose: str, terms: LeaseTerms
) -> Iterator[dict[str, Lease]]:
    """Hold several organizations at once. All processes take them in sorted order, so none waits in a circle."""
    with ExitStack() as stack:
        yield {
            organization: stack.enter_context(hold(store, organization, purpose=purpose, terms=terms))
            for organization in sorted(set(organizations))
        }


def _wait(store: StateStore, organization: str, *, purpose: str, terms: LeaseTerms) -> Lease:
    """Try until it works or the time is over, after pauses that grow and differ between those who wait."""
    deadline = terms.timer.elapsed() + terms.timeout.total_seconds()
    pause = _FIRST_PAUSE
    told = ""
    while True:
        try:
            return Lease(store, organization, purpose=purpose, terms=terms)
        except StateLocked as locked:
            left = deadline - terms.timer.elapsed()
            if left <= 0:
                raise
            if locked.message != told:
                told = locked.message
                terms.on_wait(locked)
        threading.Event().wait(min(left, _jitter.uniform(pause / 2, pause)))
        pause = min(2 * pause, _MAX_PAUSE)
