"""A document as Markdown for a comment on a forge, never longer than allowed.

What has no room in full is told in brief, what has no room even so is counted, and nothing is cut in the middle. Room
goes first to everything that is foremost, then to all rows in brief, by rank, and then to full tables, by rank again.

Lengths are counted in UTF-8 bytes. The limits of GitHub, 65,536, and of GitLab, 1,000,000, are characters, and there
are never more characters than bytes, whichever kind of character a forge counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.model.errors import UsageError
from reconciler.output.document import Document, Span, spans
from reconciler.output.markdown_parts import Chapter, Part, chapters_of, measure
from reconciler.output.markdown_text import code, heading, prose
from reconciler.output.style import Style
from reconciler.output.words import count

SMALLEST_BUDGET = 2_000
_MAX_LINES = 15
"""A document this short is shown unfolded."""
_SHARE_OF_HEADS = 3
"""The heads of all chapters, with their counts, get up to one third of the room before any of their lines."""
_TOO_MANY = (
    "> **There are too many changes of this sort for a comment; only some are here. Do not approve by this comment.**"
    "\n\n"
)
_ANY_LENGTH = 1 << 62


def render_markdown(document: Document, style: Style) -> str:
    """The document; raises UsageError for a budget in which nothing useful can be said."""
    budget = style.max_chars or _ANY_LENGTH
    if budget < SMALLEST_BUDGET:
        message = f"a comment of {budget:,} characters has no room for what must be said"
        raise UsageError(message, advice=f"give --max-chars at least {SMALLEST_BUDGET:,}")
    chapters = chapters_of(document)
    lines = sum(part.lines for chapter in chapters for part in chapter.parts)
    top = _top(document, style)
    longest = _Page(room=0, brief=lines, folded=lines)
    page = _Page(room=budget - measure(top) - measure(_foot(document, lines, longest, style)))
    if page.room < measure(_TOO_MANY):
        message = f"{budget:,} characters are not even enough for what stands above and below the tables"
        raise UsageError(message, advice="give --max-chars more")
    body = "".join(_body(chapters, page, unfolded=lines <= _MAX_LINES))
    return f"{top}{body}{_foot(document, lines, page, style)}".rstrip("\n") + "\n"


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
class _MarkdownDraft:
    """A chapter that is being filled; it has its head."""

    chapter: Chapter
    unfolded: bool
    texts: list[str]
    """For each part what is shown of it."""

    def render(self) -> str:
        """All of it, which takes up the room that was taken, or less."""
        if not any(self.texts):
            return self.chapter.name()
        return "".join([self.chapter.open(unfolded=self.unfolded), *self.texts, self.chapter.end()])


def _top(document: Document, style: Style) -> str:
    """The title names the workspace, because there is a comment for each of them."""
    workspace = (Span(f": {style.prefix.rstrip('/')}"),) if style.prefix else ()
    summary = f"**{prose(document.summary)}**\n\n" if document.summary else ""
    notes = "".join(f"> **{prose(note)}**\n\n" for note in document.notes)
    return f"{heading(3, (*spans(document.title), *workspace))}\n\n{summary}{notes}"


def _foot(document: Document, lines: int, page: _Page, style: Style) -> str:
    """How much is not shown and where the whole is; its digest ends every comment."""
    told = [f"{count(page.brief, 'line is', 'lines are')} told in brief"] if page.brief else []
    told += [f"{count(page.folded, 'line is', 'lines are')} only counted"] if page.folded else []
    said = ""
    if told:
        job = f" [See the job that made this.](<{_quote(style.job)}>)" if style.job else ""
        whole = f" The whole is in the {document.whole} itself." if document.whole else ""
        said = f"**Of {lines:,} lines, {' and '.join(told)}.**{whole}{job}\n\n"
    digest = f"<sub>{prose(document.whole)} sha256 {code(document.digest)}</sub>\n" if document.digest else ""
    return f"{said}{digest}"


def _quote(url: str) -> str:
    """A URL that cannot leave its brackets; anything else leads nowhere."""
    from urllib.parse import quote

    return quote(url, safe=":/?=&#%~") if url.startswith("https://") else "#"


def _body(chapters: Sequence[Chapter], page: _Page, *, unfolded: bool) -> Iterator[str]:
    """Foremost parts have their room before all others; everything keeps its place."""
    foremost = {number: _foremost(part, page) for number, part in _foremost_of(chapters)}
    drafts = _name([chapter for chapter in chapters if not chapter.is_foremost], page, unfolded=unfolded)
    named = iter(drafts)
    unnamed = [chapter for chapter in chapters if not chapter.is_foremost][len(drafts) :]
    tail = _count_all(unnamed)
    page.take(tail)
    page.folded += sum(part.lines for chapter in unnamed for part in chapter.parts)
    _fill(drafts, page)
    for number, chapter in enumerate(chapters):
        yield foremost[number] if chapter.is_foremost else next((draft.render() for draft in named), "")
    yield tail


def _foremost_of(chapters: Sequence[Chapter]) -> Iterator[tuple[int, Part]]:
    for number, chapter in enumerate(chapters):
        if chapter.is_foremost:
            yield number, chapter.parts[0]


def _foremost(part: Part, page: _Page) -> str:
    """Every line in full, unless that takes more than half of the room; else every line in brief; else an alarm."""
    full = part.full()
    if measure(full) <= page.room // 2 and page.take(full):
        return full
    brief = part.brief()
    if page.take(brief):
        page.brief += part.lines
        return brief
    page.take(_TOO_MANY)
    return f"{_TOO_MANY}{_some(part, page)}"


def _fill(drafts: Sequence[_MarkdownDraft], page: _Page) -> None:
    ranked = sorted(
        ((part, draft, index) for draft in drafts for index, part in enumerate(draft.chapter.parts)),
        key=lambda item: item[0].rank,
    )
    for part, draft, index in ranked:
        draft.texts[index] = _all_or_some(part, page)
    if not page.folded:
        for part, draft, index in ranked:
            draft.texts[index] = _widen(part, draft.texts[index], page)


def _name(chapters: Sequence[Chapter], page: _Page, *, unfolded: bool) -> list[_MarkdownDraft]:
    """The chapters that can be named, from the first on."""
    heads = _Page(room=page.room // _SHARE_OF_HEADS)
    drafts = []
    for chapter in chapters:
        frame = chapter.open(unfolded=unfolded) + chapter.end()
        if not (heads.take(frame) and page.take(frame)):
            break
        drafts.append(_MarkdownDraft(chapter=chapter, unfolded=unfolded, texts=["" for _ in chapter.parts]))
    return drafts


def _count_all(chapters: Sequence[Chapter]) -> str:
    """Chapters that are not even named, all together; empty without any."""
    if not chapters:
        return ""
    totals: dict[str, int] = {}
    for part in (part for chapter in chapters for part in chapter.parts):
        totals[part.name] = totals.get(part.name, 0) + part.lines
    counted = ", ".join(f"{name}: {number:,}" for name, number in totals.items())
    return f"{prose(f'And {len(chapters):,} more, not named here: {counted}.')}\n\n"


def _all_or_some(part: Part, page: _Page) -> str:
    """The part in brief, all of it if there is room."""
    brief = part.brief()
    if not page.take(brief):
        return _some(part, page)
    page.brief += part.lines
    return brief


def _some(part: Part, page: _Page) -> str:
    """As much of a part in brief as there is room for, from its beginning; empty when that is nothing."""
    total = part.lines
    title, missing = part.title, f"\n_The other {total:,} are not shown here._\n\n"
    shown: list[str] = []
    lines = 0
    if page.take(title + missing):
        for item in part.items():
            if not page.take(item.text):
                break
            shown.append(item.text)
            lines += item.lines
        if not shown:
            page.room += measure(title + missing)
    page.brief += lines
    page.folded += total - lines
    return "".join([title, *shown, missing.replace(f"{total:,}", f"{total - lines:,}")]) if shown else ""


def _widen(part: Part, brief: str, page: _Page) -> str:
    """The part in full instead of in brief, where there is room for the difference."""
    full = part.full()
    page.room += measure(brief)
    if not page.take(full):
        page.take(brief)
        return brief
    page.brief -= part.lines
    return full
