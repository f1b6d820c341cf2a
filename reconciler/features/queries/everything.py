"""Everybody's access and everything's readers at once, and who can do one thing anywhere; each state is read once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import TypeVar

from reconciler.engine.holdings import (
    AccessIndex,
    AccessMatrix,
    Holding,
    OrganizationHoldings,
    PersonReport,
    Reach,
    find_reaches,
)
from reconciler.features.queries.access import Members, holdings_in, matrix_of
from reconciler.features.queries.directory import Sources, load_about, load_directory, read_states
from reconciler.features.queries.documents import (
    describe_declared,
    describe_effective,
    describe_recorded,
    describe_status,
    describe_ways,
    explain_gaps,
    name_thing,
)
from reconciler.model import (
    Address,
    Attributes,
    Desired,
    ReconcilerError,
    System,
    count,
    dataclass,
    name_subject,
    suggest_names,
)
from reconciler.output.document import Detail, Document, Inline, Paragraph, Row, Table, code, plain
from reconciler.output.json import Output
from reconciler.systems.catalogue import SYSTEMS

EVERYBODY = Output(name="who-all", title="Everything everybody has", value=Sequence[PersonReport], under="people")
EVERYTHING = Output(
    name="access-all", title="Access matrices of all organizations", value=Sequence[AccessMatrix], under="organizations"
)

_Value = TypeVar("_Value", PersonReport, AccessMatrix)


# What somebody can do.


@dataclass(frozen=True, slots=True, kw_only=True)
class Ability:
    """A role, a finance role or a permission, in whatever system has it; a role that can do more has it too."""

    word: str
    """As manifests write it; `finance` is any finance role."""
    is_finance: bool = False

    def is_in(self, attributes: Attributes | None, kind: str, system: System | None) -> bool:
        """Whether an access of a kind can do it."""
        if attributes is None:
            return False
        if self.is_finance:
            return self._is_reached(attributes.get("finance"), f"{kind}.finance", system)
        role = attributes.get("role")
        if self.word == "admin" and kind == "member" and system is not None and isinstance(role, str):
            return system.administers(role)
        return self.word in attributes.get("permissions", ()) or self._is_reached(role, kind, system)

    def _is_reached(self, held: object, kind: str, system: System | None) -> bool:
        if not isinstance(held, str):
            return False
        if held == self.word or (self.is_finance and self.word == "finance"):
            return True
        wanted = system.find_role(kind, self.word) if system else None
        role = system.find_role(kind, held) if system else None
        return wanted is not None and role is not None and role.rank >= wanted.rank


def parse_ability(text: str) -> Ability:
    """`admin`, `operator`, `finance manager`, `direct_message`; raises ReconcilerError for what no system has."""
    asked = "_".join(text.casefold().split())
    abilities = {"finance": Ability(word="finance", is_finance=True), "admin": Ability(word="admin")}
    for variants in SYSTEMS.values():
        for system in variants.values():
            for kind, roles in (*system.roles.items(), *system.permissions.items()):
                is_finance = kind.endswith(".finance")
                for role in roles:
                    name = f"finance_{role.name}" if is_finance else role.name
                    abilities.setdefault(name, Ability(word=role.name, is_finance=is_finance))
    if asked not in abilities:
        there = f"there are: {', '.join(sorted(abilities))}"
        message = f"no system has a role or permission {text!r}"
        raise ReconcilerError(message, advice=suggest_names(asked, abilities) or there)
    return abilities[asked]


# Reading.


def read_everything(sources: Sources, ability: Ability | None = None) -> Iterator[AccessMatrix]:
    """The matrix of every organization, one after the other; with an ability only of those who have it."""
    for index in _read_indexes(sources, load_about(sources, [""])):
        about = Address.whole(index.organization)
        reaches = (one for one in find_reaches(index) if ability is None or _is_able(one, ability, index.system))
        yield matrix_of(index, about, reaches, sources)


def _is_able(reach: Reach, ability: Ability, system: System | None) -> bool:
    kind = reach.ways[0].address.kind if reach.ways else ""
    return any(ability.is_in(held, kind, system) for held in (reach.effective, reach.intended))


def read_everybody(sources: Sources) -> Iterator[PersonReport]:
    """Everybody in the directory, the manifests and the states, by key; also who has nothing."""
    directory, as_of = load_directory(sources.files), sources.as_of
    desired = load_about(sources, [""])
    members = Members(directory.people, desired.moves)
    parts: dict[str, list[OrganizationHoldings]] = {key: [] for key in directory.people}
    from_log, lost = [], []
    for index in _read_indexes(sources, desired):
        from_log += [index.organization] if index.is_from_log else []
        lost += [index.organization] if index.has_no_state else []
        found: dict[str, list[Holding]] = {}
        for holding in index.holdings.values():
            for person in holding.people[:1]:
                found.setdefault(members.today(person, index), []).append(holding)
        for person, holdings in found.items():
            parts.setdefault(person, []).append(holdings_in(index, holdings))
    not_kept, unrecorded = (tuple(lost), frozenset()) if as_of else ((), frozenset(lost))
    for key in sorted(parts):
        yield PersonReport(
            key=key,
            person=directory.people.get(key),
            today=sources.today,
            as_of=as_of,
            groups=directory.groups_of.get(key, ()),
            organizations=tuple(parts[key]),
            from_log=tuple(from_log),
            not_kept=not_kept,
            no_state=tuple(part.organization for part in parts[key] if part.organization in unrecorded),
        )


def _read_indexes(sources: Sources, desired: Desired) -> Iterator[AccessIndex]:
    """Every organization, one after the other."""
    recorded = read_states(sources)
    for organization in sorted({*sources.store.organizations(), *desired.organizations}):
        yield recorded.index(organization, desired)


# The documents.

_PERSON = ("person", "name", "employment", "organization", "access", "recorded", "since")
_DECLARED = ("declared", "ends", "status", "through", "reason", "line")
_REACH = ("organization", "thing", "who", "can", "how", "since")


def document_of_everybody(reports: Sequence[PersonReport]) -> Document:
    """One row for each access; who has none has a row that says so."""
    rows, as_of = [row for report in reports for row in _rows_of_person(report)], _day_of(reports)
    brief = [Row(cells=(row.cells[0], *row.cells[4:6], row.cells[8] if len(row.cells) > 7 else "")) for row in rows]
    header = _PERSON if as_of else (*_PERSON, *_DECLARED)
    people = sum(bool(report.organizations) for report in reports)
    return Document(
        title="Everybody",
        is_title_needless=True,
        notes=_note(_missing(reports), as_of),
        blocks=(_in_two(header, rows, ("person", "access", "recorded", "ends"), brief),),
        summary=f"{count(people, 'person has', 'people have')} access, or are to have it.",
        whole="list",
    )


def document_of_everything(matrices: Sequence[AccessMatrix]) -> Document:
    """One row for each person or partner and each thing they reach."""
    rows, as_of = [row for matrix in matrices for row in _rows_of_matrix(matrix)], _day_of(matrices)
    # Beside what they can do now stands what they are to be able to do: a list by ability has both.
    brief = [Row(cells=(*row.cells[2:4], row.cells[1], row.cells[4], *row.cells[6:7])) for row in rows]
    header = (*_REACH, *(() if as_of else _DECLARED))
    short = ("who", "can", "on", "how", *(() if as_of else ("declared",)))
    subjects = {(one.subject.kind, one.subject.key) for matrix in matrices for one in matrix.reaches if one.effective}
    missing = _missing(matrices)
    reservation = ", as far as anything is known" if missing else ""
    return Document(
        title="Everything",
        is_title_needless=True,
        notes=_note(missing, as_of),
        blocks=(_in_two(header, rows, short, brief),),
        summary=f"{count(len(subjects), 'person or partner', 'people and partners')} in all{reservation}.",
        whole="access matrix",
    )


def _day_of(values: Sequence[PersonReport | AccessMatrix]) -> date | None:
    return values[0].as_of if values else None


def _in_two(header: tuple[str, ...], rows: list[Row], short: tuple[str, ...], brief: list[Row]) -> Detail | Paragraph:
    """The whole for files and pages; a terminal has no room for so many columns."""
    if not rows:
        return Paragraph(text="Nobody.")
    return Detail(full=Table(header=header, rows=tuple(rows)), brief=Table(header=short, rows=tuple(brief)))


def _note(missing: Mapping[str, bool], as_of: date | None) -> tuple[str, ...]:
    """What nobody can tell, because nothing is recorded, or no state was kept of the day."""
    from_log = sorted(organization for organization, is_from_log in missing.items() if is_from_log)
    return explain_gaps(from_log=from_log, lost=sorted(missing.keys() - set(from_log)), as_of=as_of)


def _missing(values: Iterable[PersonReport | AccessMatrix]) -> dict[str, bool]:
    """Organizations without a state, and whether the audit log tells of the day that is asked about."""
    found: dict[str, bool] = {}
    for one in values:
        if isinstance(one, PersonReport):
            found |= {**dict.fromkeys(list_unrecorded(one), False), **dict.fromkeys(one.from_log, True)}
        elif one.has_no_state or one.is_from_log:
            found[one.address.organization] = one.is_from_log
    return found


def list_unrecorded(told: PersonReport | AccessMatrix) -> tuple[str, ...]:
    """Organizations of which nobody can tell what is there."""
    if isinstance(told, PersonReport):
        return (*told.no_state, *told.not_kept)
    return (told.address.organization,) if told.has_no_state else ()


def pieces_of_everybody(reports: Iterable[PersonReport]) -> Iterator[Document]:
    """The rows of `document_of_everybody` person by person, so that the first are out before the last are made."""
    return _pieces(reports, _rows_of_person, _PERSON)


def pieces_of_everything(matrices: Iterable[AccessMatrix]) -> Iterator[Document]:
    """The rows of `document_of_everything` organization by organization."""
    return _pieces(matrices, _rows_of_matrix, _REACH)


def _pieces(
    values: Iterable[_Value], rows_of: Callable[[_Value], Iterable[Row]], header: tuple[str, ...]
) -> Iterator[Document]:
    """A document for each value that has rows, and one of notes at the end."""
    missing: dict[str, bool] = {}
    as_of = None
    for value in values:
        as_of = value.as_of
        if rows := tuple(rows_of(value)):
            found = Table(header=header if value.as_of else (*header, *_DECLARED), rows=rows)
            yield Document(title="", blocks=(found,))
        missing |= _missing([value])
    if missing:
        yield Document(title="", notes=_note(missing, as_of))


def _rows_of_person(report: PersonReport) -> Iterator[Row]:
    person = report.person
    who = (report.key, person.name if person else "", person.employment if person else "not in the directory")
    if not report.organizations:
        yield Row(cells=(*map(plain, who), *("", "nothing", "", ""), *(() if report.as_of else ("",) * len(_DECLARED))))
    for part in report.organizations:
        for one in part.holdings:
            since = str(one.recorded.since or "") if one.recorded else ""
            cells = (*who, part.organization, str(one.address), describe_recorded(one), since)
            is_known = part.organization not in report.no_state
            yield Row(cells=(*map(plain, cells), *(() if report.as_of else _declared([one], is_known=is_known))))


def _rows_of_matrix(matrix: AccessMatrix) -> Iterator[Row]:
    for one in matrix.reaches:
        cells = (
            matrix.address.organization,
            name_thing(one.on) if one.on.kind == "organization" else str(one.on),
            name_subject(one.subject),
            describe_effective(one),
            describe_ways(one, is_known=not matrix.has_no_state),
            str(one.since or ""),
        )
        is_known = not matrix.has_no_state
        yield Row(cells=(*map(plain, cells), *(() if matrix.as_of else _declared(one.ways, is_known=is_known))))


def _declared(ways: Sequence[Holding], *, is_known: bool) -> tuple[Inline, ...]:
    """The cells of what is declared, over all ways."""
    lines = [way.declared for way in ways if way.declared is not None]
    ends = [way.ends for way in ways if way.is_wanted]
    texts = (
        [describe_declared(way) for way in ways if way.declared is not None],
        [str(max(filter(None, ends)))] if ends and all(ends) else [],
        [describe_status(way, is_known=is_known) for way in ways],
        [line.through for line in lines],
        [line.reason for line in lines],
    )
    joined = (plain("; ".join(dict.fromkeys(filter(None, found)))) for found in texts)
    return (*joined, code("; ".join(str(line.place) for line in lines)))
