"""How a run ends: the exit code of what it found, and the one place where whatever stops it becomes a message."""

from __future__ import annotations

import errno
import io
import os
import sys
import traceback
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime

import click

from reconciler.cli.app import App
from reconciler.cli.extras import advice_of
from reconciler.cli.streams import CONFIG_FILE, outlets, write_outputs
from reconciler.model.finding import ExitCode, Finding, Inspection, ManifestError, ReconcilerError, Severity
from reconciler.model.redaction import SECRETS
from reconciler.output.text import fold

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
    from reconciler.cli.catalogue import RENDERERS
    from reconciler.cli.workspace import read_texts

    inspection = Inspection(findings=error.findings, texts=read_texts(app.root, error.findings, known=error.texts))
    text = RENDERERS.findings[app.log_format](inspection, app.style(sys.stderr))
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
