"""A comment fits, lists every change of admins, ends with a digest, and does nothing but show itself."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from reconciler.features.planning.document import digest_of_plan, document_of_plan
from reconciler.model import Action, Place, UsageError
from reconciler.output.document import (
    COMMENT_BUDGET,
    Block,
    Code,
    Document,
    Facts,
    Item,
    Items,
    Paragraph,
    Row,
    Section,
    Style,
    Table,
    Tick,
    code,
    make_visible,
)
from reconciler.output.markdown import MIN_BUDGET, measure, render_markdown
from tests.output import plans
from tests.output.samples import ADD

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OUR_HTML = re.compile(
    r"<details(?: open)?><summary><b>[^<>]*</b>[^<>]*</summary>\n?|</details>\n?|<p><b>[^<>]*</b>[^<>]*</p>\n?"
    r"|<br>|<sub>|</sub>"
)
FINISHED_TROUBLE = re.compile(r"@[A-Za-z0-9]|(?<!&)#\d|\bGH-\d|://|www\.", re.IGNORECASE)

words = st.one_of(st.text(min_size=1, max_size=12), st.sampled_from(plans.TRICKS))


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """A document of any shape. Few texts are drawn, and each stands in many places."""
    texts = itertools.cycle(draw(st.lists(words, min_size=1, max_size=5)))
    foremost, *sizes = draw(st.lists(st.integers(0, 12), min_size=1, max_size=8))
    chapters = [
        Section(
            title=next(texts),
            about=next(texts),
            blocks=tuple(_section(texts, size, rank) for size in some if size),
            is_folded=True,
        )
        for rank, some in enumerate((sizes[:3], sizes[3:4], sizes[4:]))
        if any(some)
    ]
    first = [replace(_section(texts, foremost, 0), is_foremost=True)] if foremost else []
    return Document(
        title=next(texts),
        summary=next(texts),
        notes=(next(texts),),
        blocks=(*first, *chapters),
        whole="plan",
        digest=lambda: "d" * 64,
    )


def _section(texts: Iterator[str], size: int, rank: int) -> Section:
    names = [next(texts) for _ in range(size)]
    rows = [
        Row(
            sign=ADD,
            cells=(code(name), next(texts)),
            note=next(texts),
            place=Place(next(texts), 1, 1),
            details=(next(texts),),
            snippet=next(texts),
            group=next(texts),
            who=name,
        )
        for name in names
    ]
    return Section(title=next(texts), blocks=(Table(header=("who", "what"), rows=tuple(rows)),), rank=rank)


def tables(blocks: Iterable[Block]) -> Iterator[Table]:
    for block in blocks:
        if isinstance(block, Table):
            yield block
        elif isinstance(block, Section):
            yield from tables(block.blocks)


def lines_of(document: Document) -> int:
    return sum(table.count for table in tables(document.blocks))


def foremost_of(document: Document) -> list[Row]:
    sections = [block for block in document.blocks if isinstance(block, Section) and block.is_foremost]
    return [row for table in tables(sections) for row in table.each]


rooms = st.integers(MIN_BUDGET + 2_000, 30_000)


def flat(tokens: list[Token]) -> list[Token]:
    return [one for token in tokens for one in (token, *flat(token.children or []))]


@settings(max_examples=30)
@given(documents(), rooms)
def test_whatever_the_names_and_the_room_a_comment_fits_and_ends_with_the_digest(document: Document, room: int) -> None:
    text = render_markdown(document, Style(max_chars=room))
    assert measure(text) <= room
    assert text.endswith(f"<sub>plan sha256 `{'d' * 64}`</sub>\n")


@settings(max_examples=30)
@given(documents(), rooms)
def test_whatever_the_names_a_comment_holds_no_markup_but_ours(document: Document, room: int) -> None:
    tokens = flat(PARSER.parse(render_markdown(document, Style(max_chars=room))))
    assert {token.type for token in tokens} & {"link_open", "image", "s_open", "hr", "fence", "code_block"} == set()
    html = [token.content for token in tokens if token.type in {"html_block", "html_inline"}]
    assert [one for one in html if not OUR_HTML.fullmatch(one)] == []
    assert sum(one.startswith("<details") for one in html) == sum(one.startswith("</details") for one in html)
    # A mention can come of pieces that stand beside each other in one paragraph or cell, and not across two.
    for token in tokens:
        finished = "".join(child.content for child in flat(token.children or []) if child.type == "text")
        assert not FINISHED_TROUBLE.search(finished)


@settings(max_examples=30)
@given(documents())
def test_with_room_enough_every_line_is_there_in_full(document: Document) -> None:
    tokens = flat(PARSER.parse(render_markdown(document, Style(max_chars=1_000_000))))
    headers = sum(1 for table in tables(document.blocks) if table.rows)
    assert sum(token.type == "tr_open" for token in tokens) == lines_of(document) + headers
    assert sum(token.type == "td_open" for token in tokens) == 5 * lines_of(document)


@settings(max_examples=30)
@given(documents(), rooms)
def test_every_change_of_admins_is_listed_or_an_alarm_is_raised(document: Document, room: int) -> None:
    text = render_markdown(document, Style(max_chars=room))
    codes = [token.content for token in flat(PARSER.parse(text)) if token.type == "code_inline"]
    foremost = foremost_of(document)
    assert "Do not approve" in text or {make_visible(row.who) or " " for row in foremost if row.who} <= set(codes)


@settings(max_examples=30)
@given(documents(), rooms)
def test_what_is_not_in_full_is_counted(document: Document, room: int) -> None:
    text = render_markdown(document, Style(max_chars=room))
    rows = sum(token.type == "tr_open" for token in flat(PARSER.parse(text)))
    heads = sum(token.type == "thead_open" for token in flat(PARSER.parse(text)))
    foot = text.rpartition("**Of ")[2] if "**Of " in text else ""
    told = [int(number) for number in re.findall(r"(\d+) lines? (?:is|are) (?:told in brief|only counted)", foot)]
    assert rows - heads + sum(told) == lines_of(document)


def test_a_short_comment_is_not_folded_and_a_long_one_is() -> None:
    assert "<details open>" in render_markdown(document_of_plan(plans.small()), Style())
    assert "<details open>" not in render_markdown(document_of_plan(plans.long()), Style())


def test_admins_come_first_in_brief_too() -> None:
    text = render_markdown(document_of_plan(plans.large()), Style(max_chars=8_000))
    assert text.index("p04999") < text.index("p00001")
    assert "only counted" in text


def test_five_thousand_invitations_are_all_told_in_brief() -> None:
    text = render_markdown(document_of_plan(plans.large()), Style(max_chars=COMMENT_BUDGET))
    assert {f"`p{number:05}`" for number in range(1, 5001)} <= set(re.findall(r"`p\d+`", text))


def test_what_is_lost_has_room_before_what_is_gained() -> None:
    text = render_markdown(document_of_plan(plans.long()), Style(max_chars=6_000))
    assert text.count("#### Loses access") > text.count("#### Gains access")


def test_who_comes_to_handle_money_is_told_however_long_the_plan_is() -> None:
    long = plans.long()
    finance = plans.change(
        "acme-bc/member/eve",
        Action.CHANGE_ROLE,
        before={"role": "standard"},
        after={"role": "standard", "finance": "manager"},
    )
    renamed = plans.change(
        "acme-bc/member/lou",
        Action.CHANGE_ROLE,
        before={"role": "standard", "finance": "manager"},
        after={"role": "standard", "finance": "manager"},
    )
    document = document_of_plan(plans.plan(*long.organizations, plans.part(finance, renamed)))
    assert [row.who for row in foremost_of(document) if row.who in {"eve", "lou"}] == ["eve"]
    assert "Look at this first" in render_markdown(document, Style())
    assert "`eve`" in render_markdown(document, Style(max_chars=6_000))


def test_the_digest_is_that_of_the_saved_plan() -> None:
    plan = plans.small()
    assert digest_of_plan(plan) in render_markdown(document_of_plan(plan), Style())


def test_too_many_changes_of_admins_raise_an_alarm() -> None:
    names = [f"somebody-{n}" for n in range(1000)]
    rows = tuple(Row(sign=ADD, cells=(code(name), "x"), group="+ admin", who=name) for name in names)
    foremost = Section(title="Admins", blocks=(Table(header=("a", "b"), rows=rows),), is_foremost=True)
    document = Document(title="t", summary="s", blocks=(foremost,), whole="plan", digest=lambda: "d")
    text = render_markdown(document, Style(max_chars=5_000))
    assert "Do not approve by this comment" in text
    assert "only counted" in text
    assert measure(text) <= 5_000


def test_the_rest_is_where_the_job_says() -> None:
    document = document_of_plan(plans.long())
    assert "(<https://ci.example/1>)" in render_markdown(document, Style(max_chars=6_000, job="https://ci.example/1"))
    assert "javascript" not in render_markdown(document, Style(max_chars=6_000, job="javascript:alert(1)"))
    assert "evil>" not in render_markdown(document, Style(max_chars=6_000, job="https://ci.example/>) [a](evil>"))


def test_a_comment_that_cannot_say_anything_is_refused() -> None:
    with pytest.raises(UsageError, match="no room"):
        render_markdown(document_of_plan(plans.small()), Style(max_chars=100))


def test_lines_in_brief_are_counted_beside_lines_that_found_no_room() -> None:
    document = document_of_plan(plans.long())
    text = render_markdown(document, Style(max_chars=5_000))
    brief, folded = (int(number) for number in re.findall(r"([\d,]+) lines are (?:told in brief|only counted)", text))
    assert folded > 0
    assert brief + folded + len(foremost_of(document)) == lines_of(document)  # admins are told in full


@settings(max_examples=20)
@given(st.lists(st.tuples(words, st.integers(1, 40)), min_size=1, max_size=8), rooms)
def test_lists_and_code_fit_too_and_what_is_cut_is_counted(parts: list[tuple[str, int]], room: int) -> None:
    sections = tuple(
        Section(
            title=text,
            blocks=(
                Paragraph(text=text),
                Items(items=tuple(Item(text=text, tick=Tick.OPEN, details=(text,)) for _ in range(number))),
                Facts(pairs=((text, text),) * number),
                Code(text=f"{text}\n" * number),
            ),
            is_folded=number % 2 == 0,
        )
        for text, number in parts
    )
    text = render_markdown(
        Document(title="t", blocks=sections, whole="list", digest=lambda: "d"), Style(max_chars=room)
    )
    assert measure(text) <= room
    assert text.endswith("<sub>list sha256 `d`</sub>\n")
    whole = render_markdown(Document(title="t", blocks=sections, whole="list", digest=lambda: "d"), Style())
    assert text == whole or "**Of " in text
