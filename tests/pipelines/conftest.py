"""One repository for all, made once: every test works in a copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipelines.repository import Repository, copy_repository, make_repository


@pytest.fixture(scope="session")
def first_repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return make_repository(tmp_path_factory.mktemp("first") / "access")


@pytest.fixture
def repository(first_repository: Repository, tmp_path: Path) -> Repository:
    return copy_repository(first_repository, tmp_path / "access")
