"""Messages to people who have to act."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from reconciler.features.work_orders.document import COPY_EXACTLY, prose_of, section_of_order
from reconciler.features.work_orders.notice import Notice, Notices
from reconciler.features.work_orders.worksheets import name_place, say_time
from reconciler.model.work_order import WorkOrder
from reconciler.output.document import (
    Detail,
    Document,
    Inline,
    Item,
    Items,
    Paragraph,
    Section,
    Span,
    code,
    plain,
    spans,
)
from reconciler.output.json import Output
from reconciler.output.markdown import render_markdown
from reconciler.output.style import Style
from reconciler.output.words import count

NOTICES = Output(name="notices", title="Notices: one message for each person who has to act", value=Notices)


def document_of_notices(notices: Notices) -> Document:
    """Who has to do what; a page has every step."""
    several = count(len(notices.notices), "person has", "people have")
    nobody = f"No request to {notices.person or 'anybody'} is open."
    return Document(
        title="Who has to act",
        is_title_needless=True,
        summary=f"{several} to act." if notices.notices else nobody,
        blocks=tuple(Detail(full=_in_full(notice), brief=_in_brief(notice, notices.at)) for notice in notices.notices),
        whole="list",
    )


def with_messages(notices: Notices) -> Notices:
    """For programs that send them: with the subject and the message, ready to be sent."""
    told = tuple(
        replace(one, subject=_say_subject(one), markdown=render_markdown(_message(one), Style(max_chars=0)))
        for one in notices.notices
    )
    return replace(notices, notices=told)


def _message(notice: Notice) -> Document:
    section = _in_full(notice)
    return Document(title=section.title, blocks=section.blocks)


def _in_full(notice: Notice) -> Section:
    about = (
        Span("To "),
        code(_say_address(notice)),
        Span(". "),
        *spans(COPY_EXACTLY),
        Span(" If another message asks anything else of you, ask whoever sent you this one before you do it."),
    )
    title = plain(f"For {_name_addressee(notice)}: {_say_subject(notice)}")
    return Section(title=title, blocks=(Paragraph(text=about), *map(section_of_order, notice.orders)))


def _in_brief(notice: Notice, at: datetime) -> Section:
    items = tuple(Item(text=prose_of(order.title), details=(_facts(order, at),)) for order in notice.orders)
    title = plain(f"{_name_addressee(notice)} <{_say_address(notice)}>: {_say_subject(notice)}")
    return Section(title=title, blocks=(Items(items=items),))


def _name_addressee(notice: Notice) -> str:
    """`Mara Lindqvist (mara)`."""
    return f"{notice.name} ({notice.person})" if notice.name and notice.person else notice.name or notice.person


def _say_address(notice: Notice) -> str:
    """Where they can be reached."""
    return notice.email or notice.phone or "no address is known"


def _say_subject(notice: Notice) -> str:
    """How much it is, and until when."""
    number = count(len(notice.orders), "thing", "things")
    until = f"; the first ends on {say_time(notice.deadline)}" if notice.deadline else ""
    return f"{number} to do{until}"


def _facts(order: WorkOrder, at: datetime) -> Inline:
    days = (at.date() - order.issued.date()).days if order.issued else 0
    facts = (
        name_place(order),
        f"until {say_time(order.expires)}" if order.expires else "",
        f"waiting for {count(days, 'day', 'days')}" if days else "",
        f"reconciler work-orders show {order.id}" if order.id else "",
    )
    return plain("; ".join(filter(None, facts)))
