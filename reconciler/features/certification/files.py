"""The files of an access review: what may stand in them, and how they are written and read again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

import yaml

from reconciler.editing.writer import is_plain_key
from reconciler.features.certification.model import (
    AccessFacts,
    Campaign,
    ReviewDecision,
    ReviewedAccess,
    ReviewSheet,
)
from reconciler.manifests.fields import StrictDocument
from reconciler.manifests.nodes import Cursor
from reconciler.manifests.review_documents import CampaignDocument, ReviewedAccessDocument, ReviewSheetDocument
from reconciler.manifests.source import SourceFile, parse_file
from reconciler.manifests.structure import read_document
from reconciler.model.address import Address
from reconciler.model.finding import ManifestError, Notes
from reconciler.model.json import adapter_of, to_line

_Value = TypeVar("_Value")

_SHEET_HEAD = """\
# Access review {campaign}: what {reviewer} has to decide by {due}.
#
# For each access write a `decision` and a `reason`:
#   keep      it stays as it is
#   revoke    it is taken away
#   shorten   it ends on a day that you add: `until: {due}`; access is gone on that day
# Change nothing else: what stands here is what was put before you, and closing the review compares it.
# Lists of what to do: `reconciler review status {campaign}`. One decision by command:
#   reconciler review decide {campaign} ADDRESS keep --reason TEXT
"""
_CAMPAIGN_HEAD = """\
# An access review. `reconciler review status {name}` shows how far it is. Nothing here is to be changed by hand.
"""
_CLOSED_HEAD = """\
# When the access to each organization was last reviewed; written by `reconciler review close`.
"""


def write_sheet(sheet: ReviewSheet, campaign: Campaign) -> str:
    """A new sheet, with what its reviewer has to know."""
    accesses = {}
    for one in sheet.accesses:
        said = {"decision": one.decision.value, "reason": one.reason}
        accesses[str(one.facts.address)] = {**_plain(one.facts, without="address"), **said}
    content = {"version": 1, "campaign": sheet.campaign, "reviewer": sheet.reviewer, "accesses": accesses}
    return _SHEET_HEAD.format(campaign=campaign.name, reviewer=sheet.reviewer, due=campaign.due) + _yaml(content)


def write_campaign(campaign: Campaign) -> str:
    """What a campaign is, for its folder, with the digest that shows a change by hand."""
    content = {"version": 1, **_plain(campaign), "seal": digest_of_campaign(campaign)}
    return _CAMPAIGN_HEAD.format(name=campaign.name) + _yaml(content)


def write_closed(before: Mapping[str, Any], campaign: Campaign, organizations: Iterable[str], *, day: date) -> str:
    """The record of closed reviews with one more, given what it held before."""
    entry = {"campaign": campaign.name, "on": day, "evidence": campaign.evidence}
    known = {**before, **{key: dict(entry) for key in organizations}}
    return _CLOSED_HEAD + _yaml({"version": 1, "organizations": {key: known[key] for key in sorted(known)}})


def describe_digest(data: bytes) -> str:
    """SHA-256 with its name before it: bare digits would be taken for a secret where files are read."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def digest_of_facts(sheet: ReviewSheet) -> str:
    """SHA-256 over what was put before a reviewer, whatever they say of it."""
    facts = [adapter_of(AccessFacts).dump_python(one.facts, mode="json") for one in sheet.accesses]
    return describe_digest(to_line({"reviewer": sheet.reviewer, "facts": facts}))


def digest_of_campaign(campaign: Campaign) -> str:
    """SHA-256 over everything that is said of a campaign; what is empty does not count."""
    content = adapter_of(Campaign).dump_python(campaign, mode="json")
    return describe_digest(to_line({key: value for key, value in content.items() if value}))


def read_campaign(file: SourceFile) -> Campaign:
    """The campaign in a file; raises ManifestError."""
    notes = Notes()
    read = read_document(CampaignDocument, parse_file(file), notes)
    if read is None or notes.has_errors:
        raise ManifestError(list(notes.in_order()))
    document, top = read
    said = {key: value for key, value in _written(document).items() if key not in ("version", "seal")}
    campaign = _as_value(Campaign, said, top, notes)
    if campaign is None:
        raise ManifestError(list(notes.in_order()))
    if document.seal != digest_of_campaign(campaign):
        message = f"this is not what the tool wrote of review {campaign.name}: it was changed by hand"
        advice = "take the change back, `git log` shows it; to review something else, or until another day, begin anew"
        notes.error("changed-facts", message, top.place, advice=advice)
        raise ManifestError(list(notes.in_order()))
    return campaign


def read_sheet(file: SourceFile, campaign: Campaign, reviewer: str, *, today: date) -> tuple[ReviewSheet, Notes]:
    """A sheet, and everything that is wrong with it; a sheet with an error decides nothing."""
    notes = Notes()
    read = read_document(ReviewSheetDocument, parse_file(file), notes)
    empty = ReviewSheet(campaign=campaign.name, reviewer=reviewer, accesses=())
    if read is None:
        return empty, notes
    document, top = read
    reader = _SheetReader(campaign, reviewer, notes, today)
    found = [reader.read(key, one, top.into("accesses", key)) for key, one in document.accesses.items()]
    sheet = replace(empty, accesses=tuple(sorted(filter(None, found), key=lambda one: one.facts.sort_key)))
    if notes.has_errors:
        return sheet, notes
    mark = campaign.reviewers[reviewer]
    is_whole = len(sheet.accesses) == mark.accesses and digest_of_facts(sheet) == mark.facts
    if (document.campaign, document.reviewer) != (campaign.name, reviewer) or not is_whole:
        message = f"this is not what was put before {reviewer}: something else than a decision was changed"
        notes.error("changed-facts", message, top.place, advice="take the change back; `git log` shows it")
    return sheet, notes


class _SheetReader:
    """Reads the accesses of one sheet."""

    def __init__(self, campaign: Campaign, reviewer: str, notes: Notes, today: date) -> None:
        self._campaign, self._reviewer, self._notes, self._today = campaign, reviewer, notes, today

    def read(self, key: str, document: ReviewedAccessDocument, at: Cursor) -> ReviewedAccess | None:
        """One access; None after a finding about its address or a day."""
        notes = self._notes
        try:
            address = Address.parse(key)
        except ValueError as error:
            notes.error("bad-address", str(error), at.place)
            return None
        facts = {"address": address, **_written(document)}
        said = {name: facts.pop(name) for name in _DECIDED if name in facts}
        said |= {"facts": facts, "reason": document.reason.strip(), "place": at.place}
        one = _as_value(ReviewedAccess, said, at, notes)
        if one is not None:
            self._check(one, at)
        return one

    def _check(self, one: ReviewedAccess, at: Cursor) -> None:
        """What makes a decision none."""
        notes, facts, by = self._notes, one.facts, one.by or self._reviewer
        if one.decision is ReviewDecision.UNDECIDED:
            return
        if by == facts.person:
            message = f"{by} decides on their own access"
            notes.error(
                "own-access", message, at.value("by" if one.by else "decision"), advice="let somebody else decide"
            )
        if not one.reason:
            notes.error(
                "missing-reason", "the decision has no reason", at.value("reason"), advice="write `reason: ...`"
            )
        is_short = one.decision is ReviewDecision.SHORTEN
        if is_short and one.until is None:
            message = "`shorten` needs the day on which the access is gone"
            notes.error("missing-key", message, at.value("decision"), advice="write `until: ...`")
        elif is_short and one.until is not None and facts.ends and one.until >= facts.ends:
            message = f"it ends on {facts.ends} already: `until: {one.until}` would not shorten it"
            notes.error("bad-date", message, at.value("until"))
        elif is_short and one.until is not None and one.until <= self._today and self._campaign.closed is None:
            message = f"{one.until} has passed or is today"
            notes.error("bad-date", message, at.value("until"), advice="write `revoke`, or a later day")
        elif not is_short and one.until is not None:
            message = f"`{one.decision}` has no day"
            notes.error("unknown-key", message, at.key("until"), advice="take `until` out, or write `shorten`")


_DECIDED = ("decision", "until", "reason", "by")
"""What a reviewer writes; everything else in a sheet are the facts."""


def _written(value: Any) -> Any:
    """What stands in a document, as mappings and lists; an empty text is nothing."""
    match value:
        case StrictDocument():
            return {key: _written(one) for key, one in vars(value).items() if one != ""}
        case list():
            return [_written(one) for one in value]
        case dict():
            return {key: _written(one) for key, one in value.items()}
        case _:
            return value


def _as_value(kind: Callable[..., _Value], content: Mapping[str, Any], at: Cursor, notes: Notes) -> _Value | None:
    """A value of the model from what is written; None after findings about days that no calendar has."""
    from pydantic import ValidationError

    try:
        value: _Value = adapter_of(kind).validate_python(content)
    except ValidationError as error:
        for one in error.errors(include_url=False):
            *parents, key = (part for part in one["loc"] if part != "facts")
            notes.error("bad-date", f"`{one['input']}` is not a day of the calendar", at.into(*parents).value(str(key)))
        return None
    return value


def _plain(value: Any, *, without: str = "") -> dict[str, Any]:
    """A value as it is written: days as days, nothing that is empty."""
    kind: Any = type(value)
    content: dict[str, Any] = adapter_of(kind).dump_python(value)
    return {key: _worded(one) for key, one in content.items() if key != without and one not in ("", None, (), {})}


def _worded(value: Any) -> Any:
    match value:
        case dict():
            return {key: _worded(one) for key, one in value.items() if one not in ("", None, ())}
        case list() | tuple():
            return [_worded(one) for one in value]
        case StrEnum():
            return value.value
        case _:
            return value


def _yaml(content: dict[str, Any]) -> str:
    return yaml.dump(content, Dumper=_SheetDumper, sort_keys=False, allow_unicode=True, width=1000)


class _SheetDumper(yaml.SafeDumper):
    """Indents lists, never writes an alias, and quotes whatever some reader takes for something else than text."""

    def ignore_aliases(self, data: Any) -> bool:
        """Two equal values are written twice: a person edits one of them."""
        del data
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT001, FBT002  # PyYAML's signature
        """Lists stand further in than what they belong to."""
        del indentless
        super().increase_indent(flow, indentless=False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if is_plain_key(text) else "'")


_SheetDumper.add_representer(str, _text)
