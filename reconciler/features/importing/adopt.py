"""Turning what was changed by hand into edits of the manifests, as small as a careful person would make them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.apply.planning import PlanRequest, ProviderFor, read_worlds
from reconciler.apply.reading import Scopes
from reconciler.editing.entries import NotExpressible
from reconciler.engine.context import PlanningContext, Targets
from reconciler.engine.organization import plan_organization
from reconciler.engine.planner import Worlds, situations
from reconciler.features.importing.adopted import Adoption, NotAdopted
from reconciler.features.importing.amend import Amendment, Wish, amend
from reconciler.features.importing.key_assignment import Acquaintance, acquaint
from reconciler.manifests.load import SourceFile
from reconciler.model.address import Address
from reconciler.model.drift import Drift, DriftSort, Fate
from reconciler.model.errors import ManifestError, ReconcilerError
from reconciler.model.live import Live
from reconciler.model.plan import OrganizationPlan
from reconciler.model.ports import Explorer, StateStore
from reconciler.model.resource import Status, fingerprint_of
from reconciler.model.suggestions import suggest_names

_FOR_A_PERSON = {
    DriftSort.EXPIRED_BUT_ACTIVE: "its time is over: only a person can say whether it shall be longer",
}


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
    plans = [
        (situation, plan_organization(situation, request.plan.targets))
        for situation in situations(worlds, request.plan.settings)
    ]
    unread = tuple(one for _, plan in plans for one in plan.unread)
    found = [wish for situation, plan in plans for wish in _chosen(situation, plan, request)]
    if not found and not unread and request.plan.targets.include:
        raise _nothing_in(request.plan.targets, [situation for situation, _ in plans])
    refused = [_for_a_person(wish.found) for wish in found if _why_not(wish.found)]
    wishes = [wish for wish in found if not _why_not(wish.found)]
    acquaintance = _get_acquainted(worlds, wishes, provider_for)
    made, others = _amend_all(request, wishes, acquaintance, worlds)
    there = {file.path: file for file in request.files}
    changed = [file for file in made.files if file != there[file.path]]
    return Adoption(
        before={file.path: _text(there[file.path]) for file in changed},
        after={file.path: _text(file) for file in changed},
        adopted=tuple(sorted(made.touched)),
        people=tuple(sorted(made.people)),
        refused=tuple(sorted([*refused, *others], key=lambda one: one.address)),
        unread=unread,
    )


def _nothing_in(targets: Targets, looked_at: Sequence[PlanningContext]) -> ReconcilerError:
    """What to say where nothing was found to adopt: a misspelt name must not look like one that is as declared."""
    known = {address for one in looked_at for address in (*one.wanted, *one.records, *one.live.resources)}
    for name in targets.include:
        if not any(Targets(include=(name,)).covers(address) for address in known):
            listed = "write an address, a pattern, or an organization; `reconciler drift` lists what has drifted"
            advice = suggest_names(name, map(str, known)) or listed
            return ReconcilerError(f"nothing is called {name}", advice=advice)
    names = ", ".join(targets.include)
    return ReconcilerError(f"nothing has drifted in {names}", advice="`reconciler drift` lists what has")


def _chosen(situation: PlanningContext, plan: OrganizationPlan, request: AdoptionRequest) -> Iterator[Wish]:
    targets, today = request.plan.targets, situation.today
    for found in plan.drift:
        known = situation.state.drift.get(found.address)
        is_same = known is not None and known.live == fingerprint_of(found.live)
        is_accepted = known is not None and is_same and known.is_accepted(today)
        if (targets.include or not is_accepted) and _wants_words(found, situation):
            yield Wish(found=found, situation=situation)


def _wants_words(found: Drift, situation: PlanningContext) -> bool:
    """Whether the manifests would have to say anything else than they do."""
    if found.sort is DriftSort.UNVERIFIED:
        return False
    wanted, live = situation.wanted.get(found.address), found.live
    if found.sort is DriftSort.GONE:
        return wanted is not None
    if found.sort is DriftSort.CHANGED and wanted is not None and live is not None:
        return not live.fits(wanted.attributes) and live.status in (Status.ACTIVE, Status.INVITED)
    return True


def _why_not(found: Drift) -> str:
    """Why only a person can say what the manifests should; empty where that is what is live."""
    if found.fate is Fate.UNREAD:
        return "it could not be looked at, so nobody knows what is there now"
    return _FOR_A_PERSON.get(found.sort, "")


def _for_a_person(found: Drift) -> NotAdopted:
    reason = f"{found.why}; {_why_not(found)}"
    return NotAdopted(address=found.address, reason=reason, advice=found.outlook)


def _not_written(wish: Wish, error: ManifestError) -> NotAdopted:
    """Why the edit would have made a mistake, in the words for somebody who does not see the edit."""
    finding, address = error.findings[0], wish.found.address
    reason = f"{finding.place}: {finding.message}"
    declared = wish.situation.wanted.get(address)
    if finding.id == "two-roles" and declared is not None:
        through = ", ".join(sorted({one.through for one in declared.lines if one.through}))
        reason = f"it comes through {through}, and changing that changes it for others too"
    return NotAdopted(address=address, reason=reason, advice=finding.advice)


def _get_acquainted(worlds: Worlds, wishes: Sequence[Wish], provider_for: ProviderFor) -> Acquaintance:
    """Keys for what is live and nobody declared, in the organizations in question."""
    involved = {wish.situation.organization.key: wish.situation for wish in wishes}
    scopes = Scopes(worlds.desired)
    live: dict[str, Live] = {}
    names: dict[str, Mapping[Address, str]] = {}
    for key, situation in involved.items():
        known = worlds.desired.resources.get(key, {})
        new = {address: one for address, one in situation.live.resources.items() if address not in known}
        provider = provider_for(situation.organization)
        live[key] = replace(situation.live, resources=new)
        if new and isinstance(provider, Explorer):
            names[key] = provider.read_names(scopes.scope_of(key, situation.state))
    organizations = [situation.organization for situation in involved.values()]
    return acquaint(organizations, live, names, known=worlds.desired)


def _amend_all(
    request: AdoptionRequest, wishes: Sequence[Wish], acquaintance: Acquaintance, worlds: Worlds
) -> tuple[Amendment, list[NotAdopted]]:
    """All at once where that works; else one after the other, so that one refusal does not stop the others."""
    start = Amendment(
        files=request.files,
        desired=worlds.desired,
        today=request.plan.today,
        allowed_domains=request.allowed_domains,
    )
    try:
        return amend(start, wishes, acquaintance), []
    except (ManifestError, NotExpressible):
        made, refused = start, []
    for wish in wishes:
        if acquaintance.rename(wish.found.address) in made.touched:
            continue  # it came along with another one
        try:
            made = amend(made, [wish], acquaintance)
        except ManifestError as error:
            refused.append(_not_written(wish, error))
        except NotExpressible as error:
            refused.append(NotAdopted(address=wish.found.address, reason=str(error)))
    return made, refused


def _text(file: SourceFile) -> str:
    return (file.data or b"").decode("utf-8-sig")
