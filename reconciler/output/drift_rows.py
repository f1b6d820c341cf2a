"""One difference between what is live and what was made so, as a row and as a sentence."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.model.drift import Drift, DriftSort
from reconciler.model.resource import Resource
from reconciler.output.document import Row, Sign
from reconciler.output.names import name_access, name_subject, name_title, name_values
from reconciler.output.rows import row_of
from reconciler.output.style import Tone

_SIGNS = {
    DriftSort.ADDED_OUTSIDE: Sign("+", Tone.ADD, "added outside"),
    DriftSort.CHANGED: Sign("~", Tone.CHANGE, "changed"),
    DriftSort.GONE: Sign("-", Tone.REMOVE, "gone"),
    DriftSort.EXPIRED_BUT_ACTIVE: Sign("!", Tone.ALARM, "expired but active"),
    DriftSort.UNVERIFIED: Sign("?", Tone.WARN, "unverified"),
}


def show_drift(found: Drift, *, standing: str = "", details: Iterable[str] = ()) -> Row:
    """The row of one difference: what was expected, what is there, and what becomes of it."""
    return row_of(
        _SIGNS[found.sort],
        name_subject(found.address),
        _access(found),
        _why(found, standing),
        place=found.place,
        details=[*filter(None, [found.outlook]), *details],
    )


def say_drift(found: Drift, *, standing: str = "", organization: str = "") -> str:
    """The same as a sentence."""
    subject = f"{name_subject(found.address)}{organization and ' in '}{organization}"
    return f"{subject}, {_access(found)}: {_why(found, standing)}"


def _why(found: Drift, standing: str) -> str:
    return f"{', '.join(filter(None, [found.sort.label, standing]))}: {found.why}"


def _access(found: Drift) -> str:
    if found.sort is DriftSort.UNVERIFIED:
        return ", ".join(filter(None, [name_access(found.address), _side(found.live)]))
    sides = f"{_side(found.expected)} -> {_side(found.live)}"
    return ", ".join(filter(None, [name_access(found.address), sides]))


def _side(resource: Resource | None) -> str:
    return "nothing" if resource is None else f"{name_values(resource)}{name_title(resource)}"
