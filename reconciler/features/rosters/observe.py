"""Taking in what a person read off a system that no program can read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from reconciler.apply.scopes import Scopes
from reconciler.apply.state_editor import Deeds, StateEditor
from reconciler.apply.states import new_lineage, read_state
from reconciler.engine.identities import Identities, under_todays_names
from reconciler.features.rosters.entries import Entry
from reconciler.features.rosters.parse import ParsedRoster, parse_roster
from reconciler.features.rosters.resources import Understanding, understand_apps, understand_around, understand_members
from reconciler.features.rosters.sheet import fold
from reconciler.manifests.notes import Notes
from reconciler.model.declared import Desired, Organization
from reconciler.model.errors import ReconcilerError, StoreError
from reconciler.model.finding import Place
from reconciler.model.live import Live, Unknown
from reconciler.model.resource import Resource, Status
from reconciler.model.roster import Observation, Roster, RosterDifference
from reconciler.model.state import State
from reconciler.model.suggestions import suggest_names
from reconciler.model.system import System
from reconciler.systems import SYSTEMS

KINDS = ("member", "app")
"""What can be handed in; a list of apps may tell their managers too."""
_MAX_SHOWN = 2
"""So many can leave between two looks without anybody wondering whether the file is whole."""
_LIKE = 0.5
"""Half of all whom two lists name are in both: less, and they are hardly of one organization."""
_PART = "only a part of the list was handed in"


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterFile:
    """A file as it was handed in."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What is handed in, and what whoever hands it in says about it."""

    organization: str
    files: tuple[RosterFile, ...]
    """Several pages of one list."""
    kind: str = "member"
    form: str = ""
    """One of `FORMS`; told from the text when empty."""
    taken: datetime
    observed_by: str = ""
    is_part: bool = False
    """Whoever is not listed stays unknown."""
    is_whole: bool = False
    """Everything is listed, although much less than before."""
    is_vouched_for: bool = False
    """It is of this organization, although it looks like another's."""


def look(
    sighting: Sighting, *, desired: Desired, state: State, elsewhere: Mapping[str, State] = MappingProxyType({})
) -> Observation:
    """What a roster says, and what it says otherwise than the one before; nothing is kept.

    `elsewhere` has the states of other organizations, whose list this may be.
    """
    organization = get_organization(sighting, desired)
    state = under_todays_names(state, Identities(desired)).state
    notes = Notes()
    parsed = {
        file.name: parse_roster(
            file.data, file=file.name, system=organization.system, kind=sighting.kind, form=sighting.form
        )
        for file in sighting.files
    }
    readable = all(one.is_readable for one in parsed.values())
    scope = Scopes(desired).scope_of(organization.key, state)
    made = Understanding.begin(scope, desired.people, notes)
    kinds = _understand(sighting.kind, parsed, made) if readable else ()
    if readable:
        _judge_use(sighting, made)
        _judge_extent(sighting, organization, parsed, state, made)
        _judge_origin(sighting, parsed, state, elsewhere, made)
        _judge_time(sighting, state, made)
    rosters = tuple(_roster(kind, sighting, made) for kind in kinds)
    known = {kind: state.rosters[kind] for kind in kinds if kind in state.rosters}
    findings = [*notes.findings, *(finding for one in parsed.values() for finding in one.findings)]
    return Observation(
        organization=organization.key,
        title=organization.system.title,
        rosters=rosters,
        findings=tuple(sorted(findings, key=lambda finding: finding.sort_key)),
        texts={name: one.text for name, one in parsed.items()},
        places=made.places,
        previous=max((roster.taken for roster in known.values()), default=None),
        differences=tuple(_differences(known, rosters)),
    )


def observe(sighting: Sighting, *, desired: Desired, upkeep: StateEditor) -> Observation:
    """Make a roster the organization's, unless it cannot be used; then the state stays as it is."""
    seen: list[Observation] = []
    elsewhere = _states_elsewhere(sighting, upkeep)

    def take_in(state: State) -> tuple[State, Deeds]:
        observation = look(sighting, desired=desired, state=state, elsewhere=elsewhere)
        seen.append(observation)
        if not observation.is_usable:
            return state, []
        rosters = {**state.rosters, **{roster.kind: roster for roster in observation.rosters}}
        # The first roster may be the first thing that is known of the organization; the audit log names it by this.
        lineage = state.lineage or new_lineage()
        return replace(state, rosters=rosters, lineage=lineage), list(_deeds(observation))

    get_organization(sighting, desired)
    upkeep.edit(sighting.organization, purpose="observe", change=take_in)
    return replace(seen[0], is_kept=seen[0].is_usable)


def look_only(sighting: Sighting, *, desired: Desired, upkeep: StateEditor) -> Observation:
    """What `observe` would find now."""
    get_organization(sighting, desired)
    state = read_state(upkeep.store, sighting.organization)
    return look(sighting, desired=desired, state=state, elsewhere=_states_elsewhere(sighting, upkeep))


def _states_elsewhere(sighting: Sighting, upkeep: StateEditor) -> dict[str, State]:
    """The states of all other organizations for which files were handed in, except those that are damaged."""
    found: dict[str, State] = {}
    for organization in upkeep.store.organizations():
        if organization == sighting.organization:
            continue
        with suppress(StoreError):
            state = read_state(upkeep.store, organization)
            if state.rosters:
                found[organization] = state
    return found


def get_organization(sighting: Sighting, desired: Desired) -> Organization:
    """The organization that the roster is of; raises ReconcilerError when it is not declared, or has no such things."""
    organization = desired.organizations.get(sighting.organization)
    if organization is None:
        known = desired.organizations
        advice = suggest_names(sighting.organization, known) or f"there are: {', '.join(sorted(known))}"
        raise ReconcilerError(f"no organization {sighting.organization!r} is declared", advice=advice)
    if sighting.kind not in organization.system.kinds:
        message = f"{organization.key} is a {organization.system.title}, which has no {sighting.kind}s"
        raise ReconcilerError(message)
    return organization


def _understand(kind: str, parsed: Mapping[str, ParsedRoster], made: Understanding) -> tuple[str, ...]:
    entries = [(name, entry) for name, one in parsed.items() for entry in one.entries]
    if kind == "member":
        understand_members(entries, made)
        understand_around(((name, cell) for name, one in parsed.items() for cell in one.around), made)
        return ("member",)
    tells_managers = understand_apps(entries, made)
    has_managers = "app_access" in made.scope.organization.system.kinds
    return ("app", "app_access") if tells_managers and has_managers else ("app",)


def _judge_use(sighting: Sighting, made: Understanding) -> None:
    """A file that tells nothing of anybody is most likely another one, and must not take the place of a roster."""
    if f"{made.organization}/{sighting.kind}/" in made.unknown and not made.of_kind(sighting.kind):
        place = Place(sighting.files[0].name, 1, 1)
        what = "whom" if sighting.kind == "member" else "which app"
        advice = "make sure that this is the right file; in a list, addresses tell people best"
        made.notes.error("roster-unreadable", f"no row tells {what} it is about", place, advice=advice)


def _judge_extent(
    sighting: Sighting,
    organization: Organization,
    parsed: Mapping[str, ParsedRoster],
    state: State,
    made: Understanding,
) -> None:
    """Whether the file looks like everything; what is not listed in a part of it is unknown."""
    rows = sum(len(one.entries) for one in parsed.values())
    place = Place(next(iter(parsed)), 1, 1)
    cut = list(_signs_of_a_cut(parsed, rows))
    doubts = [] if sighting.is_whole else list(_doubts(sighting, organization, rows, state, made))
    if not sighting.is_whole and len(parsed) == 1:
        doubts += [odd for one in parsed.values() for odd in one.extent.odd]
    if sighting.is_part:
        _leave_open(sighting.kind, made, _PART)
    elif cut:
        advice = "hand in the rest too (`--from` can be given for each page), or take it as a part: --accept-partial"
        made.notes.error("roster-cut", f"rows are missing: {'; '.join(cut)}", place, advice=advice)
    elif doubts:
        advice = "--accept-partial takes it as a part; --complete says that it is everything"
        made.notes.error("roster-cut", f"rows seem to be missing: {'; '.join(doubts)}", place, advice=advice)
    elif strange := [] if sighting.is_whole else [what for one in parsed.values() for what in one.extent.strange]:
        reason = f"not understood beside the list: {', '.join(strange)}"
        _leave_open(sighting.kind, made, reason)
        advice = "--complete says that everything is listed; until then, whoever is not listed is unknown"
        made.notes.warning("roster-not-understood", reason, place, advice=advice)


def _judge_origin(
    sighting: Sighting,
    parsed: Mapping[str, ParsedRoster],
    state: State,
    elsewhere: Mapping[str, State],
    made: Understanding,
) -> None:
    """Whether it is a list of this organization at all; somebody can vouch for it, and that is written down."""
    signs = list(_signs_of_another(sighting, parsed, state, elsewhere, made))
    if not signs:
        return
    place = Place(sighting.files[0].name, 1, 1)
    if sighting.is_vouched_for:
        made.notes.warning("roster-foreign", f"taken on somebody's word, although {'; '.join(signs)}", place)
        return
    advice = "look whether it is the right file; --same-organization says that it is, and that is written down"
    made.notes.error(
        "roster-foreign", f"it seems to be of another organization: {'; '.join(signs)}", place, advice=advice
    )


def _signs_of_another(
    sighting: Sighting,
    parsed: Mapping[str, ParsedRoster],
    state: State,
    elsewhere: Mapping[str, State],
    made: Understanding,
) -> Iterator[str]:
    digest = digest_of(sighting.files)
    other = next(
        (key for key, one in elsewhere.items() if digest in {roster.digest for roster in one.rosters.values()}), None
    )
    if other is not None:
        yield f"the same file was handed in for {other}"
    listed = {one.address.key for one in made.of_kind(sighting.kind)}
    known = _known_keys(sighting.kind, state)
    if listed and len(known) >= _MAX_SHOWN and known.isdisjoint(listed):
        yield f"nobody whom it lists was known, and none of the {len(known)} who were is in it"
    elif other is None and (likeness := _likeness(listed, known)) < _LIKE and len(known) >= _MAX_SHOWN:
        people = {key: _known_keys(sighting.kind, one) for key, one in elsewhere.items()}
        closest = max(people, key=lambda key: _likeness(listed, people[key]), default="")
        if closest and _likeness(listed, people[closest]) > max(likeness, _LIKE):
            there, here = len(listed & people[closest]), len(listed & known)
            yield f"of {len(listed)} whom it lists, {there} are known in {closest}, and {here} here"
    if sighting.kind == "member":
        system = made.scope.organization.system
        words = {word for one in parsed.values() for entry in one.entries for word in _role_words(entry, system)}
        if (theirs := _system_of(words, system)) is not None:
            yield f"its roles ({', '.join(sorted(words))}) are those of a {theirs.title}"


def _likeness(some: set[str], others: set[str]) -> float:
    """From 0, nobody in common, to 1, the same people."""
    return len(some & others) / max(len(some | others), 1)


def _known_keys(kind: str, state: State) -> set[str]:
    """Everybody who was there, by the last roster and by the records."""
    listed = state.rosters[kind].resources if kind in state.rosters else ()
    recorded = [record for record in state.records.values() if record.address.kind == kind]
    statuses = [(one.address, one.status) for one in listed] + [(one.address, one.status) for one in recorded]
    return {address.key for address, status in statuses if not status.is_gone}


def _role_words(entry: Entry, system: System) -> Iterator[str]:
    """The words that the file itself has for a role."""
    if entry.aliases:
        yield from map(fold, entry.aliases)
    elif entry.role:
        yield from (fold(role.label) for role in system.roles.get("member", ()) if role.name == entry.role)
    yield from map(fold, entry.strange_roles)


def _system_of(words: set[str], system: System) -> System | None:
    """The one other system whose own words these are, where they are not all words of this one."""
    if len(words) < _MAX_SHOWN or words <= _own_words(system):
        return None
    others = (one for variants in SYSTEMS.values() for one in variants.values() if one.name != system.name)
    return next((one for one in others if words <= _own_words(one)), None)


def _own_words(system: System) -> set[str]:
    roles = system.roles.get("member", ())
    return {fold(word) for role in roles for word in (role.name, role.name.replace("_", " "), role.label)}


def _judge_time(sighting: Sighting, state: State, made: Understanding) -> None:
    """What is newer is never replaced by something older."""
    present = state.rosters.get(sighting.kind)
    if present is not None and sighting.taken < present.taken:
        place = Place(sighting.files[0].name, 1, 1)
        when = f"{sighting.taken:%Y-%m-%d %H:%MZ}, and the present roster on {present.taken:%Y-%m-%d %H:%MZ}"
        made.notes.error("roster-old", f"it was taken on {when}", place, advice="take a new one")


def _leave_open(kind: str, made: Understanding, reason: str) -> None:
    for open_kind in (kind, *(("app_access",) if kind == "app" else ())):
        made.unknown.setdefault(f"{made.organization}/{open_kind}/", reason)


def _signs_of_a_cut(parsed: Mapping[str, ParsedRoster], rows: int) -> Iterator[str]:
    """What the files themselves say."""
    extents = {name: one.extent for name, one in parsed.items()}
    total = max((one.total for one in extents.values() if one.total is not None), default=None)
    if total is not None and total > rows:
        yield f"the page speaks of {total}, and the file has {rows}"
    pages = max(one.pages for one in extents.values())
    if pages > len(parsed):
        yield f"there are {pages} pages, and {len(parsed)} of them here"
    if all(one.more for one in extents.values()):
        # Of several pages, one is the last, and leads nowhere.
        name, last = next(reversed(extents.items()))
        yield f"{name}: {last.more}" if len(parsed) > 1 else last.more
    for name, one in parsed.items():
        if one.cut:
            yield f"{name}: {one.cut}" if len(parsed) > 1 else one.cut


def _doubts(
    sighting: Sighting, organization: Organization, rows: int, state: State, made: Understanding
) -> Iterator[str]:
    """What is odd about it compared with what is known."""
    known = _known(sighting.kind, state)
    if rows * 2 <= known and known - rows >= _MAX_SHOWN:
        yield f"{known} were known, and the file has {rows}"
    admins = [one for one in made.of_kind("member") if _is_admin(one, organization)]
    if sighting.kind == "member" and not made.unknown and not admins:
        yield "nobody in it manages members, and somebody must"


def _known(kind: str, state: State) -> int:
    """How many there were, by the last roster and by the records, whichever knows of more."""
    listed = state.rosters[kind].resources if kind in state.rosters else ()
    recorded = [record for record in state.records.values() if record.address.kind == kind]
    return max(
        sum(not one.status.is_gone for one in listed),
        sum(not one.status.is_gone for one in recorded),
    )


def _is_admin(member: Resource, organization: Organization) -> bool:
    return member.status is Status.ACTIVE and organization.system.administers(str(member.attributes.get("role", "")))


def _roster(kind: str, sighting: Sighting, made: Understanding) -> Roster:
    return Roster(
        kind=kind,
        taken=sighting.taken,
        observed_by=sighting.observed_by,
        source=", ".join(file.name.rpartition("/")[2] for file in sighting.files),
        digest=digest_of(sighting.files),
        resources=made.of_kind(kind),
        unknown=made.unknown_of(kind),
    )


def digest_of(files: Sequence[RosterFile]) -> str:
    """SHA-256 of the file; of several, that of their digests one below the other."""
    digests = [hashlib.sha256(file.data).hexdigest() for file in files]
    return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _differences(known: Mapping[str, Roster], rosters: Iterable[Roster]) -> Iterator[RosterDifference]:
    for roster in rosters:
        if roster.kind not in known:
            continue
        before = {one.address: one for one in known[roster.kind].resources}
        after = {one.address: one for one in roster.resources}
        for address in sorted({*before, *after}):
            was, now = before.get(address), after.get(address)
            if now is None and isinstance(_as_live(roster, address.organization).find(address), Unknown):
                continue
            if was is None or now is None or _shown(was) != _shown(now):
                yield RosterDifference(address=address, before=was, after=now)


def _shown(resource: Resource) -> tuple[object, ...]:
    """What a reader calls a change; a page that shows addresses where an earlier one showed names is none."""
    return (resource.attributes, resource.status, resource.pending)


def _as_live(roster: Roster, organization: str) -> Live:
    return Live(organization=organization, unknown=roster.unknown)


def _deeds(observation: Observation) -> Iterator[tuple[str, str, str]]:
    """What the audit log keeps: the file by its digest, and how much of it there is."""
    whole = f"{observation.organization}/organization/{observation.organization}"
    for roster in observation.rosters:
        detail = f"{roster.kind} roster of {roster.taken:%Y-%m-%dT%H:%M:%SZ}: {len(roster.resources)} rows"
        detail += f", {len(roster.unknown)} unknown" if roster.unknown else ""
        vouched = next((f"; {one.message}" for one in observation.findings if one.id == "roster-foreign"), "")
        yield whole, "observe", f"{detail}, from {roster.source}, sha256:{roster.digest}{vouched}"
