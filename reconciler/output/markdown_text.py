"""Text of strangers in Markdown: it shows itself, and nothing else happens.

A plan or a work order often becomes a comment or an issue on a forge. Whoever can choose a name could otherwise write
headings, links and HTML into it, tick boxes, call people by an `@mention`, point at issues, or, on GitLab, run a quick
action. What is invisible becomes visible as on a terminal.

`code` is for what somebody copies (addresses, ids): it comes out character by character. `inline` is for what somebody
reads (names, reasons): forges look for mentions and links in the finished page, where no escape reaches, so it breaks
those with a zero-width space, as a bot does that must not wake people up.
"""

from __future__ import annotations

import re
from html import escape

from reconciler.output.document import Inline, Span, SpanStyle, make_visible, merged

_BREAK = "&#8203;"
_ESCAPE_NEXT = "\ue000"
"""Stands for a backslash that must not be escaped itself; like a zero-width space, no visible text holds it."""
_AS_REFERENCE = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;", "$": "&#36;"}
"""By number or name, because some forges look for these in the source, before Markdown is parsed."""
_SPECIAL = re.compile(r"[\\`*_\[\]{}~^#&<>|$]")
_SIGIL = re.compile(r"[@#!$~%&^\[{](?=\S)|:(?=/|[\w+-]+:)|\bwww(?=\.)|\bGH-(?=\d)", re.IGNORECASE)
"""What begins a mention, a reference, an emoji or a link, or belongs to one."""
_BLOCK_START = re.compile(r"^(?:\d{1,9}(?=[.)](?:\s|$))|(?=[-+=/:]))")
"""Lists, underlines of headings and GitLab's quick actions, where a line begins with the text."""


def inline(text: str) -> str:
    """Text that reads as itself wherever Markdown takes text: in paragraphs, items, headings, links and cells."""
    visible = make_visible(text)
    marked = _SIGIL.sub(lambda found: found[0] + "\u200b", visible)
    marked = _BLOCK_START.sub(lambda found: found[0] + _ESCAPE_NEXT, marked)
    escaped = _SPECIAL.sub(lambda found: _AS_REFERENCE.get(found[0], f"\\{found[0]}"), marked)
    return _keep_outer_spaces(escaped).replace("\u200b", _BREAK).replace(_ESCAPE_NEXT, "\\")


def in_html(text: str) -> str:
    """Text inside of an HTML tag that stands in Markdown, such as `<summary>`, where Markdown is not read."""
    marked = _SIGIL.sub(lambda found: found[0] + "\u200b", make_visible(text))
    return escape(marked).replace("$", "&#36;").replace("\u200b", _BREAK)


def code(text: str) -> str:
    """A code span that holds exactly the text; nothing inside one is ever interpreted."""
    visible = make_visible(text) or " "
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", visible)), default=0))
    needs_room = visible.strip(" ") and (visible[0] in " `" or visible[-1] in " `")
    room = " " if needs_room else ""
    return f"{ticks}{room}{visible}{room}{ticks}"


def code_block(text: str, language: str = "") -> str:
    """A fenced block of lines, ending in a newline."""
    lines = "\n".join(make_visible(line) for line in text.split("\n"))
    ticks = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", lines)), default=0))
    return f"{ticks}{language}\n{lines}\n{ticks}\n"


def prose(text: Inline) -> str:
    """A text of a document; code and what is to be copied are code spans."""
    pieces = merged(text)
    last = len(pieces) - 1
    return "".join(_span(span, is_first=number == 0, is_last=number == last) for number, span in enumerate(pieces))


def _span(span: Span, *, is_first: bool, is_last: bool) -> str:
    if span.look in (SpanStyle.CODE, SpanStyle.LITERAL):
        return code(span.text) if span.text else ""
    # Spaces beside another piece are ordinary ones; those at either end of the whole would be dropped.
    text = span.text
    left = "" if is_first else text[: len(text) - len(text.lstrip(" "))]
    text = text[len(left) :]
    right = "" if is_last else text[len(text.rstrip(" ")) :]
    shown = inline(text[: len(text) - len(right)])
    return f"{left}**{shown}**{right}" if span.look is SpanStyle.STRONG and shown else f"{left}{shown}{right}"


def heading(level: int, text: Inline) -> str:
    """A heading of that level, without a newline."""
    return f"{'#' * level} {prose(text)}"


def table_cell(markdown: str) -> str:
    """What `inline` and `code` returned, for use between the bars of a table."""
    return markdown.replace("|", r"\|")


def table_row(*cells: str) -> str:
    """One line of a table, made of Markdown, without a newline."""
    return f"| {' | '.join(map(table_cell, cells))} |"


def _keep_outer_spaces(text: str) -> str:
    """Markdown drops them; a name that differs from another by one must not look the same."""
    inner = text.strip(" ")
    left = len(text) - len(text.lstrip(" ")) if inner else len(text)
    right = len(text) - len(text.rstrip(" ")) if inner else 0
    return "&#32;" * left + inner + "&#32;" * right
