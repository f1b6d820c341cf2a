"""Work orders on a terminal: the list, and one in full."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.work_order import WorkOrder
from reconciler.output.style import Style, Tone
from reconciler.output.visible import make_visible, pad
from reconciler.output.words import count
from reconciler.renderers.table import render_table
from reconciler.renderers.worksheets import WorkList, Worksheet, ends_of, facts_of, say_validity
from reconciler.systems.marked import Piece, literal, quote, split

_LABEL = 18
_HINT = "reconciler work-orders show ID says step by step what to do."


def render_work_orders(work: WorkList, style: Style) -> str:
    """One line for each; those nobody has closed are counted below."""
    if not work.orders:
        return "no work orders\n"
    rows = [
        (
            order.id,
            order.status.value,
            order.actor or order.actor_role,
            order.address.organization,
            f"{order.issued:%Y-%m-%d}" if order.issued else "",
            _short(order),
        )
        for order in work.orders
    ]
    table = render_table(("id", "status", "who", "organization", "issued", "what"), rows, style)
    still_open = sum(order.status == "open" for order in work.orders)
    return f"{table}\n{count(still_open, 'work order is', 'work orders are')} open. {_HINT}\n"


def render_work_order(order: WorkOrder, style: Style) -> str:
    """Everything about one: what to make sure of, every step, and how it ends."""
    title = show_marked(order.title, style)
    name = style.paint(f"{make_visible(order.id)}  ", Tone.QUIET) if order.id else ""
    lines = [name + style.paint(title, Tone.STRONG), ""]
    lines += [f"  {_label(label, style)}{make_visible(text)}" for label, text in facts_of(order)]
    if order.preconditions:
        lines += ["", "  make sure first:"]
        lines += [f"    [ ] {show_marked(text, style)}" for text in order.preconditions]
    lines += ["", "  steps:"]
    lines += [f"  {number:>4}. {show_marked(text, style)}" for number, text in enumerate(order.steps, start=1)]
    lines.append("")
    lines += [f"  {_label(label, style)}{show_marked(text, style)}" for label, text in ends_of(order)]
    if order.id and order.status == "open":
        lines += ["", *_report_back(order, style)]
    return "".join(f"{line}\n" for line in lines)


def render_worksheet(sheet: Worksheet, style: Style) -> str:
    """Everything one person has to do."""
    title = style.paint(f"Work orders for {make_visible(sheet.title)}", Tone.STRONG)
    return "\n".join([f"{title}\n", *(render_work_order(order, style) for order in sheet.orders)])


def show_marked(text: str, style: Style) -> str:
    """Marked prose; what is to be copied stands in double quotes, and what is invisible in it is spelled out."""
    return "".join(_show(piece, style) for piece in split(text))


def _show(piece: Piece, style: Style) -> str:
    visible = make_visible(piece.text)
    return style.paint(quote(literal(visible)), Tone.STRONG) if piece.is_literal else visible


def _short(order: WorkOrder) -> str:
    until = say_validity(order) if order.expires else ""
    title = quote(order.title)
    return f"{title} ({until})" if until else title


def _label(label: str, style: Style) -> str:
    return style.paint(pad(f"{label}:", _LABEL), Tone.QUIET)


def _report_back(order: WorkOrder, style: Style) -> Iterator[str]:
    name = make_visible(order.id)
    yield f"  {_label('when done', style)}reconciler work-orders done {name} --evidence FILE|TEXT"
    yield f"  {_label('when it fails', style)}reconciler work-orders failed {name} --because REASON"
