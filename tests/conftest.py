"""What every test gets, and what the last line of a run says."""

from __future__ import annotations

import os
from copy import copy
from typing import Any

import pytest

from reconciler.model import SECRETS
from tests import tiers

tiers.register()

LEFT = pytest.StashKey[int]()
"""How many tests are left to the full tier."""


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same output everywhere: nothing that changes what is written, or writes elsewhere, is inherited."""
    for name in ("CI", "COLUMNS", "FORCE_COLOR", "GITHUB_ACTIONS", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def own_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test reads is no secret of the next one, in which it would be looked for everywhere."""
    for name, value in vars(SECRETS).items():
        monkeypatch.setattr(SECRETS, name, copy(value))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than cores: tests of leases, servers and browsers wait for a quarter of their time."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave what takes minutes to the full tier."""
    if tiers.is_quick():
        later = [item for item in items if item.get_closest_marker("full")]
        if later:
            config.hook.pytest_deselected(items=later)
            config.stash[LEFT] = len(later)
            items[:] = [item for item in items if item not in later]


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left"] = session.config.stash.get(LEFT, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Every worker of xdist collects the same, so any of them knows."""
    node.config.stash[LEFT] = getattr(node, "workeroutput", {}).get("left", 0)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Say of a run of everything what ran, what did not, and which command runs it."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if reporter is None or not whole or hasattr(config, "workerinput") or config.option.collectonly:
        return
    ran = sum(len(reporter.stats.get(outcome, ())) for outcome in ("passed", "failed"))
    left = config.stash.get(LEFT, 0)
    line = f"Ran {ran} tests of the {'quick' if tiers.is_quick() else 'full'} tier."
    if tiers.is_quick():
        line += (
            f" Not run: {left} long ones, most examples of the laws, five of six moments of the crash sweep,"
            " nine of ten organizations, coverage; `make test-all` runs all of it."
        )
    missing = sorted({report.longrepr[2].removeprefix("Skipped: ") for report in reporter.stats.get("skipped", ())})
    if missing:
        line += f" Not tried, for want of a tool: {'; '.join(missing)}."
    reporter.write_line(line)
