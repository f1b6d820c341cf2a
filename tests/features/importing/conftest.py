"""A workspace with an embedded platform, driven through the command line alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli.main import cli

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command in the workspace `tmp_path`; it has to end with `code`."""

    def start(*words: str, code: int = 0) -> Result:
        result = CliRunner().invoke(cli, ["-C", str(tmp_path), *words])
        assert result.exit_code == code, result.output
        return result

    return start
