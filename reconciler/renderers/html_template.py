"""Where pages come from: templates that escape every text, and in which what is invisible can be made visible."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.output.visible import make_visible

if TYPE_CHECKING:
    from jinja2 import Environment


def make_environment() -> Environment:
    """The templates of this package; a page adds filters and tests of its own. An unknown name in one is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("reconciler.renderers"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["visible"] = make_visible
    return environment
