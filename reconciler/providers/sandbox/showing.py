"""A look at the world from outside, with the names that people at the command line use."""

from __future__ import annotations

from reconciler.model.resource import Resource
from reconciler.providers.sandbox.naming import SandboxNames
from reconciler.providers.sandbox.reading import read_resources
from reconciler.providers.sandbox.view import view
from reconciler.sandbox.registry import SandboxOrganization
from reconciler.sandbox.world import World


def show(world: World, organization: SandboxOrganization) -> list[Resource]:
    """Everything in an organization, as the provider would read it, people under the keys of the seed."""
    known = world.rows(
        "SELECT identity.value, person.key FROM identity JOIN person ON person.id = identity.person"
        " WHERE person.key IS NOT NULL",
        {},
    )
    keys = {row["value"]: row["key"] for row in known}
    names = SandboxNames(people={}, keys=keys, assets={}, group_names={})
    with world.transaction():
        resources = read_resources(view(world, organization, organization.identity, names))
    return list(resources.values())
