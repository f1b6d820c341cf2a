"""Taking in what a person read off a system that no program can read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from reconciler.apply.planning import Scopes
from reconciler.apply.state_editor import Edits, StateEditor
from reconciler.apply.states import new_lineage, read_state
from reconciler.engine.identities import Identities, rename_to_today
from reconciler.features.rosters.parse import ParsedRoster, find_other_system, parse_roster
from reconciler.features.rosters.resources import IdentityMatcher, ResourceReader
from reconciler.manifests.source import SourceFile
from reconciler.model import (
    Address,
    Desired,
    Live,
    Notes,
    Observation,
    Organization,
    Part,
    Place,
    ReconcilerError,
    Resource,
    Roster,
    RosterDifference,
    State,
    Status,
    StoreError,
    Unknown,
    count,
    dataclass,
    is_administrator,
    suggest_names,
)

_MIN_MISSING = 2
"""Fewer can leave between two looks without anybody wondering whether the file is whole."""
_MIN_LIKENESS = 0.5
"""Half of all whom two lists name are in both: less, and they are hardly of one organization."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What is handed in, and what whoever hands it in says about it."""

    organization: str
    files: tuple[SourceFile, ...]
    """Several pages of one list."""
    kind: str = "member"
    """Or `app`; a list of apps may tell their managers too."""
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

    @property
    def digest(self) -> str:
        """SHA-256 of the file; of several, that of their digests one below the other."""
        digests = [hashlib.sha256(file.data or b"").hexdigest() for file in self.files]
        return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()


def look(
    sighting: Sighting, *, desired: Desired, state: State, elsewhere: Mapping[str, State] = MappingProxyType({})
) -> Observation:
    """What a roster says, and what it says otherwise than the one before; nothing is kept.

    `elsewhere` has the states of other organizations, whose list this may be.
    """
    organization = _get_organization(sighting, desired)
    state = rename_to_today(state, Identities(desired)).state
    parsed = {
        file.path: parse_roster(
            file.data or b"", file=file.path, system=organization.system, kind=sighting.kind, form=sighting.form
        )
        for file in sighting.files
    }
    scope = Scopes(desired).scope_of(organization.key, state)
    notes = Notes()
    reader = ResourceReader(scope=scope, people=IdentityMatcher.of(scope, desired.people), notes=notes)
    kinds: tuple[str, ...] = ()
    if all(one.is_readable for one in parsed.values()):
        kinds = _read_resources(sighting.kind, parsed, reader)
        _Judge(sighting, organization, parsed, state, elsewhere, reader).judge()
    rosters = tuple(
        Roster(
            kind=kind,
            taken=sighting.taken,
            observed_by=sighting.observed_by,
            source=", ".join(file.path.rpartition("/")[2] for file in sighting.files),
            digest=sighting.digest,
            resources=reader.of_kind(kind),
            unknown=reader.unknown_of(kind),
        )
        for kind in kinds
    )
    known = {kind: state.rosters[kind] for kind in kinds if kind in state.rosters}
    findings = [*notes.findings, *(finding for one in parsed.values() for finding in one.findings)]
    return Observation(
        organization=organization.key,
        title=organization.system.title,
        rosters=rosters,
        findings=tuple(sorted(findings, key=lambda finding: finding.sort_key)),
        texts={name: one.text for name, one in parsed.items()},
        places=reader.places,
        previous=max((roster.taken for roster in known.values()), default=None),
        differences=tuple(_compare(known, rosters)),
    )


def observe(sighting: Sighting, *, desired: Desired, editor: StateEditor, is_dry: bool = False) -> Observation:
    """Make a roster the organization's; with `is_dry`, and when it cannot be used, the state stays as it is."""
    _get_organization(sighting, desired)
    elsewhere = _read_elsewhere(sighting, editor)
    if is_dry:
        state = read_state(editor.store, sighting.organization)
        return look(sighting, desired=desired, state=state, elsewhere=elsewhere)
    seen: list[Observation] = []

    def keep(state: State) -> tuple[State, Edits]:
        observation = look(sighting, desired=desired, state=state, elsewhere=elsewhere)
        seen.append(observation)
        if not observation.is_usable:
            return state, []
        rosters = {**state.rosters, **{roster.kind: roster for roster in observation.rosters}}
        # The first roster may be the first thing that is known of the organization; the audit log names it by this.
        lineage = state.lineage or new_lineage()
        return replace(state, rosters=rosters, lineage=lineage), list(_audit_details(observation))

    editor.edit(sighting.organization, purpose="observe", change=keep)
    return replace(seen[0], is_kept=seen[0].is_usable)


def _read_elsewhere(sighting: Sighting, editor: StateEditor) -> dict[str, State]:
    """The states of all other organizations for which files were handed in, except those that are damaged."""
    found: dict[str, State] = {}
    for organization in editor.store.organizations():
        if organization == sighting.organization:
            continue
        with suppress(StoreError):
            state = read_state(editor.store, organization)
            if state.rosters:
                found[organization] = state
    return found


def _get_organization(sighting: Sighting, desired: Desired) -> Organization:
    """The organization that the roster is of; raises ReconcilerError when it is not declared, or has no such things."""
    organization = desired.organizations.get(sighting.organization)
    if organization is None:
        known = desired.organizations
        advice = suggest_names(sighting.organization, known) or f"there are: {', '.join(sorted(known))}"
        raise ReconcilerError(f"no organization {sighting.organization!r} is declared", advice=advice)
    if sighting.kind not in organization.system.kinds:
        raise ReconcilerError(f"{organization.key} is a {organization.system.title}, which has no {sighting.kind}s")
    return organization


def _read_resources(kind: str, parsed: Mapping[str, ParsedRoster], reader: ResourceReader) -> tuple[str, ...]:
    """Read the entries of all files; returns the kinds of which they say something."""
    entries = [(name, entry) for name, one in parsed.items() for entry in one.entries]
    if kind == "member":
        reader.read_members(entries, ((name, cell) for name, one in parsed.items() for cell in one.around))
        return ("member",)
    tells_managers = reader.read_apps(entries)
    has_managers = "app_access" in reader.scope.organization.system.kinds
    return ("app", "app_access") if tells_managers and has_managers else ("app",)


@dataclass(frozen=True, slots=True)
class _Judge:
    """Notes what speaks against taking what was read for the whole list of the organization as it is now."""

    sighting: Sighting
    organization: Organization
    parsed: Mapping[str, ParsedRoster]
    state: State
    elsewhere: Mapping[str, State]
    reader: ResourceReader

    @property
    def place(self) -> Place:
        """The beginning of the first file."""
        return Place(self.sighting.files[0].path, 1, 1)

    def judge(self) -> None:
        """Whether it is a list of the right things, whole, of this organization, and newer than the present one."""
        sighting, notes = self.sighting, self.reader.notes
        if Part.all_of(self.organization.key, sighting.kind) in self.reader.unknown and not self.listed:
            # A file that tells nothing of anybody is most likely another one, and must not replace a roster.
            what = "whom" if sighting.kind == "member" else "which app"
            advice = "make sure that this is the right file; in a list, addresses tell people best"
            notes.error("roster-unreadable", f"no row tells {what} it is about", self.place, advice=advice)
        self._judge_extent()
        signs = "; ".join(self._signs_of_another())
        if signs and sighting.is_vouched_for:
            notes.warning("roster-foreign", f"taken on somebody's word, although {signs}", self.place)
        elif signs:
            advice = "look whether it is the right file; --same-organization says that it is, and that is written down"
            notes.error("roster-foreign", f"it seems to be of another organization: {signs}", self.place, advice=advice)
        present = self.state.rosters.get(sighting.kind)
        if present is not None and sighting.taken < present.taken:
            when = f"{sighting.taken:%Y-%m-%d %H:%MZ}, and the present roster on {present.taken:%Y-%m-%d %H:%MZ}"
            notes.error("roster-old", f"it was taken on {when}", self.place, advice="take a new one")

    @property
    def listed(self) -> set[str]:
        """Keys of everything that it lists."""
        return {one.address.key for one in self.reader.of_kind(self.sighting.kind)}

    def _judge_extent(self) -> None:
        """Whether the file looks like everything; what is not listed in a part of it is unknown."""
        notes, extents = self.reader.notes, [one.extent for one in self.parsed.values()]
        cut = list(self._signs_of_a_cut())
        doubts, strange = list[str](), list[str]()
        if not self.sighting.is_whole:
            doubts = [*self._doubts(), *(extents[0].odd if len(extents) == 1 else ())]
            strange = [what for extent in extents for what in extent.strange]
        if self.sighting.is_part:
            self._leave_open("only a part of the list was handed in")
        elif cut:
            advice = (
                "hand in the rest too (`--from` can be given for each page), or take it as a part: --accept-partial"
            )
            notes.error("roster-cut", f"rows are missing: {'; '.join(cut)}", self.place, advice=advice)
        elif doubts:
            advice = "--accept-partial takes it as a part; --complete says that it is everything"
            notes.error("roster-cut", f"rows seem to be missing: {'; '.join(doubts)}", self.place, advice=advice)
        elif strange:
            reason = f"not understood beside the list: {', '.join(strange)}"
            self._leave_open(reason)
            advice = "--complete says that everything is listed; until then, whoever is not listed is unknown"
            notes.warning("roster-not-understood", reason, self.place, advice=advice)

    def _leave_open(self, reason: str) -> None:
        for kind in (self.sighting.kind, *(("app_access",) if self.sighting.kind == "app" else ())):
            self.reader.unknown.setdefault(Part.all_of(self.organization.key, kind), reason)

    def _signs_of_a_cut(self) -> Iterator[str]:
        """What the files themselves say."""
        files = self.parsed.items()
        rows = sum(len(one.entries) for _, one in files)
        total = max((one.extent.total for _, one in files if one.extent.total is not None), default=None)
        if total is not None and total > rows:
            yield f"the page speaks of {total}, and the file has {rows}"
        pages = max(one.extent.pages for _, one in files)
        if pages > len(files):
            yield f"there are {pages} pages, and {len(files)} of them here"
        found = [(name, one.extent.cut) for name, one in files if one.extent.cut]
        if all(one.extent.more for _, one in files):
            # Of several pages, one is the last, and leads nowhere.
            name = [*self.parsed][-1]
            found.insert(0, (name, self.parsed[name].extent.more))
        yield from (f"{name}: {why}" if len(files) > 1 else why for name, why in found)

    def _doubts(self) -> Iterator[str]:
        """What is odd about it compared with what is known."""
        rows = sum(len(one.entries) for one in self.parsed.values())
        known = max(map(len, _known_keys(self.sighting.kind, self.state)))
        if rows * 2 <= known and known - rows >= _MIN_MISSING:
            yield f"{known} were known, and the file has {rows}"
        has_admin = any(
            one.status is Status.ACTIVE and is_administrator(self.organization.system, "member", one.attributes)
            for one in self.reader.of_kind("member")
        )
        if self.sighting.kind == "member" and not self.reader.unknown and not has_admin:
            yield "nobody in it manages members, and somebody must"

    def _signs_of_another(self) -> Iterator[str]:
        """What shows that it is a list of another organization."""
        kind, digest, listed = self.sighting.kind, self.sighting.digest, self.listed
        handed_in = {key: {roster.digest for roster in one.rosters.values()} for key, one in self.elsewhere.items()}
        other = next((key for key, digests in handed_in.items() if digest in digests), None)
        if other is not None:
            yield f"the same file was handed in for {other}"
        known = set[str]().union(*_known_keys(kind, self.state))
        likeness = _likeness(listed, known)
        if listed and len(known) >= _MIN_MISSING and known.isdisjoint(listed):
            yield f"nobody whom it lists was known, and none of the {len(known)} who were is in it"
        elif other is None and likeness < _MIN_LIKENESS and len(known) >= _MIN_MISSING:
            people = {key: set[str]().union(*_known_keys(kind, one)) for key, one in self.elsewhere.items()}
            closest = max(people, key=lambda key: _likeness(listed, people[key]), default="")
            if closest and _likeness(listed, people[closest]) > max(likeness, _MIN_LIKENESS):
                there, here = len(listed & people[closest]), len(listed & known)
                yield f"of {len(listed)} whom it lists, {there} are known in {closest}, and {here} here"
        if kind == "member" and (found := find_other_system(self.parsed.values(), self.organization.system)):
            theirs, words = found
            yield f"its roles ({', '.join(words)}) are those of a {theirs.title}"


def _likeness(some: set[str], others: set[str]) -> float:
    """From 0, nobody in common, to 1, the same people."""
    return len(some & others) / max(len(some | others), 1)


def _known_keys(kind: str, state: State) -> tuple[set[str], set[str]]:
    """Everybody who was there, by the last roster and by the records."""
    listed: Sequence[Resource] = state.rosters[kind].resources if kind in state.rosters else ()
    recorded = [record for record in state.records.values() if record.address.kind == kind]
    return (
        {one.address.key for one in listed if not one.status.is_gone},
        {one.address.key for one in recorded if not one.status.is_gone},
    )


def _compare(known: Mapping[str, Roster], rosters: Iterable[Roster]) -> Iterator[RosterDifference]:
    """What has changed; a page that shows addresses where an earlier one showed names has not."""
    for roster in rosters:
        if roster.kind not in known:
            continue
        before = {one.address: one for one in known[roster.kind].resources}
        after = {one.address: one for one in roster.resources}
        for address in sorted({*before, *after}):
            was, now = before.get(address), after.get(address)
            live = Live(organization=address.organization, unknown=roster.unknown)
            if now is None and isinstance(live.find(address), Unknown):
                continue
            fields = [one and (one.attributes, one.status, one.pending) for one in (was, now)]
            if fields[0] != fields[1]:
                yield RosterDifference(address=address, before=was, after=now)


def _audit_details(observation: Observation) -> Iterator[tuple[str, str, str]]:
    """What the audit log keeps: the file by its digest, and how much of it there is."""
    whole = str(Address.whole(observation.organization))
    for roster in observation.rosters:
        detail = (
            f"{roster.kind} roster of {roster.taken:%Y-%m-%dT%H:%M:%SZ}: {count(len(roster.resources), 'row', 'rows')}"
        )
        detail += f", {len(roster.unknown)} unknown" if roster.unknown else ""
        vouched = next((f"; {one.message}" for one in observation.findings if one.id == "roster-foreign"), "")
        yield whole, "observe", f"{detail}, from {roster.source}, sha256:{roster.digest}{vouched}"
