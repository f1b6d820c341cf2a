"""Audit records as lines, each with the digest of the one before it, so that no edit goes unseen.

A chain shows that nothing inside it was changed, added or taken out. Its end is named by no later record: there the
states bear witness, each of which keeps the number and the digest of the last record about its organization.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from reconciler.model.audit import AuditRecord
from reconciler.model.errors import StoreError
from reconciler.model.integrity import describe_misfit
from reconciler.model.json import change_with_todays_words, load_json, refuse_sealed
from reconciler.model.redaction import SECRETS
from reconciler.model.state import AuditMark

if TYPE_CHECKING:
    from pydantic import TypeAdapter

AUDIT_FORMAT = "1.0"
UNLOCK = "state_unlock"
BEGINNING = "0" * 64
"""What the first record has for the digest of the one before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One record as it lies in the log."""

    number: int
    """From 1."""
    digest: str
    record: AuditRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadWitness:
    """What the state of one organization says of the log."""

    organization: str
    mark: AuditMark | None = None
    is_behind: bool = False
    """Whether records may be there that it does not know yet: a run is under way or was cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a look at the whole chain found."""

    records: int
    """How many fit, up to the first that does not."""
    entries: int
    head: str
    """Digest of the last record that fits."""
    broken: str = ""
    """What is wrong with the next one; empty when there is none."""
    put_aside: int = 0
    """Bytes of records that were cut off once, and were put aside."""


def encode(record: AuditRecord, *, previous: str) -> bytes:
    """The line of a record."""
    content = _adapter().dump_python(record, mode="json", exclude_defaults=True)
    line = {"format_version": AUDIT_FORMAT, "previous": previous, **content}
    return SECRETS.hide(json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False)).encode()


def digest_of(line: bytes) -> str:
    """What the next record says of this one."""
    return hashlib.sha256(line).hexdigest()


def decode(line: bytes, *, number: int) -> tuple[str, AuditRecord]:
    """The digest a record has for the one before it, and the record; raises StoreError when it cannot be read."""
    from pydantic import ValidationError

    refuse_sealed(line, f"record {number} of the audit log")
    try:
        content = load_json(line)
        version = str(content.pop("format_version"))
        previous = str(content.pop("previous"))
        content["entries"] = [change_with_todays_words(entry) for entry in content.get("entries", [])]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unreadable(number, "it is no audit record") from error
    if version.partition(".")[0] != AUDIT_FORMAT.partition(".")[0]:
        raise _unreadable(number, f"it has format {version}, and this version reads {AUDIT_FORMAT}")
    try:
        return previous, _adapter().validate_python(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = "/".join(map(str, first["loc"]))
        raise _unreadable(number, f"{where or 'it'} {describe_misfit(first)}") from error


def verify(lines: Iterable[bytes], witnesses: Collection[HeadWitness] | None = None) -> Verdict:
    """Follow the chain from its beginning to its end or to the first record that does not fit.

    With `witnesses`, the end has to be what they remember.
    """
    head, records, entries = BEGINNING, 0, 0
    marks: dict[int, list[HeadWitness]] = {}
    for witness in witnesses or ():
        if witness.mark is not None:
            marks.setdefault(witness.mark.number, []).append(witness)
    newest = max(marks, default=0)
    behind = {witness.organization for witness in witnesses or () if witness.is_behind}
    for number, line in enumerate(lines, start=1):
        try:
            previous, record = decode(line, number=number)
        except StoreError as error:
            return Verdict(records=records, entries=entries, head=head, broken=error.message)
        if previous != head:
            return Verdict(records=records, entries=entries, head=head, broken=_misfit(number, previous))
        digest = digest_of(line)
        what = ""
        if number in marks:
            what = next(filter(None, (_contradiction(number, digest, witness) for witness in marks[number])), "")
        elif witnesses is not None and number > newest and record.organization not in behind:
            what = _nobody_knows(number, record)
        if what:
            return Verdict(records=records, entries=entries, head=head, broken=what)
        head, records, entries = digest, number, entries + len(record.entries)
    lost = f"the state of {marks[newest][0].organization} remembers record {newest}" if newest > records else ""
    broken = f"the log ends with record {records}, but {lost}: its end was cut off" if lost else ""
    return Verdict(records=records, entries=entries, head=head, broken=broken)


def _contradiction(number: int, digest: str, witness: HeadWitness) -> str:
    if witness.mark is None or witness.mark.digest == digest:
        return ""
    return f"record {number} is not the one that the state of {witness.organization} remembers: it was changed"


def _nobody_knows(number: int, record: AuditRecord) -> str:
    """A record behind all that the states remember; breaking a lock is the one thing that leaves no mark."""
    if all(entry.action == UNLOCK for entry in record.entries):
        return ""
    return (
        f"record {number} is about {record.organization}, whose state does not know it: "
        "it was added by something else, or the state is lost"
    )


def _misfit(number: int, previous: str) -> str:
    if number == 1:
        return f"record 1 follows a record {previous[:12]}…, but it is the first one: older ones were taken out"
    if previous == BEGINNING:
        return f"record {number} says that it is the first one, but it is not"
    return (
        f"record {number} follows a record {previous[:12]}…, which record {number - 1} is not: "
        f"record {number - 1} was changed, or something was added or taken out between the two"
    )


def _unreadable(number: int, what: str) -> StoreError:
    return StoreError(f"record {number} of the audit log cannot be read: {what}")


@cache
def _adapter() -> TypeAdapter[AuditRecord]:
    from pydantic import TypeAdapter

    return TypeAdapter(AuditRecord)
