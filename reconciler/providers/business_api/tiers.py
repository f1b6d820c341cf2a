"""How often an app may call, by the tier TikTok gave it.

Source: https://business-api.tiktok.com/portal/docs?id=1740029171730433. The limits count for the app as a whole, over
all users and processes. We stay at 80 % of them, because the platform's second does not begin when ours does.
"""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_TIER = "basic"
_SHARE = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """The limits of one tier."""

    per_second: int
    per_minute: int

    @property
    def limit(self) -> str:
        """Our share of it in words; empty for the one that is none."""
        if self == TIERS["unlimited"]:
            return ""
        return f"{self.calls_per_second} calls a second and {self.calls_per_minute:,} a minute"

    @property
    def calls_per_second(self) -> int:
        """How many calls we make in any second."""
        return int(self.per_second * _SHARE)

    @property
    def calls_per_minute(self) -> int:
        """How many calls we make in any minute."""
        return int(self.per_minute * _SHARE)


TIERS: dict[str, Tier] = {
    "basic": Tier(per_second=10, per_minute=600),
    "advanced": Tier(per_second=20, per_minute=1200),
    "premium": Tier(per_second=30, per_minute=1800),
    "ultimate": Tier(per_second=50, per_minute=3000),
    "unlimited": Tier(per_second=100_000, per_minute=1_000_000),  # no tier of TikTok's: for an emulator of one's own
}
