"""From what is live to manifests that declare exactly that, and a state that knows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from datetime import date
from functools import partial

from reconciler.apply.planning import PlanRequest, ProviderFor, Scopes, read_live, read_undeclared
from reconciler.apply.state_editor import Edits, StateEditor
from reconciler.editing.index import ManifestEdit, ManifestIndex
from reconciler.editing.writer import Path, Put
from reconciler.engine.planner import Worlds, is_about, make_contexts, plan
from reconciler.features.importing.compose import (
    Composition,
    KeyAssignment,
    assign_keys,
    compose,
    remarks_on,
    render_manifest,
)
from reconciler.model import (
    KINDS,
    Address,
    Change,
    Desired,
    Explorer,
    GuardSettings,
    Live,
    Organization,
    Part,
    ReconcilerError,
    Shape,
    State,
    StateStore,
    count,
    dataclass,
    person_in,
)
from reconciler.output.document import Block, Document, Item, Items, Paragraph, Section, code, plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What an import writes. Nothing is written yet."""

    edit: ManifestEdit
    people: tuple[str, ...]
    """Keys of the people who are new to the directory."""
    organizations: tuple[Composition, ...]
    states: Mapping[str, State] = field(default_factory=dict)
    """Organization -> what will be remembered of it."""
    has_leavers: bool = False
    """Whether the first plan takes something away: what people have who have left."""


_MAX_ROUNDS = 4
"""What cannot be declared shows in a plan; what hangs on it may show in the next one."""
_MAX_EDITS = 50
"""More people than this get a file of their own, because every edit is checked line by line."""
_PEOPLE = "people"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """What to import, and what there is already."""

    organizations: tuple[Organization, ...]
    """None of them is declared yet."""
    files: ManifestIndex
    folder: str
    """Where new files go, relative to the workspace."""
    settings: GuardSettings
    today: date
    allowed_domains: tuple[str, ...] = ()

    def path(self, name: str) -> str:
        """Path of a new file."""
        return f"{self.folder}/{name}.yaml" if self.folder not in ("", ".") else f"{name}.yaml"

    def load(self, changed: Mapping[str, str]) -> Desired:
        """What the manifests want once some files have other texts; raises ManifestError when they have errors."""
        return self.files.after(changed).load(today=self.today, allowed_domains=self.allowed_domains)


def refuse_other_keys(request: ImportRequest, store: StateStore) -> None:
    """Raise ReconcilerError where more is known of an organization, under a key that no manifest names any more.

    Under another key nothing of that would count: who is protected, who has declined, who left.
    """
    planning = PlanRequest(desired=request.load({}), settings=request.settings, today=request.today)
    for key, state in read_undeclared(planning, store).items():
        for one in request.organizations:
            if key != one.key and is_about(state, one):
                command = f'`reconciler import {key} --system {one.system.name} --id "{one.identity}"`'
                advice = f"import it under that key: {command}; `reconciler state rm {key}` forgets what is known of it"
                raise ReconcilerError(f"{one.identity} is recorded under the key {key}", advice=advice)


def draft_import(
    request: ImportRequest, *, provider_for: ProviderFor, on_notice: Callable[[str], None] = lambda _text: None
) -> Import:
    """Manifests whose plan is empty, but for people who have left; raises ReconcilerError when that cannot be had.

    They are read back and planned before anybody sees them. What a plan would change is not declared but told in a
    comment, with the reason.
    """
    known = request.load({})
    live, names = _read_all(request, known, provider_for)
    refused: dict[Address, str] = {}  # address as it was read -> why it is not declared
    for _ in range(_MAX_ROUNDS):
        on_notice("composing the manifests")
        keys = assign_keys(request.organizations, live, names, known=known)
        made = _compose(request, known, live, keys, refused)
        worlds = _read_worlds(request, made, provider_for)
        planned = plan(worlds, request.settings)
        # What a guard blocks would be done if it did not.
        changes = [*planned.changes, *(blocked.change for blocked in planned.blocked)]
        wrong = [
            (change, origin)
            for change in changes
            for origin in [keys.origins.get(change.address, change.address)]
            if origin not in refused or not _has_left(change, worlds)
        ]
        if not wrong:
            found = make_contexts(worlds, request.settings)
            states = {one.organization.key: replace(one.state, records=one.records) for one in found}
            return replace(made, states=states, has_leavers=bool(changes))
        for change, origin in wrong:
            refused.setdefault(origin, f"a plan would {change.action.replace('_', ' ')} it")
    message = f"no manifests could be written whose plan is empty: {wrong[0][0].address} would be changed"
    raise ReconcilerError(message, advice="report this, with the names changed")


def record_import(made: Import, editor: StateEditor) -> None:
    """Remember what was imported, organization by organization under its lock."""
    for one in made.organizations:
        editor.edit(one.organization, purpose="import", change=partial(_take_in, made=made, one=one))


def _take_in(state: State, *, made: Import, one: Composition) -> tuple[State, Edits]:
    found = made.states[one.organization].records
    # What is known of somebody besides what is live, such as that they are protected, outlives a manifest.
    known = {
        at: state.records[at] for at in found.keys() & state.records.keys() if not state.records[at].status.is_gone
    }
    kept = {
        at: replace(found[at], protect=record.protect, formerly=record.formerly)
        for at, record in known.items()
        if record.identity.casefold() == found[at].identity.casefold()
    }
    records = {**state.records, **found, **kept}
    whole = str(Address.whole(one.organization))
    return replace(state, records=records), [(whole, "import", f"{len(records)} resources into {one.file}")]


def _read_all(
    request: ImportRequest, known: Desired, provider_for: ProviderFor
) -> tuple[dict[str, Live], dict[str, Mapping[Address, str]]]:
    """Read every organization in the words of the directory as it is, with the names of what is in it."""
    live: dict[str, Live] = {}
    names: dict[str, Mapping[Address, str]] = {}
    organizations = {one.key: one for one in request.organizations}
    scopes = Scopes(replace(known, organizations={**known.organizations, **organizations}))
    for key, organization in organizations.items():
        provider = provider_for(organization)
        scope = scopes.scope_of(key, State(organization=key))
        live[key] = read_live(provider, scope)
        if obstacle := live[key].reason_unread(Part.everything(key)):
            raise ReconcilerError(f"{key} cannot be read: {obstacle}")
        if not live[key].resources:
            message = f"there is no {organization.system.title} {organization.identity!r}, or nothing of it can be read"
            raise ReconcilerError(message, advice="compare --system and --id with what the system shows")
        names[key] = provider.read_names(scope) if isinstance(provider, Explorer) else {}
    return live, names


def _compose(
    request: ImportRequest,
    known: Desired,
    live: Mapping[str, Live],
    keys: KeyAssignment,
    refused: Mapping[Address, str],
) -> Import:
    """The files to be written; raises ReconcilerError rather than overwrite one."""
    groups, organizations = set(known.groups), list[Composition]()
    for organization in request.organizations:
        key = organization.key
        made = compose(organization, live[key], keys, refused=refused, taken_groups=groups, file=request.path(key))
        groups |= {team.name for team in made.teams}
        organizations.append(made)
    met = {address.key for made in organizations for address in made.declared if address.kind == "member"}
    people = {key: entry for key, entry in sorted(keys.people.items()) if key in met}
    edited: Mapping[str, str] = {}
    after: dict[str, str] = {}
    # New people go where people are declared.
    present = request.files.find_file((_PEOPLE,))
    if people and present and len(people) <= _MAX_EDITS:
        edits = [Put(path=(_PEOPLE, key), value=entry) for key, entry in people.items()]
        edited = request.files.edit((present, edit) for edit in edits).texts
    elif people:
        name = f"{_PEOPLE}-{min(live)}" if present else _PEOPLE
        after[request.path(name)] = render_manifest({"version": 1, _PEOPLE: people})
    for made in organizations:
        remarks = remarks_on(made)
        tails: dict[Path, list[str]] = {("organizations", made.organization): remarks} if remarks else {}
        after[made.file] = render_manifest({"version": 1, **made.tree}, tails=tails)
    if taken := sorted(after.keys() & request.files.texts):
        advice = "give another folder: --to DIR"
        raise ReconcilerError(f"{taken[0]} is there already, and is not overwritten", advice=advice)
    edit = request.files.rewrite({**edited, **after})
    return Import(edit=edit, people=tuple(people), organizations=tuple(organizations))


def _read_worlds(request: ImportRequest, made: Import, provider_for: ProviderFor) -> Worlds:
    """The three worlds as the next plan will have them: what is declared is what would stand in the files."""
    desired = request.load(made.edit.texts)
    scopes = Scopes(desired)
    states = {one.key: State(organization=one.key) for one in request.organizations}
    live = {
        one.key: read_live(provider_for(one), scopes.scope_of(one.key, states[one.key]))
        for one in request.organizations
    }
    return Worlds(desired=desired, recorded=states, live=live, today=request.today)


def _has_left(change: Change, worlds: Worlds) -> bool:
    """Whether it is about somebody whose end has passed and who is still in: that is taken away, declared or not.

    Whoever writes `ends` down before an import wants just that, and it is no reason against all the others.
    """
    person = worlds.desired.people.get(person_in(change.address))
    return person is not None and person.ends is not None and person.ends <= worlds.today


def document_of_import(made: Import) -> Document:
    """File by file what is in it, and what had to stay outside."""
    files = {one.file for one in made.organizations}
    people = count(len(made.people), "person", "people")
    blocks: list[Block] = [
        Section(title=plain(path), blocks=(Paragraph(text=people),)) for path in made.edit.texts if path not in files
    ]
    blocks += [Section(title=plain(one.file), blocks=tuple(_blocks_of(one))) for one in made.organizations]
    return Document(title="Import", is_title_needless=True, blocks=tuple(blocks))


def _blocks_of(one: Composition) -> Iterator[Block]:
    kinds = Counter(sorted((address.kind for address in one.declared), key=list(KINDS).index))
    parts = [
        count(number, KINDS[kind].title, KINDS[kind].plural)
        for kind, number in kinds.items()
        if KINDS[kind].shape is not Shape.GRANT
    ]
    grants = sum(number for kind, number in kinds.items() if KINDS[kind].shape is Shape.GRANT)
    parts += [count(grants, "grant", "grants")] if grants else []
    parts += [count(len(one.teams), "proposed group", "proposed groups")] if one.teams else []
    yield Paragraph(text=", ".join(parts) or "nothing")
    held = {it.resource.address for it in one.held_back}
    roots = [it for it in one.held_back if it.because_of not in held]
    if roots:
        more = f", and {len(held) - len(roots)} with them" if len(held) > len(roots) else ""
        yield Paragraph(text=f"{len(roots)} not declared{more}; comments in the file tell all:")
        yield _list([(str(it.resource.address), it.reason) for it in roots])
    if one.unknown:
        yield Paragraph(text="could not be read:")
        yield _list(sorted(one.unknown.items()))


def _list(reasons: list[tuple[str, str]]) -> Items:
    """What, and why not."""
    return Items(items=tuple(Item(text=(code(what), plain(f": {why}"))) for what, why in reasons))
