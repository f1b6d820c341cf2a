"""What is said of one side and not of the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from reconciler.model.finding import Finding

_Key = tuple[str, ...]


def findings_only_in(findings: Sequence[Finding], others: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings that the others do not have, in reading order.

    Lines move whenever something is written above them and files get other names, so a finding is known by what it
    says: first among those in a file of the same name, then anywhere. One that is said twice is new when it was said
    once.
    """
    left, left_of_others = list(findings), list(others)
    for key in (_key_in_file, _key):
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


def _key_in_file(finding: Finding) -> _Key:
    return (finding.place.file if finding.place else "", *_key(finding))


def _key(finding: Finding) -> _Key:
    return (finding.id, finding.severity, finding.address, finding.message)
