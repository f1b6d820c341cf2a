"""Reviewing a change: what two revisions of a workspace differ in, from the files alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date

from reconciler import __version__
from reconciler.features.review.compare import compare
from reconciler.features.review.findings import findings_only_in
from reconciler.features.review.model import Review, Side
from reconciler.features.review.things import compare_values
from reconciler.manifests.config import Config, LoadedConfig, load_rules
from reconciler.manifests.lint import check_references, encoded_domain
from reconciler.manifests.load import Manifests, load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model.declared import Desired
from reconciler.model.finding import Finding, Place, Severity
from reconciler.model.settings import GuardSettings, PolicySettings
from reconciler.policies.judging import COME_ALONG, RuleBook, check_settings, judge, with_custom_rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A workspace as one revision has it."""

    name: str
    """As it was asked for."""
    commit: str = ""
    """Empty for the working tree."""
    config: LoadedConfig | None = None
    """None when there is no reconciler.yaml in it."""
    files: Sequence[SourceFile] = ()
    """The manifests, as its own configuration finds them."""
    policies: Sequence[SourceFile] = ()
    """Files with policies of one's own, likewise."""


def review(base: Revision, head: Revision, *, today: date) -> Review:
    """Everything a reviewer has to judge, by the rules that hold at BASE.

    A change must not weaken its own review: allowed domains and policies are those of BASE, and that they change is
    part of the review.
    """
    rules = _config_of(base) or _config_of(head)
    domains = rules.allowed_domains if rules else ()
    max_days = (rules.guards if rules else GuardSettings()).max_approval_days
    before, after = (_read(one, today, domains, max_days) for one in (base, head))
    settings = rules.policies if rules else PolicySettings()
    book = (before if _config_of(base) else after).rules
    objections = [judge(one.manifests.readable, settings, today=today, rules=book).findings for one in (before, after)]
    made = Review(
        tool_version=__version__,
        today=today,
        base=before.side,
        head=after.side,
        settings=compare_values(_settings_of(base), _settings_of(head)),
        findings=_new_findings(before, after),
        policy_findings=findings_only_in(objections[1], objections[0]),
        resolved=findings_only_in((*before.findings, *objections[0]), (*after.findings, *objections[1])),
        notices=tuple(_notices(before, after)),
    )
    return made if after.side.problems else _compared(made, before, after, domains)


def _compared(made: Review, before: _Read, after: _Read, domains: Sequence[str]) -> Review:

    found = compare(
        _without_stand_ins(before.manifests),
        after.manifests.readable,
        today=made.today,
        allowed_domains=[encoded_domain(domain) for domain in domains],
    )
    return replace(
        made,
        access=tuple(found.access),
        dropped=tuple(found.dropped),
        things=tuple(found.things),
        people=tuple(found.people),
        renames=found.renames,
        steps=tuple(found.steps),
        approvals_given=found.approvals_given,
        approvals_withdrawn=found.approvals_withdrawn,
        notices=(*made.notices, *found.notices),
    )


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
    findings: tuple[Finding, ...]
    """Everything that validation says, the workspace file included."""


def _read(revision: Revision, today: date, domains: Sequence[str], max_days: int) -> _Read:
    manifests = load_manifests(revision.files, today=today, allowed_domains=domains, max_approval_days=max_days)
    rules = _rules_of(revision)
    config = _config_of(revision)
    references = check_references(config, manifests.readable, manifests.partial) if config else ()
    said = (*_findings_of_config(revision, rules, today), *references, *manifests.findings)
    side = Side(
        name=revision.name,
        commit=revision.commit,
        digest=manifests.readable.digest,
        problems=tuple(finding for finding in said if finding.severity is Severity.ERROR),
    )
    return _Read(revision=revision, manifests=manifests, side=side, rules=rules, findings=said)


def _rules_of(revision: Revision) -> RuleBook:
    """The policies that hold in a revision."""
    if not revision.policies:
        return COME_ALONG
    loaded = load_rules(revision.policies)
    return with_custom_rules(loaded.rules, loaded.findings)


def _findings_of_config(revision: Revision, rules: RuleBook, today: date) -> tuple[Finding, ...]:
    config = _config_of(revision)
    doubts = check_settings(config.policies, today=today, rules=rules) if config else ()
    return (*rules.findings, *(revision.config.findings if revision.config else ()), *doubts)


def _new_findings(before: _Read, after: _Read) -> tuple[Finding, ...]:
    """What is new, and all errors of a HEAD that cannot be used: those are never old news."""
    new = findings_only_in(after.findings, before.findings)
    old_errors = [finding for finding in after.side.problems if finding not in new]
    return tuple(sorted((*new, *old_errors), key=lambda finding: finding.sort_key))


def _notices(before: _Read, after: _Read) -> Iterator[str]:
    name = before.revision.name
    if before.revision.config is None:
        yield f"there is no reconciler.yaml at {name}: everything is new, and judged by its own rules"
    elif _config_of(before.revision) is None:
        yield f"reconciler.yaml cannot be read at {name}: everything is judged by the rules of the change itself"
    if before.manifests.desired is None:
        yield f"the manifests at {name} have errors: what is wrong there is taken for not declared"
    if after.side.problems:
        yield f"{after.revision.name} has errors: nothing can be compared before they are repaired"


def _config_of(revision: Revision) -> Config | None:
    return revision.config.config if revision.config else None


def _settings_of(revision: Revision) -> dict[str, str]:
    """All settings of a workspace file by dotted name, defaults included."""
    config = _config_of(revision)
    return dict(_flatten("", config)) if config else {}


def _flatten(name: str, value: object) -> Iterator[tuple[str, str]]:
    if is_dataclass(value) and not isinstance(value, (type, Place)):
        inner = {field.name: getattr(value, field.name) for field in fields(value)}
        for key, below in inner.items():
            yield from _flatten(f"{name}.{key}" if name else key, below)
    elif isinstance(value, Mapping):
        for key, below in sorted(value.items()):
            yield from _flatten(f"{name}.{key}", below)
    elif isinstance(value, (list, tuple)):
        yield name, ", ".join(map(str, value))
    elif value is not None and not isinstance(value, Place):
        yield name, str(value)
