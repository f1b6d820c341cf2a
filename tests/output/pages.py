"""Every page that is kept as a golden file; `python -m tests.output.pages` writes them again."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

from reconciler import __version__
from reconciler.cli.options import RENDERERS
from reconciler.engine.planner import plan
from reconciler.features.review.model import Review
from reconciler.features.review.review import review
from reconciler.model import Plan
from reconciler.output.document import Style
from tests.engine.given import read_case as read_plan_case
from tests.features.review.given import read_case as read_review_case
from tests.output import drifts, plans

GOLDEN = Path(__file__).parent / "golden" / "pages"
SUFFIXES = {"markdown": "md", "html": "html", "github": "txt", "sarif": "sarif", "junit": "xml"}
STYLE = Style(prefix="infra/", job="https://ci.example/jobs/1?a=1&b=2")
TIGHT = replace(STYLE, max_chars=24_000)
"""Has room for some of the long plan."""


LINKED = replace(STYLE, source="https://forge.example/acme/access/blob/0a1b2c3d")
CASES = Path(__file__).parents[1] / "cases"


@cache
def mixed_plan() -> Plan:
    """Of one change with everything in it that a reviewer must see in the first minute."""
    case = read_plan_case(CASES / "plan" / "a-mixed-change-says-of-every-step-what-it-risks.yaml")
    return plan(case.worlds, case.settings, targets=case.targets)


@cache
def mixed_review() -> Review:
    """The same change as a pull request shows it."""
    case = read_review_case(CASES / "diff" / "a-mixed-change-is-told-with-what-matters-most-first.yaml")
    return replace(review(case.base, case.head, today=case.today), tool_version="")


def pages() -> Mapping[str, Callable[[], str]]:
    """File name -> how it is made."""
    found: dict[str, Callable[[], str]] = {}
    kinds = plans.every_kind_of_access()
    made = {"small": plans.small(), "long": plans.long(), "hostile": plans.mischief(), "held-back": plans.held_back()}
    for form, suffix in SUFFIXES.items():
        for name, one in {**made, "kinds": kinds}.items():
            found[f"plan-{name}.{suffix}"] = partial(RENDERERS.plan[form], one, TIGHT)
        found[f"report.{suffix}"] = partial(RENDERERS.report[form], kinds, plans.report_on(kinds), STYLE)
        found[f"findings.{suffix}"] = partial(RENDERERS.findings[form], plans.inspection(), STYLE)
        found[f"drift.{suffix}"] = partial(RENDERERS.drift[form], drifts.every_sort(), STYLE)
        found[f"drift-hostile.{suffix}"] = partial(RENDERERS.drift[form], drifts.tricks(), STYLE)
        found[f"review.{suffix}"] = partial(RENDERERS.review[form], plans.a_review(), STYLE)
        found[f"plan-mixed.{suffix}"] = partial(RENDERERS.plan[form], mixed_plan(), LINKED)
        found[f"review-mixed.{suffix}"] = partial(RENDERERS.review[form], mixed_review(), LINKED)
    narrow = replace(LINKED, width=80)
    found["plan-mixed-at-80-columns.txt"] = partial(RENDERERS.plan["text"], mixed_plan(), narrow)
    found["review-mixed-at-80-columns.txt"] = partial(RENDERERS.review["text"], mixed_review(), narrow)
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
