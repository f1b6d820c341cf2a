"""Who this process is to others, and how it measures time."""

from __future__ import annotations

import getpass
import os
import socket
import time
from dataclasses import dataclass

from reconciler.model.ports import Lock

_ACTORS = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILDKITE_BUILD_CREATOR")
_JOBS = ("CI_JOB_URL", "BUILDKITE_BUILD_URL", "CIRCLE_BUILD_URL", "BUILD_URL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """What a lock tells others about whoever holds it."""

    who: str
    host: str
    process: int
    job: str = ""


def this_process() -> Holder:
    """The person or robot behind this process, where it runs, and the CI job it belongs to."""
    return Holder(who=_who(), host=socket.gethostname(), process=os.getpid(), job=_job())


def left_behind_by_this_job(lock: Lock) -> bool:
    """Whether a process took the lock on this machine, for the CI job that this process belongs to, and is gone.

    Runners of one job may share the name of their machine. At worst a lock is then taken from one that is at work: its
    writes are refused, and nothing is lost.
    """
    this = this_process()
    return (lock.host, lock.job) == (this.host, this.job) and not _is_running(lock.process)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)  # signal 0 only asks
    except ProcessLookupError:
        return False
    except PermissionError:  # it is somebody else's
        return True
    return True


def _who() -> str:
    actor = next((os.environ[name] for name in _ACTORS if os.environ.get(name)), "")
    if actor:
        return actor
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that no user has
        return f"user {os.getuid()}"


def _job() -> str:
    run = os.environ.get("GITHUB_RUN_ID")
    if run:
        server, repository = (os.environ.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY"))
        return f"{server}/{repository}/actions/runs/{run}"
    return next((os.environ[name] for name in _JOBS if os.environ.get(name)), "")


class SystemTimer:
    """The machine's own count of seconds. Where there is one, the clock that counts a suspended machine's sleep too."""

    def elapsed(self) -> float:
        """Seconds since some fixed moment."""
        boot_time: int | None = getattr(time, "CLOCK_BOOTTIME", None)
        return time.monotonic() if boot_time is None else time.clock_gettime(boot_time)
