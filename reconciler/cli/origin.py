"""Where a run comes from, as the audit log keeps it: the repository, the branch, the CI job, the person."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from reconciler.model.audit import Origin
from reconciler.stores.process import this_process

_GIT_TIMEOUT = 10.0
_COMMITS = ("GITHUB_SHA", "CI_COMMIT_SHA", "BUILDKITE_COMMIT", "CIRCLE_SHA1")
_BRANCHES = ("GITHUB_HEAD_REF", "GITHUB_REF_NAME", "CI_COMMIT_REF_NAME", "BUILDKITE_BRANCH", "CIRCLE_BRANCH")


DIRTY = "+dirty"
"""What stands behind a commit that does not contain what the workspace says."""


def read_origin(root: Path, paths: Sequence[str] = ()) -> Origin:
    """What the repository and the environment say.

    `paths` are what a plan is made from; where they are not as in the commit, the commit is marked.

    The commit is the one that is checked out, whatever a CI system says that it started from. The branch is what CI
    says, because CI checks out a commit and not a branch.
    """
    process = this_process()
    commit = _git(root, "rev-parse", "HEAD") or _first(_COMMITS)
    if commit and paths and _git(root, "status", "--porcelain", "--untracked-files=all", "--", *paths):
        commit += DIRTY
    branch = _first(_BRANCHES) or _git(root, "symbolic-ref", "--short", "-q", "HEAD")
    return Origin(commit=commit, branch=branch, job=process.job, operator=process.who)


def _first(names: tuple[str, ...]) -> str:
    return next((os.environ[name] for name in names if os.environ.get(name)), "")


def _git(root: Path, *command: str) -> str:
    """What git answers; empty where there is no repository, or no git."""
    try:
        run = subprocess.run(  # noqa: S603  # fixed arguments
            ["git", "-C", str(root), *command],  # noqa: S607  # which git is the user's choice
            capture_output=True,
            text=True,
            timeout=_GIT_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return run.stdout.strip() if run.returncode == 0 else ""
