"""An offboarding as a page that needs nothing but itself: no network, no script, boxes to tick, fit to be printed."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from reconciler.core.offboarding import Offboarding
from reconciler.output.style import Style
from reconciler.renderers.html_template import make_environment
from reconciler.renderers.offboarding_sections import name_person, next_steps, say_result, say_when, sections_of

if TYPE_CHECKING:
    from jinja2 import Template


def render_offboarding_html(found: Offboarding, _: Style) -> str:
    """The same as in Markdown."""
    return _template().render(
        title=f"Offboarding of {name_person(found)}",
        when=say_when(found),
        result=say_result(found),
        today=found.today,
        steps=list(next_steps(found)),
        sections=list(sections_of(found)),
        patch=found.patch.splitlines(),
    )


@cache
def _template() -> Template:
    return make_environment().get_template("offboarding.html.j2")
