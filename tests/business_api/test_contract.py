"""That the look at requests in `conftest.py` sees something."""

from __future__ import annotations

import pytest

from tests.business_api.stage import staged
from tests.contracts.schemas_business_api import NOTHING, RESPONSES


def test_a_request_that_the_contract_does_not_have_fails_its_test() -> None:
    with staged() as stage, pytest.raises(AssertionError, match="'page_number' was unexpected"):
        stage.client.get("bc/get/", {"page_number": 1})


def test_an_endpoint_that_the_contract_does_not_have_fails_its_test() -> None:
    with staged() as stage, pytest.raises(KeyError, match="bc/create/"):
        stage.client.post("bc/create/", {"bc_name": "Acme"})


def test_an_answer_that_the_contract_does_not_have_fails_its_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RESPONSES, "GET user/info/", NOTHING)
    with staged() as stage, pytest.raises(AssertionError, match="'core_user_id'"):
        stage.client.get("user/info/", {})
