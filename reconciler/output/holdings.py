"""What is recorded and declared of one access, in words; shared by everything that shows who has what."""

from __future__ import annotations

from datetime import date

from reconciler.model.address import Address
from reconciler.model.holding import AccessStatus, Holding
from reconciler.model.kinds import KINDS
from reconciler.model.resource import Status
from reconciler.output.words import name_access, name_attributes, name_subject

NOTHING = "-"
NOT_KNOWN = "declared, nothing recorded"
"""How things stand in an organization without a state."""

STANDINGS: dict[AccessStatus | None, str] = {
    AccessStatus.HELD: "as declared",
    AccessStatus.PENDING: "asked for",
    AccessStatus.DIFFERENT: "not as declared",
    AccessStatus.MISSING: "declared, not there",
    AccessStatus.UNDECLARED: "not declared",
    AccessStatus.OVER: "should be gone",
    AccessStatus.IMPLIED: "given by a role",
    AccessStatus.ABSENT: "not there",
    None: "",
}


def say_last_read(day: date | None, today: date) -> str:
    """Behind a title, how old what is recorded is; nothing where somebody has looked today, or no look is recorded."""
    return f", as last read on {day}" if day is not None and day < today else ""


def name_thing(holding: Holding) -> str:
    """What is had: `member`, `access to ad account us-brand`, `app shop-login`."""
    address = holding.address
    if address.kind == "member":
        return KINDS[address.kind].title
    behind = f" ({', '.join(holding.reaches)})" if holding.reaches else ""
    return (name_access(address) or name_subject(address)) + behind


def say_recorded(holding: Holding) -> str:
    """`operator`, `standard, invited`; what gives no access says why."""
    record = holding.recorded
    if record is None:
        return NOTHING
    if record.implied_by:
        given = "" if record.status.is_gone else f"{name_attributes(record.attributes) or 'yes'}, behind "
        return f"{given}{name_attributes(record.implied) or 'yes'} by {record.implied_by}"
    values = name_attributes(record.attributes)
    status = "" if record.status is Status.ACTIVE else record.status.replace("_", " ")
    said = ", ".join(part for part in (values, status) if part) or "yes"
    return f"{said}, protected" if record.protect else said


def say_declared(holding: Holding) -> str:
    """The values the manifests give, and when they do not count."""
    if holding.declared is None:
        return NOTHING
    values = name_attributes(holding.declared.attributes) or "yes"
    if holding.changes_on:
        values = f"{values}; from {holding.changes_on} on {name_attributes(holding.becomes)}"
    return f"{values}, {holding.excuse}" if holding.excuse else values


def say_standing(holding: Holding) -> str:
    """How the two fit together, what is wrong with the record, and whether nothing shows what it says."""
    unverified = "unverified" if holding.is_active and holding.recorded and holding.recorded.unverified else ""
    return "; ".join(part for part in (STANDINGS[holding.standing], holding.trouble, unverified) if part)


def say_origin(holding: Holding, *, with_group: bool = True) -> str:
    """Where it comes from: the group of people, the user's reason and the manifest line."""
    declared = holding.declared
    if declared is None:
        return ""
    group = declared.through if with_group else ""
    return ", ".join(part for part in (group, declared.reason, f"[{declared.place}]") if part)


def say_since(holding: Holding) -> str:
    """The day on which the recorded status was first seen."""
    return str(holding.recorded.since) if holding.recorded and holding.recorded.since else ""


def say_end(holding: Holding) -> str:
    """The day on which it is gone."""
    return str(holding.ends) if holding.ends else ""


def name_address(address: Address) -> str:
    """A thing with its kind, in words."""
    return f"members of {address.key}" if address.kind == "organization" else name_subject(address)
