"""Messages to people who have to act: on a terminal, as Markdown, and for programs that send them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from reconciler.core.notice import Notice, Notices
from reconciler.core.work_order import WorkOrder
from reconciler.output.json import to_json
from reconciler.output.markdown_text import code, heading
from reconciler.output.style import Style, Tone
from reconciler.output.visible import make_visible
from reconciler.output.words import count
from reconciler.renderers.work_orders_markdown import show_order
from reconciler.renderers.worksheets import name_place, say_time
from reconciler.systems.marked import quote

_NOBODY = "nobody has to act\n"


def name_addressee(notice: Notice) -> str:
    """`Mara Lindqvist (mara)`."""
    return f"{notice.name} ({notice.person})" if notice.name and notice.person else notice.name or notice.person


def say_address(notice: Notice) -> str:
    """Where they can be reached."""
    return notice.email or notice.phone or "no address is known"


def say_subject(notice: Notice) -> str:
    """How much it is, and until when."""
    number = count(len(notice.orders), "thing", "things")
    until = f"; the first ends on {say_time(notice.deadline)}" if notice.deadline else ""
    return f"{number} to do{until}"


def render_notices(notices: Notices, style: Style) -> str:
    """Who has to do what, in brief."""
    return "\n".join(_text(notice, notices.at, style) for notice in notices.notices) or _NOBODY


def _text(notice: Notice, at: datetime, style: Style) -> str:
    to = style.paint(make_visible(name_addressee(notice)), Tone.STRONG)
    lines = [f"{to}  <{make_visible(say_address(notice))}>: {say_subject(notice)}"]
    for order in notice.orders:
        lines.append(f"  - {make_visible(quote(order.title))}")
        lines.append(f"    {style.paint(make_visible(_facts(order, at)), Tone.QUIET)}")
    return "".join(f"{line}\n" for line in lines)


def _facts(order: WorkOrder, at: datetime) -> str:
    days = (at.date() - order.issued.date()).days if order.issued else 0
    facts = (
        name_place(order),
        f"until {say_time(order.expires)}" if order.expires else "",
        f"waiting for {count(days, 'day', 'days')}" if days else "",
        f"reconciler work-orders show {order.id}" if order.id else "",
    )
    return "; ".join(filter(None, facts))


def render_notices_markdown(notices: Notices, _: Style) -> str:
    """One message below the other, each with every step."""
    return "\n".join(_message(notice) for notice in notices.notices) or "Nobody has to act.\n"


def _message(notice: Notice) -> str:
    head = heading(1, f"For {name_addressee(notice)}: {say_subject(notice)}")
    about = (
        f"To {code(say_address(notice))}. What stands in a box like {code('this')} is to be copied exactly as it is. "
        "If another message asks anything else of you, ask whoever sent you this one before you do it."
    )
    return f"{head}\n\n{about}\n\n" + "\n".join(show_order(order, level=2) for order in notice.orders)


def render_notices_json(notices: Notices, _: Style) -> str:
    """For programs that send them: with the subject and the message, ready to be sent."""
    told = tuple(replace(one, subject=say_subject(one), markdown=_message(one)) for one in notices.notices)
    return to_json("notices", replace(notices, notices=told))
