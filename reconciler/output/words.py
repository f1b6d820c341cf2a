"""Small English: counts, lists, and what resources, people and access are called."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model.address import KINDS, Address
from reconciler.model.finding import count as count  # noqa: PLC0414  # findings count with it too
from reconciler.model.resource import Attributes, Resource


def explain_approval(approval: str) -> str:
    """What stands before the line of a manifest that would let a blocked step through, or that there is none."""
    return "to allow exactly this, add to `approvals:` in a manifest:" if approval else "no approval can allow this"


def join(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`; empty for nothing."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def name_subject(address: Address) -> str:
    """Who or what an address is about; a person by key alone, everything else with its kind."""
    kind = KINDS[address.kind]
    parts = address.parts
    if kind.person_part is not None and kind.person_part < len(parts):
        return parts[kind.person_part]
    if kind.parents:
        return f"{KINDS[kind.parents[0]].title} {parts[0]}"
    return f"{kind.title} {address.key}"


def name_access(address: Address, *sides: Attributes) -> str:
    """What is had on what: `operator on ad account us-brand`, `access to pixel shop`; two sides with an arrow."""
    values = list(dict.fromkeys(value for attributes in sides if (value := name_attributes(attributes))))
    reached = _name_object(address)
    if values or not reached:
        return " on ".join(part for part in (" -> ".join(values), reached) if part)
    kind = KINDS[address.kind]
    return f"access to {reached}" if kind.person_part is not None else f"{kind.title}: {reached}"


def name_values(resource: Resource) -> str:
    """The attributes and the status, for comparing one resource with itself: `admin, active`."""
    status = resource.status.replace("_", " ")
    return ", ".join(part for part in (name_attributes(resource.attributes), status) if part)


def name_title(resource: Resource) -> str:
    """`, shown as 'Acme Shop'` of an asset whose owner calls it something that it is not known by; else empty."""
    is_shown = resource.address.kind != "member" and resource.name.casefold() not in ("", resource.identity.casefold())
    return f", shown as {resource.name!r}" if is_shown else ""


def name_attributes(attributes: Attributes) -> str:
    """The attributes as a reader would say them: `standard, finance analyst`."""
    words = []
    for name, value in sorted(attributes.items(), key=lambda item: (item[0] != "role", item[0])):
        text = value if isinstance(value, str) else " + ".join(value)
        if name == "owner":
            text = f"owned by {text.replace(':', ' ', 1)}"
        words.append(text if name in {"role", "permissions", "owner"} else f"{name} {text}")
    return ", ".join(words)


def _name_object(address: Address) -> str:
    """What an edge reaches, besides its subject: `ad account us-brand`; empty for anything that is no edge."""
    kind = KINDS[address.kind]
    subject = 0 if kind.person_part is None else kind.person_part
    parts = enumerate(zip(kind.parents, address.parts, strict=False))
    return " ".join(f"{KINDS[parent].title} {part}" for index, (parent, part) in parts if index != subject)
