"""Reading a case: the three worlds as a person writes them down, in one YAML file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import yaml

from reconciler.engine.context import Targets
from reconciler.engine.planner import Worlds
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import (
    Action,
    Address,
    Attributes,
    Capacity,
    Deferral,
    Desired,
    DriftSort,
    FailureReason,
    GuardSettings,
    KnownDrift,
    Live,
    OrderStatus,
    Record,
    Resource,
    Risk,
    RotationTask,
    Severity,
    State,
    Status,
    UsedApproval,
    WorkOrder,
    fingerprint_of,
)

DIRECTORY = ("ana", "bo", "cy", "dee", "eve", "finn", "gil", "hal", "ida", "jon", "kim", "lou", "zoe")
"""People every case may speak of without declaring them: KEY@acme.example."""

_KEYS = {"today", "guards", "manifest", "directory_without", "recorded", "live", "absent", "unknown", "acting"}
_KEYS |= {"removals", "invitations", "deferred", "retry", "targets", "excludes", "want"}
_KEYS |= {"allowed_domains", "rosters_of", "work_orders", "used_approvals", "known_drift", "person", "waits"}

_LOOKED, _ASKED, _REPORTED = time(8, tzinfo=UTC), time(9, tzinfo=UTC), time(10, tzinfo=UTC)
"""On a day that a case names, rosters are taken first, then orders are issued, then people report back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is given, and what is wanted as plain lines."""

    worlds: Worlds
    settings: GuardSettings
    targets: Targets
    want: dict[str, list[str]]
    """Section -> lines."""
    ends: list[str] | None = None
    """What ends each wait, where the case is about that."""
    risks: list[str] | None = None
    """What each step risks, where the case is about that."""


def read_case(path: Path) -> Case:
    """One case; whatever the format does not know is refused, so that no line is without effect."""
    given = yaml.safe_load(path.read_text(encoding="utf-8"))
    unknown = given.keys() - _KEYS
    assert not unknown, f"unknown keys: {sorted(unknown)}"
    today = given["today"]
    desired = _desired(given, today)
    live = {key: _live(key, given) for key in desired.organizations if key in given["live"]}
    return Case(
        worlds=Worlds(
            desired=desired,
            recorded=_recorded(given, live, desired, today),
            live=live,
            today=today,
            retry=given.get("retry", False),
        ),
        settings=GuardSettings(**{name: _frozen(value) for name, value in given.get("guards", {}).items()}),
        targets=Targets(include=_frozen(given.get("targets", [])), exclude=_frozen(given.get("excludes", []))),
        want={
            section: text.splitlines() for section, text in given["want"].items() if section not in ("ends", "risks")
        },
        ends=given["want"]["ends"].splitlines() if "ends" in given["want"] else None,
        risks=given["want"]["risks"].splitlines() if "risks" in given["want"] else None,
    )


def _desired(given: Mapping[str, Any], today: date) -> Desired:
    """Through the same door as the user's own files."""
    manifest = dict(given["manifest"])
    present = [key for key in DIRECTORY if key not in given.get("directory_without", [])]
    people = {key: {"email": f"{key}@acme.example"} for key in present}
    for key, more in manifest.get("people", {}).items():
        people[key] = {**people.get(key, {}), **more}
    manifest = {"version": 1, **manifest, "people": people}
    data = yaml.dump(manifest, Dumper=_PlainDumper, sort_keys=False).encode()
    domains = given.get("allowed_domains", [])
    loaded = load_manifests([SourceFile("access.yaml", data)], today=today, allowed_domains=domains)
    errors = [finding for finding in loaded.findings if finding.severity is Severity.ERROR]
    assert loaded.desired is not None, "\n".join(f"{finding.place}: {finding.message}" for finding in errors)
    return loaded.desired


class _PlainDumper(yaml.SafeDumper):
    """Without anchors, which a manifest may not lean on too much."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _live(key: str, given: Mapping[str, Any]) -> Live:
    resources = [_resource(key, text, told) for text, told in (given["live"][key] or {}).items()]
    if key not in given.get("absent", []):
        resources.append(Resource(address=Address(key, "organization", key)))
    unknown = {prefix: why for prefix, why in given.get("unknown", {}).items() if prefix.startswith(f"{key}/")}
    taken = {kind: datetime.combine(day, _LOOKED) for kind, day in given.get("rosters_of", {}).get(key, {}).items()}
    return Live(
        organization=key,
        resources={resource.address: resource for resource in resources},
        unknown=unknown,
        acting=given.get("acting", {}).get(key, ""),
        observed_at=min(taken.values(), default=None),
        taken=taken,
    )


def _resource(organization: str, text: str, told: str | dict[str, Any] | None) -> Resource:
    values = _values(told)
    return Resource(
        address=Address.parse(f"{organization}/{text}"),
        attributes=_attributes(values),
        status=Status(values.pop("status", "active")),
        identity=values.pop("identity", ""),
        name=values.pop("name", ""),
        since=values.pop("since", None),
        pending=_attributes(values.pop("pending", {})),
        implied_by=values.pop("implied_by", ""),
        unread=tuple(sorted(values.pop("unread", ()))),
    )


def _recorded(given: Mapping[str, Any], live: Mapping[str, Live], desired: Desired, today: date) -> dict[str, State]:
    told = given.get("recorded", {})
    memories = ("waits", "known_drift", "removals", "invitations", "deferred", "work_orders", "used_approvals")
    keys = {*told, *(key for memory in memories for key in given.get(memory, {}))}
    states = {key: _state(key, told.get(key, {}), live, given, today) for key in sorted(keys)}
    orders = given.get("work_orders", {})
    return {
        key: replace(
            state, orders={name: _order(name, key, values, desired) for name, values in orders.get(key, {}).items()}
        )
        for key, state in states.items()
    }


def _order(name: str, organization: str, told: dict[str, Any], desired: Desired) -> WorkOrder:
    """`asks` is an action and an address; who is invited is known by the address that the manifest gives them."""
    values = dict(told)
    action, _, text = values.pop("asks").partition(" ")
    address = Address.parse(f"{organization}/{text}")
    declared = desired.resources.get(organization, {}).get(address)
    wanted = _attributes(values)
    closed, expires, failure = values.pop("closed", None), values.pop("expires", None), values.pop("failure", None)
    seen = values.pop("written_for", "absent")
    made = WorkOrder(
        id=name,
        operation="made.for.the.case",
        address=address,
        action=Action(action) if action in set(Action) else RotationTask(action),
        wanted=wanted,
        identity=(identity := values.pop("identity", declared.identity if declared and wanted else "")),
        fingerprint=fingerprint_of(
            None if seen == "absent" else Resource(address=address, attributes=_attributes(seen), identity=identity)
        ),
        system=desired.organizations[organization].system.name
        if organization in desired.organizations
        else "developers",
        actor=values.pop("actor", "ana"),
        actor_role=f"an admin of {organization}",
        capacity=Capacity(values.pop("capacity", "")),
        title="Made for the case",
        steps=("Do it",),
        reason="declared",
        issued=datetime.combine(values.pop("issued"), _ASKED),
        closed=datetime.combine(closed, _REPORTED) if closed else None,
        expires=datetime.combine(expires, _ASKED) if expires else None,
        status=OrderStatus(values.pop("status", "open")),
        failure=FailureReason(failure) if failure else None,
    )
    if "lasts" in values:
        values["lasts"] = timedelta(days=int(values["lasts"].split()[0]))
    return replace(made, **values)


def _state(
    key: str, told: str | dict[str, Any], live: Mapping[str, Live], given: Mapping[str, Any], today: date
) -> State:
    """`everything live` stands for records of all that is live; entries beside it are added or say it differently."""
    entries = {"everything": "live"} if told == "everything live" else dict(told)  # type: ignore[arg-type]  # else a dict
    records: dict[Address, Record] = {}
    if entries.pop("everything", "") == "live":
        records = {address: _record_of(resource, today) for address, resource in live[key].resources.items()}
    for text, values in entries.items():
        record = _record(Address.parse(f"{key}/{text}"), _values(values))
        records[record.address] = record
    deferred = given.get("deferred", {}).get(key, {})
    used = given.get("used_approvals", {}).get(key, [])
    return State(
        organization=key,
        lineage="made-for-the-case",
        serial=1,
        records=records,
        removals=given.get("removals", {}).get(key, {}),
        invitations=given.get("invitations", {}).get(key, {}),
        deferred={Address.parse(f"{key}/{text}"): Deferral(**values) for text, values in deferred.items()},
        drift={one.address: one for one in _known_drift(key, given.get("known_drift", {}).get(key, {}))},
        waits={Address.parse(f"{key}/{text}"): day for text, day in given.get("waits", {}).get(key, {}).items()},
        used_approvals=tuple(
            UsedApproval(**{**one, "approve": Action(one["approve"]), "address": Address.parse(one["address"])})
            for one in used
        ),
    )


def _known_drift(organization: str, told: Mapping[str, Any]) -> Iterator[KnownDrift]:
    """What earlier audits have found: how it was, why it was drift, and what was there."""
    for text, values in told.items():
        last = _resource(organization, text, values["last"])
        yield KnownDrift(
            address=last.address,
            sort=DriftSort(values["sort"]),
            severity=Risk(values["severity"]),
            why=values["why"],
            live=fingerprint_of(last),
            last=last,
            first_seen=values["first_seen"],
        )


def _record_of(resource: Resource, today: date) -> Record:
    record = Record(address=resource.address, since=resource.since)
    return record.seen(resource, on=today)


def _record(address: Address, values: dict[str, Any]) -> Record:
    attributes = _attributes(values)
    granted = _attributes(values.pop("granted")) if "granted" in values else None
    implied = _attributes(values.pop("implied", {}))
    status = Status(values.pop("status", "active"))
    return Record(address=address, attributes=attributes, status=status, granted=granted, implied=implied, **values)


def _values(told: str | dict[str, Any] | None) -> dict[str, Any]:
    """A word alone is a role."""
    return {"role": told} if isinstance(told, str) else dict(told or {})


def _attributes(values: dict[str, Any]) -> Attributes:
    """Take the compared values out of what was written."""
    found: dict[str, str | tuple[str, ...]] = {}
    for name in ("role", "finance", "owner", "called"):
        if name in values:
            found[name] = values.pop(name)
    if "permissions" in values:
        found["permissions"] = tuple(sorted(values.pop("permissions")))
    return found


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
