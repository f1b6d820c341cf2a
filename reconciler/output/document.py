"""What is to be shown, before anybody knows in which form: headings, paragraphs, tables, lists, and the words in them.

Text of strangers is made visible here: columns stay columns, and nothing in it acts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from functools import cached_property
from itertools import groupby

from reconciler.model import Finding, Place, Severity, dataclass


class Tone(StrEnum):
    """What a piece of text is, as the SGR code that shows it; never the only carrier of a meaning."""

    ADD = "32"
    CHANGE = "33"
    REMOVE = "31"
    TRANSFER = "36"
    ALARM = "1;31"
    WARN = "1;33"
    STRONG = "1"
    QUIET = "2"


COMMENT_BUDGET = 65_000
"""GitHub takes 65,536 characters; the rest is for the hidden marker, and for what a workflow puts around it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """Choices of the reader, not of the content."""

    color: bool = False
    verbose: bool = False
    """Also list what is only counted otherwise, and say who acts in which order."""
    width: int = 0
    """Columns of the terminal that shows it; 0 where lines may be of any length, such as in a file or a pipe."""
    max_chars: int = 0
    """How long Markdown may become, in UTF-8 bytes; 0 where it may be of any length."""
    prefix: str = ""
    """Where the workspace is in its repository, such as `access/`: annotations count their paths from the top."""
    job: str = ""
    """Address of the CI job that shows this, where a reader finds the rest."""
    source: str = ""
    """Address under which a forge shows the repository's files as of the commit that is shown; empty where nobody
    knows it."""

    def link_to(self, place: Place | None) -> str:
        """Address of a line on the forge; empty where there is none."""
        if place is None or not self.source.startswith("https://"):
            return ""
        from urllib.parse import quote  # takes longer than a whole terminal page

        path = quote(f"{self.prefix}{place.file}".encode("utf-8", "surrogateescape"), safe="/")
        return f"{self.source.rstrip('/')}/{path}#L{place.line}"

    def paint(self, text: str, tone: Tone | None) -> str:
        """The text in that tone; unchanged without colour."""
        if not self.color or tone is None or not text:
            return text
        return f"\x1b[{tone.value}m{text}\x1b[0m"


PLAIN = Style()


def explain_approval(approval: str) -> str:
    """What stands before the line of a manifest that would let a blocked step through, or that there is none."""
    return "to allow exactly this, add to `approvals:` in a manifest:" if approval else "no approval can allow this"


def join(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`; empty for nothing."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Letters and symbols that look like nothing."""
_TAB_STOP = 4


def make_visible(text: str) -> str:
    r"""The text with every control, formatting and look-alike-of-nothing character written as `\x1b` or `\u202e`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(one if _is_plain(one) else one.encode("unicode_escape").decode() for one in text)


def show_source(line: str) -> str:
    """A line of a user's file: tabs become spaces, everything else as in `make_visible`."""
    return make_visible(line.replace("\t", " " * _TAB_STOP))


def display_width(text: str) -> int:
    """Columns the text takes in a terminal with a fixed-width font."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # most text needs no table of widths

    return cell_len(text)


def pad(text: str, width: int) -> str:
    """The text filled up with spaces to `width` columns; a longer text is left as it is."""
    return text + " " * (width - display_width(text))


def _is_plain(character: str) -> bool:
    if character == " ":
        return True
    return unicodedata.category(character) not in _HIDDEN and character not in _BLANK_LETTERS


class SpanStyle(StrEnum):
    """How a piece of text is set."""

    PLAIN = "plain"
    CODE = "code"
    """What people copy or type: an address, a command, a place in a file."""
    LITERAL = "literal"
    """The same between words of prose: where there is no typeface for it, it stands in quotes."""
    STRONG = "strong"


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text that looks alike."""

    text: str
    look: SpanStyle = SpanStyle.PLAIN
    place: Place | None = None
    """The line that it names: a link where a page knows the forge."""


Inline = str | Span | tuple[Span, ...]

_CODE = re.compile(r"`([^`]+)`")


def code(text: str) -> Span:
    """Something to copy."""
    return Span(text, SpanStyle.CODE)


def line_at(place: Place | None) -> Inline:
    """A line in a file; empty where there is none."""
    return Span(str(place), SpanStyle.CODE, place) if place else ""


def plain(text: str) -> Span:
    """Text in which backticks mean nothing."""
    return Span(text)


def spans(text: Inline) -> tuple[Span, ...]:
    """The pieces of a text; of a string, prose and what stands between backticks in turn."""
    if isinstance(text, Span):
        return (text,)
    if isinstance(text, tuple):
        return text
    pieces = _CODE.split(text)
    looks = (SpanStyle.CODE if number % 2 else SpanStyle.PLAIN for number in range(len(pieces)))
    return tuple(Span(piece, look) for piece, look in zip(pieces, looks, strict=True) if piece)


def merged(text: Inline) -> tuple[Span, ...]:
    """The pieces, neighbours of one look as one: what is made of two pieces is judged as what it looks like."""
    alike = groupby(spans(text), key=lambda span: (span.look, span.place))
    return tuple(Span("".join(span.text for span in found), look, place) for (look, place), found in alike)


def words_of(text: Inline) -> str:
    """The text without any looks."""
    return text if isinstance(text, str) else "".join(span.text for span in spans(text))


@dataclass(frozen=True, slots=True)
class Sign:
    """One character in front of a line, with its colour, and what it means; the colour never says it alone."""

    mark: str
    tone: Tone
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Some sentences."""

    text: Inline
    tone: Tone | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a table, and what a reader must not overlook below it."""

    cells: tuple[Inline, ...]
    sign: Sign | None = None
    note: Inline = ""
    """Why."""
    place: Place | None = None
    details: tuple[Inline, ...] = ()
    snippet: str = ""
    """What the reader may paste into a manifest, exactly so."""
    more: tuple[Inline, ...] = ()
    """Further details, for whoever wants everything."""
    group: str = ""
    """Where there are too many rows, those of one group are told together: "- operator on ad account us-brand"."""
    who: str = ""
    """What is told of this one row then."""
    of: tuple[Row, ...] = ()
    """The rows that it stands for, because they say the same of many: opened on demand."""


WHY, WHERE = "why", "where"


@dataclass(frozen=True, kw_only=True)  # no slots, because what is asked for each row is found once
class Table:
    """Rows under a header; the first cell says what a row is about."""

    header: tuple[str, ...]
    """Names of the cells. Signs, notes and places have columns of their own."""
    rows: tuple[Row, ...]

    @property
    def count(self) -> int:
        """How many rows there are, those included that another one stands for."""
        return sum(len(row.of) or 1 for row in self.rows)

    @property
    def each(self) -> tuple[Row, ...]:
        """Its rows, none of which stands for others."""
        return tuple(one for row in self.rows for one in (row.of or (row,)))

    @cached_property
    def is_signed(self) -> bool:
        """Whether its rows begin with a sign."""
        return any(row.sign for row in self.rows)

    @cached_property
    def is_noted(self) -> bool:
        """Whether there is a column for why."""
        return any(row.note for row in self.rows)

    @cached_property
    def is_placed(self) -> bool:
        """Whether there is a column for where."""
        return any(row.place for row in self.rows)

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The whole header, with the columns for notes and places if any row has one; without the signs."""
        return (*self.header, *((WHY,) if self.is_noted else ()), *((WHERE,) if self.is_placed else ()))

    def cells(self, row: Row) -> tuple[Inline, ...]:
        """The cells of a row, one for each of `columns`."""
        noted = (row.note,) if self.is_noted else ()
        placed = (line_at(row.place),) if self.is_placed else ()
        return (*row.cells, *noted, *placed)

    @property
    def detailed(self) -> int:
        """The column that says why, or the last that says what: further details go below it."""
        return len(self.header) if self.is_noted else len(self.header) - 1


class Tick(StrEnum):
    """How far something is that has to be done."""

    OPEN = "open"
    WAITING = "waiting"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item of a list."""

    text: Inline
    tick: Tick | None = None
    """A box to tick in front of it."""
    details: tuple[Inline, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A list."""

    items: tuple[Item, ...]
    is_numbered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Labels and what belongs to each."""

    pairs: tuple[tuple[str, Inline], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """Lines that are shown as they are."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Legend:
    """What the signs mean."""

    signs: tuple[Sign, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Blocks under a heading."""

    title: Inline
    about: Inline = ""
    blocks: tuple[Block, ...] = ()
    is_folded: bool = False
    """A page may close it: everything about one organization, or one file."""
    is_foremost: bool = False
    """Shown however long everything else is."""
    rank: int = 0
    """Where room is short, what has a lower rank is shown first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """Told in brief on a terminal unless it is asked for everything; a page has room for all."""

    full: Block
    brief: Block | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was found in files: on a terminal with the line and a caret, on a page as tables."""

    findings: Sequence[Finding]
    texts: Mapping[str, str] = field(default_factory=dict)
    """Path -> text of the files; a missing file only loses its caret."""

    def by_file(self) -> Iterator[Section]:
        """A section for each file, in reading order."""
        ordered = sorted(self.findings, key=lambda finding: finding.sort_key)
        for file, found in groupby(ordered, key=lambda one: one.place.file if one.place else ""):
            blocks = tuple(Findings(findings=list(found)).by_severity())
            yield Section(title=plain(file or "Not in a file"), blocks=blocks, is_folded=True)

    def by_severity(self) -> Iterator[Section]:
        """A section for each severity, the worst first."""
        ordered = sorted(self.findings, key=lambda finding: finding.sort_key)
        for rank, severity in enumerate(Severity):
            rows = tuple(_row_of(finding) for finding in ordered if finding.severity is severity)
            if rows:
                table = Table(header=("finding", "what"), rows=rows)
                yield Section(title=f"{severity.capitalize()}s", blocks=(table,), rank=rank)


def _row_of(finding: Finding) -> Row:
    related = [("see also: ", code(str(place))) for place in finding.related]
    advice = (f"advice: {finding.advice}",) if finding.advice else ()
    return Row(
        cells=(code(finding.id), finding.message),
        place=finding.place,
        details=(*((Span(label), place) for label, place in related), *advice),
        group=finding.id,
        who=str(finding.place or finding.message),
    )


Block = Paragraph | Table | Items | Facts | Code | Legend | Section | Detail | Findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A code to scan at the top of a page, and the same as a link for whoever reads the page on a phone."""

    source: str
    """A data URI."""
    shows: str
    """What it is, for whoever does not see it."""
    link: str
    hint: str
    """Whom the link is for."""
    leads_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Everything that is shown of one thing or run."""

    title: Inline
    is_title_needless: bool = False
    """A terminal needs no title where the command was asked for exactly this."""
    summary: Inline = ""
    """One line that says it all in numbers."""
    notes: tuple[Inline, ...] = ()
    """What puts all the rest into another light, such as that a plan is limited."""
    blocks: tuple[Block, ...] = ()
    whole: str = ""
    """What the digest is of, such as "plan"; where a part is not shown, the reader is sent there."""
    picture: Picture | None = None
    """Shown by a page alone."""
    language: str = ""
    """Of all its texts, such as `de_AT`; empty for English."""
    digest: Callable[[], str] | None = field(default=None, compare=False)
    """Makes the SHA-256 of the whole, which takes longer than a text: only where it is shown it is asked for."""


def in_full(block: Block, *, by_file: bool = False) -> list[Block]:
    """What a page shows of a block: everything of a detail, and findings as sections of tables."""
    match block:
        case Detail(full=full):
            return in_full(full, by_file=by_file)
        case Findings():
            return [*(block.by_file() if by_file else block.by_severity())]
        case _:
            return [block]


def bullets(title: Inline, texts: Iterable[Inline]) -> Section | None:
    """A section that is a list; None without texts."""
    items = tuple(Item(text=text) for text in texts)
    return Section(title=title, blocks=(Items(items=items),)) if items else None


def word_finding(finding: Finding) -> Inline:
    """A finding as one item of a list."""
    return plain(f"{finding.severity}: {finding.message}{f'; {finding.advice}' if finding.advice else ''}")


def edit_section(patch: str) -> Section | None:
    """The edit of the manifests as a unified diff; None where nothing is edited."""
    return Section(title="The edit of the manifests", blocks=(Code(text=patch, language="diff"),)) if patch else None


def table(header: tuple[str, ...], rows: Sequence[Row]) -> Table | None:
    """A table; None without rows."""
    return Table(header=header, rows=tuple(rows)) if rows else None
