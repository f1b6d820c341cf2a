"""One organization as it is, composed into the manifest that declares exactly that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.editing.edits import Join, Path, Put, Value
from reconciler.editing.entries import NotExpressible, to_entry
from reconciler.features.importing.model import HeldBack
from reconciler.features.importing.teams import Team, by_place, find_teams, place_of_grant
from reconciler.manifests.people import PREFIX
from reconciler.model.address import Address
from reconciler.model.declared import Organization
from reconciler.model.kinds import KINDS, Shape
from reconciler.model.resource import Resource


@dataclass(slots=True, kw_only=True)
class Composition:
    """What was composed: the values of a file, and what could not be part of it."""

    tree: dict[str, Value] = field(default_factory=dict)
    declared: list[Address] = field(default_factory=list)
    teams: list[Team] = field(default_factory=list)
    held_back: list[HeldBack] = field(default_factory=list)


def compose(
    organization: Organization,
    resources: Iterable[Resource],
    *,
    names: Mapping[Address, str],
    refused: Mapping[Address, str],
    taken_groups: Iterable[str],
) -> Composition:
    """The section of an organization that no manifest declares yet.

    `names` are what people call its assets; `refused` is what must not be declared, with the reason. What hangs on
    something that is not declared is not declared either.
    """
    made = Composition()
    kept: list[tuple[Resource, Put | Join]] = []
    declared: set[Address] = set()
    for resource in sorted(resources, key=lambda one: reading_order(one, organization)):
        address = resource.address
        if KINDS[address.kind].shape is Shape.ORGANIZATION or resource.status.is_gone:
            continue
        try:
            entry = to_entry(resource, organization.system, name=names.get(address, ""))
            _require(address, declared, refused)
        except NotExpressible as error:
            missing = _find_missing_parent(address, declared)
            made.held_back.append(HeldBack(resource=resource, reason=str(error), because_of=missing))
        else:
            declared.add(address)
            kept.append((resource, entry))
    made.declared = sorted(declared)
    made.teams = find_teams(
        (resource for resource, _ in kept if len(resource.address.parts) > 1), taken=set(taken_groups)
    )
    _fill(made, organization, kept)
    return made


def plant(tree: dict[str, Value], edit: Put | Join) -> None:
    """What an edit of a manifest does, done to the values of a new one."""
    *parents, last = edit.path
    here = tree
    for parent in parents:
        here = here.setdefault(parent, {})  # type: ignore[assignment]  # paths lead through mappings only
    if isinstance(edit, Put):
        here[last] = edit.value
    else:
        here[last] = [*(here.get(last) or ()), edit.item]  # type: ignore[misc]  # a list, or nothing yet


def _fill(made: Composition, organization: Organization, kept: Sequence[tuple[Resource, Put | Join]]) -> None:
    if made.teams:
        made.tree["groups"] = {
            team.name: {"members": list(team.members), "description": team.description} for team in made.teams
        }
    plant(made.tree, Put(path=("organizations", organization.key), value=head_of(organization)))
    groups = by_place(made.teams)
    for resource, entry in kept:
        group = groups.get(place_of_grant(resource)) if _is_grant_to_person(resource) else None
        plant(made.tree, _to_group(entry, group) if group else entry)
    for path in {entry.path for _, entry in kept if isinstance(entry, Join)}:
        _without_repetition(made.tree, path)


def head_of(organization: Organization) -> dict[str, Value]:
    """What tells which organization it is; what is the default is left out."""
    system, variant = organization.system.name, organization.system.variant
    head: dict[str, Value] = {"system": system}
    if system == "developers":
        head |= {"research": {"kind": "research"}, "owner": {"role_system": "owner"}}.get(variant, {})
        return {**head, "name": organization.identity}
    head["id" if system == "business_center" else "handle"] = organization.identity
    return {**head, **({"name": organization.name} if organization.name else {})}


def _is_grant_to_person(resource: Resource) -> bool:
    return KINDS[resource.address.kind].parents[1:] == ("member",)


def remarks_on(organization: str, held_back: Sequence[HeldBack], unknown: Mapping[str, str]) -> list[str]:
    """Comments on everything that is not declared; what hangs on something stands with it."""
    lines: list[str] = []
    held = {one.resource.address for one in held_back}
    with_it: dict[Address, list[HeldBack]] = {}
    for one in held_back:
        if one.because_of in held and one.because_of is not None:
            with_it.setdefault(one.because_of, []).append(one)
    if held_back:
        lines += ["There, and not declared. Where it is about people: add them to `people` with their whole addresses;"]
        lines += [f"`reconciler adopt {organization} --in-place` then declares them with everything they have."]
    for one in held_back:
        if one.because_of not in held:
            lines.append(f"- {_told(one.resource)}: {one.reason}")
            hanging = with_it.get(one.resource.address, ())
            lines += [f"    with {_told(other.resource, shared=one.resource.address)}" for other in hanging]
    if unknown:
        lines += ["Could not be read, so nothing is declared there:"]
        lines += [f"- {prefix}: {reason}" for prefix, reason in sorted(unknown.items())]
    return lines


def _told(resource: Resource, *, shared: Address | None = None) -> str:
    values = [value if isinstance(value, str) else " + ".join(value) for value in resource.attributes.values()]
    said = f" ({', '.join(values)})" if values else ""
    parts = [part for part in resource.address.parts if shared is None or part != shared.key]
    return f"{KINDS[resource.address.kind].title} {'/'.join(parts)}{said}"


def _to_group(edit: Put | Join, group: str) -> Put | Join:
    who = f"{PREFIX}{group}"
    return replace(edit, item=who) if isinstance(edit, Join) else replace(edit, path=(*edit.path[:-1], who))


def _without_repetition(tree: dict[str, Value], path: Path) -> None:
    """A group is joined once for each of its people."""
    here: Value = tree
    for key in path[:-1]:
        here = here[key]  # type: ignore[index, call-overload]  # it was just planted
    here[path[-1]] = list(dict.fromkeys(here[path[-1]]))  # type: ignore[index, call-overload, arg-type]  # as above


def _require(address: Address, declared: set[Address], refused: Mapping[Address, str]) -> None:
    """Raises NotExpressible for what must not be declared, or hangs on something that is not."""
    if address in refused:
        raise NotExpressible(refused[address])
    missing = _find_missing_parent(address, declared)
    if missing is not None:
        raise NotExpressible(f"{KINDS[missing.kind].title} {missing.key} is not declared")


def _find_missing_parent(address: Address, declared: set[Address]) -> Address | None:
    parents = (
        Address(address.organization, kind, key)
        for kind, key in zip(KINDS[address.kind].parents, address.parts, strict=False)
    )
    return next((parent for parent in parents if parent not in declared), None)


def reading_order(resource: Resource, organization: Organization) -> tuple[int, str, int, str]:
    """What to sort resources by: kind by kind, asset by asset, the strongest roles first."""
    kinds = organization.system.kinds
    address = resource.address
    role = organization.system.find_role(address.kind, str(resource.attributes.get("role", "")))
    first = "" if address.kind == "member" else address.parts[0]
    kind = kinds.index(address.kind) if address.kind in kinds else len(kinds)
    return kind, first, -role.rank if role else 0, address.key
