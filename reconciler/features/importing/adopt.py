"""Turning what was changed by hand into edits of the manifests, as small as a careful person would make them.

Afterwards they say of some things what is live, and of everything else what they said before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import date

from reconciler.apply.planning import PlanRequest, ProviderFor, Scopes, read_worlds
from reconciler.editing.index import ManifestEdit, ManifestIndex, NotExpressible, path_of, to_entry
from reconciler.editing.writer import Drop, Edit, Path, Put
from reconciler.engine.context import PlanningContext, Targets
from reconciler.engine.planner import Worlds, make_contexts, plan_organization
from reconciler.features.importing.compose import KeyAssignment, assign_keys, reading_order
from reconciler.manifests.source import SourceFile
from reconciler.model import (
    KINDS,
    Address,
    Declared,
    Desired,
    Drift,
    DriftSort,
    Explorer,
    Fate,
    Live,
    ManifestError,
    Owner,
    ReconcilerError,
    Resource,
    Shape,
    StateStore,
    Status,
    System,
    Unread,
    dataclass,
    fingerprint_of,
    parents_of,
    person_in,
    suggest_names,
)

_COMPARED = ("role", "finance", "permissions")
"""Fields that say what access there is; `via` says how somebody was invited, and that does not change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One difference to be adopted."""

    found: Drift
    context: PlanningContext

    @property
    def is_there(self) -> bool:
        """Whether there is anything to declare; an app that somebody else owns is not."""
        live, address = self.found.live, self.found.address
        return (
            live is not None
            and not live.status.is_gone
            and (address.kind != "app" or Owner.of(live.attributes).organization == address.organization)
        )

    @property
    def reading_order(self) -> tuple[object, ...]:
        """What to sort wishes by."""
        organization, live = self.context.organization, self.found.live
        return (organization.key, *(reading_order(live, organization) if live else ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """Manifest files on their way, and what they want."""

    files: ManifestIndex
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


def amend(made: Amendment, wishes: Sequence[Wish], keys: KeyAssignment) -> Amendment:
    """The files after all wishes, read back; raises NotExpressible or ManifestError, and then nothing has changed."""
    steps = _Steps()
    for wish in sorted((wish for wish in wishes if wish.is_there), key=lambda one: one.reading_order):
        _declare(wish, made, keys, steps)
    _withdraw_all([wish.found.address for wish in wishes if not wish.is_there], made, steps)
    files = made.files.after(_edit_files([*steps.people.values(), *steps.edits], made.files).texts)
    desired = files.load(today=made.today, allowed_domains=made.allowed_domains)
    _compare(made.desired, desired, steps)
    return replace(
        made,
        files=files,
        desired=desired,
        touched=made.touched | steps.present.keys() | steps.absent,
        people=made.people | steps.people.keys(),
    )


def _declare(wish: Wish, made: Amendment, keys: KeyAssignment, steps: _Steps) -> None:
    """Declare something as it is live, after whatever it hangs on; raises NotExpressible where nobody can."""
    context, live = wish.context, wish.found.live
    assert live is not None  # noqa: S101  # see Wish.is_there
    system = context.organization.system
    for resource in (*_undeclared_parents(live, context, made.desired), live):
        renamed = keys.renamed(resource)
        address = renamed.address
        if address in steps.present:
            continue
        steps.present[address] = renamed
        declared = made.desired.resources[address.organization].get(address)
        if declared is not None:
            steps.edits += _change(renamed, declared, system, made.files)
            continue
        if resource.address in keys.strangers:
            raise NotExpressible(keys.strangers[resource.address])
        key = keys.keys.get(resource.address, "")
        if address.kind == "member" and key in keys.people:
            steps.people[key] = Put(path=("people", key), value=keys.people[key])
        steps.edits.append(to_entry(renamed, system, name=keys.names.get(resource.address, "")))


def _undeclared_parents(live: Resource, context: PlanningContext, desired: Desired) -> Iterable[Resource]:
    """What something hangs on and no manifest declares; raises NotExpressible when it is not there either."""
    organization = live.address.organization
    for parent in parents_of(live.address):
        if parent in desired.resources[organization]:
            continue
        found = context.live.resources.get(parent)
        if found is None or found.status.is_gone:
            raise NotExpressible(f"{KINDS[parent.kind].title} {parent.key} is neither declared nor there")
        yield found


def _change(live: Resource, declared: Declared, system: System, index: ManifestIndex) -> list[Edit]:
    """For something that has other values than declared; reasons, dates and notes beside them stay.

    What groups give is not changed for everybody in them: the person is named beside them. Whether that means what it
    shall, only reading it back can tell.
    """
    entry = to_entry(live, system)
    if all(one.through for one in declared.lines):
        return [entry]
    wanted = entry.value if isinstance(entry, Put) else None
    written = index.find(path_of(live.address))
    path, present = written.path, written.value
    if not isinstance(present, Mapping):
        return [Put(path=path, value=wanted)]
    only = "permissions" if "permissions" in live.attributes else "role"
    new = wanted if isinstance(wanted, Mapping) else {only: wanted}
    edits: list[Edit] = [
        Put(path=(*path, key), value=new[key]) for key in _COMPARED if key in new and new[key] != present.get(key)
    ]
    edits += [Drop(path=(*path, key), keep=len(path)) for key in _COMPARED if key in present and key not in new]
    return edits


def _withdraw_all(addresses: Iterable[Address], made: Amendment, steps: _Steps) -> None:
    """Take declarations out, with what cannot stay without them; what hangs on others goes first."""
    gone: dict[Address, Declared] = {}
    for wanted in addresses:
        if KINDS[wanted.kind].shape is Shape.ORGANIZATION:
            raise NotExpressible("a whole organization is only taken out by a person")
        path = path_of(wanted)
        for address, declared in made.desired.resources[wanted.organization].items():
            if address == wanted or wanted in parents_of(address):
                steps.absent.add(address)
                if address == wanted or path_of(address)[: len(path)] != path:  # else it goes with the entry
                    gone[address] = declared
    left: dict[tuple[str, str], None] = {}
    for address in sorted(gone, key=lambda one: (-len(one.parts), one)):
        person = person_in(address)
        for line in gone[address].lines:
            if line.through and person:
                left[line.through, person] = None
            elif not line.through and (edit := made.files.take_out(address)[1]) not in steps.edits:
                steps.edits.append(edit)
    steps.edits += [_leave_group(group, who, gone, made) for group, who in left]


def _leave_group(group: str, who: str, gone: Collection[Address], made: Amendment) -> Edit:
    """Leave the group that lists them, which may be one inside of the group that gives what goes."""
    for address, declared in made.desired.everything.items():
        if address not in gone and who in address.parts and any(line.through == group for line in declared.lines):
            raise NotExpressible(f"it comes through {group}, which also gives {address}")
    groups = made.files.groups
    listing = [name for name in groups.of(who) if group in groups.giving_through(name)]
    if len(listing) != 1:
        several = f", in which {who} is more than once" if listing else ""
        raise NotExpressible(f"it comes through {group}{several}")
    return made.files.leave_group(listing[0], who)[1]


def _edit_files(edits: Iterable[Edit], index: ManifestIndex) -> ManifestEdit:
    chosen: dict[Path, str] = {}
    batches: dict[str, list[Edit]] = {}
    for edit in edits:
        top = edit.path[:1] if edit.path[0] == "people" else edit.path[:2]
        if top not in chosen:
            found = index.find_file(edit.path) or index.find_file(("organizations",))
            if not found:
                raise NotExpressible(f"no file has `{'.'.join(top)}`")
            chosen[top] = found
        batches.setdefault(chosen[top], []).append(edit)
    return index.edit((path, edit) for path, batch in batches.items() for edit in index.fold(path, batch))


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
            if address not in expected and _meaning(old.get(address)) != _meaning(new.get(address)):
                raise NotExpressible(f"the edit would also change {address}")
    for address in steps.absent:
        if address in after.resources[address.organization]:
            raise NotExpressible(f"something else still gives {address}")


def _meaning(declared: Declared | None) -> object:
    if declared is None:
        return None
    lines = (
        (one.attributes, one.identity, one.through, str(one.starts), str(one.expires), str(one.protect))
        for one in declared.lines
    )
    return sorted(lines, key=repr)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotAdopted:
    """A difference that cannot be written into the manifests by the tool."""

    address: Address
    reason: str
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """Edits that make the manifests say what is live. Nothing is written yet."""

    edit: ManifestEdit
    adopted: tuple[Address, ...] = ()
    """In the words of the manifests afterwards, with what had to come along."""
    people: tuple[str, ...] = ()
    """Keys of the people who were added to the directory."""
    refused: tuple[NotAdopted, ...] = ()
    unread: tuple[Unread, ...] = ()
    """What nobody could look at, so that nothing is known of differences there."""


def adopt(
    request: PlanRequest,
    files: Sequence[SourceFile],
    *,
    allowed_domains: Sequence[str] = (),
    provider_for: ProviderFor,
    store: StateStore,
    on_notice: Callable[[str], None] = lambda _text: None,
) -> Adoption:
    """Edits after which the manifests say of the chosen things what is live, and of all others what they said.

    The targets of the request choose; without any, everything is adopted but what was accepted for a while. What cannot
    be edited safely is refused with the reason, and does not keep the rest from being adopted.
    """
    worlds = read_worlds(request, provider_for=provider_for, store=store, on_notice=on_notice)
    contexts = list(make_contexts(worlds, request.settings))
    plans = [plan_organization(context, request.targets) for context in contexts]
    unread = tuple(one for plan in plans for one in plan.unread)
    found = [
        Wish(found=drift, context=context)
        for context, plan in zip(contexts, plans, strict=True)
        for drift in plan.drift
        if _is_chosen(drift, context, request.targets)
    ]
    if not found and not unread and request.targets.include:
        raise _nothing_in(request.targets, contexts)
    wishes = [wish for wish in found if not _reason_against(wish.found)]
    keys = _assign_keys(worlds, wishes, provider_for)
    original = Amendment(
        files=ManifestIndex(files), desired=worlds.desired, today=request.today, allowed_domains=tuple(allowed_domains)
    )
    made, refused = _amend_all(original, wishes, keys)
    refused += [
        NotAdopted(address=one.address, reason=f"{one.why}; {_reason_against(one)}", advice=one.outlook)
        for one in (wish.found for wish in found)
        if _reason_against(one)
    ]
    return Adoption(
        edit=original.files.rewrite(made.files.texts),
        adopted=tuple(sorted(made.touched)),
        people=tuple(sorted(made.people)),
        refused=tuple(sorted(refused, key=lambda one: one.address)),
        unread=unread,
    )


def _nothing_in(targets: Targets, contexts: Sequence[PlanningContext]) -> ReconcilerError:
    """What to say where nothing was found to adopt: a misspelt name must not look like one that is as declared."""
    known = {address for one in contexts for address in (*one.wanted, *one.records, *one.live.resources)}
    for name in targets.include:
        if not any(Targets(include=(name,)).covers(address) for address in known):
            listed = "write an address, a pattern, or an organization; `reconciler drift` lists what has drifted"
            return ReconcilerError(f"nothing is called {name}", advice=suggest_names(name, map(str, known)) or listed)
    names = ", ".join(targets.include)
    return ReconcilerError(f"nothing has drifted in {names}", advice="`reconciler drift` lists what has")


def _is_chosen(found: Drift, context: PlanningContext, targets: Targets) -> bool:
    """Whether it is to be adopted, and the manifests would have to say anything else than they do."""
    known = context.state.drift.get(found.address)
    is_same = known is not None and known.live == fingerprint_of(found.live)
    if known is not None and is_same and known.is_accepted(context.today) and not targets.include:
        return False
    wanted, live = context.wanted.get(found.address), found.live
    if found.sort in (DriftSort.UNVERIFIED, DriftSort.GONE):
        return found.sort is DriftSort.GONE and wanted is not None
    if found.sort is DriftSort.CHANGED and wanted is not None and live is not None:
        return not live.fits(wanted.attributes) and live.status in (Status.ACTIVE, Status.INVITED)
    return True


def _reason_against(found: Drift) -> str:
    """Why only a person can say what the manifests should; empty where that is what is live."""
    if found.fate is Fate.UNREAD:
        return "it could not be looked at, so nobody knows what is there now"
    if found.sort is DriftSort.EXPIRED_BUT_ACTIVE:
        return "its time is over: only a person can say whether it shall be longer"
    return ""


def _assign_keys(worlds: Worlds, wishes: Sequence[Wish], provider_for: ProviderFor) -> KeyAssignment:
    """Keys for what is live and nobody declared, in the organizations in question."""
    contexts = {wish.context.organization.key: wish.context for wish in wishes}
    scopes = Scopes(worlds.desired)
    live: dict[str, Live] = {}
    names: dict[str, Mapping[Address, str]] = {}
    for key, context in contexts.items():
        known = worlds.desired.resources.get(key, {})
        new = {address: one for address, one in context.live.resources.items() if address not in known}
        provider = provider_for(context.organization)
        live[key] = replace(context.live, resources=new)
        if new and isinstance(provider, Explorer):
            names[key] = provider.read_names(scopes.scope_of(key, context.state))
    return assign_keys([one.organization for one in contexts.values()], live, names, known=worlds.desired)


def _amend_all(made: Amendment, wishes: Sequence[Wish], keys: KeyAssignment) -> tuple[Amendment, list[NotAdopted]]:
    """All at once where that works; else one after the other, so that one refusal does not stop the others."""
    try:
        return amend(made, wishes, keys), []
    except (ManifestError, NotExpressible):
        refused = list[NotAdopted]()
    for wish in wishes:
        if keys.rename(wish.found.address) in made.touched:
            continue  # it came along with another one
        try:
            made = amend(made, [wish], keys)
        except ManifestError as error:
            refused.append(_not_written(wish, error))
        except NotExpressible as error:
            refused.append(NotAdopted(address=wish.found.address, reason=str(error)))
    return made, refused


def _not_written(wish: Wish, error: ManifestError) -> NotAdopted:
    """Why the edit would have made a mistake, in the words for somebody who does not see the edit."""
    finding, address = error.findings[0], wish.found.address
    reason = f"{finding.place}: {finding.message}"
    declared = wish.context.wanted.get(address)
    if finding.id == "two-roles" and declared is not None:
        through = ", ".join(sorted({one.through for one in declared.lines if one.through}))
        reason = f"it comes through {through}, and changing that changes it for others too"
    return NotAdopted(address=address, reason=reason, advice=finding.advice)
