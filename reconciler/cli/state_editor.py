"""What the commands that look at or edit the state have in common, with what the audit log keeps of a run."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

from reconciler.apply.journal import LeaseTerms
from reconciler.apply.state_editor import StateEditor
from reconciler.apply.states import read_state
from reconciler.cli.app import App
from reconciler.cli.streams import ask_git
from reconciler.engine.identities import Identities, former_addresses
from reconciler.model import Address, Origin, ReconcilerError, State, StateLocked, suggest_names
from reconciler.stores.rules import SystemTimer, this_process

_COMMITS = ("GITHUB_SHA", "CI_COMMIT_SHA", "BUILDKITE_COMMIT", "CIRCLE_SHA1")
_BRANCHES = ("GITHUB_HEAD_REF", "GITHUB_REF_NAME", "CI_COMMIT_REF_NAME", "BUILDKITE_BRANCH", "CIRCLE_BRANCH")

DIRTY = "+dirty"
"""What stands behind a commit that does not contain what the workspace says."""


def lease_terms(app: App) -> LeaseTerms:
    """How to hold an organization, telling for whom we wait."""

    def announce(locked: StateLocked) -> None:
        app.notify(f"{locked.message}; waiting up to {int(app.lock_timeout.total_seconds())} seconds")

    return LeaseTerms(timer=SystemTimer(), timeout=app.lock_timeout, on_wait=announce)


def open_editor(app: App) -> StateEditor:
    """Everything that editing needs. Its entries carry the time of the workspace, as those of a run do."""
    return StateEditor(store=app.store, terms=lease_terms(app), clock=app.clock, origin=read_origin(app.root))


def require_somebody(name: str, known: Collection[str]) -> None:
    """Raises ReconcilerError when nobody is called so."""
    if name not in known:
        raise ReconcilerError(f"nobody is known as {name!r}", advice=suggest_names(name, filter(None, known)))


def require_known(app: App, organization: str) -> None:
    """Raises ReconcilerError, naming those there are, when an organization has no state."""
    known = app.store.organizations()
    if organization not in known:
        message = f"{organization} has no state"
        raise ReconcilerError(message, advice=f"there are: {', '.join(known)}" if known else "run `reconciler apply`")


def names_in_state(app: App, address: Address, *, of: Callable[[State], Iterable[Address]]) -> tuple[Address, ...]:
    """What the state has under other names where the manifests call it `address` by now, and what it has under that.

    Manifests that cannot be read rename nothing: looking after a state has to go on without them.
    """
    if address.organization not in app.store.organizations():
        return (address,)
    try:
        identities = Identities(app.desired)
    except ReconcilerError:
        return (address,)
    state = read_state(app.store, address.organization)
    return former_addresses(address, of(state), state, identities)


def read_origin(root: Path, paths: Sequence[str] = ()) -> Origin:
    """What the repository and the environment say.

    `paths` are what a plan is made from; where they are not as in the commit, the commit is marked.

    The commit is the one that is checked out, whatever a CI system says that it started from. The branch is what CI
    says, because CI checks out a commit and not a branch.
    """

    def first_set(names: Sequence[str]) -> str:
        return next((os.environ[name] for name in names if os.environ.get(name)), "")

    process = this_process()
    commit = ask_git(root, "rev-parse", "HEAD") or first_set(_COMMITS)
    if commit and paths and ask_git(root, "status", "--porcelain", "--untracked-files=all", "--", *paths):
        commit += DIRTY
    branch = first_set(_BRANCHES) or ask_git(root, "symbolic-ref", "--short", "-q", "HEAD")
    return Origin(commit=commit, branch=branch, job=process.job, operator=process.who)
