"""A document that has some of everything."""

from __future__ import annotations

from reconciler.model import Finding, Place, Severity
from reconciler.output.document import (
    Code,
    Detail,
    Document,
    Facts,
    Findings,
    Item,
    Items,
    Legend,
    Paragraph,
    Row,
    Section,
    Sign,
    Span,
    SpanStyle,
    Table,
    Tick,
    Tone,
    code,
)

ADD = Sign("+", Tone.ADD, "new")
PLACE = Place("access/acme.yaml", 12, 9)
SIGNED = Table(
    header=("who or what", "access"),
    rows=(
        Row(
            sign=ADD,
            cells=(code("ana"), "admin"),
            note="invite: run `reconciler plan` again",
            place=PLACE,
            details=("cannot be undone: never",),
            snippet="- {approve: invite, address: acme-bc/member/ana}",
            more=("step 1 of 2",),
            group="+ admin",
            who="ana",
        ),
        Row(sign=ADD, cells=(code("bo"), "standard"), note="invite", group="+ standard", who="bo"),
    ),
)
WIDE = Table(
    header=("record", "time", "action", "address", "outcome"),
    rows=(
        Row(cells=("12", "2026-11-28 10:00:00Z", "change role", code("acme-bc/member/eve"), "applied")),
        Row(cells=("13", "2026-11-28 10:00:01Z", "invite", code("acme-bc/member/mallory-of-the-north"), "requested")),
    ),
)


def everything() -> Document:
    """One of each block, and of each look of a text."""
    return Document(
        title="Sample of acme",
        summary="2 of 3 things are done; see `reconciler show`.",
        notes=("This is not a whole sample.",),
        blocks=(
            Legend(signs=(ADD,)),
            Paragraph(text=(Span("Type "), Span("ana@acme.example", SpanStyle.LITERAL), Span(" and "), code("wo-1"))),
            Facts(pairs=(("in", "TikTok Business Center acme"), ("until", Span("tomorrow", SpanStyle.STRONG)))),
            Section(title="Admins and money", blocks=(SIGNED,), is_foremost=True),
            Section(
                title="acme-bc",
                about="business_center, additive",
                blocks=(
                    Section(title="Log", blocks=(WIDE,), rank=3),
                    Section(
                        title="To do",
                        about="In this order.",
                        blocks=(
                            Items(
                                items=(
                                    Item(text="open `the page`", tick=Tick.DONE, details=("a minute",)),
                                    Item(text="tell ana", tick=Tick.OPEN),
                                )
                            ),
                        ),
                    ),
                    Detail(full=Paragraph(text="All of it."), brief=Paragraph(text="In brief.")),
                ),
                is_folded=True,
            ),
            Items(items=(Item(text="first"), Item(text="second")), is_numbered=True),
            Code(text="+ a\n- b", language="diff"),
            Findings(
                findings=[Finding(id="x-y", message="no `role`", place=PLACE, severity=Severity.WARNING)],
            ),
        ),
        whole="sample",
        digest=lambda: "d" * 64,
    )
