"""Makes workspaces of any size: N memberships in organizations of 100 members, one file each, and their state."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from reconciler.model.address import Address
from reconciler.model.json import state_to_json
from reconciler.model.resource import Status
from reconciler.model.state import Record, State
from reconciler.stores.local_file import LocalFileStore

MEMBERS = 100
SEEN = date(2026, 1, 1)
_TTL = timedelta(hours=1)


def make_workspace(root: Path, memberships: int, *, changed: float = 0.0) -> None:
    """A workspace whose state agrees with its manifests but for a share of the memberships.

    One membership in five has an end date and a reason. Every organization has three admins.
    """
    (root / "access").mkdir(parents=True)
    (root / "reconciler.yaml").write_text("version: 1\nmanifests: [access]\nstate: file:.reconciler/state\n")
    organizations = memberships // MEMBERS
    store = LocalFileStore(root / ".reconciler" / "state")
    every = int(1 / changed) if changed else 0
    for number in range(organizations):
        key = f"org-{number:06}"
        (root / "access" / f"{key}.yaml").write_text(_manifest(key, number))
        token = store.acquire(key, purpose="benchmark", ttl=_TTL).token
        store.write(key, state_to_json(_state(key, number, every)), replacing=None, token=token)


def _manifest(key: str, number: int) -> str:
    lines = ["version: 1", "organizations:", f"  {key}:", "    system: business_center", f'    id: "{_id(number)}"']
    lines.append("    members:")
    for member in range(MEMBERS):
        who, role = _who(member, number), _role(member)
        if member % 5 == 4:
            lines.append(f"      {who}: {{role: {role}, expires: 2099-12-31, reason: SEC-{member}}}")
        else:
            lines.append(f"      {who}: {role}")
    return "\n".join([*lines, ""])


def _state(key: str, number: int, every: int) -> State:
    records = {Address(key, "organization", key): _record(Address(key, "organization", key), {}, _id(number))}
    for member in range(MEMBERS):
        who, role = _who(member, number), _role(member)
        if every and (number * MEMBERS + member) % every == 2:
            role = "standard" if role == "admin" else "admin"
        address = Address(key, "member", who)
        records[address] = _record(address, {"role": role}, who)
    return State(organization=key, lineage=f"{number:016x}", serial=1, records=records)


def _record(address: Address, attributes: dict[str, str], identity: str) -> Record:
    return Record(address=address, attributes=attributes, status=Status.ACTIVE, identity=identity, since=SEEN)


def _who(member: int, number: int) -> str:
    return f"person-{number:06}-{member:03}@acme.example"


def _role(member: int) -> str:
    return "admin" if member < 3 else "standard"


def _id(number: int) -> str:
    return str(6_900_000_000_000_000_000 + number)
