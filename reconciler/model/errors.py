"""Exceptions that stop a run. Whatever can be listed instead of stopping is a Finding or an Outcome.

ReconcilerError (exit 1)
├── UsageError (64)              the command line does not make sense
├── ManifestError (1)            the manifests or the configuration have findings of severity error
├── MissingExtra (1)             something is set that takes libraries which are not installed
├── ProviderError (1)            a system cannot be reached or used at all
├── StoreError (1)               the state cannot be read or written
│   ├── StateConflict (4)        somebody else wrote the state meanwhile
│   ├── StateLocked (4)          somebody else holds the lock
│   └── LeaseLost (4)            the lock ran out or was taken away while it was needed
└── StalePlan (4)                the plan was made from other manifests or another state
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from reconciler.model.finding import Finding


class ExitCode(IntEnum):
    """What the process returns; part of the public contract."""

    DONE = 0
    """done, or nothing to do; waiting for people is a normal end"""
    FAILED = 1
    """failed: an error in the manifests, an error of a system, something that had to be read and could not be, a change
    that failed or is in doubt, or failed in an earlier run and is deferred; it wins over 2 and 3"""
    CHANGES = 2
    """with `--detailed-exitcode`: there are changes, or something waits"""
    BLOCKED = 3
    """blocked: a guard stopped something, or a policy of severity error objects; it wins over 2"""
    CONFLICT = 4
    """the state is locked or moved on, the plan is stale, or a change was refused because its resource moved"""
    USAGE = 64
    """wrong usage of the command line"""
    INTERRUPTED = 130
    """interrupted with Ctrl-C; what was done stays done, and the next run goes on from there"""


class ReconcilerError(Exception):
    """Stops a run with a message for the user; `advice` says what to do next."""

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


class UsageError(ReconcilerError):
    """The command line does not make sense."""

    exit_code = ExitCode.USAGE


class ManifestError(ReconcilerError):
    """The manifests cannot be used; `findings` says why, all of it.

    `texts` holds files that were looked at and are not there like this, such as a proposed edit: path -> text.
    """

    def __init__(self, findings: list[Finding], texts: Mapping[str, str] | None = None) -> None:
        super().__init__("the manifests cannot be used: their findings say why")
        self.findings = findings
        self.texts = texts or {}


class MissingExtra(ReconcilerError):
    """Something is set that takes libraries which are not installed. How to add them depends on the installation."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs the extra `{extra}`")
        self.extra = extra


class ProviderError(ReconcilerError):
    """A system cannot be reached or used at all."""


class StoreError(ReconcilerError):
    """The state cannot be read or written."""


class StateConflict(StoreError):
    """Somebody else wrote the state since it was read."""

    exit_code = ExitCode.CONFLICT


class StateLocked(StoreError):
    """Somebody else holds the lock; the message says who, where and since when."""

    exit_code = ExitCode.CONFLICT


class LeaseLost(StoreError):
    """The lock ran out, or somebody took it away: nothing more may be written under it."""

    exit_code = ExitCode.CONFLICT


class StalePlan(ReconcilerError):
    """The plan was made from other manifests, another lineage or an older serial."""

    exit_code = ExitCode.CONFLICT
