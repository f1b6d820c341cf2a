"""Everything one person has, for a terminal and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from reconciler.core.declared import Person
from reconciler.core.holding import Holding, OrganizationHoldings, PersonReport
from reconciler.renderers.holdings import (
    STANDINGS,
    name_thing,
    say_declared,
    say_end,
    say_origin,
    say_recorded,
    say_since,
    say_standing,
)
from reconciler.renderers.style import Style, Tone
from reconciler.renderers.table import render_table
from reconciler.renderers.visible import make_visible
from reconciler.renderers.words import count


def render_who(report: PersonReport, style: Style) -> str:
    """Who it is, what ends soon, and organization by organization what is recorded beside what is declared."""
    blocks = [_show_person(report, style)]
    if report.ending:
        rows = [(str(one.ends), str(one.address), say_origin(one)) for one in report.ending]
        blocks.append(render_table(("ends soon", "what", "from"), rows, style))
    blocks += [_show_organization(part, report, style) for part in report.organizations]
    return "\n".join([*blocks, f"{_closing(report)}\n"])


def _show_person(report: PersonReport, style: Style) -> str:
    person = report.person
    name = f"{person.name} ({report.key})" if person and person.name else report.key
    lines = [style.paint(make_visible(name), Tone.STRONG) + _terms_of(person)]
    if person is None:
        lines.append("not in the directory of people")
    else:
        lines += [make_visible(f"{system}: {identity}") for system, identity in sorted(person.identities.items())]
    if report.groups:
        lines.append(make_visible(f"in {', '.join(f'group:{name}' for name in report.groups)}"))
    if report.as_of:
        lines.append(f"as recorded at the end of {report.as_of}; what was declared then is in the manifests' history")
    return "".join(f"{line}\n" for line in lines)


def _terms_of(person: Person | None) -> str:
    """How they belong to us, from when until when, and where that is written."""
    if person is None:
        return ""
    dates = [f"starts {person.starts}" if person.starts else "", f"ends {person.ends}" if person.ends else ""]
    said = ", ".join(part for part in (person.employment, *dates) if part)
    return make_visible(f": {said}  [{person.place}]")


def _show_organization(part: OrganizationHoldings, report: PersonReport, style: Style) -> str:
    title = f" ({part.title})" if part.title else ""
    power = ": manages others' access, so can take any in here" if part.administers else ""
    head = f"{style.paint(make_visible(part.organization), Tone.STRONG)}{title}{power}\n"
    return head + _table(part.holdings, report, style)


def _table(holdings: Sequence[Holding], report: PersonReport, style: Style) -> str:
    if report.as_of:
        past = [(name_thing(one), say_recorded(one), say_since(one), one.trouble) for one in holdings]
        return render_table(("what", "recorded", "since", ""), past, style)
    rows = [
        (
            name_thing(one),
            say_recorded(one),
            say_since(one),
            say_declared(one),
            say_end(one),
            say_standing(one),
            say_origin(one),
        )
        for one in holdings
    ]
    return render_table(("what", "recorded", "since", "declared", "ends", "standing", "from"), rows, style)


def _closing(report: PersonReport) -> str:
    """What an offboarding would have to sweep: removal on one system does not touch the others."""
    holdings = [one for part in report.organizations for one in part.holdings]
    if not holdings:
        said = "Has nothing anywhere."
    else:
        systems = {part.title or part.organization for part in report.organizations}
        organizations = count(len(report.organizations), "organization", "organizations")
        where = f"{organizations} on {count(len(systems), 'system', 'systems')}"
        standings = Counter(STANDINGS[one.standing] for one in holdings)
        told = "; ".join(f"{number} {word}" for word in STANDINGS.values() if (number := standings[word]))
        said = f"In {where}." if report.as_of else f"In {where}: {told}."
    if not report.not_kept:
        return said
    return f"{said}\nNothing is kept from that day or before of {make_visible(', '.join(report.not_kept))}."


def render_who_json(report: PersonReport, _: Style) -> str:
    """`WhoOutput` as JSON."""
    from reconciler.renderers.outputs import describe_person_report, render_output  # the shapes take time to load

    return render_output(describe_person_report(report))
