"""Every page that is kept as a golden file; `python -m tests.output.pages` writes them again."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from reconciler import __version__
from reconciler.cli.catalogue import RENDERERS
from reconciler.output.style import Style
from tests.output import drifts, plans

GOLDEN = Path(__file__).parent / "golden" / "pages"
SUFFIXES = {"markdown": "md", "html": "html", "github": "txt", "sarif": "sarif", "junit": "xml"}
STYLE = Style(prefix="infra/", job="https://ci.example/jobs/1?a=1&b=2")
TIGHT = replace(STYLE, max_chars=24_000)
"""Has room for some of the long plan."""


def pages() -> Mapping[str, Callable[[], str]]:
    """File name -> how it is made."""
    found: dict[str, Callable[[], str]] = {}
    kinds = plans.every_kind_of_access()
    made = {"small": plans.small(), "long": plans.long(), "hostile": plans.mischief(), "held-back": plans.held_back()}
    for form, suffix in SUFFIXES.items():
        for name, plan in {**made, "kinds": kinds}.items():
            found[f"plan-{name}.{suffix}"] = partial(RENDERERS.plan[form], plan, TIGHT)
        found[f"report.{suffix}"] = partial(RENDERERS.report[form], kinds, plans.report_on(kinds), STYLE)
        found[f"findings.{suffix}"] = partial(RENDERERS.findings[form], plans.inspection(), STYLE)
        found[f"drift.{suffix}"] = partial(RENDERERS.drift[form], drifts.every_sort(), STYLE)
        found[f"drift-hostile.{suffix}"] = partial(RENDERERS.drift[form], drifts.tricks(), STYLE)
        found[f"review.{suffix}"] = partial(RENDERERS.review[form], plans.a_review(), STYLE)
    found["drift-terminal.txt"] = partial(RENDERERS.drift["text"], drifts.every_sort(), STYLE)
    found["drift-hostile-terminal.txt"] = partial(RENDERERS.drift["text"], drifts.tricks(), STYLE)
    return found


def settled(text: str) -> str:
    """Without what changes with every release, or with a new field of a plan or report."""
    return re.sub(r"\b[0-9a-f]{64}\b", "DIGEST", text.replace(f'"{__version__}"', '"VERSION"'))


def main() -> None:
    """Write them all."""
    GOLDEN.mkdir(exist_ok=True)
    for name, make in pages().items():
        (GOLDEN / name).write_text(settled(make()), encoding="utf-8")
    sys.stdout.write(f"{len(pages())} files in {GOLDEN}\n")


if __name__ == "__main__":
    main()
