"""What validation, policies and guards have to say, one by one or for all files; and exceptions that stop a run.

Whatever can be listed instead of stopping is a Finding or an Outcome.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from enum import IntEnum, StrEnum
from functools import partialmethod
from itertools import combinations, islice
from typing import ClassVar

from reconciler.model.values import dataclass

MISSING_EXTRA = "missing-extra"
"""Id of the finding that something is set that takes libraries which are not installed."""


class Severity(StrEnum):
    """How much a finding matters; an error stops the run with exit code 1, the others do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a file the user wrote; `line` and `column` count from 1, columns in characters."""

    file: str
    """Path relative to the workspace, with forward slashes."""
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def __lt__(self, other: Place) -> bool:
        """In reading order; written out because one is made for every line, and `order=True` makes that slow."""
        return (self.file, self.line, self.column) < (other.file, other.line, other.column)

    def __le__(self, other: Place) -> bool:
        return not other < self


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to tell the user: what, where, how bad, and what to do about it."""

    id: str
    """Stable kebab-case name, for example `unknown-role`; documented in docs/findings.md."""
    message: str
    severity: Severity = Severity.ERROR
    place: Place | None = None
    advice: str = ""
    """What to do, as a sentence fragment such as "did you mean `operator`?"."""
    related: tuple[Place, ...] = ()
    """Other places that belong to it, for example the first declaration of a duplicate."""
    address: str = ""
    """The address it is about, when it is about one."""

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """Reading order: by file and position, findings without a place last."""
        if self.place is None:
            return ("\uffff", 0, 0, self.id, self.message)
        return (self.place.file, self.place.line, self.place.column, self.id, self.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectionSummary:
    """How many findings there are of each severity, and in how many files was looked."""

    error: int
    warning: int
    note: int
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """Findings, and what they are about."""

    JSON_PROPERTIES: ClassVar = ("summary",)
    JSON_HIDDEN: ClassVar = ("texts", "files", "policies")

    findings: Sequence[Finding]
    texts: Mapping[str, str] = field(default_factory=dict)
    """Path -> text of the files, for the line with the caret; a missing file only loses its caret."""
    files: int = 0
    """How many files were looked at."""
    policies: frozenset[str] = frozenset()
    """Ids of the findings that come from policies."""

    @property
    def in_reading_order(self) -> Inspection:
        """By file and line."""
        return replace(self, findings=sorted(self.findings, key=lambda finding: finding.sort_key))

    @property
    def summary(self) -> InspectionSummary:
        """In numbers."""
        counts = Counter(finding.severity for finding in self.findings)
        return InspectionSummary(**{one.value: counts[one] for one in Severity}, files=self.files)


class Notes:
    """The findings of one run so far; the first argument of every method is the id listed in docs/findings.md."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def add(
        self,
        severity: Severity,
        id_: str,
        message: str,
        place: Place | None,
        *,
        advice: str = "",
        related: tuple[Place, ...] = (),
    ) -> None:
        """One more."""
        self.findings.append(
            Finding(id=id_, message=message, severity=severity, place=place, advice=advice, related=related)
        )

    error = partialmethod(add, Severity.ERROR)
    """Something that has to be repaired first."""
    warning = partialmethod(add, Severity.WARNING)
    """Something that is probably not meant."""
    note = partialmethod(add, Severity.NOTE)
    """Something worth knowing."""

    @property
    def has_errors(self) -> bool:
        """Whether anything so far stops the run."""
        return any(finding.severity is Severity.ERROR for finding in self.findings)

    def in_order(self) -> tuple[Finding, ...]:
        """All findings in reading order, each once."""
        seen: dict[tuple[str, int, int, str, str], Finding] = {}
        for finding in self.findings:
            seen.setdefault(finding.sort_key, finding)
        return tuple(seen[key] for key in sorted(seen))


class ExitCode(IntEnum):
    """What the process returns; part of the public contract."""

    DONE = 0
    """done, or nothing to do; waiting for people is a normal end"""
    FAILED = 1
    """failed: an error in the manifests, an error of a system, something that had to be read and could not be, a change
    that failed or is in doubt, or failed in an earlier run and is deferred; it wins over 2 and 3"""
    CHANGES = 2
    """with `--detailed-exitcode`: there are changes, or something waits"""
    BLOCKED = 3
    """blocked: a guard stopped something, or a policy of severity error objects; it wins over 2"""
    CONFLICT = 4
    """the state is locked or moved on, the plan is stale, or a change was refused because its resource moved"""
    USAGE = 64
    """wrong usage of the command line"""
    INTERRUPTED = 130
    """interrupted with Ctrl-C; what was done stays done, and the next run goes on from there"""


def exit_code(*, failed: bool = False, blocked: bool = False, changed: bool = False) -> ExitCode:
    """The worst wins: blocked over changes, which only need an apply."""
    if failed:
        return ExitCode.FAILED
    if blocked:
        return ExitCode.BLOCKED
    return ExitCode.CHANGES if changed else ExitCode.DONE


def code_of_findings(findings: Iterable[Finding], *, policies: Collection[str] = ()) -> ExitCode:
    """Failed when anything is an error; blocked when only policies, given by their ids, object."""
    errors = {finding.id for finding in findings if finding.severity is Severity.ERROR}
    return exit_code(failed=bool(errors - set(policies)), blocked=bool(errors))


class ReconcilerError(Exception):
    """Stops a run with a message for the user; `advice` says what to do next."""

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice


class UsageError(ReconcilerError):
    """The command line does not make sense."""

    exit_code = ExitCode.USAGE


class ManifestError(ReconcilerError):
    """The manifests cannot be used; `findings` says why, all of it.

    `texts` holds files that were looked at and are not there like this, such as a proposed edit: path -> text.
    """

    def __init__(self, findings: list[Finding], texts: Mapping[str, str] | None = None) -> None:
        super().__init__("the manifests cannot be used: their findings say why")
        self.findings = findings
        self.texts = texts or {}


class MissingExtra(ReconcilerError):
    """Something is set that takes libraries which are not installed. How to add them depends on the installation."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs the extra `{extra}`")
        self.extra = extra


class ProviderError(ReconcilerError):
    """A system cannot be reached or used at all."""


class StoreError(ReconcilerError):
    """The state cannot be read or written."""


class StateConflict(StoreError):
    """Somebody else wrote the state since it was read."""

    exit_code = ExitCode.CONFLICT


class StateLocked(StoreError):
    """Somebody else holds the lock; the message says who, where and since when."""

    exit_code = ExitCode.CONFLICT


class LeaseLost(StoreError):
    """The lock ran out, or somebody took it away: nothing more may be written under it."""

    exit_code = ExitCode.CONFLICT


class StalePlan(ReconcilerError):
    """The plan was made from other manifests, another lineage or an older serial."""

    exit_code = ExitCode.CONFLICT


_ALSO_CALLED = {
    "users": ("people",),
    "persons": ("people",),
    "teams": ("groups",),
    "consents": ("approvals",),
    "allow": ("approve",),
    "observe": ("read_only",),
    "until": ("expires", "ends"),
    "expires": ("ends", "until"),
    "ends": ("expires", "until"),
    "end": ("expires", "ends"),
    "from": ("starts",),
    "start": ("starts",),
    "delete": ("remove", "revoke"),
}
"""What other tools, or other places of a manifest, call it: nearer in meaning than in letters."""

_MAX_COMPARED = 24
"""Words that are compared letter by letter for one question; as many are compared without an index."""
_MAX_TWO_LETTERS = 14
"""Longer words are only indexed with one letter left out: there are too many ways to leave out two."""
_MAX_LENGTH = 64
"""Longer words have their other letters left out of the index."""
_END = 4
"""Letters at the front and at the back by which words that are less alike are proposed."""
_MAX_LISTED = 13
"""As many words as advice lists at once."""
_MAX_NAMES = 3


class Nearest:
    """The known words, ready to be asked many times."""

    def __init__(self, known: Iterable[str]) -> None:
        self._by_folded = {word.casefold(): word for word in sorted(set(known), reverse=True)}
        self._index: dict[str, list[str]] | None = None

    def find(self, word: str, *, count: int = 1, cutoff: float = 0.6) -> list[str]:
        """The words that are most like another one, the most alike first."""
        from difflib import get_close_matches

        folded = word.casefold()
        close = get_close_matches(folded, self._candidates(folded), n=count, cutoff=cutoff)
        return [self._by_folded[one] for one in close]

    def _candidates(self, folded: str) -> list[str]:
        if len(self._by_folded) <= _MAX_COMPARED:
            return sorted(self._by_folded)
        index = self._index
        if index is None:
            index = self._index = {}
            for known in sorted(self._by_folded):
                for mark in _marks(known):
                    index.setdefault(mark, []).append(known)
        proposed = (known for mark in _marks(folded) for known in islice(index.get(mark, ()), _MAX_COMPARED))
        return list(islice(dict.fromkeys(proposed), _MAX_COMPARED))


def _marks(word: str) -> Iterator[str]:
    """What similar words have in common, the surest first: all but one or two letters, the ends."""
    short = word[:_MAX_LENGTH]
    for left_out in range(3 if len(short) <= _MAX_TWO_LETTERS else 2):
        for places in combinations(range(len(short)), left_out):
            yield "".join(letter for place, letter in enumerate(short) if place not in places)
    yield f"{word[:_END]}<"
    yield f">{word[-_END:]}"


_asked: list[tuple[Collection[str], int, Nearest]] = []
"""The last collections that were asked about, with their size then."""
_MAX_KEPT = 16


def _nearest_in(known: Collection[str]) -> Nearest:
    """The words of a collection; asked again about the same collection, the same index.

    Few words need no index, and must not drive out that of many.
    """
    if len(known) <= _MAX_COMPARED:
        return Nearest(known)
    for kept, size, nearest in _asked:
        if kept is known and size == len(known):
            return nearest
    nearest = Nearest(known)
    _asked.insert(0, (known, len(known), nearest))
    del _asked[_MAX_KEPT:]
    return nearest


def suggest_word(word: str, known: Iterable[str], *, taken: Collection[str] = ()) -> str:
    """Advice that names the closest known word, or all of them when there are few and none is close.

    What is taken stands there already, so it was hardly meant, unless it is almost the same.
    """
    words: Collection[str] = known if isinstance(known, Collection) else list(known)
    free = Nearest(one for one in words if one not in taken) if taken else _nearest_in(words)
    meant = [other for other in _ALSO_CALLED.get(word.casefold(), ()) if other in words and other not in taken]
    close = meant or free.find(word) or _nearest_in(words).find(word, cutoff=0.9)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"write one of {list_words(dict.fromkeys(words))}" if 0 < len(words) <= _MAX_LISTED else ""


def suggest_names(text: str, known: Iterable[str]) -> str:
    """Advice that names up to three known keys or addresses; empty when none is near."""
    names, wanted = sorted(known), text.strip().casefold()
    # First addresses with another kind, or without the kind that was left out, but the same key.
    _, *rest = wanted.split("/")
    key = "/".join(rest[1:] or rest)
    close = _most_alike(wanted, [name for name in names if key and name.casefold().endswith(f"/{key}")])
    close = close or Nearest(names).find(wanted, count=_MAX_NAMES)
    if not close and len(wanted) > 2:  # a part of one or two letters says nothing
        close = _most_alike(wanted, [name for name in names if wanted in name.casefold()])
    return f"did you mean {' or '.join(f'`{name}`' for name in close)}?" if close else ""


def _most_alike(wanted: str, found: list[str]) -> list[str]:
    from difflib import SequenceMatcher

    return sorted(found, key=lambda name: (-SequenceMatcher(None, wanted, name.casefold()).ratio(), name))[:_MAX_NAMES]


def count(number: float, singular: str, plural: str) -> str:
    """`1 file`, `12,000 files`: every number with its word, in messages, findings and documents alike."""
    return f"{number:,} {singular if number == 1 else plural}"


def list_words(words: Iterable[str]) -> str:
    """The words as they read in a sentence."""
    return ", ".join(f"`{word}`" for word in words)
