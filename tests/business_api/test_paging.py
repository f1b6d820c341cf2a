"""Whole lists from pages, also when the list moves meanwhile."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from reconciler.providers.business_api import endpoints
from reconciler.providers.business_api.endpoints import ASSETS, CENTERS, GROUP_MEMBERS, MEMBERS, Listing
from reconciler.providers.business_api.errors import ApiError
from reconciler.providers.business_api.paging import count_rows, read_list
from tests.business_api.scripted import envelope, page, scripted

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


def test_pages_of_people_have_twenty_rows_and_all_others_fifty() -> None:
    listings: dict[str, Any] = {name: value for name, value in vars(endpoints).items() if isinstance(value, Listing)}
    twenty = {listing.endpoint for listing in listings.values() if listing.page_size == 20}
    assert twenty == {"bc/member/get/", "bc/asset/member/get/"}
    assert {listing.page_size for listing in listings.values()} == {20, 50}
    assert all(listing.endpoint.endswith("/") for listing in listings.values())
