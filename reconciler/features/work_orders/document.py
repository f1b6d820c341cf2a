"""What people are asked to do by hand: the list, the sheet of one person, and one order in full."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from reconciler.features.work_orders.worksheets import (
    WorkList,
    Worksheet,
    ends_of,
    facts_of,
    group_by_actor,
    say_validity,
)
from reconciler.model.work_order import OrderStatus, WorkOrder
from reconciler.output.document import (
    Block,
    Detail,
    Document,
    Facts,
    Inline,
    Item,
    Items,
    Look,
    Paragraph,
    Row,
    Section,
    Span,
    Table,
    Tick,
    code,
    plain,
)
from reconciler.output.json import Output
from reconciler.output.words import count
from reconciler.systems.markup import split

WORK_ORDERS = Output(
    name="work-orders",
    title="Work orders: what people are asked to do by hand",
    value=Sequence[WorkOrder],
    under="work_orders",
)

COPY_EXACTLY: Inline = (
    Span("What stands in a box like "),
    Span("this", Look.LITERAL),
    Span(" is to be copied exactly as it is."),
)
_HINT = "`reconciler work-orders show ID` says step by step what to do."


def document_of_work_orders(work: WorkList) -> Document:
    """One row for each; a page has the sheets of everybody who has something to do."""
    still_open = sum(order.status is OrderStatus.OPEN for order in work.orders)
    number = count(still_open, "work order is", "work orders are") if still_open else "No work orders are"
    sheets = group_by_actor(work)
    in_full = Section(title="What to do", about=COPY_EXACTLY, blocks=tuple(map(_sheet, sheets)))
    table = Table(header=("id", "status", "who", "organization", "issued", "what"), rows=tuple(map(_row, work.orders)))
    return Document(
        title="Work orders",
        is_title_needless=True,
        summary=f"{number} open. {_HINT}" if work.orders else "There are no work orders.",
        blocks=(Detail(full=in_full if sheets else table, brief=table),) if work.orders else (),
        whole="list",
    )


def document_of_worksheet(sheet: Worksheet) -> Document:
    """Everything one person has to do."""
    number = count(len(sheet.orders), "work order is", "work orders are")
    return Document(
        title=plain(f"Work orders for {sheet.title}"),
        summary=f"{number} open. Go through each from the top and tick what is done.",
        blocks=(Paragraph(text=COPY_EXACTLY), *map(section_of_order, sheet.orders)),
    )


def document_of_work_order(order: WorkOrder) -> Document:
    """One of them by itself, open or not."""
    return Document(title=prose_of(order.title), blocks=tuple(_blocks(order)))


def document_of_code(order: WorkOrder, *, until: datetime) -> Document:
    """The page around a QR code, for whoever scans it and has never heard of this tool."""
    _, *blocks = _blocks(order)
    return Document(
        title=prose_of(order.title),
        summary=f"Scan the code by {until:%Y-%m-%d %H:%M} UTC. After that it is over, and you get a new one.",
        blocks=tuple(blocks),
    )


def section_of_order(order: WorkOrder) -> Section:
    """An order in full, below others."""
    return Section(title=prose_of(order.title), blocks=tuple(_blocks(order)))


def prose_of(text: str) -> Inline:
    """Marked prose: what is to be copied is set apart, character by character."""
    return tuple(Span(piece.text, Look.LITERAL if piece.is_literal else Look.PLAIN) for piece in split(text))


def _sheet(sheet: Worksheet) -> Section:
    return Section(title=plain(sheet.title), blocks=tuple(map(section_of_order, sheet.orders)))


def _row(order: WorkOrder) -> Row:
    until = say_validity(order) if order.expires else ""
    cells = (
        code(order.id),
        order.status.value,
        plain(order.actor or order.actor_role),
        code(order.address.organization),
        f"{order.issued:%Y-%m-%d}" if order.issued else "",
        (*_spans(prose_of(order.title)), Span(f" ({until})" if until else "")),
    )
    return Row(cells=cells)


def _spans(text: Inline) -> tuple[Span, ...]:
    return text if isinstance(text, tuple) else ()


def _blocks(order: WorkOrder) -> Iterator[Block]:
    """What to know, what to make sure of, every step, and how it ends."""
    facts = [("order", code(order.id))] if order.id else []
    yield Facts(pairs=(*facts, *((label, plain(text)) for label, text in facts_of(order))))
    if order.preconditions:
        yield Section(title="Make sure first", blocks=(_ticks(order.preconditions),))
    yield Section(title="Steps", blocks=(_ticks(order.steps, is_numbered=True),))
    ends = Facts(pairs=tuple((label, prose_of(text)) for label, text in ends_of(order)))
    yield Section(title="How it ends", blocks=(ends,))
    if order.id and order.status is OrderStatus.OPEN:
        done, failed = (f"reconciler work-orders {word} {order.id}" for word in ("done", "failed"))
        commands = (f"{done} --evidence FILE|TEXT", f"{failed} --because REASON")
        yield Section(title="Report back", blocks=(Items(items=tuple(Item(text=code(one)) for one in commands)),))


def _ticks(texts: Iterable[str], *, is_numbered: bool = False) -> Items:
    return Items(items=tuple(Item(text=prose_of(text), tick=Tick.OPEN) for text in texts), is_numbered=is_numbered)
