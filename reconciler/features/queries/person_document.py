"""What one person has, in all organizations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reconciler.model.declared import Person
from reconciler.model.holding import Holding, OrganizationHoldings, PersonReport
from reconciler.model.live import ask_about_states
from reconciler.output.document import Block, Document, Inline, Paragraph, Row, Section, Table, code, plain
from reconciler.output.holdings import (
    NOT_KNOWN,
    STANDINGS,
    name_thing,
    say_declared,
    say_end,
    say_last_read,
    say_origin,
    say_recorded,
    say_since,
    say_standing,
)
from reconciler.output.json import Output
from reconciler.output.words import count

WHO = Output(name="who", title="Everything one person has", value=PersonReport)


def document_of_person(report: PersonReport) -> Document:
    """Who it is, what ends soon, and organization by organization what is recorded beside what is declared."""
    name = report.person.name if report.person else ""
    blocks: list[Block] = [Paragraph(text=text) for text in _about(report)]
    if report.ends_soon:
        rows = [Row(cells=(code(str(one.address)), say_end(one), say_origin(one))) for one in report.ends_soon]
        blocks.append(Section(title="Ends soon", blocks=(Table(header=("what", "ends", "from"), rows=tuple(rows)),)))
    blocks += [_organization(part, report) for part in report.organizations]
    return Document(
        title=plain(f"{name} ({report.key})" if name else report.key),
        blocks=tuple(blocks),
        summary=_closing(report),
        whole="list",
    )


def _about(report: PersonReport) -> Iterator[Inline]:
    """How they belong to us, where that is written, and by what they are known."""
    person = report.person
    if person is None:
        yield "not in the directory of people"
    else:
        yield plain(_terms_of(person))
        yield from (plain(f"{system}: {identity}") for system, identity in sorted(person.identities.items()))
    if report.groups:
        yield plain(f"in {', '.join(f'group:{name}' for name in report.groups)}")
    if report.as_of:
        yield f"as recorded at the end of {report.as_of}; what was declared then is in the manifests' history"


def _terms_of(person: Person) -> str:
    dates = [f"starts {person.starts}" if person.starts else "", f"ends {person.ends}" if person.ends else ""]
    said = ", ".join(part for part in (person.employment, *dates) if part)
    return f"{said}  [{person.place}]"


def _organization(part: OrganizationHoldings, report: PersonReport) -> Section:
    power = "manages others' access, so can take any in here" if part.administers else ""
    about = ": ".join(filter(None, [part.title, power]))
    return Section(
        title=plain(part.organization),
        about=about if report.as_of else about + say_last_read(part.last_read, report.today),
        blocks=(_table(part, report),),
        is_folded=True,
    )


def _table(part: OrganizationHoldings, report: PersonReport) -> Table:
    if report.as_of:
        past = [(name_thing(one), say_recorded(one), say_since(one), plain(one.trouble)) for one in part.holdings]
        return Table(header=("what", "recorded", "since", ""), rows=tuple(Row(cells=cells) for cells in past))
    header = ("what", "recorded", "since", "declared", "ends", "standing", "from")
    is_known = part.organization not in report.no_state
    return Table(header=header, rows=tuple(Row(cells=_cells(one, is_known=is_known)) for one in part.holdings))


def _cells(one: Holding, *, is_known: bool) -> tuple[Inline, ...]:
    standing = say_standing(one) if is_known else NOT_KNOWN
    told = (name_thing(one), say_recorded(one), say_since(one), say_declared(one), say_end(one), standing)
    return tuple(plain(text) for text in (*told, say_origin(one)))


def _closing(report: PersonReport) -> str:
    """What an offboarding would have to sweep: removal on one system does not touch the others."""
    holdings = [one for part in report.organizations for one in part.holdings]
    if not holdings:
        # No claim about the systems: nobody may ever have looked there.
        said = f"Nothing of theirs is {'recorded' if report.as_of else 'declared or recorded'}."
    else:
        systems = {part.title or part.organization for part in report.organizations}
        organizations = count(len(report.organizations), "organization", "organizations")
        where = f"{organizations} on {count(len(systems), 'system', 'systems')}"
        standings = Counter(
            NOT_KNOWN if one.address.organization in report.no_state else STANDINGS[one.standing] for one in holdings
        )
        words = (*STANDINGS.values(), NOT_KNOWN)
        told = "; ".join(f"{number} {word}" for word in words if (number := standings[word]))
        said = f"In {where}." if report.as_of else f"In {where}: {told}."
    if report.no_state:
        said = f"{said} {ask_about_states(report.no_state)}"
    if not report.not_kept:
        return said
    return f"{said} Nothing is kept from that day or before of {', '.join(report.not_kept)}."
