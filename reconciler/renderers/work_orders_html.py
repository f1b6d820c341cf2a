"""Work orders as a page that needs nothing but itself: no network, no script, boxes to tick, fit to be printed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from reconciler.core.work_order import WorkOrder
from reconciler.output.style import Style
from reconciler.renderers.html_template import make_environment
from reconciler.renderers.worksheets import WorkList, Worksheet, ends_of, facts_of, group_by_actor
from reconciler.systems.marked import split

if TYPE_CHECKING:
    from jinja2 import Template


def render_work_orders_html(work: WorkList, _: Style) -> str:
    """The sheets of everybody who has something to do, on one page."""
    return render_sheets("Work orders", group_by_actor(work))


def render_worksheet_html(sheet: Worksheet, _: Style) -> str:
    """Everything one person has to do."""
    return render_sheets(f"Work orders for {sheet.title}", [sheet])


def render_work_order_html(order: WorkOrder, _: Style) -> str:
    """One of them by itself, open or not."""
    return render_sheets(f"Work order {order.id}".strip(), [Worksheet(actor="", orders=(order,))])


def render_sheets(title: str, sheets: Sequence[Worksheet]) -> str:
    """Some sheets under a title."""
    return _template().render(title=title, sheets=sheets)


@cache
def _template() -> Template:
    environment = make_environment()
    environment.filters |= {"pieces": split, "facts": facts_of, "ends": ends_of}
    return environment.get_template("work_orders.html.j2")
