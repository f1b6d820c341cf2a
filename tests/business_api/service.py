"""The emulator as users start it, `reconciler sandbox serve`: a process of its own, reached over a real connection."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TOKEN = "token-of-the-operator"  # of a sandbox
QUIET = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
"""What a process of ours inherits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A served world."""

    url: str
    folder: Path

    def steer(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """What has no endpoint."""
        sent = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/_sandbox/{path}", sent, headers, method=method)  # noqa: S310  # http
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=300) as answer:
            return json.loads(answer.read())

    def calls(self) -> dict[str, int]:
        """How often each endpoint was called, as `GET bc/member/get/`."""
        counted: dict[str, int] = self.steer("GET", "calls")
        return counted

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the world itself holds, past everything that speaks of it."""
        with closing(sqlite3.connect(self.folder / ".reconciler" / "sandbox.db", timeout=300)) as connection:
            return connection.execute(query).fetchall()


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Service]:
    """Serve the world of a folder with a `sandbox.yaml`, as long as the context lasts."""
    command = [sys.executable, "-m", "reconciler", "-C", str(folder), "sandbox", "serve", "--port", "0", *options]
    process = subprocess.Popen(command, cwd=ROOT, env=QUIET, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        said = process.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", said)
        assert found, said
        yield Service(url=found[0], folder=folder)
    finally:
        # Not Ctrl-C, which a process that was started in the background does not hear.
        process.terminate()
        process.wait(10)
        process.stderr.close()


def start(workspace: Path, *words: str) -> subprocess.Popen[str]:
    """`reconciler` in a process of its own, with a token for the platform in its environment."""
    return subprocess.Popen(
        [sys.executable, "-m", "reconciler", "-C", str(workspace), *words],
        cwd=ROOT,
        env={**QUIET, "TIKTOK_ACCESS_TOKEN": TOKEN},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(workspace: Path, *words: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    process = start(workspace, *words)
    out, err = process.communicate(timeout=600)
    return process.returncode, out, err


class FastTicker:
    """Time that passes as fast as that of a service with `--speed`."""

    def __init__(self, speed: float) -> None:
        self._speed = speed

    def now(self) -> float:
        return time.monotonic() * self._speed

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / self._speed)
