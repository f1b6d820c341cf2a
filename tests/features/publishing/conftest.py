"""A forge for every test, and the ways to reach it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.features.publishing.client import ForgeClient, TokenAccess
from reconciler.features.publishing.forges import Forge as Port
from reconciler.features.publishing.forges import GitHub, GitLab
from tests.features.publishing.double import TOKEN, Forge, running


@pytest.fixture
def double() -> Iterator[Forge]:
    with running(Forge()) as forge:
        yield forge


@pytest.fixture
def github(double: Forge) -> Iterator[Port]:
    client = ForgeClient(
        TokenAccess(name="GitHub", base_url=double.url, token=TOKEN, needed="needs pull-requests: write")
    )
    yield GitHub(client, repository="acme/access", number=5)
    client.close()


@pytest.fixture
def gitlab(double: Forge) -> Iterator[Port]:
    client = ForgeClient(
        TokenAccess(name="GitLab", base_url=f"{double.url}/api/v4", token=TOKEN, header="PRIVATE-TOKEN")
    )
    yield GitLab(client, repository="acme/access", number=5)
    client.close()


@pytest.fixture(params=["github", "gitlab"])
def forge(request: pytest.FixtureRequest) -> Port:
    """Each of them in turn: what is promised of one holds for the other."""
    made: Port = request.getfixturevalue(request.param)
    return made
