"""Turning what was changed by hand into edits of the manifests, as small as a careful person would make them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from reconciler.apply.planning import PlanRequest, ProviderFor, read_worlds
from reconciler.apply.reading import Scopes
from reconciler.editing.entries import NotExpressible
from reconciler.engine.context import PlanningContext, Targets
from reconciler.engine.planner import Worlds, make_contexts, plan_organization
from reconciler.features.importing.amend import Amendment, Wish, amend
from reconciler.features.importing.key_assignment import KeyAssignment, assign_keys
from reconciler.features.importing.model import Adoption, NotAdopted
from reconciler.manifests.source import SourceFile
from reconciler.model.address import Address
from reconciler.model.drift import Drift, DriftSort, Fate
from reconciler.model.errors import ManifestError, ReconcilerError
from reconciler.model.live import Live
from reconciler.model.ports import Explorer, StateStore
from reconciler.model.resource import Status, fingerprint_of
from reconciler.model.suggestions import suggest_names
from reconciler.model.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AdoptionRequest:
    """What to adopt, and the files it goes into."""

    plan: PlanRequest
    """`targets` chooses; without any, everything is adopted but what was accepted for a while."""
    files: tuple[SourceFile, ...]
    allowed_domains: tuple[str, ...] = ()


def adopt(
    request: AdoptionRequest,
    *,
    provider_for: ProviderFor,
    store: StateStore,
    on_notice: Callable[[str], None] = lambda _text: None,
) -> Adoption:
    """Edits after which the manifests say of the chosen things what is live, and of all others what they said.

    What cannot be edited safely is refused with the reason, and does not keep the rest from being adopted.
    """
    worlds = read_worlds(request.plan, provider_for=provider_for, store=store, on_notice=on_notice)
    contexts = list(make_contexts(worlds, request.plan.settings))
    plans = [plan_organization(context, request.plan.targets) for context in contexts]
    unread = tuple(one for plan in plans for one in plan.unread)
    found = [
        Wish(found=drift, context=context)
        for context, plan in zip(contexts, plans, strict=True)
        for drift in plan.drift
        if _is_chosen(drift, context, request.plan.targets)
    ]
    if not found and not unread and request.plan.targets.include:
        raise _nothing_in(request.plan.targets, contexts)
    wishes = [wish for wish in found if not _reason_against(wish.found)]
    keys = _assign_keys(worlds, wishes, provider_for)
    made, refused = _amend_all(request, wishes, keys, worlds)
    refused += [
        NotAdopted(address=one.address, reason=f"{one.why}; {_reason_against(one)}", advice=one.outlook)
        for one in (wish.found for wish in found)
        if _reason_against(one)
    ]
    before = {file.path: file for file in request.files}
    changed = [file for file in made.files if file != before[file.path]]
    return Adoption(
        before={file.path: _text(before[file.path]) for file in changed},
        after={file.path: _text(file) for file in changed},
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


def _amend_all(
    request: AdoptionRequest, wishes: Sequence[Wish], keys: KeyAssignment, worlds: Worlds
) -> tuple[Amendment, list[NotAdopted]]:
    """All at once where that works; else one after the other, so that one refusal does not stop the others."""
    made = Amendment(
        files=request.files,
        desired=worlds.desired,
        today=request.plan.today,
        allowed_domains=request.allowed_domains,
    )
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


def _text(file: SourceFile) -> str:
    return (file.data or b"").decode("utf-8-sig")
