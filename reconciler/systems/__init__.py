"""What is known of each system: data with source and date, no I/O.

Adding a system is one file here and one line in `SYSTEMS`.
"""

from __future__ import annotations

from reconciler.core.system import System
from reconciler.systems import business_account, business_center, developers, organization_account

SYSTEMS: dict[str, dict[str, System]] = {
    "developers": {"": developers.LEGACY, "owner": developers.OWNER, "research": developers.RESEARCH},
    "organization_account": {"": organization_account.ORGANIZATION_ACCOUNT},
    "business_account": {"": business_account.BUSINESS_ACCOUNT},
    "business_center": {"": business_center.BUSINESS_CENTER},
}
"""Name -> variant -> system; the variant is empty where a system has only one form, and for its default form."""


def get_system(name: str, variant: str = "") -> System:
    """The system of this name; raises KeyError with the name or the variant that does not exist."""
    return SYSTEMS[name][variant]


__all__ = ["SYSTEMS", "get_system"]
