"""The one place where whatever stops a run becomes a message on stderr and an exit code."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime

import click

from reconciler.cli.actions_files import write_outputs
from reconciler.cli.outlet import outlets
from reconciler.cli.session import CONFIG_FILE, Session
from reconciler.core.errors import ExitCode, ManifestError, ReconcilerError
from reconciler.core.redaction import SECRETS

INTERRUPTED = 130
"""128 + SIGINT, as every shell expects it."""

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


def run_guarded(command: Callable[[], object], session: Session) -> int:
    """Run a command; returns its exit code, or that of what stopped it. Later steps of a GitHub job can read it."""
    SECRETS.learn_environment(os.environ)
    with outlets():
        code = _run(command, session)
        try:
            write_outputs({"exit_code": str(int(code))})
        except ReconcilerError as error:
            session.notify(error.message, level="warning")
    return code


def _run(command: Callable[[], object], session: Session) -> int:
    try:
        code = command()
        sys.stdout.flush()
    except click.UsageError as error:
        _show_usage(error, session)
        return ExitCode.USAGE
    except click.ClickException as error:
        session.notify(error.format_message(), level="error")
        return ExitCode.FAILED
    except (click.Abort, KeyboardInterrupt):
        session.notify(
            "interrupted; what was already done stays done, and the next run goes on from there", level="error"
        )
        return INTERRUPTED
    except ReconcilerError as error:
        return _explain(error, session)
    except BrokenPipeError:
        _silence_stdout()
        return ExitCode.FAILED
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _MACHINE_REFUSES:
            return _report_refusal(error, session)
        return _report_bug(error, session)
    return code if isinstance(code, int) else ExitCode.DONE


def _show_usage(error: click.UsageError, session: Session) -> None:
    if session.log_format == "json":
        session.notify(error.format_message(), level="error")
    else:
        error.show()


def _explain(error: ReconcilerError, session: Session) -> int:
    if isinstance(error, ManifestError):
        _print_findings(error, session)
    else:
        session.notify(error.message, level="error", advice=error.advice)
    return error.exit_code


def _print_findings(error: ManifestError, session: Session) -> None:
    from reconciler.cli.workspace import read_texts
    from reconciler.core.inspection import Inspection
    from reconciler.subjects.catalogue import RENDERERS

    inspection = Inspection(findings=error.findings, texts=read_texts(session.root, error.findings))
    text = RENDERERS.findings[session.log_format](inspection, session.style(sys.stderr))
    click.echo(text, nl=False, err=True, color=True)


def _silence_stdout() -> None:
    """Whoever read our output has enough (`| head`); nothing may complain when Python closes stdout."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report_refusal(error: OSError, session: Session) -> int:
    if session.verbose:
        click.echo("".join(traceback.format_exception(error)), nl=False, err=True)
    place = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
    session.notify(f"{place}{error.strerror}", level="error")
    if not error.filename:
        _silence_stdout()
    return ExitCode.FAILED


def _report_bug(error: Exception, session: Session) -> int:
    summary = f"this is a bug in reconciler: {type(error).__name__}: {error}"
    details = "".join(traceback.format_exception(error))
    log = "" if session.verbose else _write_log(details, session)
    if not log:
        click.echo(details, nl=False, err=True)
    advice = f"the details are in {log}; please report them" if log else "please report the details above"
    session.notify(summary, level="error", advice=advice)
    return ExitCode.FAILED


def _write_log(details: str, session: Session) -> str:
    """Path of the log file; empty outside of a workspace and where none can be written."""
    now = datetime.now(UTC)
    if not (session.root / CONFIG_FILE).exists():
        return ""
    path = session.home / f"crash-{now:%Y%m%dT%H%M%S}-{os.getpid()}.log"
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_text(SECRETS.hide(details), encoding="utf-8", errors="backslashreplace")
    except OSError:
        return ""
    return str(path)
