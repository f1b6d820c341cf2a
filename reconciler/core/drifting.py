"""What is remembered of drift between two audits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from reconciler.core.address import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDrift:
    """One difference between what is live and what was recorded or declared, as far as it is known already."""

    address: Address
    live: str
    """Fingerprint of the live resource it was about; another one makes it new again."""
    first_seen: date
    """UTC day."""
    reason: str = ""
    """Why it is accepted; empty when nobody has accepted it."""
    accepted_by: str = ""
    until: date | None = None
    """The UTC day on which the acceptance ends."""

    def is_accepted(self, today: date) -> bool:
        """Whether somebody has agreed to live with it today."""
        return bool(self.reason) and (self.until is None or today < self.until)
