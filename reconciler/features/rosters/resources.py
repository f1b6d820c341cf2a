"""From the entries of a roster to resources: nothing is guessed, and what is unclear is unknown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.features.rosters.entries import Entry
from reconciler.features.rosters.identity_matcher import Face, IdentityMatcher
from reconciler.features.rosters.sheet import Cell, fold
from reconciler.features.rosters.tables import shorten
from reconciler.features.rosters.vocabulary import IDENTITIES, Vocabulary, find_identities, without_you
from reconciler.manifests.notes import Notes
from reconciler.model.address import Address
from reconciler.model.declared import Person
from reconciler.model.finding import Place
from reconciler.model.ports import Scope
from reconciler.model.resource import Resource, Status

_FIX_PERSON = "add the address to the person in the manifests, or hand in a list with addresses"
_FIX_ROW = "correct the line, and hand the file in again"


@dataclass(slots=True, kw_only=True)
class Understanding:
    """What the rows of all files say so far."""

    scope: Scope
    faces: IdentityMatcher
    notes: Notes
    resources: dict[Address, Resource] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    places: dict[Address, Place] = field(default_factory=dict)

    @classmethod
    def begin(cls, scope: Scope, people: Mapping[str, Person], notes: Notes) -> Understanding:
        """With nothing read yet."""
        return cls(scope=scope, faces=IdentityMatcher.of(scope, people), notes=notes)

    @property
    def organization(self) -> str:
        """Key of the organization that the roster is of."""
        return self.scope.organization.key

    def of_kind(self, kind: str) -> tuple[Resource, ...]:
        """The resources of one kind, sorted by address."""
        return tuple(self.resources[address] for address in sorted(self.resources) if address.kind == kind)

    def unknown_of(self, kind: str) -> dict[str, str]:
        """What is unknown of one kind."""
        prefix = f"{self.organization}/{kind}/"
        return {known: why for known, why in sorted(self.unknown.items()) if known.startswith(prefix)}

    def doubt(self, prefix: str, reason: str, place: Place, *, id_: str, advice: str) -> None:
        """Nothing is known of what begins so, except what other rows show."""
        self.unknown[prefix] = f"line {place.line} of {place.file.rpartition('/')[2]}: {reason}"
        self.notes.warning(id_, reason, place, advice=advice)


def understand_members(entries: Sequence[tuple[str, Entry]], made: Understanding) -> None:
    """Everybody who is listed; whoever is in comes before whoever was invited, and those before all others."""
    for file, entry in sorted(entries, key=lambda item: _rank(item[1].status)):
        place = Place(file, entry.line, 1)
        face = made.faces.tell(entry.identities, entry.names, is_sure=entry.is_sure)
        if isinstance(face, str):
            # It may be anybody, so nobody who is not listed can be said to be absent.
            made.doubt(f"{made.organization}/member/", face, place, id_="roster-person", advice=_FIX_PERSON)
        else:
            _add_member(face, entry, place, made)
    for file, entry in entries:
        for name in entry.names if len(entry.names) > 1 else ():
            # One of several texts beside an address may be a row of its own that shows nothing but a name.
            face = made.faces.tell((), (name,))
            if isinstance(face, Face):
                _doubt_presence(face, Place(file, entry.line, 1), made)


def understand_around(cells: Iterable[tuple[str, Cell]], made: Understanding) -> None:
    """Whoever is named outside of all rows may be listed there, in a row that was not understood as one."""
    for file, cell in cells:
        faces = [made.faces.tell((said,), ()) for said in find_identities(cell.text)] or [
            made.faces.tell((), (without_you(cell.text),))
        ]
        for face in faces:
            if isinstance(face, Face):
                _doubt_presence(face, Place(file, cell.line, 1), made)


def _doubt_presence(face: Face, place: Place, made: Understanding) -> None:
    address = Address(made.organization, "member", face.key)
    if address not in made.resources and str(address) not in made.unknown:
        reason = f"{face.key} is named outside of every row that was understood"
        made.doubt(str(address), reason, place, id_="roster-row", advice=_FIX_ROW)


def _rank(status: Status | None) -> int:
    return 0 if status is None or status is Status.ACTIVE else 1 if status.is_pending else 2


def _add_member(face: Face, entry: Entry, place: Place, made: Understanding) -> None:
    address = Address(made.organization, "member", face.key)
    taken = made.resources.get(address)
    if taken is not None and face.identity and taken.identity not in {"", face.identity}:
        # The same person under another address is another membership.
        address = Address(made.organization, "member", face.identity)
        taken = made.resources.get(address)
    if str(address) in made.unknown:
        return
    if entry.unclear:
        made.resources.pop(address, None)
        made.doubt(str(address), entry.unclear, place, id_="roster-row", advice=_FIX_ROW)
        return
    resource = _member(address, face, entry, made)
    if taken is None:
        made.resources[address], made.places[address] = resource, place
    elif resource.status.is_gone or (resource.attributes, resource.status) == (taken.attributes, taken.status):
        made.notes.note("roster-duplicate", f"{address.key} is listed twice", place, related=(made.places[address],))
    else:
        made.resources.pop(address)
        reason = f"{address.key} is listed twice, and not alike"
        made.doubt(str(address), reason, place, id_="roster-row", advice=_FIX_ROW)


def _member(address: Address, face: Face, entry: Entry, made: Understanding) -> Resource:
    has_finance = "member.finance" in made.scope.organization.system.roles
    return Resource(
        address=address,
        attributes={"role": entry.role, **({"finance": entry.finance} if entry.finance else {})},
        status=entry.status or Status.ACTIVE,
        identity=face.identity,
        name=entry.names[0] if len(entry.names) == 1 else "",
        since=entry.since,
        unread=("finance",) if has_finance and entry.finance is None else (),
    )


def understand_apps(entries: Iterable[tuple[str, Entry]], made: Understanding) -> bool:
    """Every app that is listed; returns whether the list tells who manages them."""
    keys = {identity.casefold(): key for (kind, key), identity in made.scope.assets.items() if kind == "app"}
    tells_managers = False
    for file, entry in entries:
        place = Place(file, entry.line, 1)
        key = keys.get(entry.client_key.casefold(), entry.client_key)
        if not entry.client_key or "/" in key:
            reason = f"`{shorten(entry.client_key)}` is no client key" if key else "no client key"
            made.doubt(f"{made.organization}/app/", reason, place, id_="roster-row", advice=_FIX_ROW)
            made.unknown[f"{made.organization}/app_access/"] = made.unknown[f"{made.organization}/app/"]
            continue
        _add_app(Address(made.organization, "app", key), entry, place, made)
        if entry.managers is not None:
            tells_managers = True
            _add_managers(key, entry, place, made)
    return tells_managers


def _add_app(address: Address, entry: Entry, place: Place, made: Understanding) -> None:
    owner = None if entry.unclear else _owner(entry.owner, made)
    if owner is None:
        reason = entry.unclear or f"`{shorten(entry.owner)}` is neither this organization nor a person in the directory"
        made.doubt(str(address), reason, place, id_="roster-row", advice=_FIX_ROW)
        return
    ours = f"organization:{made.organization}"
    is_offered = entry.status is Status.AWAITING_ACCEPTANCE and owner != ours
    resource = Resource(
        address=address,
        attributes={"owner": owner},
        status=Status.AWAITING_ACCEPTANCE if is_offered else Status.ACTIVE,
        identity=entry.client_key,
        since=entry.since,
        pending={"owner": ours} if is_offered else {},
    )
    if address in made.resources and made.resources[address] != resource:
        del made.resources[address]
        made.doubt(str(address), f"{address.key} is listed twice", place, id_="roster-row", advice=_FIX_ROW)
    elif str(address) not in made.unknown:
        made.resources[address], made.places[address] = resource, place


def _owner(text: str, made: Understanding) -> str | None:
    """Who owns an app, in the words of manifests."""
    organization = made.scope.organization
    if fold(text) in {fold(organization.name), fold(organization.identity)} - {""}:
        return f"organization:{organization.key}"
    face = _face_in(text, made)
    return None if isinstance(face, str) else f"person:{face.key}"


def _face_in(text: str, made: Understanding) -> Face | str:
    """The person whom a cell names by an address or a name alone."""
    heard = Vocabulary(made.scope.organization.system, "app").hear(text)
    identities = tuple(said for said in heard if said.sort in IDENTITIES)
    names = () if identities else (text,)
    return made.faces.tell(identities, names)


def _add_managers(app: str, entry: Entry, place: Place, made: Understanding) -> None:
    for manager in entry.managers or ():
        face = _face_in(manager, made)
        if isinstance(face, str):
            prefix = f"{made.organization}/app_access/{app}/"
            made.doubt(prefix, face, place, id_="roster-person", advice=_FIX_PERSON)
            continue
        address = Address(made.organization, "app_access", f"{app}/{face.key}")
        made.resources[address] = Resource(address=address, attributes={"role": "app_manager"})
        made.places[address] = place
