"""Every page that is kept as a golden file; `python -m tests.renderers.pages` writes them again."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from reconciler import __version__
from reconciler.renderers.catalogue import RENDERERS
from reconciler.renderers.style import Style
from tests.renderers import plans

GOLDEN = Path(__file__).parent / "golden" / "pages"
SUFFIXES = {"markdown": "md", "html": "html", "github": "txt", "sarif": "sarif", "junit": "xml"}
STYLE = Style(prefix="infra/", job="https://ci.example/jobs/1?a=1&b=2")
TIGHT = replace(STYLE, max_chars=24_000)
"""Has room for some of the long plan."""


def pages() -> Mapping[str, Callable[[], str]]:
    """File name -> how it is made."""
    found: dict[str, Callable[[], str]] = {}
    plans_of = {"held-back": plans.held_back, "kinds": plans.every_kind_of_access}
    for form, suffix in SUFFIXES.items():
        for name, make in {"small": plans.small, "long": plans.long, "hostile": plans.mischief, **plans_of}.items():
            found[f"plan-{name}.{suffix}"] = lambda form=form, make=make: RENDERERS.plan[form](make(), TIGHT)
        found[f"report.{suffix}"] = lambda form=form: RENDERERS.report[form](
            plans.every_kind_of_access(), plans.report_on(plans.every_kind_of_access()), STYLE
        )
        found[f"findings.{suffix}"] = lambda form=form: RENDERERS.findings[form](plans.inspection(), STYLE)
    return found


def settled(text: str) -> str:
    """Without what changes with every release."""
    return text.replace(f'"{__version__}"', '"VERSION"')


def main() -> None:
    """Write them all."""
    GOLDEN.mkdir(exist_ok=True)
    for name, make in pages().items():
        (GOLDEN / name).write_text(settled(make()), encoding="utf-8")
    sys.stdout.write(f"{len(pages())} files in {GOLDEN}\n")


if __name__ == "__main__":
    main()
