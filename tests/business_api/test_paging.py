"""Whole lists from pages, also when the list moves meanwhile."""

from __future__ import annotations

from math import ceil
from random import Random
from typing import Any

import httpx2
import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from reconciler.providers.business_api import vocabulary
from reconciler.providers.business_api.client import count_rows, read_list
from reconciler.providers.business_api.vocabulary import ASSETS, CENTERS, GROUP_MEMBERS, MEMBERS, ApiError, Listing
from tests.business_api.scripted import envelope, page, scripted
from tests.tiers import scaled

ONE, TWO, THREE = ({"user_id": number, "relation_status": "BOUND"} for number in "123")


def asked_pages(requests: list[httpx2.Request]) -> list[str]:
    return [request.url.params["page"] for request in requests]


def test_pages_are_put_together_with_the_largest_page_that_is_documented() -> None:
    client, script, _ = scripted(page([ONE, TWO], total=3, pages=2), page([THREE], total=3, pages=2, number=2))
    assert read_list(client, MEMBERS, {"bc_id": "69"}) == [ONE, TWO, THREE]
    assert asked_pages(script.requests) == ["1", "2"]
    assert {request.url.params["page_size"] for request in script.requests} == {"20"}


@pytest.mark.parametrize(
    "second",
    [
        page([THREE, THREE], total=4, pages=2),
        page([TWO], total=3, pages=2),
        page([], total=3, pages=2),
        page([THREE], total=3, pages=3),
    ],
    ids=["another total", "a row again", "a row missing", "another number of pages"],
)
def test_a_list_that_moves_is_read_again_from_the_start(second: httpx2.Response) -> None:
    first = page([ONE, TWO], total=3, pages=2)
    client, script, _ = scripted(first, second, first, page([THREE], total=3, pages=2))
    assert read_list(client, MEMBERS, {}) == [ONE, TWO, THREE]
    assert asked_pages(script.requests) == ["1", "2", "1", "2"]


def test_a_list_that_never_stands_still_is_an_error_and_not_a_guess() -> None:
    client, script, _ = scripted(page([ONE, ONE], total=2))
    with pytest.raises(ApiError, match="the list moved each of the 5 times"):
        read_list(client, MEMBERS, {})
    assert len(script.requests) == 5


def test_invitations_without_a_number_may_look_alike() -> None:
    invited = {"user_id": None, "user_email": "a*n@x.example", "relation_status": "PENDING"}
    client, _, _ = scripted(page([invited, invited], total=2))
    assert len(read_list(client, MEMBERS, {})) == 2


@pytest.mark.parametrize("are_two", [True, False])
def test_an_invitation_that_is_told_on_two_pages_is_two_only_if_it_stays_so(*, are_two: bool) -> None:
    invited = {"user_id": None, "user_email": "a*n@x.example", "relation_status": "PENDING"}
    first = [page([ONE, invited], total=4, pages=2), page([invited, TWO], total=4, pages=2, number=2)]
    other = [page([ONE, TWO], total=4, pages=2), page([THREE, invited], total=4, pages=2, number=2)]
    client, script, _ = scripted(*first, *(first if are_two else other))
    numbers = [row.get("user_id") for row in read_list(client, MEMBERS, {})]
    assert sorted(map(str, numbers)) == (["1", "2", "None", "None"] if are_two else ["1", "2", "3", "None"])
    assert len(script.requests) == 4


FOUR = {"user_id": "4", "relation_status": "BOUND"}


def test_rows_that_trade_places_between_pages_count_together_until_all_were_seen() -> None:
    def turn(second: dict[str, str], third: dict[str, str]) -> list[httpx2.Response]:
        return [page([ONE, second], total=4, pages=2), page([third, second], total=4, pages=2, number=2)]

    client, script, _ = scripted(*turn(TWO, THREE), *turn(TWO, FOUR))
    assert sorted(row["user_id"] for row in read_list(client, MEMBERS, {})) == ["1", "2", "3", "4"]
    assert len(script.requests) == 4


def test_a_row_that_is_told_again_on_the_next_page_is_one_row() -> None:
    client, script, _ = scripted(page([ONE, TWO], total=3, pages=2), page([TWO, THREE], total=3, pages=2, number=2))
    assert read_list(client, MEMBERS, {}) == [ONE, TWO, THREE]
    assert len(script.requests) == 2


def test_what_was_read_before_the_first_row_moved_does_not_count() -> None:
    """Somebody left and somebody came between two readings: together they would show who is not there any more."""
    before = [page([ONE, TWO], total=3, pages=2), page([TWO], total=3, pages=2, number=2)]
    after = [page([TWO, THREE], total=3, pages=2), page([THREE], total=3, pages=2, number=2)]
    whole = [page([TWO, THREE], total=3, pages=2), page([FOUR], total=3, pages=2, number=2)]
    client, _, _ = scripted(*before, *after, *whole)
    assert read_list(client, MEMBERS, {}) == [TWO, THREE, FOUR]


def test_more_rows_than_the_list_says_show_that_it_moved() -> None:
    def turn(*numbers: str) -> list[httpx2.Response]:
        rows = [{**ONE, "user_id": number} for number in numbers]
        return [page(rows[:2], total=4, pages=2), page(rows[2:], total=4, pages=2, number=2)]

    client, script, _ = scripted(*turn("1", "2", "2", "5"), *turn("1", "3", "4", "4"), *turn("1", "3", "4", "6"))
    assert [row["user_id"] for row in read_list(client, MEMBERS, {})] == ["1", "3", "4", "6"]
    assert len(script.requests) == 6


@given(order=st.randoms(use_true_random=False), number=st.integers(2, 130))
@settings(max_examples=scaled(60))
def test_whatever_order_a_standing_list_comes_in_each_row_is_read_once(order: Random, number: int) -> None:
    """As a platform behaves that sorts by something that changes: the first row stays, all others trade places."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked, others = int(request.url.params["page"]), list(range(1, number))
        order.shuffle(others)
        rows = [{"asset_id": f"7{row:04}"} for row in (0, *others)][50 * (asked - 1) : 50 * asked]
        return page(rows, total=number, pages=ceil(number / 50), number=asked)

    client, _, _ = scripted(answer)
    assert {row["asset_id"] for row in read_list(client, ASSETS, {"bc_id": "69"})} == {
        f"7{row:04}" for row in range(number)
    }


@pytest.mark.parametrize("number", [None, "", "0", "-", "000", "--", 0, " "])
def test_what_only_fills_the_place_of_a_number_is_none(number: object) -> None:
    waiting = [{"user_id": number, "user_email": f"{name}@x.example", "relation_status": "PENDING"} for name in "ab"]
    client, _, _ = scripted(page([ONE, *waiting], total=3))
    rows = read_list(client, MEMBERS, {})
    assert [row.get("user_id") for row in rows] == ["1", None, None]
    assert [row.get("user_email") for row in rows] == [None, "a@x.example", "b@x.example"]


@pytest.mark.parametrize("status", ["PENDING", "REJECTED", "UNBOUND"])
def test_a_number_that_those_who_are_not_in_share_with_a_member_is_the_members(status: str) -> None:
    out = [{"user_id": "1", "user_email": f"{name}@x.example", "relation_status": status} for name in "ab"]
    client, _, _ = scripted(page([out[0], ONE], total=3, pages=2), page([out[1]], total=3, pages=2, number=2))
    assert [row.get("user_id") for row in read_list(client, MEMBERS, {})] == [None, "1", None]


def test_an_asset_whose_number_is_only_filled_in_spoils_its_list() -> None:
    client, _, _ = scripted(page([{"asset_id": "0", "asset_name": "US"}], total=1))
    with pytest.raises(ApiError, match="a row has no `asset_id`"):
        read_list(client, ASSETS, {"bc_id": "69"})


def test_an_answer_without_page_info_is_one_page() -> None:
    client, script, _ = scripted(envelope({"list": [{"bc_info": {}}]}))
    assert len(read_list(client, CENTERS, {})) == 1
    assert len(script.requests) == 1


@pytest.mark.parametrize("group", [{"members": [{"member_id": "1"}]}, [{"members": [{"member_id": "1"}]}]])
def test_a_group_may_come_as_an_object_or_as_a_list(group: object) -> None:
    client, _, _ = scripted(envelope({"asset_group": group}))
    assert read_list(client, GROUP_MEMBERS, {}) == [{"member_id": "1"}]


def test_a_group_without_anybody_is_empty() -> None:
    client, _, _ = scripted(envelope({"asset_group": {"asset_group_id": "7"}}))
    assert read_list(client, GROUP_MEMBERS, {}) == []


def test_counting_takes_one_call() -> None:
    client, script, _ = scripted(page([{"asset_id": "1"}], total=300, pages=300))
    assert count_rows(client, ASSETS, {"bc_id": "69"}) == 300
    assert script.requests[0].url.params["page_size"] == "1"


def test_pages_of_people_have_twenty_rows_those_of_identities_a_hundred_and_all_others_fifty() -> None:
    listings: dict[str, Any] = {name: value for name, value in vars(vocabulary).items() if isinstance(value, Listing)}
    twenty = {listing.endpoint for listing in listings.values() if listing.page_size == 20}
    assert twenty == {"bc/member/get/", "bc/asset/member/get/"}
    assert {listing.endpoint for listing in listings.values() if listing.page_size == 100} == {"identity/get/"}
    assert {listing.page_size for listing in listings.values()} == {20, 50, 100}
    assert all(listing.endpoint.endswith("/") for listing in listings.values())
