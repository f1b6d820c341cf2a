"""What people do on the systems by hand: data with source and date, no I/O.

A new operation is a value in one of the files here and, if a plan can ask for it, a line in `choosing`.
"""

from __future__ import annotations

from reconciler.systems.operations.business_account import BUSINESS_ACCOUNT
from reconciler.systems.operations.business_center import BUSINESS_CENTER
from reconciler.systems.operations.business_center_assets import BUSINESS_CENTER_ASSETS
from reconciler.systems.operations.departures import DEPARTURES
from reconciler.systems.operations.developers import DEVELOPERS
from reconciler.systems.operations.developers_apps import DEVELOPERS_APPS
from reconciler.systems.operations.links import LINKS
from reconciler.systems.operations.operation import Operation
from reconciler.systems.operations.organization_account import ORGANIZATION_ACCOUNT
from reconciler.systems.operations.partners import PARTNERS

OPERATIONS: dict[str, Operation] = {
    operation.key: operation
    for operation in (
        *DEVELOPERS,
        *DEVELOPERS_APPS,
        *ORGANIZATION_ACCOUNT,
        *BUSINESS_ACCOUNT,
        *BUSINESS_CENTER,
        *BUSINESS_CENTER_ASSETS,
        *PARTNERS,
        *LINKS,
        *DEPARTURES,
    )
}
"""Key -> operation."""
