"""Work orders as Markdown: a checklist that works as the body of an issue on GitHub or GitLab."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.work_order import OrderStatus, WorkOrder
from reconciler.output.markdown_text import code, inline
from reconciler.output.style import Style
from reconciler.output.words import count
from reconciler.renderers.worksheets import (
    WorkList,
    Worksheet,
    ends_of,
    group_by_actor,
    name_part,
    name_place,
    say_status,
    say_time,
    say_validity,
)
from reconciler.systems.marked import split


def render_work_orders_markdown(work: WorkList, style: Style) -> str:
    """The sheets of everybody who has something to do, one below the other."""
    sheets = [render_worksheet_markdown(sheet, style) for sheet in group_by_actor(work)]
    return "\n".join(sheets) or "No work orders are open.\n"


def render_worksheet_markdown(sheet: Worksheet, _: Style) -> str:
    """Everything one person has to do."""
    title = f"# Work orders for {inline(sheet.title)}"
    number = count(len(sheet.orders), "work order is", "work orders are")
    about = (
        f"{number} open. Go through each from the top and tick what is done; what stands in a box like {code('this')} "
        "is to be copied exactly as it is."
    )
    return f"{title}\n\n{about}\n\n" + "\n".join(show_order(order, level=2) for order in sheet.orders)


def render_work_order_markdown(order: WorkOrder, _: Style) -> str:
    """One of them by itself."""
    return show_order(order, level=1)


def show_marked(text: str) -> str:
    """Marked prose; what is to be copied is a code span."""
    return "".join(code(piece.text) if piece.is_literal else _prose(piece.text) for piece in split(text)).strip(" ")


def _prose(text: str) -> str:
    """Prose between two code spans, with ordinary spaces next to them."""
    inner = text.strip(" ")
    before, _, after = text.partition(inner) if inner else (text, "", "")
    return f"{before}{inline(inner)}{after}"


def show_order(order: WorkOrder, *, level: int) -> str:
    """An order in full, with a heading of that level."""
    blocks = [f"{'#' * level} {show_marked(order.title)}", *_facts(order)]
    if order.preconditions:
        blocks.append(
            "**Make sure first**\n\n" + "".join(f"- [ ] {show_marked(text)}\n" for text in order.preconditions)
        )
    steps = enumerate(order.steps, start=1)
    blocks.append("**Steps**\n\n" + "".join(f"{number}. [ ] {show_marked(text)}\n" for number, text in steps))
    blocks += [f"**{label.capitalize()}:** {show_marked(text)}" for label, text in ends_of(order)]
    if order.id and order.status is OrderStatus.OPEN:
        done, failed = (f"reconciler work-orders {word} {order.id}" for word in ("done", "failed"))
        blocks.append(f"Report back: {code(f'{done} --evidence FILE|TEXT')} or {code(f'{failed} --because REASON')}")
    return "\n\n".join(block.rstrip("\n") for block in blocks) + "\n"


def _facts(order: WorkOrder) -> Iterator[str]:
    """Who, where, why and until when, in two or three short paragraphs."""
    actor = f"{order.actor}, {order.actor_role}" if order.actor else order.actor_role
    about = [code(order.id) if order.id else "", inline(name_place(order)), f"for {inline(actor)}", name_part(order)]
    yield " · ".join(filter(None, about))
    reason = f"**Why:** {inline(order.reason)}"
    yield f"{reason} ({code(str(order.place))})" if order.place else reason
    times = [
        f"Issued {say_time(order.issued)}." if order.issued else "",
        f"**Valid {say_validity(order)}.**" if say_validity(order) else "",
        "" if order.status is OrderStatus.OPEN else f"**Status:** {inline(say_status(order))}",
        f"**Evidence:** {inline(order.evidence)}" if order.evidence else "",
    ]
    if any(times):
        yield " ".join(filter(None, times))
