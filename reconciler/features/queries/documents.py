"""The access matrix, who reaches what and how, and what one person has in all organizations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from datetime import date
from itertools import groupby

from reconciler.engine.holdings import (
    AccessMatrix,
    AccessStatus,
    Holding,
    OrganizationHoldings,
    PersonReport,
    Reach,
    WhyReport,
)
from reconciler.model import (
    KINDS,
    AccessHistory,
    Address,
    LoggedEntry,
    Owner,
    Status,
    ask_about_states,
    count,
    name_access,
    name_attributes,
    name_subject,
)
from reconciler.output.document import (
    Block,
    Document,
    Facts,
    Inline,
    Paragraph,
    Row,
    Section,
    Table,
    code,
    plain,
    table,
)
from reconciler.output.json import Output

ACCESS = Output(name="access", title="Access matrix of an organization or of one thing in it", value=AccessMatrix)
WHO = Output(name="who", title="Everything one person has", value=PersonReport)

_NOTHING = "-"
_NOT_KNOWN = "declared, nothing recorded"
"""How things stand in an organization without a state."""
_STATUSES: dict[AccessStatus | None, str] = {
    AccessStatus.HELD: "as declared",
    AccessStatus.PENDING: "asked for",
    AccessStatus.DIFFERENT: "not as declared",
    AccessStatus.MISSING: "declared, not there",
    AccessStatus.UNDECLARED: "not declared",
    AccessStatus.OVER: "expired",
    AccessStatus.IMPLIED: "given by a role",
    AccessStatus.ABSENT: "not there",
    None: "",
}


# The access matrix.


def document_of_access(matrix: AccessMatrix) -> Document:
    """Thing by thing everybody who reaches it; then what is connected with it, and who could take access."""
    title = f" ({matrix.title})" if matrix.title else ""
    organization = matrix.address.organization
    name = organization if matrix.address.kind == "organization" else str(matrix.address)
    age = _format_age(matrix.last_read, matrix.today)
    by = "by the audit log" if matrix.is_from_log else "as recorded"
    day = f", {by} at the end of {matrix.as_of}" if matrix.as_of else age
    blocks = [
        Section(title=plain(name_thing(on)), blocks=(_table_of_reaches(reaches, matrix),), is_folded=True)
        for on, reaches in groupby(matrix.reaches, key=lambda reach: reach.on)
    ]
    blocks += [
        Section(title=plain(name_thing(one.address)), blocks=(Paragraph(text=plain(describe_owner(one))),))
        for one in matrix.owned_elsewhere
    ]
    connections = []
    for one in matrix.connections:
        status = describe_status(one, is_known=not matrix.has_no_state)
        cells = (name_subject(one.address), name_access(one.address), "" if matrix.as_of else status)
        connections.append(Row(cells=tuple(map(plain, cells))))
    if found := table(("connected", "with", "" if matrix.as_of else "status"), connections):
        blocks.append(Section(title="Connections", blocks=(found,)))
    return Document(
        title=plain(f"{name}{title}{day}"),
        blocks=tuple(blocks),
        notes=explain_gaps(
            from_log=[organization] if matrix.is_from_log else [],
            lost=[organization] if matrix.has_no_state and matrix.as_of else [],
            as_of=matrix.as_of,
        ),
        summary=_summary_of_access(matrix),
        whole="access matrix",
    )


def name_thing(address: Address) -> str:
    """A thing with its kind."""
    return f"members of {address.key}" if address.kind == "organization" else name_subject(address)


def describe_owner(app: Holding) -> str:
    """Whose an app is that no member has."""
    owner = Owner.of(app.recorded.attributes) if app.recorded else Owner()
    whose = f"owned by {owner.person} in person" if owner.person else f"owned by organization {owner.organization}"
    return f"{whose}; nobody here has it until the transfer is accepted"


def _table_of_reaches(reaches: Iterator[Reach], matrix: AccessMatrix) -> Table:
    """On a past day nothing is declared: the manifests of that day are in their own history."""
    rows = []
    for reach in reaches:
        ways = describe_ways(reach, is_known=not matrix.has_no_state)
        cells = [name_subject(reach.subject), describe_effective(reach), ways]
        if not matrix.as_of:
            # The groups are told under how.
            origins = (describe_origin(way, with_group=False) for way in reach.ways)
            cells += [_describe_intended(reach, is_known=not matrix.has_no_state), "; ".join(filter(None, origins))]
        rows.append(Row(cells=tuple(map(plain, cells))))
    header = ("who", "can", "how") if matrix.as_of else ("who", "can", "how", "declared", "from")
    return Table(header=header, rows=tuple(rows))


def describe_effective(reach: Reach) -> str:
    """What they can do now; an admin without access still has it within reach."""
    if reach.effective is not None:
        return name_attributes(reach.effective) or "yes"
    return "can grant it to themselves" if reach.can_take else _NOTHING


def describe_ways(reach: Reach, *, is_known: bool = True) -> str:
    """Every way that leads there; several ways are told with what each gives, because the strongest counts."""
    several = len(reach.ways) > 1
    ways = [_describe_way(way, with_values=several or not way.is_active, is_known=is_known) for way in reach.ways]
    if reach.can_take:
        what = "access" if reach.effective is None else "more"
        ways.append(f"admin of {reach.on.organization}, can give themselves {what}")
    return "; ".join(ways)


def name_way(way: Holding) -> str:
    """What leads there."""
    address = way.address
    if address.kind == "asset_group_access":
        return f"asset group {address.parts[0]}"
    if address.kind == "member":
        return "member"
    return "shared with the partner" if KINDS[address.kind].is_share else "directly"


def _describe_way(way: Holding, *, with_values: bool, is_known: bool) -> str:
    name = name_way(way)
    through = f" through {way.declared.through}" if way.declared and way.declared.through else ""
    if way.recorded is None:
        return f"{name}{through}, {'not given yet' if is_known else 'given or not'}"
    values = f": {describe_recorded(way)}" if with_values else ""
    return f"{name}{through}{values}"


def _describe_intended(reach: Reach, *, is_known: bool) -> str:
    """The values that are declared where they are not those one has, and what else does not fit."""
    if not reach.ways:
        return _NOTHING
    if len(reach.ways) == 1:
        (way,) = reach.ways
        status = describe_status(way, is_known=is_known)
        return f"{describe_declared(way)} ({status})" if way.declared else status
    return _NOTHING if reach.intended is None else name_attributes(reach.intended) or "yes"


def explain_gaps(*, from_log: Collection[str], lost: Collection[str], as_of: date | None) -> tuple[str, ...]:
    """Where the answer is not from a state that was kept of that day, and what that leaves open."""
    if as_of is None:
        return (ask_about_states(sorted(lost)),) if lost else ()
    found = []
    if from_log:
        found.append(
            f"No state of {', '.join(from_log)} is kept from {as_of} or before: this is what the audit log had by "
            "then. It knows neither what others had changed and nobody had looked at, nor apps that were there before."
        )
    if lost:
        found.append(
            f"Nothing is known of {', '.join(lost)} at the end of {as_of}: no state is kept from then or before, "
            "and the audit log does not tell."
        )
    return tuple(found)


def _summary_of_access(matrix: AccessMatrix) -> str:
    if matrix.has_no_state:
        question = "" if matrix.as_of else f" {ask_about_states([matrix.address.organization])}"
        return f"Nobody can tell who has access.{question}"
    reaching = {reach.subject for reach in matrix.reaches if reach.effective is not None}
    people = sum(subject.kind == "member" for subject in reaching)
    partners = len(reaching) - people
    could = {reach.subject for reach in matrix.reaches if reach.can_take}
    parts = [count(people, "person has access", "people have access")]
    if partners:
        parts.append(f"{count(partners, 'partner', 'partners')} beside, whose admins decide who of their people")
    if could:
        parts.append(f"{count(len(could), 'admin', 'admins')} could take more")
    return f"{'; '.join(parts)}."


# What one person has.


def document_of_person(report: PersonReport) -> Document:
    """Who it is, what ends soon, and organization by organization what is recorded beside what is declared."""
    blocks: list[Block] = [Paragraph(text=text) for text in _about(report)]
    if report.ends_soon:
        rows = [
            Row(cells=(code(str(one.address)), str(one.ends or ""), describe_origin(one))) for one in report.ends_soon
        ]
        blocks.append(Section(title="Ends soon", blocks=(Table(header=("what", "ends", "from"), rows=tuple(rows)),)))
    blocks += [_organization(part, report) for part in report.organizations]
    blocks += map(section_of_past, report.past)
    return Document(
        title=title_of_person(report),
        blocks=tuple(blocks),
        summary=_summary_of_person(report),
        whole="list",
    )


def title_of_person(report: PersonReport | WhyReport) -> Inline:
    """Name and key, as far as there are both."""
    return plain(f"{report.person.name} ({report.key})" if report.person and report.person.name else report.key)


def section_of_past(history: AccessHistory, *blocks: Block) -> Section:
    """What somebody had and has no more."""
    facts = Facts(pairs=tell_story(history))
    return Section(title=plain(f"in the past: {history.address}"), blocks=(facts, *blocks))


def _about(report: PersonReport) -> Iterator[Inline]:
    """How they belong to us, where that is written, and by what they are known."""
    person = report.person
    if person is None:
        yield "not in the directory of people"
    else:
        dates = [f"starts {person.starts}" if person.starts else "", f"ends {person.ends}" if person.ends else ""]
        yield plain(f"{', '.join(filter(None, [person.employment, *dates]))}  [{person.place}]")
        yield from (plain(f"{system}: {identity}") for system, identity in sorted(person.identities.items()))
    if report.groups:
        yield plain(f"in {', '.join(f'group:{name}' for name in report.groups)}")
    if report.as_of:
        yield f"as recorded at the end of {report.as_of}; what was declared then is in the manifests' history"


def _organization(part: OrganizationHoldings, report: PersonReport) -> Section:
    power = "manages others' access, so can take any in here" if part.administers else ""
    age = "" if report.as_of else _format_age(part.last_read, report.today)
    is_known = part.organization not in report.no_state
    rows = []
    for one in part.holdings:
        cells = [_name_held(one), describe_recorded(one), str(one.recorded.since or "") if one.recorded else ""]
        if report.as_of:
            cells.append(one.trouble)
        else:
            status = describe_status(one, is_known=is_known)
            cells += [describe_declared(one), str(one.ends or ""), status, describe_origin(one)]
        rows.append(Row(cells=tuple(map(plain, cells))))
    header = ("what", "recorded", "since", *([""] if report.as_of else ["declared", "ends", "status", "from"]))
    return Section(
        title=plain(part.organization),
        about=": ".join(filter(None, [part.title, power])) + age,
        blocks=(Table(header=header, rows=tuple(rows)),),
        is_folded=True,
    )


def _name_held(holding: Holding) -> str:
    """What is had: `member`, `access to ad account us-brand`, `app shop-login`."""
    address = holding.address
    if address.kind == "member":
        return KINDS[address.kind].title
    behind = f" ({', '.join(holding.reaches)})" if holding.reaches else ""
    return (name_access(address) or name_subject(address)) + behind


def _summary_of_person(report: PersonReport) -> str:
    """What an offboarding would have to sweep: removal on one system does not touch the others."""
    holdings = [one for part in report.organizations for one in part.holdings]
    if not holdings:
        # No claim about the systems: nobody may ever have looked there.
        summary = f"Nothing of theirs is {'recorded' if report.as_of else 'declared or recorded'}."
        if report.past:
            day = f" until {report.as_of}" if report.as_of else ""
            summary = f"{summary} The audit log{day} knows of {count(len(report.past), 'access', 'accesses')}."
    else:
        systems = {part.title or part.organization for part in report.organizations}
        organizations = count(len(report.organizations), "organization", "organizations")
        where = f"{organizations} on {count(len(systems), 'system', 'systems')}"
        statuses = Counter(
            _NOT_KNOWN if one.address.organization in report.no_state else _STATUSES[one.status] for one in holdings
        )
        words = (*_STATUSES.values(), _NOT_KNOWN)
        counted = "; ".join(f"{number} {word}" for word in words if (number := statuses[word]))
        summary = f"In {where}." if report.as_of else f"In {where}: {counted}."
    lost = (*report.no_state, *report.not_kept)
    return " ".join((summary, *explain_gaps(from_log=report.from_log, lost=lost, as_of=report.as_of)))


# What is recorded and declared of one access.


def describe_recorded(holding: Holding) -> str:
    """`operator`, `standard, invited`; what gives no access says why."""
    record = holding.recorded
    if record is None:
        return _NOTHING
    if record.implied_by:
        given = "" if record.status.is_gone else f"{name_attributes(record.attributes) or 'yes'}, behind "
        return f"{given}{name_attributes(record.implied) or 'yes'} by {record.implied_by}"
    status = "" if record.status is Status.ACTIVE else record.status.replace("_", " ")
    recorded = ", ".join(filter(None, [name_attributes(record.attributes), status])) or "yes"
    return f"{recorded}, protected" if record.protect else recorded


def describe_declared(holding: Holding) -> str:
    """The values the manifests give, and when they do not count."""
    if holding.declared is None:
        return _NOTHING
    values = name_attributes(holding.declared.attributes) or "yes"
    if holding.changes_on:
        values = f"{values}; from {holding.changes_on} on {name_attributes(holding.becomes)}"
    return f"{values}, {holding.excuse}" if holding.excuse else values


def describe_status(holding: Holding, *, is_known: bool = True) -> str:
    """How the two fit together, what is wrong with the record, and whether nothing shows what it says.

    In an organization without a state only what is declared is known.
    """
    if not is_known and holding.recorded is None:
        return _NOT_KNOWN
    unverified = "unverified" if holding.is_active and holding.recorded and holding.recorded.unverified else ""
    return "; ".join(filter(None, [_STATUSES[holding.status], holding.trouble, unverified]))


def describe_origin(holding: Holding, *, with_group: bool = True) -> str:
    """Where it comes from: the group of people, the user's reason and the manifest line."""
    declared = holding.declared
    if declared is None:
        return ""
    return ", ".join(filter(None, [declared.through if with_group else "", declared.reason, f"[{declared.place}]"]))


# What the audit log says.


def tell_story(history: AccessHistory) -> tuple[tuple[str, Inline], ...]:
    """Since when and by what, as facts."""
    story = (
        ("asked for", history.asked),
        ("began", history.began),
        ("changed", history.changed),
        ("ended", history.ended),
    )
    return tuple((label, plain(describe_entry(entry))) for label, entry in story if entry)


def describe_entry(entry: LoggedEntry) -> str:
    """When, what, by whom, in which commit and plan: `2026-11-22, grant applied by ana, commit 0123456789`."""
    origin = entry.origin
    what = f"{entry.action.replace('_', ' ')} {entry.outcome}"
    is_seen = entry.action in ("seen", "drift")
    if is_seen:
        what = f"{entry.outcome if entry.action == 'seen' else 'by hand'}, first seen by a run"
    parts = [
        f"{'of' if is_seen else 'by'} {origin.operator}" if origin.operator else "",
        f"commit {origin.commit[:10]}{'+dirty' if origin.commit.endswith('+dirty') else ''}" if origin.commit else "",
        f"plan {origin.plan[:10]}" if origin.plan else "",
        f"record {entry.record}",
    ]
    cause = "" if is_seen and entry.outcome != "adopted" else entry.cause
    why = "; ".join(filter(None, [cause, entry.approval and f"approval {entry.approval}", entry.detail]))
    return f"{entry.time:%Y-%m-%d}, {what} {', '.join(filter(None, parts))}{f': {why}' if why else ''}"


def _format_age(last_read: date | None, today: date) -> str:
    """Behind a title, how old what is recorded is; nothing where somebody has looked today, or no look is recorded."""
    return f", as last read on {last_read}" if last_read is not None and last_read < today else ""
