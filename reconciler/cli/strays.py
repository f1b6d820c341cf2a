"""Limits and consents of one run that match nothing.

A misspelt target plans nothing, a misspelt exclusion excludes nothing and a misspelt consent lets nothing through; none
of them may pass for a run that found nothing to do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from reconciler.core.address import Address
from reconciler.core.errors import UsageError
from reconciler.core.kinds import KINDS
from reconciler.core.planning.targets import Targets
from reconciler.manifests.suggest import did_you_mean
from reconciler.ports import StateStore
from reconciler.workflows.naming import nearest
from reconciler.workflows.planning import PlanRequest
from reconciler.workflows.states import read_state

_WILD = frozenset("*?[")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stray:
    """A pattern that matches nothing that is declared or recorded."""

    option: str
    pattern: str
    advice: str
    is_certain: bool
    """Nothing that is live could match it either."""

    @property
    def message(self) -> str:
        """What is wrong."""
        return f"nothing matches `{self.option} {self.pattern}`"


def find_strays(request: PlanRequest, store: StateStore, consents: Iterable[str] = ()) -> Iterator[Stray]:
    """The limits and the `consents`, given for this run, that match nothing; states are read only when they decide."""
    declared = [address for part in request.desired.resources.values() for address in part]
    limits = [("--target", pattern) for pattern in request.targets.include]
    limits += [("--exclude", pattern) for pattern in request.targets.exclude]
    limits += [("--allow", pattern) for pattern in consents]
    strays = [(option, pattern) for option, pattern in limits if not _matches(pattern, declared)]
    recorded = _recorded(request, store) if strays else []
    for option, pattern in strays:
        if not _matches(pattern, recorded):
            certain = _is_certain(pattern, request)
            yield Stray(option=option, pattern=pattern, advice=_advise(pattern, declared, request), is_certain=certain)


def refuse_strays(strays: Iterable[Stray], live: Collection[Address] | None = None) -> None:
    """Raises UsageError for one that nothing can match, once it is known what is live for any other one too."""
    for stray in strays:
        if stray.is_certain or (live is not None and not _matches(stray.pattern, live)):
            raise UsageError(stray.message, advice=stray.advice)


def _matches(pattern: str, addresses: Iterable[Address]) -> bool:
    limit = Targets(include=(pattern,))
    return any(limit.covers(address) for address in addresses)


def _is_certain(pattern: str, request: PlanRequest) -> bool:
    """Whether the organization or the kind is none at all."""
    organization, _, rest = pattern.partition("/")
    kind = rest.partition("/")[0]
    unknown = not _WILD & set(organization) and organization not in request.desired.organizations
    return unknown or (bool(kind) and not _WILD & set(kind) and kind not in KINDS)


def _recorded(request: PlanRequest, store: StateStore) -> list[Address]:
    covered = [key for key in request.desired.organizations if request.shard.covers(key)]
    return [address for key in covered for address in read_state(store, key).records]


def _advise(pattern: str, declared: Iterable[Address], request: PlanRequest) -> str:
    organization, known = pattern.partition("/")[0], request.desired.organizations
    if organization in request.desired.people and "/" not in pattern:
        return f"for everything that {pattern} has, write `*/{pattern}`"
    if organization in known or "*" in organization:
        return nearest(pattern, (str(address) for address in declared))
    return did_you_mean(organization, known)
