"""Manifests that say of some things what is live, and of everything else what they said before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from reconciler.editing.edits import Edit, Path, Put, edit_manifest, find_file
from reconciler.editing.entries import NotExpressible, to_entry
from reconciler.engine.context import PlanningContext
from reconciler.features.importing.amendments import change, hanging_on, leave_group, withdraw
from reconciler.features.importing.compose import reading_order
from reconciler.features.importing.folding import fold
from reconciler.features.importing.key_assignment import Acquaintance
from reconciler.manifests.load import SourceFile, load_manifests
from reconciler.model.address import Address
from reconciler.model.declared import Declared, Desired
from reconciler.model.drift import Drift
from reconciler.model.errors import ManifestError
from reconciler.model.finding import Severity
from reconciler.model.kinds import KINDS, Shape
from reconciler.model.resource import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One difference to be adopted."""

    found: Drift
    situation: PlanningContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """Manifest files on their way, and what they want."""

    files: tuple[SourceFile, ...]
    desired: Desired
    today: date
    allowed_domains: tuple[str, ...] = ()
    touched: frozenset[Address] = frozenset()
    """Everything that is said anew, in the words of the manifests."""
    people: frozenset[str] = frozenset()
    """Who was added to the directory."""


@dataclass(slots=True)
class _Steps:
    """What is to be done to the files, and what has to come of it."""

    people: dict[str, Edit] = field(default_factory=dict)
    edits: list[Edit] = field(default_factory=list)
    present: dict[Address, Resource] = field(default_factory=dict)
    absent: set[Address] = field(default_factory=set)


def amend(made: Amendment, wishes: Sequence[Wish], acquaintance: Acquaintance) -> Amendment:
    """The files after all wishes, read back; raises NotExpressible or ManifestError, and then nothing has changed."""
    steps = _Steps()
    for wish in sorted((wish for wish in wishes if _is_there(wish.found)), key=_reading_order):
        _say_there(wish, made, acquaintance, steps)
    gone = _all_gone(wishes, made.desired)
    _say_gone(gone, made, steps)
    files = _carry_out([*steps.people.values(), *steps.edits], made.files)
    desired = _read_back(files, made)
    _compare(made.desired, desired, steps)
    return replace(
        made,
        files=files,
        desired=desired,
        touched=made.touched | steps.present.keys() | steps.absent,
        people=made.people | steps.people.keys(),
    )


def _reading_order(wish: Wish) -> tuple[object, ...]:
    organization, live = wish.situation.organization, wish.found.live
    return (organization.key, *(reading_order(live, organization) if live else ()))


def _is_there(found: Drift) -> bool:
    live = found.live
    if live is None or live.status.is_gone:
        return False
    ours = f"organization:{found.address.organization}"
    return found.address.kind != "app" or live.attributes.get("owner") == ours


def _say_there(wish: Wish, made: Amendment, acquaintance: Acquaintance, steps: _Steps) -> None:
    """Declare something as it is live, after whatever it hangs on."""
    situation, live = wish.situation, wish.found.live
    assert live is not None  # noqa: S101  # see _is_there
    for resource in (*_undeclared_parents(live, situation, made.desired), live):
        address = acquaintance.rename(resource.address)
        if address in steps.present:
            continue
        renamed = replace(resource, address=address)
        declared = made.desired.resources[address.organization].get(address)
        system = situation.organization.system
        if declared is not None:
            steps.edits += change(renamed, declared, system, made.files)
        else:
            _meet(resource.address, acquaintance, steps)
            steps.edits.append(to_entry(renamed, system, name=acquaintance.names.get(resource.address, "")))
        steps.present[address] = renamed


def _meet(address: Address, acquaintance: Acquaintance, steps: _Steps) -> None:
    """Add somebody to the directory before they become a member; raises NotExpressible when nobody knows who it is."""
    if address in acquaintance.strangers:
        raise NotExpressible(acquaintance.strangers[address])
    key = acquaintance.keys.get(address, "")
    if address.kind == "member" and key in acquaintance.people:
        steps.people[key] = Put(path=("people", key), value=acquaintance.people[key])


def _undeclared_parents(live: Resource, situation: PlanningContext, desired: Desired) -> Iterable[Resource]:
    """What something hangs on and no manifest declares; raises NotExpressible when it is not there either."""
    organization = live.address.organization
    for kind, key in zip(KINDS[live.address.kind].parents, live.address.parts, strict=False):
        parent = Address(organization, kind, key)
        if parent in desired.resources[organization]:
            continue
        found = situation.live.resources.get(parent)
        if found is None or found.status.is_gone:
            raise NotExpressible(f"{KINDS[kind].title} {key} is neither declared nor there")
        yield found


def _all_gone(wishes: Iterable[Wish], desired: Desired) -> dict[Address, Declared]:
    """Everything declared that goes: what was wished for, and what cannot stay without it."""
    gone: dict[Address, Declared] = {}
    for wish in wishes:
        address = wish.found.address
        if _is_there(wish.found):
            continue
        if KINDS[address.kind].shape is Shape.ORGANIZATION:
            raise NotExpressible("a whole organization is only taken out by a person")
        declared = desired.resources[address.organization]
        for other in (address, *hanging_on(address, declared)):
            if other in declared:
                gone[other] = declared[other]
    return gone


def _say_gone(gone: Mapping[Address, Declared], made: Amendment, steps: _Steps) -> None:
    """Take declarations out, what hangs on others first."""
    groups: dict[tuple[str, str], None] = {}
    for address in sorted(gone, key=lambda one: (-len(one.parts), one)):
        person = KINDS[address.kind].person_part
        for line in gone[address].lines:
            if not line.through:
                steps.edits += [edit for edit in withdraw(address, made.files) if edit not in steps.edits]
            elif person is not None:
                groups[line.through, address.parts[person]] = None
    for group, who in groups:
        left = [address for address in _through(group, who, made.desired) if address not in gone]
        if left:
            raise NotExpressible(f"it comes through {group}, which also gives {left[0]}")
        steps.edits.append(leave_group(group, who, made.files))
    steps.absent |= gone.keys() | _below(gone, made.desired)


def _through(group: str, person: str, desired: Desired) -> list[Address]:
    """What a group gives one person, in all organizations."""
    return [
        address
        for declared in desired.resources.values()
        for address, item in declared.items()
        if person in address.parts and any(line.through == group for line in item.lines)
    ]


def _below(gone: Iterable[Address], desired: Desired) -> set[Address]:
    """Declarations that stand inside of others that go."""
    assets = {address for address in gone if KINDS[address.kind].shape is Shape.ASSET}
    return {
        other
        for asset in assets
        for other in desired.resources[asset.organization]
        if (asset.kind, asset.key) in zip(KINDS[other.kind].parents, other.parts, strict=False)
    }


def _carry_out(edits: Sequence[Edit], files: Sequence[SourceFile]) -> tuple[SourceFile, ...]:
    by_path = {file.path: file for file in files}
    chosen: dict[Path, str] = {}
    batches: dict[str, list[Edit]] = {}
    for edit in edits:
        top = edit.path[:1] if edit.path[0] == "people" else edit.path[:2]
        if top not in chosen:
            found = find_file(files, edit.path) or find_file(files, ("organizations",))
            if found is None:
                raise NotExpressible(f"no file has `{'.'.join(top)}`")
            chosen[top] = found.path
        batches.setdefault(chosen[top], []).append(edit)
    for path, batch in batches.items():
        edits = fold(batch, by_path[path])
        by_path[path] = SourceFile(path=path, data=edit_manifest(by_path[path], edits).encode())
    return tuple(by_path.values())


def _read_back(files: Sequence[SourceFile], made: Amendment) -> Desired:
    loaded = load_manifests(files, today=made.today, allowed_domains=made.allowed_domains)
    if loaded.desired is None:
        raise ManifestError([finding for finding in loaded.findings if finding.severity is Severity.ERROR])
    return loaded.desired


def _compare(before: Desired, after: Desired, steps: _Steps) -> None:
    """Raises NotExpressible unless exactly what was wished for is said anew."""
    for address, live in steps.present.items():
        declared = after.resources[address.organization].get(address)
        if declared is None or not live.fits(declared.attributes):
            raise NotExpressible(f"the edit would not make {address} what it is")
    expected = steps.present.keys() | steps.absent
    for key in before.resources.keys() | after.resources.keys():
        old, new = before.resources.get(key, {}), after.resources.get(key, {})
        for address in old.keys() | new.keys():
            if address not in expected and _said(old.get(address)) != _said(new.get(address)):
                raise NotExpressible(f"the edit would also change {address}")
    for address in steps.absent:
        if address in after.resources[address.organization]:
            raise NotExpressible(f"something else still gives {address}")


def _said(declared: Declared | None) -> object:
    if declared is None:
        return None
    lines = (
        (one.attributes, one.identity, one.through, str(one.starts), str(one.expires), str(one.protect))
        for one in declared.lines
    )
    return sorted(lines, key=repr)
