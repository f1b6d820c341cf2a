"""Limits of a plan that match nothing.

A misspelt target plans nothing and a misspelt exclusion excludes nothing; neither may pass in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.core.address import Address
from reconciler.core.planning.targets import Targets
from reconciler.manifests.suggest import did_you_mean
from reconciler.ports import StateStore
from reconciler.workflows.planning import PlanRequest
from reconciler.workflows.states import read_state


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """A pattern that matches nothing, told as a warning."""

    message: str
    advice: str


def find_strays(request: PlanRequest, store: StateStore) -> Iterator[Stray]:
    """The patterns that match nothing that is declared or recorded; states are read only when they decide."""
    declared = [address for part in request.desired.resources.values() for address in part]
    limits = [("--target", pattern) for pattern in request.targets.include]
    limits += [("--exclude", pattern) for pattern in request.targets.exclude]
    strays = [(option, pattern) for option, pattern in limits if not _matches(pattern, declared)]
    recorded = _recorded(request, store) if strays else []
    for option, pattern in strays:
        if not _matches(pattern, recorded):
            message = f"nothing declared or recorded matches `{option} {pattern}`"
            yield Stray(message=message, advice=_advise(pattern, request))


def _matches(pattern: str, addresses: Iterable[Address]) -> bool:
    limit = Targets(include=(pattern,))
    return any(limit.covers(address) for address in addresses)


def _recorded(request: PlanRequest, store: StateStore) -> list[Address]:
    covered = [key for key in request.desired.organizations if request.shard.covers(key)]
    return [address for key in covered for address in read_state(store, key).records]


def _advise(pattern: str, request: PlanRequest) -> str:
    """Only organizations are suggested: of addresses there are too many to guess."""
    organization, known = pattern.partition("/")[0], request.desired.organizations
    if organization in request.desired.people and "/" not in pattern:
        return f"for everything that {pattern} has, write `*/{pattern}`"
    return "" if organization in known else did_you_mean(organization, known)
