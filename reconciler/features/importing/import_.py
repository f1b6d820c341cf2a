"""From what is live to manifests that declare exactly that, and a state that knows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from reconciler.apply.planning import ProviderFor
from reconciler.apply.reading import Scopes, read_live
from reconciler.apply.state_editor import Deeds, StateEditor
from reconciler.engine.planner import Worlds, plan, situations
from reconciler.features.importing.compose import Composition, compose
from reconciler.features.importing.key_assignment import Acquaintance, acquaint
from reconciler.features.importing.model import Import, ImportedOrganization
from reconciler.features.importing.plan_files import ImportRequest, file_away, get_desired, read_back
from reconciler.model.address import Address
from reconciler.model.change import Change
from reconciler.model.declared import Desired, Organization
from reconciler.model.errors import ReconcilerError
from reconciler.model.kinds import KINDS
from reconciler.model.live import Live
from reconciler.model.ports import Explorer
from reconciler.model.state import State

_MAX_ROUNDS = 4
"""What cannot be declared shows in a plan; what hangs on it may show in the next one."""


@dataclass(slots=True, kw_only=True)
class _ImportDraft:
    """An import while it is being tried."""

    request: ImportRequest
    known: Desired
    provider_for: ProviderFor
    live: dict[str, Live] = field(default_factory=dict)
    names: dict[str, Mapping[Address, str]] = field(default_factory=dict)
    refused: dict[Address, str] = field(default_factory=dict)
    """Address as it was read -> why it is not declared."""


def draft_import(
    request: ImportRequest,
    *,
    provider_for: ProviderFor,
    on_notice: Callable[[str], None] = lambda _text: None,
) -> Import:
    """Manifests whose plan is empty; raises ReconcilerError when that cannot be had.

    They are read back and planned before anybody sees them. What a plan would change is not declared but told in a
    comment, with the reason.
    """
    draft = _ImportDraft(request=request, known=get_desired(request, {}), provider_for=provider_for)
    _look(draft)
    for _ in range(_MAX_ROUNDS):
        on_notice("composing the manifests")
        acquaintance = acquaint(request.organizations, draft.live, draft.names, known=draft.known)
        made = _compose(draft, acquaintance)
        worlds = _look_again(draft, made)
        wrong = [
            change
            for change in _changes(worlds, draft)
            if not (
                acquaintance.back.get(change.address, change.address) in draft.refused and _has_left(change, worlds)
            )
        ]
        if not wrong:
            found = situations(worlds, request.settings)
            states = {one.organization.key: replace(one.state, records=one.records) for one in found}
            return replace(made, states=states)
        for change in wrong:
            why = f"a plan would {change.action.replace('_', ' ')} it"
            draft.refused.setdefault(acquaintance.back.get(change.address, change.address), why)
    message = f"no manifests could be written whose plan is empty: {wrong[0].address} would be changed"
    raise ReconcilerError(message, advice="report this, with the names changed")


def record_import(made: Import, upkeep: StateEditor) -> None:
    """Remember what was imported, organization by organization under its lock."""
    for one in made.organizations:
        upkeep.edit(one.organization, purpose="import", change=partial(_take_in, made=made, one=one))


def _take_in(state: State, *, made: Import, one: ImportedOrganization) -> tuple[State, Deeds]:
    records = {**state.records, **made.states[one.organization].records}
    whole = f"{one.organization}/organization/{one.organization}"
    return replace(state, records=records), [(whole, "import", f"{len(records)} resources into {one.file}")]


def _look(draft: _ImportDraft) -> None:
    """Read every organization in the words of the directory as it is, with the names of what is in it."""
    organizations = {one.key: one for one in draft.request.organizations}
    scopes = Scopes(replace(draft.known, organizations={**draft.known.organizations, **organizations}))
    for key, organization in organizations.items():
        provider = draft.provider_for(organization)
        scope = scopes.scope_of(key, State(organization=key))
        draft.live[key] = live = read_live(provider, scope)
        if f"{key}/" in live.unknown:
            raise ReconcilerError(f"{key} cannot be read: {live.unknown[f'{key}/']}")
        if not live.resources:
            message = f"there is no {organization.system.title} {organization.identity!r}, or nothing of it can be read"
            raise ReconcilerError(message, advice="compare --system and --id with what the system shows")
        draft.names[key] = provider.read_names(scope) if isinstance(provider, Explorer) else {}


def _compose(draft: _ImportDraft, acquaintance: Acquaintance) -> Import:
    compositions: dict[str, Composition] = {}
    groups: set[str] = set(draft.request.groups)
    for organization in draft.request.organizations:
        made = _compose_one(organization, draft, acquaintance, groups)
        groups |= {team.name for team in made.teams}
        compositions[organization.key] = made
    unread = {key: live.unknown for key, live in draft.live.items()}
    return file_away(draft.request, compositions, people=acquaintance.people, unread=unread)


def _compose_one(
    organization: Organization, draft: _ImportDraft, acquaintance: Acquaintance, groups: set[str]
) -> Composition:
    resources = draft.live[organization.key].resources.values()
    refused = {**acquaintance.strangers, **draft.refused}
    return compose(
        organization,
        [acquaintance.renamed(one) for one in resources],
        names={acquaintance.rename(address): name for address, name in acquaintance.names.items()},
        refused={acquaintance.rename(address): why for address, why in refused.items()},
        taken_groups=groups,
    )


def _look_again(draft: _ImportDraft, made: Import) -> Worlds:
    """The three worlds as the next plan will have them: what is declared is what would stand in the files."""
    desired = read_back(draft.request, made)
    scopes = Scopes(desired)
    states = {one.key: State(organization=one.key) for one in draft.request.organizations}
    live = {
        one.key: read_live(draft.provider_for(one), scopes.scope_of(one.key, states[one.key]))
        for one in draft.request.organizations
    }
    return Worlds(desired=desired, recorded=states, live=live, today=draft.request.today)


def _has_left(change: Change, worlds: Worlds) -> bool:
    """Whether it is about somebody whose end has passed and who is still in: that is taken away, declared or not.

    Whoever writes `ends` down before an import wants just that, and it is no reason against all the others.
    """
    part = KINDS[change.address.kind].person_part
    person = None if part is None else worlds.desired.people.get(change.address.parts[part])
    return person is not None and person.ends is not None and person.ends <= worlds.today


def _changes(worlds: Worlds, draft: _ImportDraft) -> list[Change]:
    """What would be done to what was just imported, and what would be if no guard stopped it."""
    planned = plan(worlds, draft.request.settings)
    return [*planned.changes, *(blocked.change for blocked in planned.blocked)]
