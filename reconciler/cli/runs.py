"""What an apply brings along from the outside: the time, the lease, the audit log, and where it comes from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from reconciler.audit.log import AuditLog
from reconciler.cli.origin import read_origin
from reconciler.cli.session import CONFIG_FILE, Session
from reconciler.cli.wiring import Wiring
from reconciler.core.change import Change
from reconciler.core.errors import StateLocked
from reconciler.core.outcome import Outcome
from reconciler.manifests.config import Config
from reconciler.ports import StateStore
from reconciler.stores.process import SystemTimer
from reconciler.workflows.applying import Run
from reconciler.workflows.leases import LeaseTerms


def sources_of(config: Config) -> tuple[str, ...]:
    """Files and folders that decide what a plan says."""
    return (CONFIG_FILE, *config.manifests, *config.policies.sources)


def make_run(
    wiring: Wiring,
    store: StateStore,
    session: Session,
    *,
    lock_timeout: timedelta,
    on_result: Callable[[Change, Outcome], None],
) -> Run:
    """Everything one apply needs besides the plan."""
    return Run(
        clock=wiring.clock(),
        terms=make_terms(session, lock_timeout=lock_timeout),
        audit=AuditLog(store),
        origin=read_origin(session.root, sources_of(wiring.config)),
        on_result=on_result,
        on_notice=session.notify,
    )


def make_terms(session: Session, *, lock_timeout: timedelta = timedelta()) -> LeaseTerms:
    """How to hold an organization, saying for whom we wait."""

    def say(locked: StateLocked) -> None:
        session.notify(f"{locked.message}; waiting up to {int(lock_timeout.total_seconds())} seconds")

    return LeaseTerms(timer=SystemTimer(), timeout=lock_timeout, on_wait=say)
