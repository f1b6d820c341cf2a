"""What a system says now. Three-valued: present, absent, or unknown because it could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.core.address import Address
from reconciler.core.resource import Resource


@dataclass(frozen=True, slots=True)
class Unknown:
    """It could not be read, or it could not be told whose it is. Never to be treated as absent."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """One organization as its system shows it."""

    organization: str
    resources: Mapping[Address, Resource] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Prefix of addresses that could not be read -> reason. A prefix is `ORG/`, `ORG/KIND/`, `ORG/KIND/PARENT/`
    or one whole address."""
    acting: str = ""
    """Key of the person whose credentials are used; empty when any admin of the organization may carry changes out."""
    observed_at: datetime | None = None
    """When the system was looked at, in UTC; rosters can be old."""
    taken: Mapping[str, datetime] = field(default_factory=dict)
    """Kind -> when it was looked at, where people read the system, kind by kind; the oldest is `observed_at`."""

    def find(self, address: Address) -> Resource | Unknown | None:
        """The live resource, None when it is known to be absent, or Unknown."""
        present = self.resources.get(address)
        if present is not None:
            return present
        if not self.unknown:
            return None
        for prefix in _prefixes(address):
            reason = self.unknown.get(prefix)
            if reason is not None:
                return Unknown(reason)
        return None

    def seen_at(self, kind: str) -> datetime | None:
        """When the resources of a kind were looked at; None where nobody knows, or where nothing was looked at."""
        return self.taken.get(kind, self.observed_at)


def _prefixes(address: Address) -> tuple[str, ...]:
    """All prefixes that can make an address unknown, widest first."""
    organization, kind, _ = address
    first = address.parts[0]
    return (f"{organization}/", f"{organization}/{kind}/", f"{organization}/{kind}/{first}/", str(address))
