"""Work orders for people: on a terminal, as an issue, as a page. Whatever names hold, readers see the same steps."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from reconciler.cli.options import RENDERERS
from reconciler.features.work_orders.model import WorkList
from reconciler.model import Action, Address, FailureReason, OrderStatus, Place, WorkOrder
from reconciler.output.document import PLAIN, Style
from reconciler.systems.catalogue import literal, plain

ISSUED = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
HOSTILE = "`\n# x <img src=a onerror=b> @eve [a](http://b) \x1b[31m\u202e</code><script>1</script> - [x] | \\"


def an_order(name: str = "ana@acme.example", **more: object) -> WorkOrder:
    order = WorkOrder(
        id="wo-7k3f2a",
        operation="developers.invite",
        address=Address("acme-dev", "member", "ana"),
        action=Action.INVITE,
        system="developers",
        actor="bo",
        actor_role="an admin of acme-dev",
        title=f"Invite {literal(name)} to {literal('Acme Inc.')} as 'Member'",
        preconditions=(f"{literal(name)} has an account",),
        steps=("Go to 'Members'", f"Type {literal(name)}", "Click 'Send invitation'"),
        done_when="'Members' shows a pending row",
        undo="Cancel the invitation",
        note="One form for each person.",
        reason="SEC-142",
        place=Place(file="access/acme.yaml", line=7, column=3),
        issued=ISSUED,
    )
    return replace(order, **more)  # type: ignore[arg-type]  # whatever a test wants to differ


def test_an_order_in_full_reads_like_this() -> None:
    order = an_order(party=2, parties=2, after="wo-2b7q5c", lasts=timedelta(hours=24), irreversible="It stays.")
    assert (
        RENDERERS.work_order["text"](order, PLAIN)
        == """\
Invite "ana@acme.example" to "Acme Inc." as 'Member'
order:  wo-7k3f2a
in:     TikTok for Developers organization acme-dev
for:    bo, an admin of acme-dev
part:   2 of 2, after part 1 (wo-2b7q5c)
why:    SEC-142  [access/acme.yaml:7:3]
issued: 2026-11-22 09:30 UTC
valid:  for 24 hours once the part before it is done

Make sure first
  [ ] "ana@acme.example" has an account

Steps
  1. [ ] Go to 'Members'
  2. [ ] Type "ana@acme.example"
  3. [ ] Click 'Send invitation'

How it ends
  done when:        'Members' shows a pending row
  cannot be undone: It stays.
  to undo:          Cancel the invitation
  note:             One form for each person.

Report back
  - reconciler work-orders done wo-7k3f2a --evidence FILE|TEXT
  - reconciler work-orders failed wo-7k3f2a --because REASON
"""
    )


def test_an_issue_is_a_checklist_like_this() -> None:
    assert (
        RENDERERS.work_order["markdown"](an_order(), PLAIN)
        == """\
### Invite `ana@acme.example` to `Acme Inc.` as 'Member'

- order: `wo-7k3f2a`
- in: TikTok for Developers organization acme-dev
- for: bo, an admin of acme-dev
- why: SEC-142  \\[&#8203;access/acme.yaml:&#8203;7:3\\]
- issued: 2026-11-22 09:30 UTC

#### Make sure first

- [ ] `ana@acme.example` has an account

#### Steps

1. [ ] Go to 'Members'
2. [ ] Type `ana@acme.example`
3. [ ] Click 'Send invitation'

#### How it ends

- done when: 'Members' shows a pending row
- to undo: Cancel the invitation
- note: One form for each person.

#### Report back

- `reconciler work-orders done wo-7k3f2a --evidence FILE|TEXT`
- `reconciler work-orders failed wo-7k3f2a --because REASON`
"""
    )


def test_a_closed_order_says_how_it_ended_and_asks_for_nothing() -> None:
    order = an_order(
        status=OrderStatus.FAILED,
        closed=ISSUED,
        closed_by="bo",
        failure=FailureReason.WRONG_ADDRESS,
        explanation="it came back",
        evidence="mail.png",
    )
    for form in ("text", "markdown", "html"):
        shown = RENDERERS.work_order[form](order, PLAIN)
        assert "failed on 2026-11-22 09:30 UTC by bo: wrong address; it came back" in shown
        assert "mail.png" in shown
        assert "work-orders done" not in shown


def test_an_order_that_ends_says_when() -> None:
    order = an_order(expires=ISSUED + timedelta(hours=24))
    for form in ("text", "markdown", "html"):
        assert "until 2026-11-23 09:30 UTC" in RENDERERS.work_order[form](order, PLAIN)
    assert "  2026-11-23 09:30 UTC  " in RENDERERS.work_orders["text"](WorkList(orders=(order,)), PLAIN)


def test_what_is_overdue_comes_first_and_says_so() -> None:
    later, late = an_order(id="wo-1", due=date(2026, 12, 2)), an_order(id="wo-2", issued=None, due=date(2026, 12, 1))
    work = WorkList(orders=(later, late), at=datetime(2026, 12, 2, tzinfo=UTC))
    lines = RENDERERS.work_orders["text"](work, PLAIN).splitlines()[1:3]
    assert [(line.split()[0], line.endswith("; overdue")) for line in lines] == [("wo-2", True), ("wo-1", False)]
    assert "  2026-12-01  " in lines[0]
    (sheet,) = work.worksheets()
    assert [(one.id, one.title.endswith("; overdue")) for one in sheet.orders] == [("wo-2", True), ("wo-1", False)]
    for form in ("text", "markdown", "html"):
        assert "2026-12-02" in RENDERERS.work_order[form](later, PLAIN)


def test_the_list_has_a_line_for_each_and_counts_what_is_open() -> None:
    closed = an_order(id="wo-2", status=OrderStatus.DONE)
    shown = RENDERERS.work_orders["text"](WorkList(orders=(an_order(), closed)), PLAIN).splitlines()
    assert [line.split()[:3] for line in shown[1:3]] == [["wo-7k3f2a", "open", "bo"], ["wo-2", "done", "bo"]]
    assert shown[-1].startswith("1 work order is open.")


def test_nothing_to_do_is_said() -> None:
    nothing = WorkList(orders=(an_order(status=OrderStatus.DONE),))
    assert RENDERERS.work_orders["text"](WorkList(), PLAIN) == "There are no work orders.\n"
    assert "No work orders are open." in RENDERERS.work_orders["markdown"](nothing, PLAIN)
    assert "No work orders are open." in RENDERERS.work_orders["html"](nothing, PLAIN)


def test_everybody_has_one_sheet_with_what_is_open() -> None:
    orders = (
        an_order(id="wo-1", actor="", actor_role="the owner of @acme"),
        an_order(id="wo-2", actor="bo", address=Address("b-org", "member", "x")),
        an_order(id="wo-3", actor="bo", address=Address("a-org", "member", "x")),
        an_order(id="wo-4", actor="ana"),
        an_order(id="wo-5", actor="ana", status=OrderStatus.DONE),
        an_order(id="wo-6", actor="", actor_role="the owner of @other"),
    )
    sheets = WorkList(orders=orders, names={"ana": "Ana Lopez"}).worksheets()
    assert [(sheet.actor, sheet.name, [order.id for order in sheet.orders]) for sheet in sheets] == [
        ("ana", "Ana Lopez", ["wo-4"]),
        ("bo", "", ["wo-3", "wo-2"]),
        ("", "the owner of @acme", ["wo-1"]),
        ("", "the owner of @other", ["wo-6"]),
    ]


def test_a_sheet_says_whose_it_is_and_shows_each_order_in_full() -> None:
    (sheet,) = WorkList(orders=(an_order(), an_order(id="wo-2")), names={"bo": "Bo <i>"}).worksheets()
    titles = {"text": "Work orders for Bo <i> (bo)", "markdown": r"Bo &lt;i&gt; (bo)", "html": "for Bo &lt;i&gt; (bo)"}
    for form, title in titles.items():
        shown = RENDERERS.worksheet[form](sheet, PLAIN)
        assert title in shown
        assert shown.count("Send invitation") == 2


def test_what_was_issued_first_comes_first() -> None:
    later = an_order(id="wo-1", issued=ISSUED + timedelta(days=1))
    (sheet,) = WorkList(orders=(later, an_order(id="wo-2"))).worksheets()
    assert [order.id for order in sheet.orders] == ["wo-2", "wo-1"]


class Reader(HTMLParser):
    """What a browser would show and do."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.codes: list[str] = []
        self.attributes: set[str] = set()
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self._inside.append(tag)
        if tag == "code":
            self.codes.append("")

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if "code" in self._inside:
            self.codes[-1] += data


def structure(form: str, name: str) -> object:
    """Everything about a rendered order except for its texts."""
    shown = RENDERERS.work_order[form](an_order(name=name, reason=name, note=plain(name)), PLAIN)
    if form == "markdown":
        tokens = PARSER.parse(shown)
        inner = [child.type for token in tokens for child in token.children or () if child.type != "text_special"]
        kept = [kind for before, kind in zip(["", *inner], inner, strict=False) if (before, kind) != ("text", "text")]
        return [token.type for token in tokens], [kind for kind in kept if kind != "text"]
    if form == "html":
        reader = Reader()
        reader.feed(shown)
        return reader.tags, reader.attributes
    return len(shown.splitlines())


names = st.one_of(st.text(max_size=30), st.text(alphabet="\\`*_[](){}<>#+-.!|~&$^:@/=1a \n\x1b\u202e\"'", max_size=30))


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
@given(name=names)
def test_no_name_changes_the_shape_of_an_order(form: str, name: str) -> None:
    assert structure(form, f"a{name}") == structure(form, "a")


@pytest.mark.parametrize("form", ["text", "markdown", "html", "json"])
def test_nothing_invisible_stays_invisible(form: str) -> None:
    shown = RENDERERS.work_order[form](an_order(name=HOSTILE, reason=HOSTILE, actor=HOSTILE), PLAIN)
    assert "\x1b" not in shown
    assert "\u202e" not in shown


@pytest.mark.parametrize("address", ["ana@acme.example", "+34600111222", "6900000000000000001", "a_b*c@acme.example"])
def test_an_address_can_be_copied_from_every_form(address: str) -> None:
    order = an_order(name=address)
    assert f'Type "{address}"' in RENDERERS.work_order["text"](order, PLAIN)
    assert f"Type `{address}`" in RENDERERS.work_order["markdown"](order, PLAIN)
    reader = Reader()
    reader.feed(RENDERERS.work_order["html"](order, PLAIN))
    assert address in reader.codes


def test_colour_only_adds_colour() -> None:
    coloured = RENDERERS.work_order["text"](an_order(), Style(color=True))
    assert coloured != RENDERERS.work_order["text"](an_order(), PLAIN)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == RENDERERS.work_order["text"](an_order(), PLAIN)


def test_a_page_needs_nothing_from_anywhere() -> None:
    page = RENDERERS.work_order["html"](an_order(), PLAIN)
    assert not re.findall(r"(?:src|href)=(?!\"data:)", page)
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page
