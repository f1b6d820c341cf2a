"""The emulator's OpenAPI document, and arbitrary requests made from it: nothing brings the server down."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from reconciler.sandbox.api.configuration import Options
from reconciler.sandbox.api.emulator import ALL, PREFIX, openapi
from reconciler.sandbox.api.server import Server, Site
from tests.contracts.schemas_business_api import REQUESTS
from tests.sandbox.api.desk import BC, Desk, new_desk
from tests.tiers import scaled

DOCUMENT = openapi(Options())
TOGETHER = schemathesis.openapi.from_dict(DOCUMENT)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Desk, str, requests.Session]]:
    with requests.Session() as session, new_desk() as desk, Server(Site(desk.emulator)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield desk, server.url, session
        finally:
            server.shutdown()
            thread.join()


def test_every_endpoint_is_in_the_document() -> None:
    listed = {f"{method.upper()} {path}" for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert listed == {f"{route.method} {PREFIX}{route.path}" for route in ALL}


def test_the_document_and_the_contract_name_the_same_fields() -> None:
    for name, schema in REQUESTS.items():
        method, path = name.split(" ")
        operation = DOCUMENT["paths"][PREFIX + path][method.lower()]
        if method == "GET":
            offered = {parameter["name"] for parameter in operation["parameters"]}
        else:
            offered = set(operation["requestBody"]["content"]["application/json"]["schema"]["properties"])
        wanted = {field for variant in schema.get("oneOf", [schema]) for field in variant["properties"]}
        assert offered == wanted, name


def test_the_document_is_json() -> None:
    assert json.loads(json.dumps(DOCUMENT)) == DOCUMENT


@TOGETHER.parametrize()
@settings(
    max_examples=scaled(12),
    phases=[Phase.generate],  # not the hundreds of boundary cases, which take a minute
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
def test_no_request_brings_the_server_down(case: Any, served: tuple[Desk, str, requests.Session]) -> None:
    desk, url, session = served
    if isinstance(case.query, dict) and "bc_id" in case.query:
        case.query["bc_id"] = BC
    if isinstance(case.body, dict) and "bc_id" in case.body:
        case.body["bc_id"] = BC
    response = case.call(base_url=url, headers={"Access-Token": desk.token}, timeout=300, session=session)
    assert response.status_code in (200, 405)
    if response.status_code == 200:
        assert set(response.json()) == {"code", "message", "request_id", "data"}
