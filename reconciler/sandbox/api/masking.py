"""E-mail addresses and TikTok accounts as other people see them."""

from __future__ import annotations

from typing import Literal

from reconciler.sandbox.api.options import Options
from reconciler.sandbox.world import Row

Masking = Literal["all", "some", "none"]


def mask(address: str) -> str:
    """First and last character of the local part, as many stars as there are characters between, and the domain.

    How short local parts are masked is not published; here at least one star is always there.
    """
    local, _, domain = address.partition("@")
    hidden = local[:1] * (len(local) > 1) + "*" * max(len(local) - 2, 1) + local[-1] * (len(local) > 2)
    return f"{hidden}@{domain}"


def shown(address: str, masking: Masking) -> str:
    """The address, masked or not. `some` masks half of all addresses, always the same half."""
    is_masked = masking == "all" or (masking == "some" and sum(address.encode()) % 2 == 0)
    return mask(address) if is_masked else address


def account_name(account: Row, options: Options) -> str:
    """A TikTok account's handle or title; one that was never given a title has its handle, written as a title."""
    handle, name = str(account["identity"]), str(account["name"])
    if options.account_names == "handle":
        return handle
    return name if name != handle else handle.removeprefix("@").replace(".", " ").title()
