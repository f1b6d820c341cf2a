"""Programs that come from npm: on the search path, or in a folder of the cache that npm fills once."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "reconciler-tests"


def find_npm_program(name: str) -> Path:
    """Where it is, or would be."""
    found = shutil.which(name)
    return Path(found) if found else _CACHE / "node_modules" / ".bin" / name


def how_to_install(package: str) -> str:
    """The command that brings it."""
    return f"{'' if shutil.which('npm') else 'apt-get install npm && '}npm install --prefix {_CACHE} {package}"
