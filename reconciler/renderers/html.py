"""A sheet as one page that needs nothing but itself: no network, no script, light and dark, wide and narrow."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from reconciler.output.style import Style
from reconciler.renderers.html_template import make_environment
from reconciler.renderers.sheet import Cell, Look, Sheet
from reconciler.subjects.signs import Sign

if TYPE_CHECKING:
    from jinja2 import Template

_SIGNS = {sign.mark: sign for sign in Sign}


def render_html(sheet: Sheet, style: Style) -> str:
    """The page with every line; the template escapes all texts."""
    job = style.job if style.job.startswith("https://") else ""
    return _template().render(sheet=sheet, job=job)


@cache
def _template() -> Template:
    environment = make_environment()
    environment.filters["sign"] = _sign
    environment.tests["sign"] = _is_sign
    environment.tests["code"] = _is_code
    return environment.get_template("page.html.j2")


def _sign(cell: Cell) -> Sign:
    return _SIGNS[cell.text]


def _is_sign(cell: Cell) -> bool:
    return cell.look is Look.SIGN


def _is_code(cell: Cell) -> bool:
    return cell.look is Look.CODE and bool(cell.text)
