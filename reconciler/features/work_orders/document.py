"""What people are asked to do by hand: the list, the sheet of one person, one order in full, and messages to people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from reconciler.features.work_orders.model import Notice, Notices, WorkList, Worksheet
from reconciler.model import OrderStatus, WorkOrder, count
from reconciler.output.document import (
    Block,
    Detail,
    Document,
    Facts,
    Inline,
    Item,
    Items,
    Paragraph,
    Picture,
    Row,
    Section,
    Span,
    SpanStyle,
    Style,
    Table,
    Tick,
    code,
    plain,
    spans,
)
from reconciler.output.json import Output
from reconciler.output.markdown import render_markdown
from reconciler.systems.catalogue import SYSTEMS, split
from reconciler.systems.languages import DAY, OWN_TEXTS, ROLES, Speech, UntranslatedError, texts_of_orders

WORK_ORDERS = Output(
    name="work-orders",
    title="Work orders: what people are asked to do by hand",
    value=Sequence[WorkOrder],
    under="work_orders",
)
NOTICES = Output(name="notices", title="Notices: one message for each person who has to act", value=Notices)

_COPY_EXACTLY = "What stands in a box like `this` is to be copied exactly as it is."
_ASK_FIRST = "If another message asks anything else of you, ask whoever sent you this one before you do it."
_ENGLISH = Speech()
_TIME = "%Y-%m-%d %H:%M UTC"
_FACTS = ("order", "in", "for", "part", "issued", "due", "valid", "done when", "cannot be undone", "to undo", "note")
_SECTIONS = ("Make sure first", "Steps", "How it ends", "Report back")
_ANSWER = "Tell {person} when it is done, or what stood in the way."
_ONE, _MANY = "1 thing to do", "{number} things to do"
_FIRST_ENDS, _FIRST_DUE = "{things}; the first ends on {time}", "{things}; the first is due on {day}"
_PART, _AFTER = "{number} of {all}", "{number} of {all}, after part {before}"
_UNTIL = "until {time}"
_HOURS = "for {number} hours once the part before it is done"
_DAYS = "for {number} days once the part before it is done"
_NO_CONTACT = "no address is known"
_FOR, _TO = "For {person}: {subject}", "To"
_SHEET = "Work orders for {person}"
_ONE_OPEN, _MANY_OPEN = "1 work order is open.", "{number} work orders are open."
_TICK = "Go through each from the top and tick what is done."
_SCAN = "Scan the code by {time}. After that it is over, and you get a new one."
_PICTURE = "QR code to scan with the TikTok app"
_ON_THE_PHONE, _AS_LINK = "You read this on the phone itself?", "Open the code as a link"
_MESSAGES = (
    *(_COPY_EXACTLY, _ASK_FIRST, _TIME, DAY, *_FACTS, *_SECTIONS, _ANSWER, _ONE, _MANY, _FIRST_ENDS, _FIRST_DUE),
    *(_PART, _AFTER, _UNTIL, _HOURS, _DAYS, _NO_CONTACT, _FOR, _TO),
    *(_SHEET, _ONE_OPEN, _MANY_OPEN, _TICK, _SCAN, _PICTURE, _ON_THE_PHONE, _AS_LINK),
)


def list_messages() -> tuple[str, ...]:
    """Everything that a message, a sheet and the page around a code may say."""
    return tuple(dict.fromkeys((*_MESSAGES, *texts_of_orders(SYSTEMS), *OWN_TEXTS)))


def document_of_work_orders(work: WorkList) -> Document:
    """One row for each; a page has the sheets of everybody who has something to do."""
    still_open = sum(order.status is OrderStatus.OPEN for order in work.orders)
    number = count(still_open, "work order is", "work orders are") if still_open else "No work orders are"
    hint = "`reconciler work-orders show ID` says step by step what to do."
    header = ("id", "status", "who", "organization", "issued", "due", "what")
    table = Table(header=header, rows=tuple(map(_row, work.rows())))
    told = ((_call(sheet.actor, sheet.name), _sheet(sheet)) for sheet in work.worksheets())
    sheets = tuple(Section(title=plain(person), blocks=orders) for person, orders in told)
    in_full = Section(title="What to do", about=_prose(_COPY_EXACTLY), blocks=sheets) if sheets else table
    return Document(
        title="Work orders",
        is_title_needless=True,
        summary=f"{number} open. {hint}" if work.orders else "There are no work orders.",
        blocks=(Detail(full=in_full, brief=table),) if work.orders else (),
        whole="list",
    )


def document_of_worksheet(sheet: Worksheet) -> Document:
    """Everything one person has to do, in their language; all in English where any of it is not translated."""
    speech, number = sheet.speech, len(sheet.orders)
    say = speech.say
    try:
        person = _call(sheet.actor, sheet.name, speech)
        open_ = say(_ONE_OPEN) if number == 1 else say(_MANY_OPEN, number=f"{number:,}")
        return Document(
            title=plain(say(_SHEET, person=person)),
            summary=f"{open_} {say(_TICK)}",
            blocks=(Paragraph(text=_prose(say(_COPY_EXACTLY))), *_sheet(sheet, speech)),
            language=speech.language,
        )
    except UntranslatedError:
        return document_of_worksheet(replace(sheet, speech=_ENGLISH))


def _sheet(sheet: Worksheet, speech: Speech = _ENGLISH) -> tuple[Section, ...]:
    """Whoever is nobody in the directory is told nothing about files and commands."""
    return _in_full(sheet.orders, answer_to="" if sheet.actor else ROLES[-1], speech=speech)


def document_of_work_order(order: WorkOrder) -> Document:
    """One of them by itself, open or not."""
    return Document(title=_prose(order.title), blocks=tuple(_blocks(order)))


def document_of_code(
    order: WorkOrder, *, until: datetime, picture: str = "", link: str = "", speech: Speech = _ENGLISH
) -> Document:
    """The page around a QR code, for whoever scans it and has never heard of this tool."""
    try:
        shows, hint, leads_to = map(speech.say, (_PICTURE, _ON_THE_PHONE, _AS_LINK))
        _, *blocks = _blocks(order, speech=speech)
        return Document(
            title=_prose(speech.retell_order(order).title),
            summary=speech.say(_SCAN, time=_format_time(until, speech)),
            picture=Picture(source=picture, shows=shows, link=link, hint=hint, leads_to=leads_to),
            blocks=tuple(blocks),
            language=speech.language,
        )
    except UntranslatedError:
        return document_of_code(order, until=until, picture=picture, link=link)


def document_of_notices(notices: Notices) -> Document:
    """Who has to do what; a page has every step."""
    several = count(len(notices.notices), "person has", "people have")
    nobody = f"No request to {notices.person or 'anybody'} is open."
    return Document(
        title="Who has to act",
        is_title_needless=True,
        summary=f"{several} to act." if notices.notices else nobody,
        blocks=tuple(
            Detail(full=_tell(notice, notices.speeches)[1], brief=_notice_in_brief(notice, notices.at))
            for notice in notices.notices
        ),
        whole="list",
    )


def with_messages(notices: Notices) -> Notices:
    """For programs that send them: with the subject and the message, ready to be sent."""
    told = []
    for one in notices.notices:
        speech, section = _tell(one, notices.speeches)
        message = Document(title=section.title, blocks=section.blocks)
        text = render_markdown(message, Style(max_chars=0))
        told.append(replace(one, subject=_subject(one, speech), language=speech.language, markdown=text))
    return replace(notices, notices=tuple(told))


def _tell(notice: Notice, speeches: Mapping[str, Speech]) -> tuple[Speech, Section]:
    """The message, and the language that all of it is in."""
    speech = speeches.get(notice.language, _ENGLISH)
    say = speech.say
    try:
        contact = code(notice.email or notice.phone or say(_NO_CONTACT))
        copy, ask = spans(_prose(say(_COPY_EXACTLY))), Span(f" {say(_ASK_FIRST)}")
        about = Paragraph(text=(Span(f"{say(_TO)} "), contact, Span(". "), *copy, ask))
        title = plain(say(_FOR, person=_call(notice.person, notice.name, speech), subject=_subject(notice, speech)))
        orders = _in_full(notice.orders, answer_to=notice.answer_to, speech=speech)
        return speech, Section(title=title, blocks=(about, *orders))
    except UntranslatedError:
        return _tell(notice, {})


def _notice_in_brief(notice: Notice, at: datetime) -> Section:
    items = []
    for order in notice.orders:
        days = (at.date() - order.issued.date()).days if order.issued else 0
        facts = (
            _place(order),
            f"due on {order.due}" if order.due else "",
            f"until {_format_time(order.expires)}" if order.expires else "",
            f"waiting for {count(days, 'day', 'days')}" if days else "",
            f"reconciler work-orders show {order.id}" if order.id else "",
        )
        items.append(Item(text=_prose(order.title), details=(plain("; ".join(filter(None, facts))),)))
    contact = notice.email or notice.phone or _NO_CONTACT
    title = plain(f"{_call(notice.person, notice.name)} <{contact}>: {_subject(notice)}")
    return Section(title=title, blocks=(Items(items=tuple(items)),))


def _call(person: str, name: str, speech: Speech = _ENGLISH) -> str:
    """`Mara Lindqvist (mara)`; whoever is nobody in the directory by what they are."""
    if not person:
        return speech.retell(name, ROLES)
    return f"{name} ({person})" if name else person


def _subject(notice: Notice, speech: Speech = _ENGLISH) -> str:
    """How much it is, and until when."""
    number, deadline = len(notice.orders), notice.deadline
    things = speech.say(_ONE) if number == 1 else speech.say(_MANY, number=f"{number:,}")
    first = next((order for order in notice.orders if deadline and order.deadline == deadline), None)
    if first is None or deadline is None:
        return things
    if first.due and deadline != first.expires:
        return speech.say(_FIRST_DUE, things=things, day=first.due.strftime(speech.say(DAY)))
    return speech.say(_FIRST_ENDS, things=things, time=_format_time(deadline, speech))


def _row(order: WorkOrder) -> Row:
    issued = f"{order.issued:%Y-%m-%d}" if order.issued else ""
    due = str(order.due or (_format_time(order.expires) if order.expires else ""))
    who, where = plain(order.actor or order.actor_role), code(order.address.organization)
    return Row(cells=(code(order.id), order.status.value, who, where, issued, due, _prose(order.title)))


def _in_full(orders: Iterable[WorkOrder], *, answer_to: str, speech: Speech) -> tuple[Section, ...]:
    told = ((speech.retell_order(one).title, _blocks(one, answer_to=answer_to, speech=speech)) for one in orders)
    return tuple(Section(title=_prose(title), blocks=tuple(blocks)) for title, blocks in told)


def _blocks(order: WorkOrder, *, answer_to: str = "", speech: Speech = _ENGLISH) -> Iterator[Block]:
    """What to know, what to make sure of, every step, and how it ends; what there is nothing to say about is left out.

    It begins with the facts. Where somebody from outside has to act, nothing is said of files and commands, but whom
    to answer. Why it is asked for is told in the words of the plan, and so in no other language.
    """
    say, order = speech.say, speech.retell_order(order)
    facts = {
        "in": _place(order),
        "for": f"{order.actor}, {order.actor_role}" if order.actor else order.actor_role,
        "part": _part(order, speech),
        "why": f"{order.reason}  [{order.place}]" if order.place and not answer_to else order.reason,
        "issued": _format_time(order.issued, speech) if order.issued else "",
        "due": order.due.strftime(say(DAY)) if order.due else "",
        "valid": _validity(order, speech),
        "status": "" if order.status is OrderStatus.OPEN else _status(order),
        "evidence": order.evidence,
    }
    if speech.language:
        facts = {label: text for label, text in facts.items() if label in _FACTS}
    known = [(say("order"), code(order.id))] if order.id and not answer_to else []
    pairs = [(say(label) if label in _FACTS else label, plain(text)) for label, text in facts.items() if text]
    yield Facts(pairs=(*known, *pairs))
    if order.preconditions:
        yield Section(title=say("Make sure first"), blocks=(_ticks(order.preconditions),))
    yield Section(title=say("Steps"), blocks=(_ticks(order.steps, is_numbered=True),))
    ends = {
        "done when": order.done_when,
        "cannot be undone": order.irreversible,
        "to undo": order.undo,
        "note": order.note,
    }
    ending = Facts(pairs=tuple((say(label), _prose(text)) for label, text in ends.items() if text))
    yield Section(title=say("How it ends"), blocks=(ending,))
    if answer_to:
        person = say(answer_to) if answer_to in ROLES else answer_to
        told = plain(say(_ANSWER, person=person))
        yield Section(title=say("Report back"), blocks=(Paragraph(text=told),))
    elif order.id and order.status is OrderStatus.OPEN:
        words = ("done", "--evidence FILE|TEXT"), ("failed", "--because REASON")
        commands = (code(f"reconciler work-orders {word} {order.id} {option}") for word, option in words)
        yield Section(title=say("Report back"), blocks=(Items(items=tuple(Item(text=one) for one in commands)),))


def _ticks(texts: Iterable[str], *, is_numbered: bool = False) -> Items:
    return Items(items=tuple(Item(text=_prose(text), tick=Tick.OPEN) for text in texts), is_numbered=is_numbered)


def _prose(text: str) -> Inline:
    """Marked prose: what is to be copied is set apart, character by character."""
    return tuple(Span(piece.text, SpanStyle.LITERAL if piece.is_literal else SpanStyle.PLAIN) for piece in split(text))


def _place(order: WorkOrder) -> str:
    """Which system and organization it is about."""
    variants = SYSTEMS.get(order.system, {})
    title = variants[""].title if "" in variants else order.system
    return f"{title} {order.address.organization}"


def _part(order: WorkOrder, speech: Speech) -> str:
    """`2 of 2, after part 1 (wo-7k3f2a)`; empty where one person does everything."""
    if order.parties == 1:
        return ""
    number, every, before = str(order.party), str(order.parties), f"{order.party - 1}"
    before += f" ({order.after})" if order.after else ""
    return speech.say(_AFTER if order.party > 1 else _PART, number=number, all=every, before=before)


def _validity(order: WorkOrder, speech: Speech) -> str:
    """Until when it makes sense; empty when that is not limited or not known yet."""
    if order.expires:
        return speech.say(_UNTIL, time=_format_time(order.expires, speech))
    if order.lasts:
        hours = order.lasts.total_seconds() / 3600
        return speech.say(_HOURS if hours <= 48 else _DAYS, number=f"{hours if hours <= 48 else hours / 24:g}")
    return ""


def _status(order: WorkOrder) -> str:
    """What became of it, since when, who said so and why."""
    when = f" on {_format_time(order.closed)}" if order.closed else ""
    who = f" by {order.closed_by}" if order.closed_by else ""
    reasons = "; ".join(filter(None, (order.failure.replace("_", " ") if order.failure else "", order.explanation)))
    return f"{order.status}{when}{who}" + (f": {reasons}" if reasons else "")


def _format_time(time: datetime, speech: Speech = _ENGLISH) -> str:
    """Down to the minute, because some of it ends within a day."""
    return time.strftime(speech.say(_TIME))
