"""The platform knows every role and permission that the tool knows, and no other: each side has its own list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from reconciler.model import System
from reconciler.sandbox.assets import _ACCOUNT_PERMISSIONS, _LINK_PERMISSIONS, AD_ACCOUNT_ROLES, ASSET_ROLES
from reconciler.sandbox.partners import SHARE_ROLES
from reconciler.sandbox.registry import PLATFORMS
from reconciler.systems.catalogue import SYSTEMS

EVERY = [system for variants in SYSTEMS.values() for system in variants.values()]


def roles_of(system: System) -> Mapping[str, set[str]]:
    """Kind -> what the platform takes for it, where it takes anything."""
    platform = PLATFORMS[system.name, system.variant]
    found = {"member": {*platform.roles}, "member.finance": {*platform.finance}}
    if system.variant == "owner":
        found["app_access"] = {"app_manager"}  # the platform keeps who manages an app, and has no word for it
    if "asset_group_access" in system.kinds:
        found["asset_group_access"] = found["partner_share"] = {*AD_ACCOUNT_ROLES}
        found["tiktok_account"] = {*_LINK_PERMISSIONS}
        found["tiktok_account_access"] = {*_ACCOUNT_PERMISSIONS}
        found |= {f"{kind}_access": {*roles} for kind, roles in ASSET_ROLES.items()}
        found |= {f"{kind}_share": {*roles} for kind, roles in SHARE_ROLES.items() if kind != "ad_account"}
    return {kind: roles for kind, roles in found.items() if roles}


def roles_in_the_files(system: System) -> Iterator[tuple[str, set[str]]]:
    for kind, roles in (*system.roles.items(), *system.permissions.items()):
        if roles:
            yield kind, {role.name for role in roles}


@pytest.mark.parametrize("system", EVERY, ids=lambda system: f"{system.name} {system.variant}".strip())
def test_the_platform_has_exactly_the_roles_that_the_files_of_the_systems_name(system: System) -> None:
    assert dict(roles_in_the_files(system)) == roles_of(system)


def test_the_platform_has_exactly_the_systems_that_have_a_file() -> None:
    assert {(system.name, system.variant) for system in EVERY} == PLATFORMS.keys()
