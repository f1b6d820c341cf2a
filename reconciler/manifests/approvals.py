"""Approvals and moves: what names addresses rather than declaring them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from datetime import date, timedelta

from reconciler.manifests.documents import ManifestDocument
from reconciler.manifests.nodes import Cursor
from reconciler.manifests.words import note_twice, read_day
from reconciler.model.address import KINDS, Action, Address, Shape
from reconciler.model.declared import Approval, Declared, Move, Organization, Person
from reconciler.model.finding import Notes, Place, count, suggest_word
from reconciler.model.values import dataclass

Files = Iterable[tuple[ManifestDocument, Cursor]]

_TAKES_AWAY = frozenset({Action.CANCEL_INVITATION, *(kind.delete for kind in KINDS.values())})


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressBook:
    """What an address can name."""

    organizations: Mapping[str, Organization]
    people: Mapping[str, Person]
    resources: Mapping[str, Mapping[Address, Declared]]
    """Organization -> what is declared of it, today or on another day."""
    notes: Notes
    today: date | None

    def read(self, text: str, place: Place, *, organization_may_be_gone: bool = False) -> Address | None:
        """The address that `text` is; None after a finding."""
        try:
            address = Address.parse(text)
        except ValueError as error:
            self.notes.error("bad-address", str(error), place)
            return None
        if not self._is_whole(address, place):
            return None
        if organization_may_be_gone and address.organization not in self.organizations:
            return address
        return address if self._is_possible(address, place) else None

    def _is_whole(self, address: Address, place: Place) -> bool:
        """Whether the kind exists and the key has as many parts as the kind needs."""
        organization, kind, _ = address
        if kind not in KINDS:
            advice = suggest_word(kind, KINDS)
            self.notes.error("bad-address", f"`{kind}` in `{address}` is no kind of resource", place, advice=advice)
            return False
        parents = KINDS[kind].parents
        if len(address.parts) != max(len(parents), 1) or not all(address.parts):
            shape = "/".join(part.upper() for part in (parents or ("key",)))
            message = f"`{address}` does not name one {KINDS[kind].title}"
            self.notes.error("bad-address", message, place, advice=f"write {organization}/{kind}/{shape}")
            return False
        return True

    def _is_possible(self, address: Address, place: Place) -> bool:
        """Whether the organization is declared and can have such a thing."""
        organization, kind, _ = address
        if organization not in self.organizations:
            advice = suggest_word(organization, self.organizations)
            message = f"there is no organization `{organization}`"
            self.notes.error("unknown-organization", message, place, advice=advice)
            return False
        kinds = self.organizations[organization].system.kinds
        if kind not in kinds:
            message = f"`{organization}` can have no {KINDS[kind].title}"
            self.notes.error("bad-address", message, place, advice=suggest_word(kind, kinds))
            return False
        return True


@dataclass(frozen=True, slots=True)
class ApprovalReader:
    """Reads what is approved, and says where an approval cannot count."""

    book: AddressBook
    max_days: int | None
    """How far ahead an approval may end; None where that is not to be judged."""
    names: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """(organization, kind) -> addresses that are declared, listed once however many approvals name something else."""

    def read(self, files: Files) -> Iterator[Approval]:
        """The approvals; two that count for one change are told, as taking one of them out would change nothing."""
        notes, today = self.book.notes, self.book.today
        first: dict[tuple[Address, Action], Place] = {}
        for document, top in files:
            for index, written in enumerate(document.approvals):
                at = top.into("approvals").into(index)
                address, action = self.book.read(written.address, at.value("address")), Action(written.approve)
                expires = read_day(written.expires, "expires", at, notes)
                if not expires:
                    continue
                self._judge_day(expires, at)
                if not address or not self._is_about_something(address, action, at):
                    continue
                if not (today and expires < today) and first.setdefault((address, action), at.place) != at.place:
                    message = f"an approval to {action} {address} is given twice"
                    related = (first[address, action],)
                    notes.warning("listed-twice", message, at.place, advice="take one of them out", related=related)
                yield Approval(approve=action, address=address, reason=written.reason, expires=expires, place=at.place)

    def _judge_day(self, expires: date, at: Cursor) -> None:
        notes, today, place = self.book.notes, self.book.today, at.value("expires")
        if today and expires < today:
            notes.warning("ended-approval", f"this approval ended on {expires}", place, advice="delete it")
        if today and self.max_days is not None and (expires - today).days > self.max_days:
            last = today + timedelta(days=self.max_days)
            message = f"this approval lasts until {expires}, more than {count(self.max_days, 'day', 'days')}"
            advice = f"give a day up to {last}; guards.max_approval_days sets the limit"
            notes.error("approval-too-long", message, place, advice=advice)

    def _is_about_something(self, address: Address, action: Action, at: Cursor) -> bool:
        """Whether there is what it names. What is to go may be declared nowhere, but some person or other has it."""
        organization, kind = address.organization, KINDS[address.kind]
        declared, notes, place = self.book.resources.get(organization, {}), self.book.notes, at.value("address")
        if kind.shape is Shape.ORGANIZATION or address in declared:
            # A transfer cannot be taken back, so somebody says first that the app rightfully belongs where it goes.
            app = declared.get(address) if action is Action.TRANSFER_APP else None
            if app is not None and "rightful_owner" not in app.details:
                message = f"nobody vouches that `{organization}` rightfully owns `{address.key}`"
                advice = "give the app `rightful_owner: WHO` and `since: DAY`"
                notes.warning("unvouched-app", message, place, advice=advice)
            return True
        if action not in _TAKES_AWAY:
            if (names := self.names.get((organization, kind.name))) is None:
                names = [str(one) for one in declared if one.kind == kind.name]
                self.names[organization, kind.name] = names
            message = f"`{address}` is declared nowhere, so nothing can be approved there but to take it away"
            notes.error("unknown-address", message, place, advice=suggest_word(str(address), names))
            return False
        person = address.parts[kind.person_part] if kind.person_part is not None else ""
        if person and "@" not in person and person not in self.book.people:
            advice = suggest_word(person, self.book.people)
            advice = advice or "delete it, unless this is somebody who was deleted from `people`"
            notes.warning("approval-for-nobody", f"there is no person `{person}`", place, advice=advice)
        return True


def read_moves(files: Files, book: AddressBook) -> Iterator[Move]:
    """The moves that can be true; what is only wrong because of what is recorded is told by a plan."""
    moves = list(_each_once((move for document, top in files for move in _moves_in(document, top, book)), book.notes))
    circles = _circles_in(moves)
    for move in moves:
        source, target = move.source, move.target
        declared = book.resources.get(source.organization, {}).get(source)
        one, other = book.people.get(source.key), book.people.get(target.key)
        message, advice = "", ""
        related: tuple[Place, ...] = ()
        if declared is not None:
            message = f"`{source}` is still declared, so it has not become `{target}`"
            advice, related = "take the move out, or what it begins with", (declared.place,)
        elif source.kind == "member" and one is not None and other is not None:
            message = f"`{source.key}` and `{target.key}` are two people, so one has not become the other"
            advice, related = "take the move out; it is for one person under another key", (one.place, other.place)
        elif circle := circles.get(move.source):
            message = f"moves go in a circle: {' -> '.join(f'`{step.source}`' for step in (*circle, move))}"
            related = tuple(step.place for step in circle[1:])
        if message:
            book.notes.error("move-refused", message, move.place, advice=advice, related=related)
        else:
            yield move


def _moves_in(document: ManifestDocument, top: Cursor, book: AddressBook) -> Iterator[Move]:
    """The moves of one file whose addresses fit each other."""
    for index, written in enumerate(document.moved):
        at = top.into("moved").into(index)
        source = book.read(written.source, at.value("from"), organization_may_be_gone=True)
        target = book.read(written.target, at.value("to"))
        if not (source and target):
            continue
        if source.kind == target.kind and source != target and source.organization == target.organization:
            yield Move(source=source, target=target, place=at.place)
            continue
        message, advice = f"`{source}` cannot become `{target}`", "a move keeps the kind and changes the rest"
        if source.kind == target.kind and source != target:
            message += ": what is remembered stays with its organization"
            advice = "leave the move out; an organization keeps its key, under which its state is kept"
        book.notes.error("bad-address", message, at.place, advice=advice)


def _each_once(moves: Iterable[Move], notes: Notes) -> Iterator[Move]:
    """The moves, of which no two may begin or end at the same address."""
    sources: dict[Address, Place] = {}
    targets: dict[Address, Place] = {}
    for move in moves:
        first = sources.setdefault(move.source, move.place)
        second = targets.setdefault(move.target, move.place)
        if first != move.place:
            note_twice(f"a move of `{move.source}`", move.place, first, notes)
        elif second != move.place:
            note_twice(f"a move to `{move.target}`", move.place, second, notes)
        else:
            yield move


def _circles_in(moves: Sequence[Move]) -> dict[Address, list[Move]]:
    """Source of the move of each circle that stands first in the files -> the moves of the circle from there on."""
    following = {move.source: move for move in moves}
    circles: dict[Address, list[Move]] = {}
    seen: set[Address] = set()
    for start in moves:
        path: dict[Address, Move] = {}
        move: Move | None = start
        while move is not None and move.source not in seen:
            seen.add(move.source)
            path[move.source] = move
            move = following.get(move.target)
        if move is not None and move.source in path:
            steps = list(path.values())
            circle = steps[steps.index(move) :]
            first = circle.index(min(circle, key=lambda step: step.place))
            circles[circle[first].source] = [*circle[first:], *circle[:first]]
    return circles
