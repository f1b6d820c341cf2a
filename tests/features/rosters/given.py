"""Reading the cases in tests/cases/rosters and telling what came of them in the same words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

from reconciler.features.rosters.observe import Sighting, look
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Address, Desired, Observation, Resource, Roster, State, Status

CASES = Path(__file__).parents[2] / "cases" / "rosters"
PATHS = sorted(CASES.glob("*.yaml"))
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
_GIVEN = {
    "system",
    "is",
    "people",
    "declared",
    "kind",
    "form",
    "file",
    "files",
    "before",
    "taken",
    "said",
    "encoding",
    "elsewhere",
    "others",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is given and what is wanted."""

    desired: Desired
    state: State
    sighting: Sighting
    want: Mapping[str, Any]
    elsewhere: Mapping[str, State]
    """Organizations for which files were handed in before: this one, or one with other people."""

    def look(self) -> Observation:
        """What comes of it."""
        return look(self.sighting, desired=self.desired, state=self.state, elsewhere=self.elsewhere)


def read_case(path: Path) -> Case:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert content.keys() == {"given", "want"}, path
    given, want = content["given"], content["want"]
    assert given.keys() <= _GIVEN, path
    assert want.keys() <= {"rows", "unknown", "findings", "since_before"}, path
    files = given.get("files") or {"roster.txt": given["file"]}
    said = given.get("said", "")
    sighting = Sighting(
        organization="acme",
        files=tuple(SourceFile(path=name, data=encode(text, given)) for name, text in files.items()),
        kind=given.get("kind", "member"),
        form=given.get("form", ""),
        taken=given.get("taken", NOW),
        is_part=said == "a part",
        is_whole=said == "everything",
        is_vouched_for=said == "this organization",
    )
    before = given.get("before")
    rosters = {} if before is None else {sighting.kind: roster_of(before, kind=sighting.kind)}
    handed_in = {key: roster_of(rows, kind=sighting.kind) for key, rows in given.get("others", {}).items()}
    if "elsewhere" in given:
        handed_in[given["elsewhere"]] = replace(roster_of({}, kind=sighting.kind), digest=sighting.digest)
    elsewhere = {key: State(organization=key, rosters={one.kind: one}) for key, one in handed_in.items()}
    return Case(
        desired=desired_of(given),
        state=State(organization="acme", rosters=rosters),
        sighting=sighting,
        want=want,
        elsewhere=elsewhere,
    )


def encode(text: str, given: Mapping[str, Any]) -> bytes:
    return text.encode(given.get("encoding", "utf-8"))


def desired_of(given: Mapping[str, Any]) -> Desired:
    """One organization called `acme`, of the given system."""
    name = {"developers": {"name": "Acme Inc."}, "business_center": {"id": "6900000000000000001"}}
    organization = {
        "system": given["system"],
        **name.get(given["system"], {"handle": "@acme"}),
        **given.get("is", {}),
        **given.get("declared", {"members": {}}),
    }
    document = {"version": 1, "people": given.get("people", {}), "organizations": {"acme": organization}}
    text = yaml.safe_dump(document, allow_unicode=True)
    loaded = load_manifests([SourceFile("a.yaml", text.encode())], today=date(2026, 11, 22))
    assert loaded.desired is not None, loaded.findings
    return loaded.desired


def roster_of(rows: Mapping[str, str], *, kind: str) -> Roster:
    """A roster of two days earlier."""
    return Roster(kind=kind, taken=datetime(2026, 11, 20, 9, tzinfo=UTC), resources=tuple(map(_resource, rows.items())))


def _resource(row: tuple[str, str]) -> Resource:
    key, told = row
    role, _, status = told.partition(" ")
    return Resource(
        address=Address("acme", "member", key), attributes={"role": role}, status=Status(status or "active")
    )


def describe_resource(resource: Resource | None) -> str:
    """`admin finance=manager invited 2026-11-20 <ana@acme.example>`; what says nothing is left out."""
    if resource is None:
        return "-"
    parts = [
        *(str(value) if name == "role" else f"{name}={value}" for name, value in sorted(resource.attributes.items())),
        "" if resource.status is Status.ACTIVE else resource.status.value,
        str(resource.since or ""),
        f"<{resource.identity}>" if resource.identity else "",
        *(f"pending {name}={value}" for name, value in resource.pending.items()),
        *(f"{name} not shown" for name in resource.unread),
    ]
    return " ".join(filter(None, parts))


def describe(observation: Observation) -> dict[str, Any]:
    """Everything an observation says, in the words of the cases."""
    rows = {one.address: describe_resource(one) for roster in observation.rosters for one in roster.resources}
    return {
        "rows": {str(address).removeprefix("acme/"): told for address, told in rows.items()},
        "unknown": {prefix.removeprefix("acme/"): why for prefix, why in observation.unknown.items()},
        "findings": [
            f"{one.place.line if one.place else 0}: {one.severity}[{one.id}]: {one.message}"
            for one in observation.findings
        ],
        "since_before": {
            str(one.address).removeprefix("acme/"): f"{describe_resource(one.before)} -> {describe_resource(one.after)}"
            for one in observation.differences
        },
    }
