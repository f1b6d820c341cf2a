"""Reading a saved plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.files import read_text_file
from reconciler.core.errors import ReconcilerError

if TYPE_CHECKING:
    from reconciler.core.plan import Plan


def read_plan(path: Path) -> Plan:
    """The plan in a file; raises ReconcilerError, naming the file, when it is none."""
    from reconciler.manifests.saved import plan_from_json

    text = read_text_file(path)
    try:
        return plan_from_json(text)
    except ReconcilerError as error:
        message = f"{path}: {error.message}"
        raise ReconcilerError(message, advice=error.advice or "save one with `reconciler plan -o FILE`") from error
