# Long because one run has one object, which makes each thing once.
"""One run of the command line: what was asked for, and what is made of it, each thing once and when it is needed.

The help and the version need none of it, so what is heavy is imported where it is made.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from reconciler.cli.streams import (
    Course,
    Screen,
    ask_git,
    find_prefix,
    find_source,
    find_width,
    is_interactive,
    print_page,
    refused_writes,
    replace_file,
    ticking,
    wants_color,
    write_outputs,
    write_summary,
)
from reconciler.model import (
    SECRETS,
    Explorer,
    ManifestError,
    Metered,
    MissingExtra,
    Origin,
    ReconcilerError,
    UsageError,
    count,
    dataclass,
)
from reconciler.output import ANNOTATION_FORMS, FORMS
from reconciler.output.document import Style, Tone, make_visible
from reconciler.output.text import fold
from reconciler.sandbox import WORLD_FILE

if TYPE_CHECKING:
    from cProfile import Profile

    from reconciler.apply.journal import LeaseTerms
    from reconciler.apply.planning import PlanRequest
    from reconciler.apply.state_editor import StateEditor
    from reconciler.audit.log import AuditLog
    from reconciler.cli.workspace import Workspace
    from reconciler.editing.index import ManifestIndex
    from reconciler.features.queries.directory import Sources
    from reconciler.manifests.config import Config, LoadedConfig, ProviderSettings
    from reconciler.manifests.source import SourceFile
    from reconciler.model import Address, Clock, Desired, Organization, Provider, Risk, State, StateLocked, StateStore
    from reconciler.output.json import Output
    from reconciler.providers.business_api.client import Client
    from reconciler.sandbox.world import World
    from reconciler.stores.rules import Dating, Holder
    from reconciler.systems.languages import Speech

_Made = TypeVar("_Made")
_LINKING = frozenset({"markdown", "html", "github"})
"""Forms that can lead to a line on a forge."""
_COMMITS = ("GITHUB_SHA", "CI_COMMIT_SHA", "BUILDKITE_COMMIT", "CIRCLE_SHA1")
_BRANCHES = ("GITHUB_HEAD_REF", "GITHUB_REF_NAME", "CI_COMMIT_REF_NAME", "BUILDKITE_BRANCH", "CIRCLE_BRANCH")
DIRTY = "+dirty"
"""What stands behind a commit that does not contain what the workspace says."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The current time, in UTC."""
        return datetime.now(UTC)


def load(name: str) -> Any:
    """What `module:name` stands for."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(f"reconciler.{module}"), attribute)


@dataclass(frozen=True, slots=True)
class Subject(Mapping[str, Callable[..., str]]):
    """Name of a form -> what renders it, given the values that are shown and the style.

    What tells a subject loads when it is used: a plan that is shown as text needs neither the writer of reviews nor
    pydantic.
    """

    module: str
    document: str
    """Name of a function in the module, as are the next two."""
    json: str
    """An `Output`, or a function that makes the text or its pieces; of another module as `module:function`."""
    annotations: str = ""
    content: Callable[..., Any] | str = lambda value, *_: value
    """What of the values stands in JSON; a name is that of a function too."""
    pieces: str = ""
    """What makes one document after the other while values come in, of which CSV is written before the last is made."""

    def __getitem__(self, form: str) -> Callable[..., str]:
        if form not in tuple(self):
            raise KeyError(form)
        return lambda *values: "".join(self.write(form, *values))

    def write(self, form: str, *values: Any) -> Iterator[str]:
        """The same in pieces, so that no text is ever as large as what is shown."""
        if form == "json":
            output = self.load_output()
            content = self._load(self.content) if isinstance(self.content, str) else self.content
            text = (output.write if output else self._load(self.json))(content(*values[:-1]))
            return iter([text.decode()]) if isinstance(text, bytes) else iter(text)
        if form == "csv" and self.pieces:
            tables: Iterator[str] = load("output.csv:write_tables")(self._load(self.pieces)(*values[:-1]), values[-1])
            return tables
        describe = self._load(self.document if form in FORMS else self.annotations)
        found: Iterator[str] = load({**FORMS, **ANNOTATION_FORMS}[form])(describe(*values[:-1]), values[-1])
        return found

    def __iter__(self) -> Iterator[str]:
        return iter((*FORMS, *(ANNOTATION_FORMS if self.annotations else ()), "json"))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def load_output(self) -> Output | None:
        """How its JSON is written; None for what is read back."""
        made = self._load(self.json)
        return made if isinstance(made, load("output.json:Output")) else None

    def _load(self, name: str) -> Any:
        return load(name if ":" in name else f"{self.module}:{name}")


@dataclass(kw_only=True)
class App:
    """`ctx.obj` of every command. Its options may stand before or after the command, so it is filled step by step.

    Connections last as long as the command; without one, whoever makes it closes it.
    """

    root: Path = Path()
    """The workspace: where `reconciler.yaml` lies."""
    color: Literal["auto", "always", "never"] = "auto"
    log_format: Literal["text", "json"] = "text"
    verbose: bool = False
    form: str = "text"
    """Of the result."""
    max_chars: int = 0
    """How long Markdown may become; 0 is as long as it is."""
    min_risk: Risk | None = None
    """What is less risky is only counted; not in JSON, which programs read."""
    lock_timeout: timedelta = timedelta()
    """How long to wait while another run holds the lock of an organization."""
    codes_to: Path | None = None
    """A folder for QR codes; without one they are only drawn, where somebody sits at a terminal."""
    _providers: dict[str, Provider] = field(default_factory=dict)
    _held: ExitStack = field(default_factory=ExitStack)
    _began: float = field(default_factory=time.perf_counter)
    _stages: dict[str, float] = field(default_factory=dict)
    _profile: tuple[Path, Profile] | None = None

    @property
    def home(self) -> Path:
        """The folder for everything the tool keeps in a workspace without asking."""
        return self.root / ".reconciler"

    @cached_property
    def loaded(self) -> LoadedConfig:
        """The configuration and everything there is to say about it; raises ReconcilerError when there is none."""
        from reconciler.cli.workspace import read_configuration

        with self.stage("settings"):
            return read_configuration(self.root)

    @cached_property
    def config(self) -> Config:
        """The configuration; raises ManifestError when it has errors."""
        config = self.loaded.config
        if config is None:
            raise ManifestError(list(self.loaded.findings))
        # Also of what this command will not read: older states and plans may hold what somebody else has let in.
        references = [str(value) for made in config.providers.values() for value in made.options.values()]
        for reference in (*references, config.state_key):
            if reference.startswith("env:"):
                SECRETS.learn(os.environ.get(reference.removeprefix("env:"), ""))
        return config

    @cached_property
    def files(self) -> list[SourceFile]:
        """The manifest files; raises ReconcilerError when there are none."""
        from reconciler.cli.workspace import read_manifest_files

        return read_manifest_files(self.root, self.config)

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """Of each of them, by its path."""
        from reconciler.manifests.source import digests_of

        return digests_of(self.files)

    @cached_property
    def index(self) -> ManifestIndex:
        """Where things stand in them."""
        from reconciler.editing.index import ManifestIndex

        return ManifestIndex(self.files)

    def read_workspace(self, *, today: date | None = None) -> Workspace:
        """The manifests as they are meant on a day, by default today, judged by the policies."""
        from reconciler.cli.workspace import read_workspace

        return read_workspace(self.root, self.config, today=today or self.today)

    def check_edits(self, texts: Mapping[str, str], *, today: date | None = None) -> Workspace:
        """The same of the files with new texts, given by their paths; without what is not read."""
        from reconciler.cli.workspace import check_files, with_edits

        return check_files(self.root, self.config, with_edits(self.files, texts), today=today or self.today)

    @cached_property
    def declared(self) -> Desired | None:
        """What the manifests say today, judged by no policy; None where they cannot be used."""
        from reconciler.manifests.load import load_manifests

        return load_manifests(self.files, today=self.today).desired

    @property
    def desired(self) -> Desired:
        """What the manifests want today; raises ManifestError when they cannot be used."""
        return self.read_workspace().desired

    def write_edits(self, texts: Mapping[str, str]) -> None:
        """Put new texts into manifest files, given by their paths in the workspace, and name each."""
        for path, text in texts.items():
            replace_file(self.root / path, text)
            self.notify(f"{path} is edited")
        for made in ("files", "digests", "declared", "index"):  # they are read again
            self.__dict__.pop(made, None)

    @cached_property
    def store(self) -> StateStore:
        """Where the state lives."""
        return self.open_store(self.config.state, key=self.config.state_key, dating=self.dating)

    @property
    def dating(self) -> Dating:
        """The clock that dates the history of states, where it is not the store's own."""
        return (lambda: self.world.now()) if self._is_played else None  # noqa: PLW0108 - opens no world to read

    def open_store(self, address: str, *, key: str = "", dating: Dating = None) -> StateStore:
        """The store at an address as `state:` has it; `key` is a reference to the key that it is sealed under, if any.

        A message never repeats an address: it may hold a password.
        """
        from reconciler.manifests.config import STATE_SCHEMES

        SECRETS.learn_address(address)
        scheme, separator, _ = address.partition(":")
        if not separator or scheme not in STATE_SCHEMES:
            why = f"state of kind {scheme!r} cannot be used" if separator else "the address of the state has no scheme"
            advice = f"write `state: PREFIX:...` with one of {', '.join(sorted(STATE_SCHEMES))}"
            raise ReconcilerError(why, advice=advice)
        open_plain = partial(_open_plain, address, STATE_SCHEMES[scheme], root=self.root, dating=dating)
        if not key:
            return open_plain(holder=None)
        from reconciler.stores.sealed import Seal, SealedStore, parse_key, sealed_holder

        seal = Seal(parse_key(self.read_secret(key)))
        return SealedStore(open_plain(holder=sealed_holder(self.process, seal)), seal)

    @cached_property
    def process(self) -> Holder:
        """Who holds locks in the name of this run."""
        from reconciler.stores.rules import this_process

        return this_process()

    @cached_property
    def audit_log(self) -> AuditLog:
        """What was done, which lies beside the states."""
        from reconciler.audit.log import AuditLog

        return AuditLog(self.store)

    @cached_property
    def editor(self) -> StateEditor:
        """For states. Its entries carry the time of the workspace, as those of a run do."""
        from reconciler.apply.state_editor import StateEditor

        return StateEditor(store=self.store, terms=self.lease_terms, clock=self.clock, origin=self.read_origin())

    @property
    def lease_terms(self) -> LeaseTerms:
        """How to hold an organization, telling for whom we wait."""
        from reconciler.apply.journal import LeaseTerms
        from reconciler.stores.rules import SystemTimer

        def announce(locked: StateLocked) -> None:
            self.notify(f"{locked.message}; waiting up to {int(self.lock_timeout.total_seconds())} seconds")

        return LeaseTerms(timer=SystemTimer(), timeout=self.lock_timeout, on_wait=announce)

    def read_state(self, organization: str) -> State:
        """What is recorded of an organization."""
        from reconciler.apply.states import read_state

        return read_state(self.store, organization)

    def sources(self, as_of: date | None = None) -> Sources:
        """What a question about today or a past day is answered from; raises UsageError for a day to come."""
        from reconciler.features.queries.directory import Sources

        if as_of is not None and as_of > self.today:
            raise UsageError(f"{as_of} has not come yet", advice="leave --as-of out to see what is recorded now")
        return Sources(files=self.files, store=self.store, today=self.today, as_of=as_of)

    def require_state(self, organization: str) -> None:
        """Raises ReconcilerError, naming those there are, when an organization has no state."""
        known = self.store.organizations()
        if organization not in known:
            advice = f"there are: {', '.join(known)}" if known else "run `reconciler apply`"
            raise ReconcilerError(f"{organization} has no state", advice=advice)

    def names_in_state(self, address: Address, *, of: Callable[[State], Iterable[Address]]) -> tuple[Address, ...]:
        """What the state has under other names where the manifests call it `address`, and what it has under that.

        Manifests that cannot be read rename nothing: looking after a state has to go on without them.
        """
        from reconciler.engine.identities import Identities, former_addresses

        if address.organization not in self.store.organizations():
            return (address,)
        try:
            identities = Identities(self.desired)
        except ReconcilerError:
            return (address,)
        state = self.read_state(address.organization)
        return former_addresses(address, of(state), state, identities)

    def request(
        self, desired: Desired, *, today: date | None = None, moment: datetime | None = None, refresh: bool = True
    ) -> PlanRequest:
        """What to plan: as of now, or of a day, of which the time may not be known."""
        from reconciler.apply.planning import PlanRequest

        now = self.clock.now()
        moment, day = moment or (None if today else now), today or now.date()
        return PlanRequest(desired=desired, settings=self.config.guards, today=day, moment=moment, refresh=refresh)

    def speech_for(self, actor: str, organization: str) -> Speech:
        """How to speak to whoever acts in an organization."""
        from reconciler.cli.link_codes import speech_for

        return speech_for(self.root, self.declared, actor, organization)

    def read_origin(self, *paths: str) -> Origin:
        """What the repository and the environment say.

        `paths` are what a plan is made from; where they are not as in the commit, the commit is marked.

        The commit is the one that is checked out, whatever a CI system says that it started from. The branch is what CI
        says, because CI checks out a commit and not a branch.
        """
        root, process = self.root, self.process
        commit = ask_git(root, "rev-parse", "HEAD") or _first_set(_COMMITS)
        if commit and paths and ask_git(root, "status", "--porcelain", "--untracked-files=all", "--", *paths):
            commit += DIRTY
        branch = _first_set(_BRANCHES) or ask_git(root, "symbolic-ref", "--short", "-q", "HEAD")
        return Origin(commit=commit, branch=branch, job=process.job, operator=process.who)

    @cached_property
    def clock(self) -> Clock:
        """The sandbox's clock where there is a sandbox, so that its time passes for this tool too."""
        return self.world if self._is_played else SystemClock()

    @property
    def _is_played(self) -> bool:
        providers = self.config.providers.values()
        return any(made.kind == "sandbox" or made.options.get("via") == "sandbox" for made in providers)

    @property
    def today(self) -> date:
        """The current day, the same for every command: that of the sandbox, once one has begun.

        Asking begins none. Where the settings are wrong or missing, nothing goes by a sandbox.
        """
        has_begun = False
        with suppress(ReconcilerError):
            has_begun = self._is_played and (self.root / WORLD_FILE).exists()
        return (self.clock if has_begun else SystemClock()).now().date()

    @cached_property
    def world(self) -> World:
        """The workspace's embedded platform."""
        from reconciler.sandbox.seed import open_world

        return self._close_later(open_world(self.root))

    def provider_for(self, organization: Organization) -> Provider:
        """The one that `settings_for` names, made once."""
        return self._provider(self._name_of_provider(organization))

    def settings_for(self, organization: Organization) -> ProviderSettings:
        """The provider under the organization's key, else under its system's name, else under `default`."""
        return self.config.providers[self._name_of_provider(organization)]

    def explorers(self) -> dict[str, Explorer]:
        """Every configured provider that can be asked what there is, by the name it is configured under."""
        made = {name: self._provider(name) for name in sorted(self.config.providers)}
        return {name: provider for name, provider in made.items() if isinstance(provider, Explorer)}

    def open_client(self, settings: ProviderSettings, *, token: str | None = None) -> Client:
        """Calls over the network, or with `via: sandbox` of the workspace's embedded platform.

        `token` is used in place of the one that the settings refer to; an empty one is none.
        """
        from reconciler.providers.business_api.provider import make_client, make_sandbox_client

        via, options = settings.options.get("via", ""), settings.options
        if via == "sandbox":
            return make_sandbox_client(self.world, options)
        if via:
            raise ReconcilerError(f"via {via!r} leads nowhere", advice="write `via: sandbox`, or leave it out")
        return make_client(options, read_secret=self.read_secret, notify=self.notify, token=token)

    def calls(self) -> int:
        """How many calls were made so far to systems that count them."""
        return sum(provider.calls for provider in self._providers.values() if isinstance(provider, Metered))

    def close(self) -> None:
        """Let go of what was made and holds connections or files."""
        self._providers.clear()
        self._held.close()

    def _provider(self, name: str) -> Provider:
        if name not in self._providers:
            settings = self.config.providers[name]
            self._providers[name] = self._close_later(PROVIDERS[settings.kind](self, settings))
        return self._providers[name]

    def _close_later(self, made: _Made) -> _Made:
        """Something that may hold connections or files, which ends together with the command."""
        if close := getattr(made, "close", None):
            self._held.callback(close)
        if context := click.get_current_context(silent=True):
            context.call_on_close(self.close)
        return made

    def _name_of_provider(self, organization: Organization) -> str:
        for name in (organization.key, organization.system.name, "default"):
            if name in self.config.providers:
                return name
        advice = f"add `{organization.system.name}` or `default` under `providers:` in reconciler.yaml"
        raise ReconcilerError(f"{organization.key} has no provider", advice=advice)

    def read_secret(self, reference: str) -> str:
        """What a reference such as `env:NAME` stands for; raises ReconcilerError where nothing is there."""
        from reconciler.cli.credentials import read_secret

        return read_secret(reference, root=self.root)

    def command(self, *words: str) -> str:
        """A command for this workspace, to be pasted."""
        where = [] if self.root == Path() else ["-C", str(self.root)]
        return shlex.join(["reconciler", *where, *words])

    def style(self, stream: Screen) -> Style:
        """How to write to a stream."""
        return Style(color=wants_color(self.color, stream), verbose=self.verbose, width=find_width(stream))

    def show(
        self,
        subject: Subject,
        *values: object,
        commit: str = "",
        outputs: Callable[..., Mapping[str, str]] | None = None,
        comment_to: Path | None = None,
    ) -> None:
        """Print values in the form asked for; with `github` also write the step's summary and `outputs` of the values.

        Lines are linked on the forge as of the commit, without one as of the one that is checked out. A comment is
        Markdown, whatever the form. Limits are about what a forge shows beside a change: what has no annotations is
        shown whole.
        """
        style = replace(
            self.style(sys.stdout),
            max_chars=self.max_chars if subject.annotations else 0,
            prefix=find_prefix(self.root),
            job=self.process.job,
            source=find_source(self.root, commit) if self.form in _LINKING or comment_to else "",
        )
        limits = [self.min_risk] if subject.annotations and self.min_risk is not None else []
        if comment_to is not None:
            replace_file(comment_to, subject["markdown"](*values, *limits, style))
        with self.stage("output"):
            print_page(subject.write(self.form, *values, *limits, style), form=self.form)
        if self.form != "github":
            return
        if not write_summary(lambda room: subject["markdown"](*values, *limits, replace(style, max_chars=room))):
            self.notify("the summary of this step is full: nothing was added", level="warning")
        write_outputs(outputs(*values) if outputs else {})

    @contextmanager
    def progress(self, text: str, course: Course | None = None) -> Iterator[Callable[[str], None]]:
        """Show what is going on until the block ends; the function that it yields changes the text.

        A person at a terminal sees it all the time, with a bar where the course is known; a log gets a line a minute.
        """

        def tell(minutes: int) -> None:
            passed = f"{count(minutes, 'minute', 'minutes')} so far"
            if course is None:
                self.notify(f"{text}: {passed}", minutes=minutes)
            else:
                done, told = course.outcomes.total(), f"{text}, {passed}: {course.describe()}"
                self.notify(told, minutes=minutes, done=done, total=course.total)

        if not is_interactive(sys.stderr) or self.log_format == "json":
            with self.stage(text), ticking(tell):
                yield lambda _: None
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
        from rich.table import Column
        from rich.text import Text

        console = Console(stderr=True, no_color=not self.style(sys.stderr).color)
        if course is None:
            with self.stage(text), console.status(Text(text)) as status:
                yield lambda now: status.update(Text(make_visible(now)))
            return
        column = Column(no_wrap=True, overflow="ellipsis", max_width=40)
        words = TextColumn("{task.description}", markup=False, table_column=column)
        bar = Progress(words, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console, transient=True)
        task = bar.add_task(text, total=course.total)
        with self.stage(text), bar:
            yield lambda now: bar.update(task, completed=course.outcomes.total(), description=make_visible(now))

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what the block does, for `-v`."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self._stages[name] = self._stages.get(name, 0) + time.perf_counter() - began

    def report_times(self) -> None:
        """Tell how long the run took so far, and its stages."""
        seconds, cpu = time.perf_counter() - self._began, time.process_time()
        stages = {name: round(took, 3) for name, took in self._stages.items()}
        listed = "".join(f"; {name} {took:.2f}" for name, took in stages.items())
        message = f"took {seconds:.2f} seconds, with {cpu:.2f} seconds of CPU since the start of Python{listed}"
        self.notify(message, seconds=round(seconds, 3), cpu_seconds=round(cpu, 3), stages=stages)

    def start_profile(self, path: Path) -> None:
        """From here on note what takes time, for `write_profile`."""
        from cProfile import Profile

        profile = self._profile[1] if self._profile else Profile()
        self._profile = path, profile
        profile.enable()

    def write_profile(self) -> None:
        """Write what was noted, for pstats and everything that reads its files; raises ReconcilerError."""
        if self._profile is None:
            return
        path, profile = self._profile
        profile.disable()
        with refused_writes(path):
            profile.dump_stats(path)

    def echo(self, text: str) -> None:
        """Print a line of a result, folded where a terminal is narrower."""
        click.echo("\n".join(fold(text, self.style(sys.stdout).width)))

    def notify(self, message: str, *, level: str = "notice", **fields: object) -> None:
        """Tell the user something that is not the result: to stderr, as text or as one JSON object per line."""
        if self.log_format == "json":
            line = json.dumps({"level": level, "message": message, **fields})
        else:
            tone = Tone.ALARM if level == "error" else Tone.WARN
            style = self.style(sys.stderr)
            label = "" if level == "notice" else f"{style.paint(level, tone)}: "
            advice = f"\n  advice: {fields['advice']}" if fields.get("advice") else ""
            first, *others = map(make_visible, f"{message}{advice}".splitlines() or [""])
            line = "\n".join(part for one in (label + first, *others) for part in fold(one, style.width))
        click.echo(line, err=True, color=True)


def _open_plain(address: str, extra: str, *, root: Path, holder: Holder | None, dating: Dating) -> StateStore:
    """The store at an address, whose paths count from `root`; without a `holder`, locks are in this process' name."""
    scheme, _, rest = address.partition(":")
    match scheme:
        case "file":
            from reconciler.stores.local_file import LocalFileStore

            return LocalFileStore(root / rest, holder=holder, dating=dating)
        case "sqlite" | "postgresql":
            try:
                from reconciler.stores.sql import open_sql_store
            except ModuleNotFoundError as error:
                raise MissingExtra("state in a database", extra) from error
            return open_sql_store(address, root=root, holder=holder, dating=dating)
    from reconciler.stores.object_store import open_object_store

    return open_object_store(address, holder=holder, dating=dating)


def _first_set(names: Iterable[str]) -> str:
    return next((os.environ[name] for name in names if os.environ.get(name)), "")


def _make_sandbox(app: App, settings: ProviderSettings) -> Provider:
    from reconciler.providers.sandbox.provider import SandboxProvider

    return SandboxProvider(app.world, act_as=str(settings.options.get("act_as", "")))


def _make_business_api(app: App, settings: ProviderSettings) -> Provider:
    from reconciler.providers.business_api.provider import BusinessApiProvider

    show_code, self_is = None, str(settings.options.get("act_as", ""))
    if app.codes_to is not None or is_interactive(sys.stderr):  # elsewhere a code would stay in a log
        from reconciler.cli.link_codes import CodeScreen

        show_code = CodeScreen(home=app.home, clock=app.clock, folder=app.codes_to, speech_for=app.speech_for).show
    if settings.options.get("via"):
        self_is = ""  # it has said which token is used
    return BusinessApiProvider(app.open_client(settings), clock=app.clock, self_is=self_is, show_code=show_code)


def _make_work_orders(_: App, settings: ProviderSettings) -> Provider:
    from reconciler.providers.work_orders import WorkOrdersProvider

    exists = settings.options.get("exists", True)
    if not isinstance(exists, bool):
        message = "`exists` of a provider of kind work_orders is neither true nor false"
        raise ReconcilerError(message, advice="write `exists: false` for an organization that is to be created")
    return WorkOrdersProvider(exists=exists)


PROVIDERS: dict[str, Callable[[App, ProviderSettings], Provider]] = {
    "business_api": _make_business_api,
    "sandbox": _make_sandbox,
    "work_orders": _make_work_orders,
}
"""Kind -> how to make one."""


def shared_options() -> list[click.Parameter]:
    """The options every command understands, before and after its name; named so that no command's own name clashes."""
    folder = click.Path(exists=True, file_okay=False, path_type=Path)
    where = (
        "Work in this workspace instead of the current directory; other paths stay relative to the current directory."
    )
    colors = (
        "`auto`: colour on a terminal, unless `NO_COLOR` or `CI` is set or `TERM` is `dumb`; `FORCE_COLOR` turns it on."
    )
    logs = "How notices and errors on stderr are written; `json` is one object per line."
    more = "Say more: lists that are only counted otherwise, the order of steps and who takes them, tracebacks, times."
    times = (
        "Write a profile of the run, for `python -m pstats` or snakeviz; before the name of the command it covers its "
        "imports too."
    )
    return [
        _keep("root", "-C", type=folder, metavar="DIR", help=where),
        _keep("color", "--color", type=click.Choice(["auto", "always", "never"]), help=colors),
        _keep("log_format", "--log-format", type=click.Choice(["text", "json"]), help=logs),
        _keep("verbose", "-v", "--verbose", is_flag=True, default=None, help=more),
        _keep("profile", "--profile", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help=times),
    ]


def _keep(name: str, *flags: str, **settings: Any) -> click.Option:
    return click.Option([*flags, f"{_KEPT}{name}"], expose_value=False, callback=keep, **settings)


_KEPT = "kept_"


def keep(context: click.Context, option: click.Parameter, value: Any) -> None:
    """The callback of an option that is put into the app, named `kept_` and the attribute; None changes nothing."""
    app, name = context.ensure_object(App), str(option.name).removeprefix(_KEPT)
    if value is not None and name == "profile":
        app.start_profile(value)
    elif value is not None:
        setattr(app, name, value)
