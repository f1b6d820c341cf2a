"""Who has what and who can reach what, as text in full and as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from reconciler.cli.options import RENDERERS
from reconciler.engine.holdings import AccessMatrix, Holding, OrganizationHoldings, PersonReport, Reach
from reconciler.model import Address, Attributes, Declared, Person, Place, Record, Status
from reconciler.output.document import Style, display_width

HEADERS = {"who", "what", "connected"}
"""What heads the first column: a block begins with the value itself."""
GOLDEN = Path(__file__).parent / "golden"
TODAY = date(2026, 11, 22)
PLAIN = Style()


def holding(
    address: str,
    declared: Attributes | None = None,
    recorded: Attributes | None = None,
    *,
    status: Status = Status.ACTIVE,
    line: int = 1,
    reason: str = "",
    through: str = "",
    expires: date | None = None,
    protect: bool = False,
    excuse: str = "",
    trouble: str = "",
    reaches: tuple[str, ...] = (),
) -> Holding:
    known = Address.parse(address)
    wanted = Declared(
        address=known,
        attributes=declared or {},
        place=Place("access/acme.yaml", line, 7),
        reason=reason,
        through=through,
        expires=expires,
    )
    seen = Record(
        address=known,
        attributes=recorded or {},
        status=status,
        identity="eve@acme.example",
        since=date(2026, 3, 1),
        protect=protect,
    )
    return Holding(
        address=known,
        declared=None if declared is None else wanted,
        recorded=None if recorded is None else seen,
        excuse=excuse,
        trouble=trouble,
        reaches=reaches,
    )


MEMBER = holding("acme-bc/member/eve", {"role": "standard"}, {"role": "standard"}, line=20, through="group:buyers")
ACCESS = holding(
    "acme-bc/ad_account_access/us-brand/eve",
    {"role": "operator"},
    {"role": "analyst"},
    line=31,
    reason="SEC-142",
    expires=date(2026, 12, 1),
    protect=True,
)
GROUP = holding(
    "acme-bc/asset_group_access/emea/eve", {"role": "analyst"}, {"role": "analyst"}, line=40, reaches=("de", "fr")
)


def eve() -> PersonReport:
    person = Person(
        key="eve",
        name="Eve\x1b[31m \u202eXam",
        identities={"email": "eve@acme.example", "tiktok": "@eve"},
        employment="contractor",
        ends=date(2027, 1, 31),
        place=Place("access/people.yaml", 4, 3),
    )
    brand = (
        holding("acme-brand/member/eve", {"role": "operator"}, line=9),
        holding("acme-brand/member/eve2", None, {"role": "admin"}, status=Status.INVITED, trouble="deferred: no"),
    )
    dev = (
        holding("acme-dev/app/game", None, {"owner": "person:eve"}),
        holding("acme-dev/member/eve", {"role": "member"}, {"role": "member"}, line=12, excuse="ends 2026-11-01"),
    )
    return PersonReport(
        key="eve",
        person=person,
        today=TODAY,
        groups=("buyers", "staff"),
        organizations=(
            OrganizationHoldings(
                organization="acme-bc",
                system="business_center",
                title="TikTok Business Center",
                administers=True,
                holdings=(ACCESS, GROUP, MEMBER),
            ),
            OrganizationHoldings(organization="acme-brand", holdings=brand),
            OrganizationHoldings(organization="acme-dev", system="developers", title="Developers", holdings=dev),
        ),
    )


def eve_then() -> PersonReport:
    past = replace(holding("acme-bc/member/eve", None, {"role": "admin", "finance": "analyst"}), is_past=True)
    return PersonReport(
        key="eve",
        today=TODAY,
        as_of=date(2026, 4, 1),
        organizations=(OrganizationHoldings(organization="acme-bc", title="TikTok Business Center", holdings=(past,)),),
        not_kept=("acme-dev",),
    )


def nobody() -> PersonReport:
    return PersonReport(key="gil", today=TODAY)


US = Address("acme-bc", "ad_account", "us-brand")
PIXEL = Address("acme-bc", "pixel", "shop")


def matrix(*, as_of: date | None = None) -> AccessMatrix:
    def who(name: str, kind: str = "member") -> Address:
        return Address("acme-bc", kind, name)

    shared = holding("acme-bc/partner_share/north/us-brand", {"role": "analyst"}, {"role": "analyst"}, line=50)
    invited = holding(
        "acme-bc/ad_account_access/us-brand/finn",
        {"role": "operator"},
        {},
        status=Status.INVITED,
        through="group:buyers",
    )
    return AccessMatrix(
        address=Address("acme-bc", "organization", "acme-bc"),
        system="business_center",
        title="TikTok Business Center",
        today=TODAY,
        as_of=as_of,
        reaches=(
            Reach(
                on=Address("acme-bc", "organization", "acme-bc"),
                subject=who("eve"),
                ways=(MEMBER,),
                effective={"role": "standard"},
                intended={"role": "standard"},
            ),
            Reach(on=US, subject=who("ana"), can_take=True),
            Reach(
                on=US,
                subject=who("eve"),
                ways=(ACCESS, GROUP),
                effective={"role": "analyst"},
                intended={"role": "operator"},
            ),
            Reach(on=US, subject=who("finn\u202e"), ways=(invited,), intended={"role": "operator"}),
            Reach(on=US, subject=who("north", "partner"), ways=(shared,), effective={"role": "analyst"}),
            Reach(
                on=PIXEL,
                subject=who("eve"),
                ways=(holding("acme-bc/pixel_access/shop/eve", None, {}),),
                effective={},
            ),
        ),
        connections=(holding("acme-bc/pixel_use/shop/us-brand", {}, {}, line=60),),
    )


TEXTS = {
    "who-eve": lambda: RENDERERS.who["text"](eve(), PLAIN),
    "who-on-a-past-day": lambda: RENDERERS.who["text"](eve_then(), PLAIN),
    "who-has-nothing": lambda: RENDERERS.who["text"](nobody(), PLAIN),
    "access-organization": lambda: RENDERERS.access["text"](matrix(), PLAIN),
    "access-on-a-past-day": lambda: RENDERERS.access["text"](matrix(as_of=date(2026, 4, 1)), PLAIN),
}


@pytest.mark.parametrize("name", TEXTS)
def test_it_reads_exactly_like_its_golden_file(name: str) -> None:
    assert TEXTS[name]() == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", TEXTS)
def test_no_name_reaches_the_terminal_with_invisible_characters(name: str) -> None:
    assert all(line.isprintable() for line in TEXTS[name]().splitlines())


def test_colour_only_marks_headings() -> None:
    painted = RENDERERS.who["text"](eve(), Style(color=True))
    assert "\x1b[1macme-bc\x1b[0m" in painted
    assert painted.replace("\x1b[1m", "").replace("\x1b[0m", "") == RENDERERS.who["text"](eve(), PLAIN)


def test_json_tells_both_sides() -> None:
    text = RENDERERS.who["json"](eve(), PLAIN)
    assert text.isascii()
    document = json.loads(text)
    found = document["organizations"][0]["holdings"][0]
    assert document["ends_soon"] == [found]
    assert (found["address"], found["status"]) == ("acme-bc/ad_account_access/us-brand/eve", "different")
    declared, recorded = found["declared"], found["recorded"]
    assert (declared["attributes"], declared["expires"]) == ({"role": "operator"}, "2026-12-01")
    assert declared["place"] == {"file": "access/acme.yaml", "line": 31, "column": 7}
    assert (recorded["attributes"], recorded["since"]) == ({"role": "analyst"}, "2026-03-01")


def test_json_of_a_past_day_judges_nothing() -> None:
    then = json.loads(RENDERERS.who["json"](eve_then(), PLAIN))
    assert then["organizations"][0]["holdings"][0]["status"] is None
    assert (then["person"], then["not_kept"], then["as_of"]) == (None, ["acme-dev"], "2026-04-01")


def test_json_of_the_matrix_has_every_cell() -> None:
    document = json.loads(RENDERERS.access["json"](matrix(), PLAIN))
    assert [(cell["subject"], cell["effective"], cell["can_take"]) for cell in document["reaches"][:3]] == [
        ("acme-bc/member/eve", {"role": "standard"}, False),
        ("acme-bc/member/ana", None, True),
        ("acme-bc/member/eve", {"role": "analyst"}, False),
    ]
    assert [way["address"] for way in document["reaches"][2]["ways"]] == [str(ACCESS.address), str(GROUP.address)]
    assert [one["address"] for one in document["connections"]] == ["acme-bc/pixel_use/shop/us-brand"]


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("make", [eve, eve_then, nobody, matrix])
def test_a_narrow_terminal_shows_whole_words_and_nothing_beyond_its_edge(
    make: Callable[[], object], width: int
) -> None:
    writers = RENDERERS.access if make is matrix else RENDERERS.who
    value = make()
    wide, narrow = (writers["text"](value, Style(width=room)) for room in (0, width))
    assert max(map(display_width, narrow.splitlines())) <= width
    assert set(re.findall(r"[^\s:]+", wide)) - HEADERS <= set(re.findall(r"[^\s:]+", narrow))
