"""A sheet as Markdown for a comment on a forge, never longer than allowed.

What has no room in full is told in brief, what has no room even so is counted, and nothing is cut in the middle. Room
goes first to everything that is foremost, then to all lines in brief, by rank, and then to full tables, by rank again.

Lengths are counted in UTF-8 bytes. The limits of GitHub, 65,536, and of GitLab, 1,000,000, are characters, and there
are never more characters than bytes, whichever kind of character a forge counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.core.errors import UsageError
from reconciler.output.markdown_text import heading, inline
from reconciler.output.style import Style
from reconciler.output.words import count
from reconciler.renderers.markdown_pieces import (
    CHAPTER_END,
    count_chapters,
    list_in_brief,
    name_chapter,
    open_chapter,
    show_in_full,
    show_title,
)
from reconciler.renderers.sheet import Chapter, Section, Sheet

SMALLEST_BUDGET = 2_000
_FEW_LINES = 15
"""A sheet this short is shown unfolded."""
_SHARE_OF_HEADS = 3
"""The heads of all chapters, with their counts, get up to one third of the room before any of their lines."""
_TOO_MANY = (
    "> **Too many changes of admins and money for a comment; only some are here. Do not approve by this comment.**\n\n"
)


def render_markdown(sheet: Sheet, style: Style) -> str:
    """The sheet; raises UsageError for a budget in which nothing useful can be said."""
    if style.max_chars < SMALLEST_BUDGET:
        message = f"a comment of {style.max_chars:,} characters has no room for what must be said"
        raise UsageError(message, advice=f"give --max-chars at least {SMALLEST_BUDGET:,}")
    top = _top(sheet, style)
    longest = _Page(room=0, brief=sheet.lines, folded=sheet.lines)
    page = _Page(room=style.max_chars - measure(top) - measure(_foot(sheet, longest, style)))
    if page.room < measure(_TOO_MANY):
        message = f"{style.max_chars:,} characters are not even enough for what stands above and below the tables"
        raise UsageError(message, advice="give --max-chars more")
    body = [_foremost(sheet.foremost, page), *_chapters(sheet, page)]
    return "".join([top, *body, _foot(sheet, page, style)])


def measure(text: str) -> int:
    """The length of a text as it is counted here."""
    return len(text.encode("utf-8", "replace"))


@dataclass(slots=True, kw_only=True)
class _Page:
    """What room is left, and how many lines got less of it than they wanted."""

    room: int
    brief: int = 0
    folded: int = 0

    def take(self, text: str) -> bool:
        """Whether it fits; if so it has its room."""
        needed = measure(text)
        if needed > self.room:
            return False
        self.room -= needed
        return True


@dataclass(slots=True, kw_only=True)
class _Draft:
    """A chapter that is being filled; it has its head."""

    chapter: Chapter
    unfolded: bool
    texts: list[str]
    """For each section what is shown of it."""

    def render(self) -> str:
        """All of it, which takes up the room that was taken, or less."""
        if not any(self.texts):
            return name_chapter(self.chapter)
        return "".join([open_chapter(self.chapter, unfolded=self.unfolded), *self.texts, CHAPTER_END])


def _top(sheet: Sheet, style: Style) -> str:
    """The title names the workspace, because there is a comment for each of them."""
    title = f"{sheet.title}: {style.prefix.rstrip('/')}" if style.prefix else sheet.title
    notes = "".join(f"> **{inline(note)}**\n\n" for note in sheet.notes)
    return f"{heading(3, title)}\n\n**{inline(sheet.summary)}**\n\n{notes}"


def _foot(sheet: Sheet, page: _Page, style: Style) -> str:
    """How much is not shown and where the whole is; its digest ends every comment."""
    told = [f"{count(page.brief, 'line is', 'lines are')} told in brief"] if page.brief else []
    told += [f"{count(page.folded, 'line is', 'lines are')} only counted"] if page.folded else []
    said = ""
    if told:
        where = f" [See the job that made this.](<{_quote(style.job)}>)" if style.job else ""
        said = (
            f"**Of {sheet.lines:,} lines, {' and '.join(told)}.** The whole is in the {sheet.whole} itself.{where}\n\n"
        )
    return f"{said}<sub>{inline(sheet.whole)} sha256 `{sheet.digest}`</sub>\n" if sheet.digest else said


def _quote(url: str) -> str:
    """A URL that cannot leave its brackets; anything else leads nowhere."""
    from urllib.parse import quote

    return quote(url, safe=":/?=&#%~") if url.startswith("https://") else "#"


def _foremost(section: Section | None, page: _Page) -> str:
    """Every line in full, unless that takes more than half of the room; else every line in brief; else an alarm."""
    if section is None:
        return ""
    full = show_in_full(section)
    if measure(full) <= page.room // 2 and page.take(full):
        return full
    brief = _brief(section)
    if page.take(brief):
        page.brief += len(section.lines)
        return brief
    page.take(_TOO_MANY)
    return f"{_TOO_MANY}{_some(section, page)}"


def _chapters(sheet: Sheet, page: _Page) -> Iterator[str]:
    drafts = _name(sheet, page)
    unnamed = sheet.chapters[len(drafts) :]
    tail = count_chapters(unnamed)
    page.take(tail)
    page.folded += sum(len(section.lines) for chapter in unnamed for section in chapter.sections)
    ranked = sorted(
        ((section, draft, index) for draft in drafts for index, section in enumerate(draft.chapter.sections)),
        key=lambda item: item[0].rank,
    )
    for section, draft, index in ranked:
        draft.texts[index] = _all_or_some(section, page)
    if not page.folded:
        for section, draft, index in ranked:
            draft.texts[index] = _widen(section, draft.texts[index], page)
    yield from (draft.render() for draft in drafts)
    yield tail


def _name(sheet: Sheet, page: _Page) -> list[_Draft]:
    """The chapters that can be named, from the first on."""
    unfolded = sheet.lines <= _FEW_LINES
    heads = _Page(room=page.room // _SHARE_OF_HEADS)
    drafts = []
    for chapter in sheet.chapters:
        frame = open_chapter(chapter, unfolded=unfolded) + CHAPTER_END
        if not (heads.take(frame) and page.take(frame)):
            break
        drafts.append(_Draft(chapter=chapter, unfolded=unfolded, texts=["" for _ in chapter.sections]))
    return drafts


def _brief(section: Section) -> str:
    return "".join([show_title(section), *(item.text for item in list_in_brief(section)), "\n"])


def _all_or_some(section: Section, page: _Page) -> str:
    """The section in brief, all of it if there is room."""
    brief = _brief(section)
    if not page.take(brief):
        return _some(section, page)
    page.brief += len(section.lines)
    return brief


def _some(section: Section, page: _Page) -> str:
    """As much of a section in brief as there is room for, from its beginning; empty when that is nothing."""
    total = len(section.lines)
    title, missing = show_title(section), f"\n_The other {total:,} are not shown here._\n\n"
    shown: list[str] = []
    lines = 0
    if page.take(title + missing):
        for item in list_in_brief(section):
            if not page.take(item.text):
                break
            shown.append(item.text)
            lines += item.lines
        if not shown:
            page.room += measure(title + missing)
    page.brief += lines
    page.folded += total - lines
    return "".join([title, *shown, missing.replace(f"{total:,}", f"{total - lines:,}")]) if shown else ""


def _widen(section: Section, brief: str, page: _Page) -> str:
    """The section in full instead of in brief, where there is room for the difference."""
    full = show_in_full(section)
    page.room += measure(brief)
    if not page.take(full):
        page.take(brief)
        return brief
    page.brief -= len(section.lines)
    return full
