"""Messages to people who have to act as one page: a sheet for each, with every step and boxes to tick."""

from __future__ import annotations

from reconciler.core.notice import Notices
from reconciler.output.style import Style
from reconciler.renderers.notices import name_addressee, say_address, say_subject
from reconciler.renderers.work_orders_html import render_sheets
from reconciler.renderers.worksheets import Worksheet


def render_notices_html(notices: Notices, _: Style) -> str:
    """The sheets of everybody who has something to do now."""
    sheets = [
        Worksheet(
            actor="",
            name=f"{name_addressee(notice)}, {say_address(notice)}: {say_subject(notice)}",
            orders=notice.orders,
        )
        for notice in notices.notices
    ]
    return render_sheets("Who has to act", sheets)
