"""Reading a workspace: `reconciler.yaml` and the manifest files it names."""

from __future__ import annotations

import os
import re
import shlex
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import date
from functools import cache
from pathlib import Path

from reconciler.cli.extras import advise_on_extra, find_missing_extras
from reconciler.cli.streams import CLOSED_REVIEWS, CONFIG_FILE, REVIEWS, find_top
from reconciler.manifests.config import Config, LoadedConfig, load_config, load_rules, read_reviewed
from reconciler.manifests.lint import check_references
from reconciler.manifests.load import BatchLoader, Inseparable, LoadOptions, Manifests, load_manifests
from reconciler.manifests.source import MAX_SIZE, SourceFile, is_read, looks_meant, note_passed_over
from reconciler.model import (
    MISSING_EXTRA,
    Desired,
    Finding,
    Inspection,
    ManifestError,
    Notes,
    Organization,
    Place,
    ReconcilerError,
    Severity,
    State,
    UsageError,
    dataclass,
    suggest_names,
)
from reconciler.policies.judging import (
    BUILT_IN,
    Judgment,
    RuleBook,
    are_local,
    check_settings,
    judge,
    looks_at_state,
    only,
    with_custom_rules,
)
from reconciler.sandbox import SEED_FILE

ReadRecorded = Callable[[str], State]
"""Organization -> what is recorded of it."""
_NEAR_CONFIG = re.compile(r"\.?reconciler\.ya?ml(\..*)?|\.?reconcil(er|iation)s?\.ya?ml", re.IGNORECASE)
"""Names under which people write the workspace file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """Everything the user wrote, read and checked; it may hold errors."""

    config: Config
    manifests: Manifests
    files: int
    """How many files were read, the configuration included."""
    policies: Judgment
    """What policies have to say."""
    references: tuple[Finding, ...] = ()
    """What the workspace file names and the manifests do not have."""
    passed_over: tuple[Finding, ...] = ()
    """Files that look as if they were meant and are not read."""
    settings: str = ""
    """What the settings were when it was read, as a digest; empty where nobody asked."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything there is to say about the manifests and the settings of policies, but what policies say."""
        return (*self.references, *self.policies.doubts, *self.passed_over, *self.manifests.findings)

    @property
    def desired(self) -> Desired:
        """What the manifests want; raises ManifestError with all findings when they cannot be used."""
        wrong = any(finding.severity is Severity.ERROR for finding in (*self.references, *self.policies.doubts))
        if self.manifests.desired is None or wrong:
            raise ManifestError(list(self.findings), texts=self.manifests.texts)
        said = self.policies
        return replace(self.manifests.desired, policy_findings=said.told_by_plans, refusals=said.refusals)


def read_configuration(root: Path) -> LoadedConfig:
    """The configuration and everything there is to say about it; raises ReconcilerError when there is none."""
    path = root / CONFIG_FILE
    if os.path.lexists(path):
        return load_config(read_source(root, path))
    near = sorted(child.name for child in root.iterdir() if _NEAR_CONFIG.fullmatch(child.name)) if root.is_dir() else []
    above = find_workspace_above(root)
    if near:
        advice = f"there is `{near[0]}`, which is not read because of its name: rename it to {CONFIG_FILE}"
    elif above is not None:
        advice = f"there is one above: use {shlex.join(['-C', os.path.relpath(above)])}"
    else:
        advice = "run `reconciler init` to write one, or name the workspace with -C DIR"
    raise ReconcilerError(f"there is no {CONFIG_FILE} in {root.resolve()}", advice=advice)


def find_workspace_above(root: Path) -> Path | None:
    """The nearest workspace that a folder is inside of, itself left out."""
    return next((folder for folder in root.resolve().parents if (folder / CONFIG_FILE).is_file()), None)


def read_workspace(root: Path, config: Config, *, today: date) -> Workspace:
    """The manifests as they are meant on a day, judged by the policies."""
    workspace = check_files(root, config, read_manifest_files(root, config), today=today)
    return replace(workspace, passed_over=find_passed_over(root, (*config.manifests, *config.policies.sources)))


def judge_recorded(workspace: Workspace, root: Path, *, today: date, read_recorded: ReadRecorded) -> Workspace:
    """The workspace, judged also by what is recorded, where a rule of severity error looks at that."""
    config, book = workspace.config, read_rules(root, workspace.config)
    if not looks_at_state(config.policies, book.rules, Severity.ERROR):
        return workspace
    desired = workspace.manifests.desired
    return replace(workspace, policies=_judge(desired, config, book, today=today, read_recorded=read_recorded))


def _judge(
    desired: Desired | None, config: Config, book: RuleBook, *, today: date, read_recorded: ReadRecorded | None = None
) -> Judgment:
    recorded = {key: read_recorded(key) for key in desired.organizations} if read_recorded and desired else None
    return judge(desired, config.policies, today=today, rules=book, recorded=recorded)


def check_files(
    root: Path, config: Config, files: Sequence[SourceFile], *, today: date, emails: Mapping[str, Place] | None = None
) -> Workspace:
    """Like `read_workspace`, of manifests that were read already or would be written.

    `emails` are addresses that are written in other files.
    """
    manifests = load_manifests(files, emails=emails, **_options(config, today))
    reviewed, unreadable = _read_closed_reviews(root)
    if manifests.desired is not None:
        desired = replace(manifests.desired, review_every=config.review_every, reviewed=reviewed)
        manifests = replace(manifests, desired=desired)
    rules = read_rules(root, config)
    judgment = _judge(manifests.desired, config, rules, today=today)
    references = (*unreadable, *check_references(config, manifests.readable, manifests.partial))
    return Workspace(config=config, manifests=manifests, files=len(files) + 1, policies=judgment, references=references)


def _options(config: Config, today: date) -> LoadOptions:
    return {
        "today": today,
        "allowed_domains": config.allowed_domains,
        "max_approval_days": config.guards.max_approval_days,
    }


def _read_closed_reviews(root: Path) -> tuple[Mapping[str, date], Sequence[Finding]]:
    record = root / REVIEWS / CLOSED_REVIEWS
    return read_reviewed(read_source(root, record)) if os.path.lexists(record) else ({}, ())


@dataclass(slots=True, kw_only=True)
class BatchedWorkspace:
    """A workspace that is read and judged some files after the other, and never held as a whole.

    Whatever may not be the same when everything is looked at together raises Inseparable; so does every error.
    """

    root: Path
    config: Config
    files: Sequence[SourceFile]
    today: date
    size: int
    """Bytes of files that are read at once."""
    counted: Counter[str] = field(default_factory=Counter)
    """Severity -> how many findings there are so far, without files that are not read."""
    organizations: Mapping[str, Organization] = field(default_factory=dict)
    """All of them, once the last batch was read."""

    def batches(self) -> Iterator[Desired]:
        """What is wanted of the organizations, each of them once."""
        config, book = self.config, read_rules(self.root, self.config)
        reviewed, unreadable = _read_closed_reviews(self.root)
        doubts = [*book.findings, *check_settings(config.policies, today=self.today, rules=book)]
        is_wrong = unreadable or any(one.severity is Severity.ERROR for one in doubts)
        # An exception is told once, with how often it was made.
        if is_wrong or config.policies.exceptions or looks_at_state(config.policies, book.rules, Severity.ERROR):
            raise Inseparable
        loader = BatchLoader(self.files, size=self.size, **_options(config, self.today))
        for part in loader.batches():
            yield self._judge(replace(part, review_every=config.review_every, reviewed=reviewed), book)
        manifests = loader.finish()
        rest = manifests.desired
        if rest is None or check_references(config, manifests.readable, manifests.partial):
            raise Inseparable
        self.organizations = rest.organizations
        kept = {key: rest.organizations[key] for key in rest.resources}
        rest = replace(rest, organizations=kept, review_every=config.review_every, reviewed=reviewed)
        yield self._judge(rest, book)
        self.counted.update(one.severity.value for one in (*doubts, *manifests.findings))

    def _judge(self, desired: Desired, book: RuleBook) -> Desired:
        if not are_local(self.config.policies, book.rules):
            raise Inseparable
        said = judge(desired, self.config.policies, today=self.today, rules=book)
        self.counted.update(said.severities)
        return replace(desired, policy_findings=said.told_by_plans, refusals=said.refusals)


def with_edits(files: Sequence[SourceFile], texts: Mapping[str, str]) -> list[SourceFile]:
    """The files with new texts, given by their paths."""
    return [replace(file, data=texts[file.path].encode()) if file.path in texts else file for file in files]


def read_rules(root: Path, config: Config) -> RuleBook:
    """The policies that come with the tool, and those of the workspace; a place without any raises ReconcilerError."""
    if not config.policies.sources:
        return BUILT_IN
    for entry in config.policies.sources:
        if not any(_find_entry(root, entry, "policies")):
            message = f"there are no policies: no *.yaml or *.yml file in {entry}"
            raise ReconcilerError(message, advice=f"write one, or correct `policies:` in {CONFIG_FILE}")
    book = with_custom_rules(*load_rules(read_files(root, config.policies.sources, under="policies")))
    findings = tuple(
        replace(one, advice=advise_on_extra("policy")) if one.id == MISSING_EXTRA else one for one in book.findings
    )
    return replace(book, findings=findings)


def inspect_workspace(root: Path, loaded: LoadedConfig, workspace: Workspace | None) -> Inspection:
    """Everything there is to say about the files of a workspace, errors and all; None where they could not be read."""
    if loaded.config is None or workspace is None:
        return Inspection(findings=loaded.findings, texts=loaded.texts, files=1)
    said, missing = workspace.policies.findings, find_missing_extras(loaded.config)
    findings = (*loaded.findings, *missing, *workspace.findings, *said)
    texts = read_texts(root, findings, known={**loaded.texts, **workspace.manifests.texts})
    policies = frozenset(finding.id for finding in said)
    return Inspection(findings=findings, texts=texts, files=workspace.files, policies=policies)


def inspect_policies(
    root: Path, config: Config, chosen: Collection[str], *, today: date, read_recorded: ReadRecorded
) -> Inspection:
    """What policies say about a workspace, all of them or only the chosen ones, and what is wrong with their settings.

    Raises ManifestError.
    What is recorded is read only where a rule looks at it.
    """
    workspace = read_workspace(root, config, today=today)
    settings, book = workspace.config.policies, read_rules(root, workspace.config)
    unknown = [name for name in chosen if name not in book.rules]
    if unknown:
        advice = suggest_names(unknown[0], book.rules) or "`reconciler policy list` shows all"
        raise UsageError(f"there is no policy {unknown[0]!r}", advice=advice)
    held = only(settings, chosen, book.rules) if chosen else settings
    needed = read_recorded if looks_at_state(held, book.rules, *Severity) else None
    config = replace(config, policies=held)
    judged = _judge(workspace.desired, config, book, today=today, read_recorded=needed)
    texts = read_texts(root, judged.doubts, known=workspace.manifests.texts)
    findings, policies = (*judged.doubts, *judged.findings), frozenset(book.rules)
    return Inspection(findings=findings, texts=texts, files=workspace.files, policies=policies)


def manifests_among(files: Iterable[SourceFile], config: Config) -> list[SourceFile]:
    """Without the other files of the workspace, which `manifests: [.]` finds too; a workspace below is an error."""
    own = (CONFIG_FILE, str(SEED_FILE), REVIEWS, *map(os.path.normpath, config.policies.sources))
    if "." in map(os.path.normpath, config.manifests):
        files = [file for file in files if not any(_is_below(file.path, name) for name in own)]
    files = list(files)
    inner = [file.path for file in files if file.path.endswith(f"/{CONFIG_FILE}")]
    manifests = [file for file in files if not any(_is_below(file.path, os.path.dirname(one)) for one in inner)]  # noqa: PTH120
    inner_ones = [SourceFile(path=one, data=None, problem="a workspace of its own is here") for one in inner]
    return sorted([*manifests, *inner_ones], key=lambda file: file.path)


def _is_below(path: str, name: str) -> bool:
    return path == name or path.startswith(f"{name}/")


def read_manifest_files(root: Path, config: Config) -> list[SourceFile]:
    """All manifest files, each once, sorted by path; raises ReconcilerError when there are none at all."""
    entries = config.manifests
    sources = manifests_among(read_files(root, entries, under="manifests"), config)
    if not sources:
        places = ", ".join(entries) or "an empty list of places"
        message = f"there are no manifests: no *.yaml or *.yml file in {places}"
        advice = f"write one, correct `manifests:` in {CONFIG_FILE}, or run `reconciler init`"
        raise ReconcilerError(message, advice=advice)
    return sources


def read_files(root: Path, entries: Iterable[str], *, under: str) -> list[SourceFile]:
    """All YAML files in some files or folders, each once, sorted by path; `under` is the setting that names them."""
    find_real = cache(os.path.realpath)  # of folders, while this takes
    found = (one for entry in entries for one in _find_entry(root, entry, under))
    sources = (read_source(root, path, problem, find_real) for path, problem in found)
    return sorted({source.path: source for source in sources}.values(), key=lambda source: source.path)


def read_texts(root: Path, findings: Iterable[Finding], *, known: Mapping[str, str]) -> dict[str, str]:
    """The files that findings point into, as far as they are known or can be read, for showing the lines."""
    names = {finding.place.file for finding in findings if finding.place} - set(known)
    sources = (read_source(root, root / name) for name in sorted(names))
    read = {source.path: source.data.decode(errors="replace") for source in sources if source.data is not None}
    return {**known, **read}


def read_source(
    root: Path, path: Path, problem: str = "", find_real: Callable[[str], str] = os.path.realpath
) -> SourceFile:
    """One file of the workspace, under its path there; one that cannot be read says why."""
    name = os.path.relpath(path, root)
    if problem:
        return SourceFile(path=name, data=None, problem=problem)
    try:
        if not path.is_file() and path.exists():
            # A pipe would make us wait for ever.
            return SourceFile(path=name, data=None, problem="not a regular file")
        if _leads_away(root, name, find_real):
            return SourceFile(path=name, data=None, problem="a symbolic link that leads out of the repository")
        with path.open("rb") as stream:
            # Asked for more, Python would keep a page of memory and more for each small file.
            size = os.fstat(stream.fileno()).st_size
            data = stream.read(min(size, MAX_SIZE) + 1)
            # One byte more than is accepted, so that the reader sees that it is too much.
            return SourceFile(path=name, data=data if len(data) <= size else data + stream.read(MAX_SIZE + 1 - size))
    except OSError as error:
        return SourceFile(path=name, data=None, problem=_explain(path, error))


def _leads_away(root: Path, name: str, find_real: Callable[[str], str]) -> bool:
    """Whether links lead from a file out of the repository, or out of the workspace where there is none.

    What is read is quoted in findings: a link in a pull request could show whatever the runner can read.
    """
    meant = os.path.normpath(f"{find_real(str(root))}/{name}")
    if os.path.islink(meant):  # noqa: PTH114 - of ten thousand files, making paths takes as long as reading them
        real = os.path.realpath(meant)
    else:
        meant = meant.rpartition("/")[0] or "/"
        real = find_real(meant)
    return real != meant and not Path(real).is_relative_to(find_top(root))


def _explain(path: Path, error: OSError) -> str:
    if path.is_symlink() and not path.exists():
        return f"broken symbolic link to {path.readlink()}"
    return error.strerror or str(error)


def _find_entry(root: Path, entry: str, under: str) -> Iterator[tuple[Path, str]]:
    place = root / entry
    if _is_outside(root, entry):
        return iter([(place, "outside of the repository")])
    if os.path.lexists(place):
        return _find(place)
    return iter([(place, f"it does not exist, but stands under `{under}:` in {CONFIG_FILE}")])


def _is_outside(root: Path, entry: str) -> bool:
    """Whether a setting names what no commit of the repository can hold; a fork may have written that setting."""
    top = find_top(root)
    return (top / ".git").exists() and not Path(os.path.realpath(root / entry)).is_relative_to(top)


def _find(place: Path, above: frozenset[Path] = frozenset()) -> Iterator[tuple[Path, str]]:
    """Manifest files in a file or folder, with what is wrong with those that cannot be read.

    Hidden files and folders are skipped: editors keep their locks and copies there.
    """
    try:
        real = place.resolve(strict=True)
        if not real.is_dir():
            yield place, ""
            return
        if real in above:
            yield place, "symbolic link to a folder above itself"
            return
        with os.scandir(place) as entries:
            children = sorted(entries, key=lambda entry: entry.name)
    except (OSError, RuntimeError) as error:
        # Before Python 3.13 a loop of links is a RuntimeError.
        yield place, _explain(place, error) if isinstance(error, OSError) else "loop of symbolic links"
        return
    for entry in children:
        child = place / entry.name
        if entry.name.startswith("."):
            continue
        if entry.is_file(follow_symlinks=False):
            if is_read(entry.name):
                yield child, ""
        # A symbolic link to nowhere is not passed over: whatever it meant to declare is missing.
        elif is_read(child.name) or _may_be_folder(child) or (child.is_symlink() and not child.exists()):
            yield from _find(child, above | {real})


def _may_be_folder(path: Path) -> bool:
    """Whether it is a folder, or nobody can tell; looking into it then says why."""
    try:
        return path.is_dir()
    except OSError:
        return True


def find_passed_over(root: Path, entries: Iterable[str]) -> tuple[Finding, ...]:
    """Files in folders of manifests and policies, hidden ones too, that only their names keep from being read."""
    notes = Notes()
    for entry in entries:
        for folder, folders, names in () if _is_outside(root, entry) else os.walk(root / entry):
            folders[:] = sorted(name for name in folders if name not in (".git", ".reconciler"))
            place = os.path.relpath(folder, root)
            below = Path(os.path.relpath(folder, root / entry)).parts
            is_hidden = any(part.startswith(".") and part != "." for part in below)
            for name in sorted(names):
                if looks_meant(name) or (is_hidden and is_read(name)):
                    note_passed_over(Path(place, name).as_posix(), notes)
    return notes.in_order()
