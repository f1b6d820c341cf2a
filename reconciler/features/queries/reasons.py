"""Why somebody can reach something: every way that leads there, with its lines, its record and its history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.engine.holdings import (
    AccessIndex,
    AccessReason,
    Holding,
    Reach,
    WhyReport,
    find_reaches,
    is_owned_elsewhere,
    link_of,
)
from reconciler.engine.identities import Names
from reconciler.features.queries.access import Members, find_past, find_topic, names_of, read_index, unknown_person
from reconciler.features.queries.directory import Directory, Sources, find_in, load_about, load_directory
from reconciler.features.queries.documents import (
    describe_owner,
    describe_recorded,
    describe_status,
    explain_gaps,
    name_thing,
    name_way,
    section_of_past,
    tell_story,
    title_of_person,
)
from reconciler.model import (
    KINDS,
    AccessHistory,
    Address,
    KnownDrift,
    Person,
    ReconcilerError,
    name_attributes,
    name_subject,
    parents_of,
    person_in,
)
from reconciler.output.document import Block, Document, Facts, Inline, Paragraph, Row, Section, code, plain, table
from reconciler.output.json import Output

WHY = Output(name="why", title="Why somebody can reach something", value=WhyReport)


def why(text: str, about: str, sources: Sources) -> WhyReport:
    """Every way in which a person, or a partner by its key, reaches an organization or one thing in it.

    Raises ReconcilerError when nobody is known by that name, or nothing has that address.
    """
    organization = about.partition("/")[0]
    index = read_index(organization, sources, is_patient=True)
    directory = load_directory(sources.files)
    person = find_in(directory.people, text)
    log = sources.read_histories(organization=organization)
    subject = _find_subject(text, person, index, directory, log, sources=sources)
    if subject is None:
        key, _ = find_past(text, sources)
        if not key:
            raise unknown_person(text, directory, sources.store)
        subject = Address(organization, "member", key)
    names = Names(keys={("member", subject.key): person.key} if person else {})

    def tell(holding: Holding) -> AccessReason:
        called = names.today(holding.address)
        # The log has the key of then as long as no apply has renamed what is recorded.
        history = log.get(called) or log.get(holding.address) or AccessHistory(address=called)
        return AccessReason(holding=holding, history=history)

    on = _find_target(about, index, log, is_past=sources.as_of is not None)
    reach = next(
        (one for one in find_reaches(index) if (one.on, one.subject) == (on, subject)), Reach(on=on, subject=subject)
    )
    paths = tuple(map(tell, reach.ways))
    membership = index.holdings.get(subject)
    needed = [membership] if membership and membership not in reach.ways and on.kind != "organization" else []
    needed += [link for way in reach.ways if (link := link_of(way, on, index))]
    thing = index.holdings.get(on)
    known = {one.history.address for one in paths}
    return WhyReport(
        key=person.key if person else subject.key,
        person=person,
        today=sources.today,
        as_of=sources.as_of,
        reach=reach,
        paths=paths,
        requires=tuple(map(tell, needed)),
        past=tuple(
            told
            for address, told in sorted(log.items())
            if address not in known and on in _leads_to(address) and names.today(subject) in _subjects_of(address)
        ),
        owner=thing if thing and is_owned_elsewhere(thing) else None,
        has_no_state=index.has_no_state,
        is_from_log=index.is_from_log,
        last_read=index.last_read,
    )


def _find_subject(
    text: str,
    person: Person | None,
    index: AccessIndex,
    directory: Directory,
    log: Mapping[Address, AccessHistory],
    *,
    sources: Sources,
) -> Address | None:
    """The member that the question is about, or the partner; of the past too. None when nobody is known by the name."""
    organization, moves = index.organization, load_about(sources, [index.organization]).moves
    names = names_of(person, text, directory.people.keys()).with_earlier(moves)
    keys = Members(directory.people, moves).called(names, index)
    if person is not None:
        return Address(organization, "member", person.key if person.key in keys or not keys else min(keys))
    former = index.former.get(Address(organization, "member", text))
    partner = Address(organization, "partner", text)
    if keys or former:
        return Address(organization, "member", min(keys)) if keys else former
    if partner in index.holdings:
        return partner
    past = {subject for address in log for subject in _subjects_of(address) if subject.key in names.keys}
    return min(past, default=None)


def _subjects_of(address: Address) -> Iterator[Address]:
    """The member or the partner whom an address gives something."""
    if address.kind in KINDS and (person := person_in(address)):
        yield Address(address.organization, "member", person)
    elif address.kind in KINDS and KINDS[address.kind].is_share:
        yield Address(address.organization, "partner", address.parts[0])


def _leads_to(address: Address) -> Iterator[Address]:
    if address.kind == "member":
        yield Address.whole(address.organization)
    elif address.kind in KINDS:
        yield from (parent for parent in parents_of(address) if parent.kind not in ("organization", "member"))


def _find_target(about: str, index: AccessIndex, log: Mapping[Address, AccessHistory], *, is_past: bool) -> Address:
    """The organization for the address of a membership, the asset for that of a grant; also what is no more.

    Of a past day of which nothing is known, nobody can say that something was not there.
    """
    address = Address.parse(about) if about.count("/") > 1 else None
    kind = KINDS.get(address.kind) if address else None
    if address and kind and kind.parents and kind.person_part is not None:
        about = str(Address(address.organization, kind.parents[0], address.parts[0]))
    try:
        found = find_topic(about, index)
    except ReconcilerError:
        is_told = any(address in (told, *_leads_to(told)) for told in log)
        if address is None or kind is None or not (is_told or (is_past and index.has_no_state)):
            raise
        found = address
    if found.kind == "partner":
        message = f"{found} is another company: nobody reaches something in it from here"
        raise ReconcilerError(message, advice=f"`reconciler access {found}` shows what is shared with it")
    return Address.whole(found.organization) if found.kind == "member" else found


# The document.


def document_of_why(report: WhyReport) -> Document:
    """The answer in one sentence, then way by way what is declared, recorded and live, and what the audit log says."""
    organization = report.reach.on.organization
    blocks: list[Block] = [Paragraph(text=plain(_answer(report)))]
    prepositions = {"asset_group_access": "through ", "member": "as a "}
    for one in report.paths:
        way = one.holding
        blocks.append(_section(f"{prepositions.get(way.address.kind, '')}{name_way(way)}", one, report))
    if report.reach.can_take:
        what = "access" if report.reach.effective is None else "more"
        text = f"As an admin of {organization} they can give themselves {what} at any time."
        blocks.append(Paragraph(text=plain(text)))
    blocks += [_section(f"rests on {_name_needed(one.holding)}", one, report) for one in report.requires]
    blocks += [section_of_past(told, *_table_of_log(told)) for told in report.past]
    is_member = report.reach.subject.kind == "member"
    return Document(
        title=title_of_person(report) if is_member else plain(name_subject(report.reach.subject)),
        blocks=tuple(blocks),
        notes=explain_gaps(
            from_log=[organization] if report.is_from_log else [],
            lost=[organization] if report.has_no_state else [],
            as_of=report.as_of,
        ),
        whole="answer",
    )


def _answer(report: WhyReport) -> str:
    reach, on = report.reach, report.reach.on
    if report.as_of and report.has_no_state:
        return f"nobody can tell whether they reached {name_thing(on)} on {report.as_of}"
    where = f"in {on.key}" if on.kind == "organization" else f"to {name_thing(on)}"
    day = f" at the end of {report.as_of}" if report.as_of else ""
    begun = [told.began for told in (one.history for one in report.paths if one.holding.is_active) if told.began]
    since = f", since {min(begun, key=lambda entry: entry.time).time:%Y-%m-%d}" if begun else ""
    ends = [one.holding.ends for one in report.paths if one.holding.is_active]
    until = f", until {max(filter(None, ends))}" if ends and all(ends) else ""
    if reach.effective is not None:
        on_it = where if on.kind == "organization" else f"on {name_thing(on)}"
        return f"{name_attributes(reach.effective) or 'access'} {on_it}{day}{since}{until}"
    if report.owner:
        return f"no access {where}{day}: {describe_owner(report.owner)}"
    waits = [one.holding for one in report.paths if one.holding.recorded and one.holding.recorded.status.is_pending]
    if waits:
        return f"no access {where}{day} yet: {describe_recorded(waits[0])}"
    if reach.intended is not None:
        declared = name_attributes(reach.intended) or "yes"
        if report.has_no_state:
            return f"nobody can tell whether they have access {where}{day}; declared: {declared}"
        return f"no access {where}{day} as far as is recorded; declared: {declared}"
    ended = [told.ended for told in report.past if told.ended]
    last = f"; it ended on {max(ended, key=lambda entry: entry.time).time:%Y-%m-%d}" if ended else ""
    return f"no access {where}{day}{last}"


def _name_needed(holding: Holding) -> str:
    kind, parts = holding.address.kind, holding.address.parts
    if kind == "asset_group_asset":
        return f"ad account {parts[1]} in asset group {parts[0]}"
    return "the membership" if kind == "member" else name_subject(holding.address)


def _section(title: str, reason: AccessReason, report: WhyReport) -> Section:
    holding, history = reason.holding, reason.history
    facts: list[tuple[str, Inline]] = [] if report.as_of else [("declared", plain(line)) for line in _lines(holding)]
    remembered = holding.remembered if holding.drift else holding.recorded
    since = f", since {remembered.since}" if remembered and remembered.since else ""
    nothing = "nothing: there is no state" if report.has_no_state else "nothing"
    kept = nothing if remembered is None else describe_recorded(Holding(address=holding.address, recorded=remembered))
    facts.append(("recorded", plain(f"{kept}{since}")))
    is_known = not report.has_no_state or holding.recorded is not None
    seen = describe_recorded(holding) if holding.drift else "as recorded" if is_known else "not known"
    facts.append(("live", plain(f"{seen}{f', as read on {report.last_read}' if report.last_read else ''}")))
    if holding.drift:
        facts.append(("drift", plain(_describe_drift(holding.drift))))
    if status := describe_status(holding, is_known=is_known):
        facts.append(("status", plain(status)))
    facts += tell_story(history)
    if holding.ends and not report.as_of:
        facts.append(("until", str(holding.ends)))
    return Section(
        title=plain(title),
        about=plain(str(holding.address)),
        blocks=(Facts(pairs=tuple(facts)), *_table_of_log(history)),
    )


def _lines(holding: Holding) -> Iterator[str]:
    """Every line that gives it on any day, with its own days."""
    if holding.declared is None:
        yield "nothing"
        return
    for line in holding.declared.lines:
        days = [f"from {line.starts}" if line.starts else "", f"until {line.expires}" if line.expires else ""]
        values = name_attributes(line.attributes) or "yes"
        yield ", ".join(filter(None, [values, line.through, *days, line.reason])) + f"  [{line.place}]"
    if holding.excuse:
        yield f"does not count today: {holding.excuse}"


def _describe_drift(known: KnownDrift) -> str:
    until = f" until {known.until}" if known.until else ""
    accepted = f"; accepted{until} by {known.accepted_by or 'somebody'}: {known.reason}" if known.reason else ""
    return f"{known.sort.label}, {known.severity}, first seen {known.first_seen}: {known.why}{accepted}"


def _table_of_log(history: AccessHistory) -> tuple[Block, ...]:
    """All that the log has, where that is more than the beginning and the end already say."""
    told = {history.asked, history.began, history.changed, history.ended} - {None}
    if len(told) == len(history.entries):
        return ()
    rows = [
        Row(
            cells=(
                f"{entry.time:%Y-%m-%d}",
                f"{entry.action.replace('_', ' ')}: {entry.outcome.replace('_', ' ')}",
                plain(entry.after),
                plain(entry.origin.operator),
                code(entry.origin.commit[:10]),
                code(entry.origin.plan[:10]),
                str(entry.record),
            )
        )
        for entry in history.entries
    ]
    found = table(("log", "what", "after", "by", "commit", "plan", "record"), rows)
    return (found,) if found else ()
