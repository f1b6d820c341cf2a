"""The command `reconciler`. Commands load when they are called: `--version` and `--help` stay quick."""

from __future__ import annotations

import errno
import importlib
import io
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from itertools import takewhile
from keyword import iskeyword
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from reconciler import __version__
from reconciler.cli.app import App, load, shared_options
from reconciler.cli.extras import advice_of
from reconciler.cli.streams import CONFIG_FILE, outlets, write_outputs
from reconciler.model import SECRETS, ExitCode, Inspection, ManifestError, Nearest, ReconcilerError
from reconciler.output.text import fold

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


_MACHINE_REFUSES = {
    errno.EACCES,
    errno.EBUSY,
    errno.EDQUOT,
    errno.EEXIST,
    errno.EIO,
    errno.EISDIR,
    errno.ELOOP,
    errno.EMFILE,
    errno.ENAMETOOLONG,
    errno.ENFILE,
    errno.ENOENT,
    errno.ENOSPC,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
}
"""What a folder, a disk or an account does to any program, and what lies where another thing should: nobody's bug."""


def run_guarded(command: Callable[[], object], app: App) -> int:
    """Run a command; returns its exit code, or that of what stopped it. Later steps of a GitHub job can read it."""
    SECRETS.learn_environment(os.environ)
    with outlets():
        code = _run(command, app)
        if app.verbose:
            app.report_times()
        try:
            app.write_profile()
            write_outputs({"exit_code": str(int(code))})
        except ReconcilerError as error:
            app.notify(error.message, level="warning")
    return code


def _run(command: Callable[[], object], app: App) -> int:
    try:
        code = command()
        sys.stdout.flush()
    except click.UsageError as error:
        if app.log_format == "json":
            app.notify(error.format_message(), level="error")
        else:
            _show_usage(error, app.style(sys.stderr).width)
        return ExitCode.USAGE
    except click.ClickException as error:
        app.notify(error.format_message(), level="error")
        return ExitCode.FAILED
    except (click.Abort, KeyboardInterrupt):
        app.notify("interrupted; what was already done stays done, and the next run goes on from there", level="error")
        return ExitCode.INTERRUPTED
    except ReconcilerError as error:
        if isinstance(error, ManifestError):
            _print_findings(error, app)
        else:
            app.notify(error.message, level="error", advice=advice_of(error))
        return error.exit_code
    except BrokenPipeError:
        _silence_stdout()
        return ExitCode.FAILED
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _MACHINE_REFUSES:
            return _report_refusal(error, app)
        return _report_bug(error, app)
    return code if isinstance(code, int) else ExitCode.DONE


def _show_usage(error: click.UsageError, width: int) -> None:
    """As click shows it, in lines that have room."""
    text = io.StringIO()
    error.show(text)
    for line in text.getvalue().splitlines():
        click.echo("\n".join(fold(line, width)), err=True)


def _print_findings(error: ManifestError, app: App) -> None:
    from reconciler.cli.workspace import read_texts

    inspection = Inspection(findings=error.findings, texts=read_texts(app.root, error.findings, known=error.texts))
    text = load("cli.options:RENDERERS").findings[app.log_format](inspection, app.style(sys.stderr))
    click.echo(text, nl=False, err=True, color=True)


def _silence_stdout() -> None:
    """Whoever read our output has enough (`| head`); nothing may complain when Python closes stdout."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report_refusal(error: OSError, app: App) -> int:
    if app.verbose:
        click.echo("".join(traceback.format_exception(error)), nl=False, err=True)
    place = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
    app.notify(f"{place}{error.strerror}", level="error")
    if not error.filename:
        _silence_stdout()
    return ExitCode.FAILED


def _report_bug(error: Exception, app: App) -> int:
    summary = f"this is a bug in reconciler: {type(error).__name__}: {error}"
    details = "".join(traceback.format_exception(error))
    log = "" if app.verbose else _write_log(details, app)
    if not log:
        click.echo(details, nl=False, err=True)
    advice = f"the details are in {log}; please report them" if log else "please report the details above"
    app.notify(summary, level="error", advice=advice)
    return ExitCode.FAILED


def _write_log(details: str, app: App) -> str:
    """Path of the log file; empty outside of a workspace and where none can be written."""
    now = datetime.now(UTC)
    if not (app.root / CONFIG_FILE).exists():
        return ""
    path = app.home / f"crash-{now:%Y%m%dT%H%M%S}-{os.getpid()}.log"
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_text(SECRETS.hide(details), encoding="utf-8", errors="backslashreplace")
    except OSError:
        return ""
    return str(path)


class CommandEntry(NamedTuple):
    """The module of a command, which is called there as it is, and the line that the help shows without loading it."""

    module: str
    summary: str


_COMMANDS_PACKAGE = "reconciler.cli.commands"
_WHOLE_SENTENCE = 1000
"""Characters: click would cut the summary of a command at the end of its line."""
_EXTRA = re.compile(r"Got unexpected extra arguments? \((.*)\)", re.DOTALL)
"""What click says of words that have no place."""
_ONE_DASH = re.compile(r"-([A-Za-z][A-Za-z-]+)(=.*)?", re.DOTALL)

SECTIONS: dict[str, dict[str, CommandEntry]] = {
    "Begin": {
        "init": CommandEntry("init", "Write the files of a new workspace."),
        "import": CommandEntry("import_", "Write manifests that declare organizations exactly as they are."),
        "auth": CommandEntry("auth", "Get, check and revoke the token for Business Centers."),
        "doctor": CommandEntry("doctor", "Check this installation and workspace, and say what to do."),
        "sandbox": CommandEntry("sandbox", "Act as people on the sandbox, and move its clock."),
    },
    "Manifests": {
        "validate": CommandEntry("validate", "Check the manifests, without any network."),
        "fmt": CommandEntry("init", "Format manifests."),
        "policy": CommandEntry("validate", "List policies, and judge the manifests by them."),
        "systems": CommandEntry("validate", "List systems, roles and what they may do."),
        "schema": CommandEntry("schema", "Print or write the JSON Schemas, or check files against one."),
    },
    "Changes": {
        "diff": CommandEntry("diff", "Show what a change of the manifests does to access."),
        "plan": CommandEntry("plan", "Show what would change, and save it for apply."),
        "show": CommandEntry("plan", "Show a saved plan."),
        "apply": CommandEntry("apply", "Apply a saved plan or a new one."),
    },
    "People": {
        "onboard": CommandEntry("onboard", "Propose the access that somebody new needs."),
        "offboard": CommandEntry("offboard", "Remove somebody from every organization, and report what is left."),
        "grant": CommandEntry("grant", "Propose the edit that gives somebody one access for some days."),
        "revoke": CommandEntry("grant", "Propose the edit that takes one access away from somebody."),
        "who": CommandEntry("queries", "Show everything one person has, in all organizations."),
        "access": CommandEntry("queries", "Show who can reach something, with which role, and how."),
        "why": CommandEntry("queries", "Show why somebody can reach something, since when and by what."),
        "expiring": CommandEntry("queries", "Show what ends by itself within some days."),
        "report": CommandEntry("report", "Write one HTML page that tells who may do what, for auditors and managers."),
    },
    "What people do by hand": {
        "work-orders": CommandEntry("work_orders", "List what people were asked to do, and report back."),
        "notices": CommandEntry("notices", "Write one message for each person who has to act."),
        "observe": CommandEntry("observe", "Import a list of members or apps that somebody copied from its page."),
    },
    "What others changed": {
        "drift": CommandEntry("drift", "Show what somebody changed outside of this tool."),
        "adopt": CommandEntry(
            "import_", "Edit the manifests so that they declare what somebody changed outside of this tool."
        ),
    },
    "Access reviews": {
        "review": CommandEntry("review", "Have every access reviewed, and keep the evidence."),
    },
    "What is remembered": {
        "state": CommandEntry("state", "Show and maintain what is remembered between runs."),
        "audit": CommandEntry("audit", "Read and verify the log of what was done."),
    },
    "Pipelines": {
        "codeowners": CommandEntry("codeowners", "Write CODEOWNERS from the owners in the manifests."),
        "publish": CommandEntry("publish", "Publish Markdown as one comment, issue or job summary."),
        "shards": CommandEntry("validate", "Divide the organizations among several runners."),
    },
}
"""Heading of the help -> what stands below it, in the order in which a newcomer needs them."""

COMMANDS: dict[str, CommandEntry] = {name: entry for section in SECTIONS.values() for name, entry in section.items()}


class CommandLine(click.Group):
    """A group that imports a command when it is called and turns every failure into a message and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        attribute = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name.replace("-", "_")
        command: click.Command = getattr(importlib.import_module(f"{_COMMANDS_PACKAGE}.{entry.module}"), attribute)
        if ctx.resilient_parsing:
            from reconciler.cli.completion import offer_names

            offer_names(command)
        return _with_shared_options(command)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse `-chdir=DIR` before the command too."""
        if not ctx.resilient_parsing:
            _refuse_one_dash(list(takewhile(lambda word: word.startswith("-"), args)), ctx)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest the command that was probably meant."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            raise _no_such_command(args[0], COMMANDS, ctx, hint=read_elsewhere("commands").get(args[0], ""))
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None and not ctx.resilient_parsing:
            here, words = click.Context(command, info_name=name, parent=ctx), rest
            while isinstance(here.command, click.Group) and words and not words[0].startswith("-"):
                below = here.command.commands
                if words[0] not in below:
                    raise _no_such_command(words[0], below, here)
                here, words = click.Context(below[words[0]], info_name=words[0], parent=here), words[1:]
            _refuse_one_dash(words, here)
            _refuse_empty(words, here)
        return name, command, rest

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """From the summaries in `COMMANDS`, so that help imports nothing."""
        widest = max(map(len, COMMANDS))
        for title, section in SECTIONS.items():
            with formatter.section(title):
                # As wide as the widest of all, so that the summaries stand in one column through all sections.
                formatter.write_dl([(name.ljust(widest), entry.summary) for name, entry in section.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """From `COMMANDS` too: click would import every command to ask for its summary."""
        from click.shell_completion import CompletionItem

        found = [CompletionItem(name, help=one.summary) for name, one in COMMANDS.items()]
        matching = [item for item in found if item.value.startswith(incomplete)]
        return [*matching, *click.Command.shell_complete(self, ctx, incomplete)]

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002  # the signature that click overrides
        **extra: Any,
    ) -> Any:
        """In standalone mode exits with one of the documented codes and never returns."""
        app = extra.setdefault("obj", App())

        def run() -> Any:
            try:
                return super(CommandLine, self).main(args, prog_name, complete_var, standalone_mode=False, **extra)
            except click.UsageError as error:
                raise _explain(error) from error

        if not standalone_mode:
            return run()
        sys.exit(run_guarded(run, app))


def read_elsewhere(sort: str) -> Any:
    """Commands or options of other tools and what does the same here, or lists of options that mean the same."""
    import yaml  # only whoever types what does not exist waits for it

    return yaml.safe_load((Path(__file__).parent / "elsewhere.yaml").read_text(encoding="utf-8"))[sort]


def _no_such_command(word: str, known: Iterable[str], ctx: click.Context, *, hint: str = "") -> click.UsageError:
    near = Nearest(known).find(word)
    hint = hint or (f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(known)}")
    return click.UsageError(f"no such command: {word!r}; {hint}", ctx=ctx)


def _explain(error: click.UsageError) -> click.UsageError:
    """With what to type instead of a word that means nothing here, and with all that is missing, not only the first."""
    said = ""
    if error.ctx is not None and isinstance(error, click.NoSuchOption):
        hint = _hint_for_option(error.option_name, error.ctx)
        said = f"no such option: {error.option_name!r}{hint and f'; {hint}'}"
    elif error.ctx is not None and (extra := _EXTRA.fullmatch(error.message)):
        said = _describe_extra(extra[1], error.ctx)
    elif error.ctx is not None and isinstance(error, click.MissingParameter) and error.param is not None:
        said = _describe_missing(error.param, error.ctx)
    return click.UsageError(said, ctx=error.ctx) if said else error


def _describe_extra(words: str, ctx: click.Context) -> str:
    word, options = words.partition(" ")[0], ctx.command.params
    name = _find_same("out" if "." in word else "target", ctx)
    if (Path(word) / CONFIG_FILE).is_file():
        name = "-C"
    hint = f"did you mean `{name} {word}`?" if name else "`-C DIR` names the workspace"
    more = "more arguments" if any(isinstance(one, click.Argument) for one in options) else "argument"
    return f"`{ctx.command_path.partition(' ')[2]}` takes no {more}, but got {words!r}; {hint}"


def _describe_missing(first: click.Parameter, ctx: click.Context) -> str:
    """Nothing more than click says where nothing more is missing."""
    missing = [
        one.get_error_hint(ctx)
        for one in ctx.command.params
        # Options that were given are read before any argument is; arguments behind a list may be there.
        if one.required
        and one.name not in ctx.params
        and (one is first or isinstance(one, click.Option) or first.nargs != -1)
    ]
    return f"missing: {', '.join(missing)}" if len(missing) > 1 else ""


def _refuse_one_dash(args: Sequence[str], ctx: click.Context) -> None:
    """Refuse `-out=plan.json`, as other tools write it: here it would mean `-o ut=plan.json`."""
    options, known = ctx.command.params, _long_options(ctx)
    flags = {flag[2:] for option in options if getattr(option, "is_flag", False) for flag in option.opts}
    for arg in args[: args.index("--")] if "--" in args else args:
        written = _ONE_DASH.fullmatch(arg)
        if written is None:
            continue
        name, value = written[1], written[2] or ""
        if name in flags:
            name, value = f"no-{name}" if value == "=false" and f"no-{name}" in known else name, ""
        if name in known:
            raise click.UsageError(f"long options have two dashes: did you mean `--{name}{value}`?", ctx=ctx)
        # The letters behind a short option may be its value, so a word that is only near one is not meant.
        if _hint_for_option(arg, ctx, cutoff=1 if any(f"-{name[0]}" in one.opts for one in options) else _NEAR):
            raise click.NoSuchOption(arg, ctx=ctx)


def _long_options(ctx: click.Context) -> set[str]:
    names = [name for one in ctx.command.params for name in (*one.opts, *one.secondary_opts)]
    names += ctx.help_option_names
    return {name[2:] for name in names if name.startswith("--")}


_NEAR = 0.75


def _hint_for_option(word: str, ctx: click.Context, *, cutoff: float = _NEAR) -> str:
    """What to type instead: what does the same, here or elsewhere, or else what is written almost like it."""
    bare = word.lstrip("-").partition("=")[0]
    if same := _find_same(bare, ctx):
        return f"did you mean `{same}`?"
    near = Nearest(_long_options(ctx)).find(bare, cutoff=cutoff)
    hint: str = read_elsewhere("options").get(bare, "")
    return hint or (f"did you mean `--{near[0]}`?" if near else "")


def _find_same(name: str, ctx: click.Context) -> str:
    """The option of a command that means the same as one of another command or tool."""
    known, same = _long_options(ctx), next((group for group in read_elsewhere("same") if name in group), ())
    return next((f"--{one}" for one in same if one in known), "")


def _refuse_empty(args: Sequence[str], ctx: click.Context) -> None:
    """A word that is empty comes from a variable that is not set: a filter by it would let everything through."""
    for before, arg in zip(("", *args), args, strict=False):
        name, _, value = arg.partition("=") if arg.startswith("--") and "=" in arg else (before, "", arg)
        if not value:
            behind = f" behind `{name}`" if name.strip("-") else ""
            hint = "if it is a variable, it is not set; else leave it out, or name something"
            raise click.UsageError(f"a word{behind} is empty; {hint}", ctx=ctx)


def _with_shared_options(command: click.Command) -> click.Command:
    """Let `-C`, `--color`, `--log-format` and `-v` also stand behind the name of a command."""
    taken = {flag for parameter in command.params for flag in parameter.opts}
    command.params += [option for option in shared_options() if taken.isdisjoint(option.opts)]
    if isinstance(command, click.Group):
        for below in command.commands.values():
            below.short_help = below.get_short_help_str(limit=_WHOLE_SENTENCE)
            _with_shared_options(below)
    return command


@click.group(
    cls=CommandLine,
    params=shared_options(),
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 failed, 2 changes with --detailed-exitcode, 3 blocked, 4 locked or stale, 64 usage.",
)
@click.version_option(__version__, prog_name="reconciler", message="%(prog)s %(version)s")
def cli() -> None:
    """Keep who may do what on TikTok organizations in git: declare, validate, plan, apply.

    New here? In an empty folder `reconciler init` writes an example that works at once, without any account, and says
    what comes next.
    """


def main() -> None:
    """Run the command line in a process of its own."""
    # Looking for plugins of pydantic takes longer than validating, and none shall have a say in what is valid here.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            # Started with a closed stream, as some schedulers do: nothing is read, or what is written is dropped.
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  # open to the end
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a character gets its escape, not a crash.
            stream.reconfigure(errors="backslashreplace")
    cli(prog_name="reconciler")
