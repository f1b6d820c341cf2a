"""An offboarding as Markdown: a checklist that works as the body of an issue on GitHub or GitLab."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.offboarding import Offboarding, Progress
from reconciler.output.markdown_text import code, code_block, heading, inline
from reconciler.output.style import Style
from reconciler.renderers.offboarding_sections import (
    Line,
    Section,
    name_person,
    next_steps,
    say_result,
    say_when,
    sections_of,
)


def render_offboarding_markdown(found: Offboarding, _: Style) -> str:
    """Who leaves, what has to come first, everything to be ticked, and the edit of the manifests."""
    blocks = [
        heading(1, f"Offboarding of {name_person(found)}"),
        f"{inline(say_when(found))} **{inline(say_result(found))}** As of {found.today}.",
    ]
    steps = [f"- {inline(what)}: {code(command)}" for what, command in next_steps(found)]
    if steps:
        blocks += [heading(2, "What to do now"), "\n".join(steps)]
    for section in sections_of(found):
        blocks += _section(section)
    if found.patch:
        blocks += [heading(2, "The edit of the manifests"), code_block(found.patch.rstrip("\n"), "diff").rstrip("\n")]
    return "\n\n".join(blocks) + "\n"


def _section(section: Section) -> Iterator[str]:
    yield heading(2, section.title)
    if section.about:
        yield _with_code(section.about)
    yield "\n".join(map(_line, section.lines))


def _line(line: Line) -> str:
    tick = "x" if line.progress is Progress.OVER else " "
    return f"- [{tick}] {code(line.where)} {inline(line.what)}<br>{inline(line.then)}"


def _with_code(text: str) -> str:
    """Our own words, in which backticks mark what is typed."""
    pieces = text.split("`")
    return "".join(code(piece) if number % 2 else inline(piece) for number, piece in enumerate(pieces))
