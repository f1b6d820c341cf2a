"""Makes workspaces of N memberships with the state that belongs to them, in four layouts.

`hundreds` has organizations of 100 members in a file each, `tens` of 10, `giant` has all of them in one file, and
`systems` takes the systems in turn, with groups, ad accounts and access to them. Everywhere one membership in five has
an end date and a reason, and every organization three admins.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from unittest import mock

from reconciler.apply.planning import Planned, PlanRequest, recorded_as_live
from reconciler.apply.settled import describe_settled
from reconciler.apply.states import read_state
from reconciler.cli.app import App
from reconciler.cli.planning import SettledKeeper, read_everything
from reconciler.engine.context import EVERYTHING
from reconciler.engine.planner import Worlds, make_contexts, plan_organization
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Address, Record, State, Status, state_to_json
from reconciler.stores.local_file import LocalFileStore
from reconciler.systems.catalogue import get_system

LAYOUTS = ("hundreds", "tens", "giant", "systems")
_PROVIDERS = "providers: {default: {kind: work_orders}}\n"
SEEN = date(2026, 1, 1)
_TTL = timedelta(hours=1)
_SYSTEMS = (
    ("business_center", "", 'id: "{id}"'),
    ("developers", "", "name: Organization {number}"),
    ("developers", "owner", "name: Organization {number}\n    role_system: owner"),
    ("organization_account", "", 'handle: "@org{number}"'),
    ("business_account", "", 'handle: "@org{number}"'),
)
"""Name, variant, and what identifies an organization there."""


def without_disk() -> AbstractContextManager[object]:
    """While it lasts this process waits for no disk: a workspace that is only measured may be lost in a crash."""
    return mock.patch.object(os, "fsync", return_value=None)


def make_workspace(root: Path, memberships: int, *, layout: str = "hundreds", changed: float = 0.0) -> None:
    """A workspace whose state agrees with its manifests but for a share of the memberships in Business Centers."""
    (root / "access").mkdir(parents=True)
    (root / "reconciler.yaml").write_text(
        "version: 1\nmanifests: [access]\nstate: file:.reconciler/state\n" + _PROVIDERS
    )
    size = min(memberships, 10 if layout == "tens" else 100)
    head = "version: 1\norganizations:\n"
    parts = [_organization(number, size, layout) for number in range(memberships // size)]
    texts = [head + "".join(parts)] if layout == "giant" else [head + part for part in parts]
    if layout == "systems":
        texts.append("version: 1\ngroups:\n" + "".join(_groups(len(parts))))
    for number, text in enumerate(texts):
        (root / "access" / f"part-{number:06}.yaml").write_text(text)
    with without_disk():
        write_states(root, changed=changed)


def write_states(root: Path, *, changed: float = 0.0) -> None:
    """For every organization what an apply would have left, but for a share of roles that are the other one."""
    store = LocalFileStore(root / ".reconciler" / "state")
    every, seen = int(1 / changed) if changed else 0, 0
    files = [SourceFile(f"access/{path.name}", path.read_bytes()) for path in sorted((root / "access").iterdir())]
    # People and groups may be in another file; else one file after the other, in the memory of one.
    of_groups = [file for file in files if re.search(rb"\n(groups|people):", file.data or b"")]
    for part in [files] if of_groups else [[file] for file in files]:
        desired = load_manifests(part, today=SEEN).require_desired()
        for key, declared in desired.resources.items():
            organization = Address(key, "organization", key)
            records = {organization: _record(organization, {}, desired.organizations[key].identity)}
            for address, one in declared.items():
                attributes = dict(one.attributes)
                seen += 1
                if every and seen % every == 2 and address.kind == "member":
                    attributes["role"] = "standard" if attributes["role"] == "admin" else "admin"
                record = _record(address, attributes, one.identity)
                records[address] = replace(record, granted=attributes, ends=one.expires)
            state = State(organization=key, lineage=f"lineage-{key}", serial=1, records=records)
            lock = store.acquire(key, purpose="benchmark", ttl=_TTL)
            store.write(key, state_to_json(state), replacing=None, token=lock.token)
            store.release(lock)


def keep_settled(root: Path) -> None:
    """What an apply would have kept beside the states, had it found everything as it is recorded."""
    app = App(root=root)
    today = datetime.now(UTC).date()
    workspace = read_everything(app, today=today)
    states = {key: read_state(app.store, key) for key in workspace.desired.organizations}
    live = {key: recorded_as_live(state) for key, state in states.items()}
    worlds = Worlds(desired=workspace.desired, recorded=states, live=live, today=today)
    request = PlanRequest(desired=workspace.desired, settings=app.config.guards, today=today)
    keeper, stamps = SettledKeeper(app, request, workspace), app.store.stamps()
    for context in make_contexts(worlds, request.settings):
        found = Planned(context, plan_organization(context, EVERYTHING))

        def recall(found: Planned = found) -> Planned:
            return found  # what is live is what is recorded

        if settled := describe_settled(found, request.desired, recall=recall):
            keeper.take(replace(settled, stamp=stamps[settled.organization]))
    keeper.write()


def change_one_file(root: Path) -> None:
    """Ten of a hundred members of the last organization become admins."""
    path = max((root / "access").iterdir())
    lines = path.read_text().splitlines()
    for number in range(16, len(lines), 10):
        lines[number] = lines[number].replace("standard", "admin")
    path.write_text("\n".join([*lines, ""]))


def name_member(member: int, number: int) -> str:
    """The e-mail address by which manifests name a member of an organization."""
    return f"person-{number:06}-{member:03}@acme.example"


def _record(address: Address, attributes: dict[str, str | tuple[str, ...]], identity: str) -> Record:
    return Record(address=address, attributes=attributes, status=Status.ACTIVE, identity=identity, since=SEEN)


def _organization(number: int, size: int, layout: str) -> str:
    system, variant, identity = _SYSTEMS[number % len(_SYSTEMS) if layout == "systems" else 0]
    roles = [role.name for role in get_system(system, variant).roles["member"]]
    lines = [f"  org-{number:06}:", f"    system: {system}"]
    lines.append(f"    {identity.format(id=6_900_000_000_000_000_000 + number, number=number)}")
    lines.append("    members:")
    strong, weak = roles[-2] if variant == "owner" else roles[0], roles[-1]
    for member in range(size):
        who, role = name_member(member, number), strong if member < 3 else weak
        terms = f"{{role: {role}, expires: 2099-12-31, reason: SEC-{member}}}" if member % 5 == 4 else role
        lines.append(f"      {who}: {terms}")
    if layout == "systems" and system == "business_center":
        lines.append(f"      group:crew-{number}: {weak}")
        lines.append("    ad_accounts:")
        for account in range(3):
            lines.append(f'      account-{account}: {{id: "{7_000_000_000_000 + number * 10 + account}", access: {{')
            lines.append(f"        group:crew-{number}: operator, {name_member(account, number)}: admin}}}}")
    return "\n".join([*lines, ""])


def _groups(organizations: int) -> Iterator[str]:
    for number in range(0, organizations, len(_SYSTEMS)):
        members = ", ".join(name_member(member, number) for member in range(10, 20))
        yield f"  crew-{number}: {{members: [{members}]}}\n"
