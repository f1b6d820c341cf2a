"""Every endpoint there is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.sandbox.api import accounts, assets, grants, groups, members, partners, uses
from reconciler.sandbox.api.calls import Route

PREFIX: Final = "/open_api/v1.3/"

ALL: Final[tuple[Route, ...]] = (
    *accounts.ROUTES,
    *members.ROUTES,
    *assets.ROUTES,
    *grants.ROUTES,
    *uses.ROUTES,
    *groups.ROUTES,
    *partners.ROUTES,
)

ROUTES: Final[Mapping[str, Mapping[str, Route]]] = {
    route.path: {other.method: other for other in ALL if other.path == route.path} for route in ALL
}
"""Path behind the prefix -> method -> endpoint. Paths end with a slash; without it there is nothing."""
