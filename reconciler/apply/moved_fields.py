"""What exactly is different between a resource as a plan saw it and as it is now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.model.resource import Resource


def describe_move(*, seen: Resource | None, found: Resource | None) -> str:
    """The fields that moved, as `role admin -> standard, permissions + live`; or that it came or went."""
    if seen is None or found is None:
        return "it is absent now" if found is None else f"it is {found.status} now"
    return ", ".join(sorted(_moved(_fields(seen), _fields(found))))


def _fields(resource: Resource) -> dict[str, Any]:
    values: dict[str, Any] = {"status": str(resource.status), "identity": resource.identity}
    for name, value in (*resource.shown.items(), *((f"pending {n}", v) for n, v in resource.pending.items())):
        values[name] = value if isinstance(value, str) else list(value)
    return values


def _moved(seen: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    """One text a field; sets of permissions are compared whatever their order, which is what DeepDiff is here for."""
    from deepdiff import DeepDiff

    differences = DeepDiff(seen, found, ignore_order=True, view="tree")
    for level in (one for kind in differences.values() for one in kind):
        name = level.path(output_format="list")[0]
        if isinstance(seen.get(name), list) and isinstance(found.get(name), list):
            lost = f" - {level.t1}" if isinstance(level.t1, str) else ""
            gained = f" + {level.t2}" if isinstance(level.t2, str) else ""
            yield f"{name}{lost}{gained}"
        else:
            yield f"{name} {_shown(seen.get(name))} -> {_shown(found.get(name))}"


def _shown(value: object) -> str:
    if isinstance(value, list):
        return " + ".join(map(str, value)) or "none"
    return str(value) if value else "none"
