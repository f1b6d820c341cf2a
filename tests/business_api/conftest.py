"""Whatever is said to the emulator in these tests is held against the contract, and so is what it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import httpx2
import pytest

from reconciler.sandbox.api.transport import BusinessApiTransport
from tests.contracts.schemas_business_api import check_request, check_response

pytest.register_assert_rewrite("tests.business_api.story")

Handle = Callable[[BusinessApiTransport, httpx2.Request], httpx2.Response]


@pytest.fixture(scope="module", autouse=True)
def _contract() -> Iterator[None]:
    """For each module anew: these folders are no packages, so a wider scope would reach the tests of other folders."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            BusinessApiTransport, "handle_request", held_against_the_contract(BusinessApiTransport.handle_request)
        )
        yield


def held_against_the_contract(handle: Handle) -> Handle:
    """The same, with a look at what goes in and at what comes out."""
    once = cache(check_request)  # most requests are made many times

    def checked(transport: BusinessApiTransport, request: httpx2.Request) -> httpx2.Response:
        once(request.method, str(request.url), request.read())
        response = handle(transport, request)
        if response.status_code == 200:
            check_response(request.method, str(request.url), response.status_code, response.content)
        return response

    return checked
