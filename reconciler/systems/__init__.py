"""What is known of each system: data with source and date in `data/*.yaml`, and no I/O beyond reading them once.

Adding a system is one file there and one name in `_NAMES`.
"""

from __future__ import annotations

from collections import UserDict
from collections.abc import Mapping

from reconciler.model.system import Fact, System
from reconciler.systems.loading import Operation, load_handbook, load_systems

_NAMES = ("developers", "organization_account", "business_account", "business_center")


class _Systems(UserDict[str, Mapping[str, System]]):
    """Reads the file of a system when it is asked for; which there are is known without."""

    def __getitem__(self, name: str) -> Mapping[str, System]:
        return self.data[name] or load_systems(name)


SYSTEMS: Mapping[str, Mapping[str, System]] = _Systems({name: {} for name in _NAMES})
"""Name -> variant -> system; the variant is empty where a system has only one form, and for its default form."""


def get_system(name: str, variant: str = "") -> System:
    """The system of this name; raises KeyError with the name or the variant that does not exist."""
    return SYSTEMS[name][variant]


def facts_of(system: System) -> tuple[Fact, ...]:
    """What the description of a system rests on."""
    return load_handbook(system.name).facts[system.variant]


def list_operations(*systems: str) -> Mapping[str, Operation]:
    """Key -> everything that people do by hand on these systems; without any on all of them."""
    return {key: one for name in systems or _NAMES for key, one in load_handbook(name).operations.items()}


__all__ = ["SYSTEMS", "facts_of", "get_system", "list_operations"]
