"""An offboarding on a terminal."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from reconciler.core.offboarding import Offboarding, Progress
from reconciler.output.style import Style, Tone
from reconciler.output.visible import make_visible
from reconciler.renderers.offboarding_sections import (
    Line,
    Section,
    name_person,
    next_steps,
    say_result,
    say_when,
    sections_of,
)

_MARKS = {
    Progress.OPEN: ("[ ]", Tone.CHANGE),
    Progress.WAITING: ("[…]", Tone.CHANGE),
    Progress.BLOCKED: ("[!]", Tone.ALARM),
    Progress.UNKNOWN: ("[?]", Tone.WARN),
    Progress.OVER: ("[x]", Tone.ADD),
}


def render_offboarding(found: Offboarding, style: Style) -> str:
    """Who leaves, what has to come first, everything to be ticked, and the edit of the manifests."""
    title = style.paint(f"Offboarding of {make_visible(name_person(found))}", Tone.STRONG)
    lines = [title, make_visible(say_when(found)), ""]
    for section in sections_of(found):
        lines += [*_section(section, style), ""]
    if found.patch:
        lines += [style.paint("The edit of the manifests", Tone.STRONG)]
        lines += [f"  {make_visible(line)}" for line in found.patch.splitlines()] + [""]
    lines.append(style.paint(say_result(found), Tone.STRONG))
    lines += [f"  {make_visible(what)}: {make_visible(_shell(command))}" for what, command in next_steps(found)]
    return "".join(f"{line}\n" for line in lines)


def _shell(command: str) -> str:
    return shlex.join(command.split(" ")) if any(c in command for c in "$`;&|<>") else command


def _section(section: Section, style: Style) -> Iterator[str]:
    yield style.paint(section.title, Tone.STRONG)
    for line in section.lines:
        mark, tone = _MARKS[line.progress]
        yield f"  {style.paint(mark, tone)} {_say(line)}"
        yield f"      {style.paint(make_visible(line.then), Tone.QUIET)}"


def _say(line: Line) -> str:
    return f"{make_visible(line.where)}: {make_visible(line.what)}"
