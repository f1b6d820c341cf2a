"""Approvals and moves: what names addresses rather than declaring them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from reconciler.manifests.documents import ApprovalDocument, MoveDocument
from reconciler.manifests.nodes import Cursor
from reconciler.manifests.words import note_twice, read_day
from reconciler.model.address import Address
from reconciler.model.declared import Approval, Declared, Move, Person
from reconciler.model.finding import Notes, Place
from reconciler.model.kinds import KINDS, Action, Shape
from reconciler.model.suggestions import suggest_word


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressBook:
    """What an address can name."""

    organizations: Collection[str]
    kinds: Mapping[str, Collection[str]]
    """Organization -> kinds of resources it can have."""
    notes: Notes

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
            advice = f"write {organization}/{kind}/{shape}"
            self.notes.error("bad-address", message, place, advice=advice)
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
        if kind not in self.kinds[organization]:
            advice = suggest_word(kind, self.kinds[organization])
            message = f"`{organization}` can have no {KINDS[kind].title}"
            self.notes.error("bad-address", message, place, advice=advice)
            return False
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalTerms:
    """What an approval may say."""

    book: AddressBook
    declared: Mapping[str, Mapping[Address, Declared]]
    """Organization -> what is declared of it, today or on another day."""
    people: Collection[str]
    today: date | None
    max_days: int | None
    """How far ahead an approval may end; None where that is not to be judged."""


_TAKES_AWAY = frozenset({Action.CANCEL_INVITATION, *(kind.delete for kind in KINDS.values())})


def read_approvals(written: list[ApprovalDocument], spots: Cursor, terms: ApprovalTerms) -> Iterator[Approval]:
    """The approvals of one file."""
    notes = terms.book.notes
    for index, document in enumerate(written):
        at = spots.into(index)
        address, action = terms.book.read(document.address, at.value("address")), Action(document.approve)
        expires = read_day(document.expires, "expires", at, notes)
        if not expires:
            continue
        _judge_day(expires, at, terms)
        if address and _is_about_something(address, action, at, terms):
            _note_unvouched(address, action, at, terms)
            yield Approval(approve=action, address=address, reason=document.reason, expires=expires, place=at.place)


def _judge_day(expires: date, at: Cursor, terms: ApprovalTerms) -> None:
    notes, today = terms.book.notes, terms.today
    if today and expires < today:
        notes.warning("ended-approval", f"this approval ended on {expires}", at.value("expires"), advice="delete it")
    if today and terms.max_days is not None and (expires - today).days > terms.max_days:
        last = today + timedelta(days=terms.max_days)
        message = f"this approval lasts until {expires}, more than {terms.max_days} days"
        advice = f"give a day up to {last}; guards.max_approval_days sets the limit"
        notes.error("approval-too-long", message, at.value("expires"), advice=advice)


def _is_about_something(address: Address, action: Action, at: Cursor, terms: ApprovalTerms) -> bool:
    """Whether there is what it names. What is to go may be declared nowhere, but some person or other has it."""
    declared = terms.declared.get(address.organization, ())
    kind = KINDS[address.kind]
    if kind.shape is Shape.ORGANIZATION or address in declared:
        return True
    notes, place = terms.book.notes, at.value("address")
    if action not in _TAKES_AWAY:
        advice = suggest_word(str(address), [str(one) for one in declared if one.kind == address.kind])
        message = f"`{address}` is declared nowhere, so nothing can be approved there but to take it away"
        notes.error("unknown-address", message, place, advice=advice)
        return False
    person = address.parts[kind.person_part] if kind.person_part is not None else ""
    if person and "@" not in person and person not in terms.people:
        advice = (
            suggest_word(person, terms.people) or "delete it, unless this is somebody who was deleted from `people`"
        )
        notes.warning("approval-for-nobody", f"there is no person `{person}`", place, advice=advice)
    return True


def _note_unvouched(address: Address, action: Action, at: Cursor, terms: ApprovalTerms) -> None:
    """A transfer cannot be taken back, so somebody says first that the app rightfully belongs where it goes."""
    app = terms.declared.get(address.organization, {}).get(address)
    if action is Action.TRANSFER_APP and app is not None and "rightful_owner" not in app.details:
        message = f"nobody vouches that `{address.organization}` rightfully owns `{address.key}`"
        advice = "give the app `rightful_owner: WHO` and `since: DAY`"
        terms.book.notes.warning("unvouched-app", message, at.value("address"), advice=advice)


_KEEP_ORGANIZATION = "leave the move out; an organization keeps its key, under which its state is kept"


def read_moves(written: list[MoveDocument], spots: Cursor, book: AddressBook) -> Iterator[Move]:
    """The moves of one file."""
    for index, document in enumerate(written):
        at = spots.into(index)
        source = book.read(document.source, at.value("from"), organization_may_be_gone=True)
        target = book.read(document.target, at.value("to"))
        if not (source and target):
            continue
        if source.kind != target.kind or source == target:
            message = f"`{source}` cannot become `{target}`"
            book.notes.error("bad-address", message, at.place, advice="a move keeps the kind and changes the rest")
            continue
        if source.organization != target.organization:
            message = f"`{source}` cannot become `{target}`: what is remembered stays with its organization"
            book.notes.error("bad-address", message, at.place, advice=_KEEP_ORGANIZATION)
            continue
        yield Move(source=source, target=target, place=at.place)


def each_once(approvals: Iterable[Approval], today: date | None, notes: Notes) -> Iterator[Approval]:
    """The approvals; two that count for one change are told, because taking one of them out would change nothing."""
    first: dict[tuple[Address, Action], Place | None] = {}
    for approval in approvals:
        step = (approval.address, approval.approve)
        has_ended = today is not None and approval.expires is not None and approval.expires < today
        if has_ended:
            yield approval
            continue
        if step in first:
            message = f"an approval to {approval.approve} {approval.address} is given twice"
            related = tuple(filter(None, (first[step],)))
            notes.warning("listed-twice", message, approval.place, advice="take one of them out", related=related)
        else:
            first[step] = approval.place
        yield approval


def once(moves: Iterator[Move], notes: Notes) -> Iterator[Move]:
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


def consistent(
    moves: Iterable[Move],
    *,
    resources: Mapping[str, Mapping[Address, Declared]],
    people: Mapping[str, Person],
    notes: Notes,
) -> Iterator[Move]:
    """The moves that can be true; what is only wrong because of what is recorded is told by a plan."""
    found = list(moves)
    following = {move.source: move for move in found}
    for move in found:
        source, target = move.source, move.target
        declared = resources.get(source.organization, {}).get(source)
        one, other = people.get(source.key), people.get(target.key)
        if declared is not None:
            message = f"`{source}` is still declared, so it has not become `{target}`"
            advice = "take the move out, or what it begins with"
            notes.error("move-refused", message, move.place, advice=advice, related=(declared.place,))
        elif source.kind == "member" and one is not None and other is not None:
            message = f"`{source.key}` and `{target.key}` are two people, so one has not become the other"
            advice = "take the move out; it is for one person under another key"
            notes.error("move-refused", message, move.place, advice=advice, related=(one.place, other.place))
        elif circle := _circle_from(move, following):
            path = " -> ".join(f"`{step.source}`" for step in (*circle, circle[0]))
            places = tuple(step.place for step in circle[1:])
            notes.error("move-refused", f"moves go in a circle: {path}", move.place, related=places)
        else:
            yield move


def _circle_from(first: Move, following: Mapping[Address, Move]) -> list[Move]:
    """The moves of a circle, told where it begins in the files; empty for all others."""
    path = [first]
    while (move := following.get(path[-1].target)) is not None and move not in path:
        path.append(move)
    return path if move is first and first.place == min(step.place for step in path) else []
