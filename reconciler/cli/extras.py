"""The extras of the package: what asks for them in a workspace, and how to add one to this installation."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler import __version__
from reconciler.model import MISSING_EXTRA, Finding, MissingExtra, Place, ReconcilerError, Severity

if TYPE_CHECKING:
    from reconciler.manifests.config import Config

PACKAGE = "access-reconciler"
LIBRARIES = {
    "cloud": ("obstore",),
    "keyring": ("keyring",),
    "policy": ("cel_expr_python",),
    "postgres": ("sqlalchemy", "psycopg"),
    "sealed": ("cryptography",),
    "sqlite": ("sqlalchemy",),
}
"""Extra -> the modules that it brings."""


def is_installed(extra: str) -> bool:
    """Whether everything that the extra brings can be imported."""
    return all(find_spec(name) for name in LIBRARIES[extra])


def describe_installation() -> str:
    """The version, and what it runs on."""
    machine = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    return f"reconciler {__version__}, {machine}; installed by {installer()}"


def installer(prefix: Path | None = None) -> str:
    """What the tool was installed by: `pipx`, `uv tool`, `uvx`, `pre-commit`, `uv` or `pip`."""
    prefix = prefix or Path(sys.prefix)
    if (prefix / "pipx_metadata.json").is_file():
        return "pipx"
    if (prefix / "uv-receipt.toml").is_file():
        return "uv tool"
    if any(part.startswith("archive-v") for part in prefix.parts):
        return "uvx"
    if {"pre-commit", "prek"} & set(prefix.parts):
        return "pre-commit"
    return "uv" if _read_metadata("INSTALLER").strip() == "uv" else "pip"


def _origin() -> str:
    """Where the package came from, as a requirement says it; empty for an index."""
    told = json.loads(_read_metadata("direct_url.json") or "{}")
    url, vcs = told.get("url", ""), told.get("vcs_info")
    if vcs:
        url = f"{vcs['vcs']}+{url}@{vcs.get('requested_revision') or vcs['commit_id']}"
    return f" @ {url}" if url else ""


def _read_metadata(file: str) -> str:
    """What whoever installed the package wrote down; empty where that is nothing."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        return distribution(PACKAGE).read_text(file) or ""
    except PackageNotFoundError:
        return ""


def advise_on_extra(extra: str, *, by: str = "") -> str:
    """What to do for an extra that is missing, in the way of whatever the tool was installed by."""
    # pipx and uv tool make their environment anew: an extra that is not named again is gone.
    kept = [name for name in LIBRARIES if name == extra or is_installed(name)]
    anew = f"'{PACKAGE}[{','.join(kept)}]{_origin()}'"
    match by or installer():
        case "pipx":
            return f"pipx install --force {anew}"
        case "uv tool":
            return f"uv tool install {anew}"
        case "uvx":
            return f"uvx --from {anew} reconciler"
        case "pre-commit":
            return f"write `additional_dependencies: ['.[{','.join(kept)}]']` under the hook in .pre-commit-config.yaml"
        case "uv":
            return f"uv pip install '{PACKAGE}[{extra}]'"
    return f"pip install '{PACKAGE}[{extra}]'"


def advice_of(error: ReconcilerError) -> str:
    """What to do about an error, in an installation such as this."""
    return advise_on_extra(error.extra) if isinstance(error, MissingExtra) else error.advice


def extras_wanted(config: Config) -> Iterator[tuple[str, str, Place | None]]:
    """What is set and takes an extra, the extra, and where it is written; but policies, which say it themselves."""
    if config.state_extra:
        yield f"`state: {config.state.partition(':')[0]}:...`", config.state_extra, config.state_place
    if config.state_key:
        yield "`personal_data: sealed`", "sealed", config.state_place
    if config.state_key.startswith("keyring:"):
        yield "the key of the state, in a keyring,", "keyring", config.state_place
    for name, made in config.providers.items():
        for option, value in made.options.items():
            if str(value).startswith("keyring:"):
                yield f"`{option}` of provider `{name}`, in a keyring,", "keyring", made.option_places.get(option)


def find_missing_extras(config: Config) -> Iterator[Finding]:
    """Stores and secrets that cannot be reached from here. Manifests can be checked without them, hence warnings."""
    for what, extra, place in extras_wanted(config):
        if not is_installed(extra):
            message = f"{what} needs the extra `{extra}`: nothing can be planned or applied from this installation"
            advice = advise_on_extra(extra)
            yield Finding(id=MISSING_EXTRA, message=message, severity=Severity.WARNING, place=place, advice=advice)
