"""Reviewing a change: what two revisions of a workspace differ in, from the files alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import date
from math import inf

from reconciler import __version__
from reconciler.features.review.compare import Values, compare, compare_values
from reconciler.features.review.model import Review, Revision, SettingChange, Side, ValueChange
from reconciler.manifests.config import load_rules
from reconciler.manifests.lint import check_references
from reconciler.manifests.load import Manifests, load_manifests
from reconciler.model import (
    CustomRule,
    Desired,
    Finding,
    GuardSettings,
    Mark,
    Place,
    PolicySettings,
    Severity,
    dataclass,
)
from reconciler.policies.judging import BUILT_IN, RuleBook, check_settings, judge, with_custom_rules


def review(base: Revision, head: Revision, *, today: date) -> Review:
    """Everything a reviewer has to judge, by the rules that hold at BASE.

    A change must not weaken its own review: allowed domains and policies are those of BASE, and that they change is
    part of the review.
    """
    rules = base.settings or head.settings
    domains = rules.allowed_domains if rules else ()
    max_days = (rules.guards if rules else GuardSettings()).max_approval_days
    before, after = (_read(one, today, domains, max_days) for one in (base, head))
    settings = rules.policies if rules else PolicySettings()
    book = (before if base.settings else after).rules
    objections = [judge(one.manifests.readable, settings, today=today, rules=book).findings for one in (before, after)]
    # All errors of a HEAD that cannot be used are told: those are never old news.
    new = findings_only_in(after.findings, before.findings)
    old_errors = [finding for finding in after.side.problems if finding not in new]
    values, _ = _read_settings(before)
    new_values, places = _read_settings(after)
    made = Review(
        tool_version=__version__,
        today=today,
        base=before.side,
        head=after.side,
        settings=compare_settings(values, new_values, places),
        findings=tuple(sorted((*new, *old_errors), key=lambda finding: finding.sort_key)),
        policy_findings=findings_only_in(objections[1], objections[0]),
        resolved=findings_only_in((*before.findings, *objections[0]), (*after.findings, *objections[1])),
        notices=tuple(_notices(before, after)),
    )
    if after.side.problems:
        return made
    found = compare(_without_stand_ins(before.manifests), after.manifests.readable, today=today)
    return replace(made, **{**found, "notices": (*made.notices, *found["notices"])})


def _without_stand_ins(manifests: Manifests) -> Desired:
    """What could be read, without access whose role the reader had to make up to go on after an error."""
    resources = dict(manifests.readable.resources)
    for finding in manifests.findings:
        if finding.id != "unknown-role" or finding.place is None:
            continue
        wrong = finding.place
        for organization, declared in resources.items():
            places = [one.place for one in declared.values() if one.place.file == wrong.file and one.place <= wrong]
            nearest = max(places, default=None)
            resources[organization] = {
                address: one for address, one in declared.items() if nearest is None or one.place != nearest
            }
    return replace(manifests.readable, resources=resources)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """One revision, understood as far as that is possible."""

    revision: Revision
    manifests: Manifests
    side: Side
    rules: RuleBook
    """The policies that hold in it."""
    written: tuple[CustomRule, ...]
    """Those of them that are of its own."""
    findings: tuple[Finding, ...]
    """Everything that validation says, the workspace file included."""


def _read(revision: Revision, today: date, domains: Sequence[str], max_days: int) -> _Read:
    manifests = load_manifests(revision.files, today=today, allowed_domains=domains, max_approval_days=max_days)
    written, wrong = load_rules(revision.policies)
    rules = with_custom_rules(written, wrong) if revision.policies else BUILT_IN
    findings = [*rules.findings, *(revision.config.findings if revision.config else ())]
    if revision.settings:
        findings += check_settings(revision.settings.policies, today=today, rules=rules)
        findings += check_references(revision.settings, manifests.readable, manifests.partial)
    findings += manifests.findings
    side = Side(
        name=revision.name,
        commit=revision.commit,
        digest=manifests.readable.digest,
        problems=tuple(finding for finding in findings if finding.severity is Severity.ERROR),
    )
    return _Read(
        revision=revision, manifests=manifests, side=side, rules=rules, written=written, findings=tuple(findings)
    )


def _notices(before: _Read, after: _Read) -> Iterator[str]:
    name = before.revision.name
    if before.revision.config is None:
        yield f"there is no reconciler.yaml at {name}: everything is new, and judged by its own rules"
    elif before.revision.settings is None:
        yield f"reconciler.yaml cannot be read at {name}: everything is judged by the rules of the change itself"
    if before.manifests.desired is None:
        yield f"the manifests at {name} have errors: what is wrong there is taken for not declared"
    if after.side.problems:
        yield f"{after.revision.name} has errors: nothing can be compared before they are repaired"


def _read_settings(read: _Read) -> tuple[dict[str, str], dict[str, Place]]:
    """All settings of a workspace file by dotted name, defaults and policies of one's own included; and their lines."""
    settings, loaded = read.revision.settings, read.revision.config
    if settings is None or loaded is None:
        return {}, {}
    policies = settings.policies
    values = dict(_flatten("", replace(settings, policies=replace(policies, exceptions=()))))
    places = {**loaded.places, **{f"policies.rules.{name}": one.place for name, one in policies.rules.items()}}
    for one in policies.exceptions:
        name = f"policies.exceptions.{one.rule} {one.address}"
        values[name], places[name] = f"until {one.until}: {one.reason} ({one.owner})", one.place
    for rule in read.written:
        name, conditions = f"policies.custom.{rule.id}", [f"when {rule.when.text}"] if rule.when.text else []
        values[name] = f"{rule.severity}: {'; '.join([*conditions, rule.require.text])}"
        places[name] = rule.place
    return values, places


def _flatten(name: str, value: object) -> Iterator[tuple[str, str]]:
    if is_dataclass(value) and not isinstance(value, (type, Place)):
        inner = {field.name: getattr(value, field.name) for field in fields(value) if field.compare}
        for key, below in inner.items():
            yield from _flatten(f"{name}.{key}" if name else key, below)
    elif isinstance(value, Mapping):
        for key, below in sorted(value.items()):
            yield from _flatten(f"{name}.{key}", below)
    elif isinstance(value, (list, tuple)):
        yield name, ", ".join(map(str, value))
    elif value is not None and not isinstance(value, Place):
        yield name, str(value)


_LOOSER_UP = frozenset({"max_removal_ratio", "removal_ratio_from", "max_approval_days", "max_drift_age"})
_LOOSER_UP |= {"max_invitations", "pending_days", "max_expired_invitations", "max_roster_age", "review_every"}
_LOOSER_DOWN = frozenset({"min_admins", "lockout_notice_days"})
"""Numbers of the workspace file by which guards hold back less when they grow, or when they shrink."""
_SEVERITIES = ("off", "note", "warning", "error")


def compare_settings(before: Values, after: Values, places: Mapping[str, Place]) -> tuple[SettingChange, ...]:
    """What changes in the workspace file; everything that is not known to be stricter counts as a weaker guard.

    Nothing is weaker than what was not there: a workspace that is new is judged as a whole. The places are those of
    keys by dotted name.
    """
    changes = []
    for one in compare_values(before, after):
        marks = (Mark.GUARD,) if before and not _is_stricter(one) else ()
        written = one.name
        while written and written not in places:
            written = written.rpartition(".")[0]
        place = places.get(written)
        changes.append(SettingChange(name=one.name, before=one.before, after=one.after, marks=marks, place=place))
    return tuple(changes)


def _is_stricter(change: ValueChange) -> bool:
    name, was, becomes = change.name.rpartition(".")[2], change.before, change.after
    if name in _LOOSER_UP or name in _LOOSER_DOWN:
        # Without a number there is no limit; nothing is reviewed every 0 days.
        limits = [
            inf if side in ("", "0" if name == "review_every" else "") else float(side) for side in (was, becomes)
        ]
        return limits[0] >= limits[1] if name in _LOOSER_UP else float(was or 0) <= float(becomes or 0)
    listed, lists = (set(filter(None, side.split(", "))) for side in (was, becomes))
    if change.name == "guards.required_admins":
        return listed <= lists
    if change.name == "allowed_domains":
        return bool(lists) and (not listed or lists <= listed)
    if change.name.startswith("policies.exceptions."):
        return not becomes
    if change.name.startswith("policies.custom."):
        return not was
    if name == "severity" and was in _SEVERITIES and becomes in _SEVERITIES:
        return _SEVERITIES.index(was) <= _SEVERITIES.index(becomes)
    return name == "severity" and becomes == "error"


_Key = tuple[str, ...]


def findings_only_in(findings: Sequence[Finding], others: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings that the others do not have, in reading order.

    Lines move whenever something is written above them and files get other names, so a finding is known by what it
    says: first among those in a file of the same name, then anywhere. One that is said twice is new when it was said
    once.
    """
    left, left_of_others = list(findings), list(others)
    for key in (lambda one: (one.place.file if one.place else "", *_key(one)), _key):
        left, left_of_others = _unmatched(left, left_of_others, key), _unmatched(left_of_others, left, key)
    return tuple(sorted(left, key=lambda finding: finding.sort_key))


def _unmatched(findings: Iterable[Finding], others: Iterable[Finding], key: Callable[[Finding], _Key]) -> list[Finding]:
    said = Counter(map(key, others))
    kept = []
    for finding in findings:
        if said[key(finding)]:
            said[key(finding)] -= 1
        else:
            kept.append(finding)
    return kept


def _key(finding: Finding) -> _Key:
    return (finding.id, finding.severity, finding.address, finding.message)
