"""What to try when a person could not carry a work order out, in the order in which it is worth trying."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.model.work_order import FailureReason
from reconciler.systems.loading import flatten, read_documents

REMEDIES: Mapping[FailureReason, tuple[str, ...]] = {
    FailureReason(why): flatten(steps) for why, steps in next(read_documents("remedies"))["remedies"].items()
}
