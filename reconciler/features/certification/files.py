"""The files of an access review: what may stand in them, and how they are written and read again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import yaml

from reconciler.editing.writer import is_plain_key
from reconciler.features.certification.model import (
    AccessFacts,
    Campaign,
    ReviewDecision,
    ReviewedAccess,
    ReviewSheet,
    SheetMark,
)
from reconciler.manifests.fields import Day, Matching, OneOf, StrictDocument, Text, Version
from reconciler.manifests.nodes import Cursor
from reconciler.manifests.source import SourceFile, parse_file
from reconciler.manifests.structure import read_document
from reconciler.model import Address, ManifestError, Notes, adapter_of, to_line

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
        said = {"decision": one.decision, "reason": one.reason}
        facts = adapter_of(AccessFacts).dump_python(one.facts, exclude={"address"}, exclude_defaults=True)
        accesses[str(one.facts.address)] = {**facts, **said}
    content = {"version": 1, "campaign": sheet.campaign, "reviewer": sheet.reviewer, "accesses": accesses}
    return _SHEET_HEAD.format(campaign=campaign.name, reviewer=sheet.reviewer, due=campaign.due) + _yaml(content)


def write_campaign(campaign: Campaign) -> str:
    """What a campaign is, for its folder, with the digest that shows a change by hand."""
    said = adapter_of(Campaign).dump_python(campaign, exclude_defaults=True)
    content = {"version": 1, **said, "seal": digest_of_campaign(campaign)}
    return _CAMPAIGN_HEAD.format(name=campaign.name) + _yaml(content)


def write_closed(before: Mapping[str, Any], campaign: Campaign, organizations: Iterable[str]) -> str:
    """The record of closed reviews with one more, given what it held before."""
    entry = {"campaign": campaign.name, "on": campaign.closed, "evidence": campaign.evidence}
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
    return describe_digest(to_line(adapter_of(Campaign).dump_python(campaign, mode="json", exclude_defaults=True)))


def read_campaign(file: SourceFile) -> Campaign:
    """The campaign in a file; raises ManifestError."""
    notes = Notes()
    read = read_document(_CAMPAIGN, parse_file(file), notes)
    if read is None or notes.has_errors:
        raise ManifestError(list(notes.in_order()))
    document, top = read
    campaign = _as_value(Campaign, top.node, top, notes)
    if campaign is not None and document.seal != digest_of_campaign(campaign):
        message = f"this is not what the tool wrote of review {campaign.name}: it was changed by hand"
        advice = "take the change back, `git log` shows it; to review something else, or until another day, begin anew"
        notes.error("changed-facts", message, top.place, advice=advice)
    if campaign is None or notes.has_errors:
        raise ManifestError(list(notes.in_order()))
    return campaign


def read_sheet(file: SourceFile, campaign: Campaign, reviewer: str, *, today: date) -> tuple[ReviewSheet, Notes]:
    """A sheet, and everything that is wrong with it; a sheet with an error decides nothing."""
    notes = Notes()
    read = read_document(_SHEET, parse_file(file), notes)
    if read is None:
        return ReviewSheet(campaign=campaign.name, reviewer=reviewer, accesses=()), notes
    document, top = read
    accesses = []
    for key in document.accesses:
        at = top.into("accesses", key)
        if one := _read_access(key, at, notes):
            _check_decision(one, at, notes, reviewer=reviewer, after=None if campaign.closed else today)
            accesses.append(one)
    accesses.sort(key=lambda one: one.facts.sort_key)
    sheet = ReviewSheet(campaign=campaign.name, reviewer=reviewer, accesses=tuple(accesses))
    mark = campaign.reviewers[reviewer]
    is_whole = len(accesses) == mark.accesses and digest_of_facts(sheet) == mark.facts
    is_theirs = (document.campaign, document.reviewer) == (campaign.name, reviewer)
    if not notes.has_errors and not (is_whole and is_theirs):
        message = f"this is not what was put before {reviewer}: something else than a decision was changed"
        notes.error("changed-facts", message, top.place, advice="take the change back; `git log` shows it")
    return sheet, notes


def _read_access(key: str, at: Cursor, notes: Notes) -> ReviewedAccess | None:
    """One access; None after a finding about its address or a day."""
    try:
        address = Address.parse(key)
    except ValueError as error:
        notes.error("bad-address", str(error), at.place)
        return None
    written: Any = at.node
    facts, reason = {**written, "address": address}, written.get("reason", "").strip()
    return _as_value(ReviewedAccess, {**written, "facts": facts, "reason": reason, "place": at.place}, at, notes)


def _check_decision(one: ReviewedAccess, at: Cursor, notes: Notes, *, reviewer: str, after: date | None) -> None:
    """What makes a decision none; the day of one that shortens comes after that day, if there is one."""
    if one.decision is ReviewDecision.UNDECIDED:
        return
    ends, until, by = one.facts.ends, one.until, one.by or reviewer
    if by == one.facts.person:
        place = at.value("by" if one.by else "decision")
        notes.error("own-access", f"{by} decides on their own access", place, advice="let somebody else decide")
    if not one.reason:
        notes.error("missing-reason", "the decision has no reason", at.value("reason"), advice="write `reason: ...`")
    if one.decision is ReviewDecision.SHORTEN:
        if until is None:
            message = "`shorten` needs the day on which the access is gone"
            notes.error("missing-key", message, at.value("decision"), advice="write `until: ...`")
        elif ends and until >= ends:
            message = f"it ends on {ends} already: `until: {until}` would not shorten it"
            notes.error("bad-date", message, at.value("until"))
        elif after and until <= after:
            message = f"{until} has passed or is today"
            notes.error("bad-date", message, at.value("until"), advice="write `revoke`, or a later day")
    elif until is not None:
        message = f"`{one.decision}` has no day"
        notes.error("unknown-key", message, at.key("until"), advice="take `until` out, or write `shorten`")


def _as_value(kind: Callable[..., _Value], content: object, at: Cursor, notes: Notes) -> _Value | None:
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


def _document_of(value: Any, base: type[StrictDocument] = StrictDocument, **rules: Any) -> Any:
    """What may stand in a file about a value: a key for each field, by its type unless `rules` has another or None."""
    types = get_type_hints(value)
    keys: dict[str, Any] = {one.name: None for one in fields(value)} | rules
    defaults: dict[str, str] = {}
    for one in (one for one in fields(value) if one.name not in rules):
        is_optional = one.default is not MISSING or one.default_factory is not MISSING
        defaults |= {one.name: ""} if is_optional else {}
        keys[one.name] = str if is_optional and types[one.name] is str else _rule_for(types[one.name])
    known = {name: rule for name, rule in keys.items() if rule is not None}
    return type(value.__name__, (base,), {"__annotations__": known, **defaults})


def _rule_for(kind: Any) -> Any:
    inner = get_args(kind)
    if get_origin(kind) is tuple:
        item: Any = _rule_for(inner[0])
        return list[item]
    if date in (kind, *inner):
        return Day
    if is_dataclass(kind):
        return _document_of(kind)
    return Annotated[str, OneOf(kind)] if issubclass(kind, StrEnum) else {str: Text}.get(kind, kind)


class _Decision(StrictDocument):
    """What a reviewer writes; everything else in a sheet are facts."""

    decision: Annotated[str, OneOf(ReviewDecision)] = ReviewDecision.UNDECIDED
    until: Day = ""
    reason: str = ""
    by: Text = ""


class _ReviewFile(StrictDocument):
    version: Version = 1


_FACTS: Any = _document_of(AccessFacts, _Decision, address=None)  # it is the key above them
_SHEET = _document_of(ReviewSheet, _ReviewFile, accesses=dict[str, _FACTS])
_SHEET_NAME = Annotated[str, Matching(r"^[a-z0-9][a-z0-9_-]*\.yaml$", "unknown-value", "the name of a sheet")]
_MARK: Any = _document_of(SheetMark, file=_SHEET_NAME)
_CAMPAIGN = _document_of(
    Campaign,
    _ReviewFile,
    undecided=Annotated[str, OneOf(("keep", "revoke"))],
    reviewers=dict[str, _MARK],
    seal=Text,  # SHA-256 over all others, so that a change by hand shows
)


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
_SheetDumper.add_multi_representer(StrEnum, _text)
