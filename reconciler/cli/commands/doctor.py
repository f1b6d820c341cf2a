"""`reconciler doctor`: whether this installation can work on this workspace, and what to do where it cannot."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime

import click

from reconciler.cli.app import App, SystemClock
from reconciler.cli.extras import (
    LIBRARIES,
    advice_of,
    advise_on_extra,
    describe_installation,
    extras_wanted,
    is_installed,
)
from reconciler.cli.options import RENDERERS, document_option
from reconciler.cli.workspace import inspect_workspace
from reconciler.features.doctor import Health, HealthCheck
from reconciler.model import ExitCode, ManifestError, ReconcilerError, Severity, count
from reconciler.providers.business_api.authorizing import Check, check_token
from reconciler.providers.business_api.provider import describe_pace

_MAX_SKEW = timedelta(minutes=1)


@click.command()
@document_option
@click.pass_obj
def doctor(app: App) -> int:
    """Check this installation and workspace, and say what to do.

    Looks at versions, extras, the workspace, the store, each provider with what its token may read, and the clock.
    Changes nothing, and shows no secret. Exits with 1 when something is wrong that stops a plan or an apply.
    """
    version = HealthCheck(name="version", found=describe_installation())
    with app.progress("looking around") as tell:
        checks = [version, _check_git(), *_check_workspace(app, tell)]
    app.show(RENDERERS.doctor, checks)
    return ExitCode.FAILED if any(one.health is Health.ERROR for one in checks) else ExitCode.DONE


def _check_git() -> HealthCheck:
    path = shutil.which("git")
    if path is None:
        advice = "install git: `diff`, reviews and links to lines read revisions with it"
        return HealthCheck(name="git", health=Health.WARNING, found="not found", advice=advice)
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603  # fixed words
    return HealthCheck(name="git", found=said.strip().removeprefix("git version ") or "says no version")


def _check_workspace(app: App, tell: Callable[[str], None]) -> Iterator[HealthCheck]:
    try:
        read = app.read_workspace() if app.loaded.config else None
        inspection = inspect_workspace(app.root, app.loaded, read)
        severities = Counter(one.severity for one in inspection.findings)
        wrong = [count(severities[one], one.value, f"{one}s") for one in Severity if severities[one]]
        files = count(inspection.files, "file", "files")
        doubtful = Health.WARNING if severities[Severity.WARNING] else Health.FINE  # a note asks for nothing
        yield HealthCheck(
            name="workspace",
            health=Health.ERROR if severities[Severity.ERROR] else doubtful,
            found=f"{app.root.resolve()}: {files}, {', '.join(wrong) or 'no findings'}",
            advice=f"`{app.command('validate')}` shows them" if wrong else "",
        )
    except ReconcilerError as error:
        yield _failed("workspace", error)
        read = None
    yield _check_extras([extra for _, extra, _ in extras_wanted(read.config)] if read else [])
    if read is None:
        return
    tell("asking the store")
    yield _check_store(app)
    dates: list[str] = []
    for name in sorted(read.config.providers):
        tell(f"asking provider {name}: a call that gets no answer is repeated")
        yield _check_provider(app, name, dates)
    with suppress(ManifestError):  # what is wrong with the manifests is told already
        for organization in read.desired.organizations.values():
            try:
                app.settings_for(organization)
            except ReconcilerError as error:
                yield _failed("providers", error)
                break
    yield _check_clock(dates)


def _failed(name: str, error: ReconcilerError) -> HealthCheck:
    return HealthCheck(name=name, health=Health.ERROR, found=error.message, advice=advice_of(error))


def _check_extras(wanted: Sequence[str]) -> HealthCheck:
    there = [extra for extra in LIBRARIES if is_installed(extra)]
    found = f"installed: {', '.join(there) or 'none'}"
    if not (missing := [extra for extra in dict.fromkeys(wanted) if extra not in there]):
        return HealthCheck(name="extras", found=found)
    advice = "; ".join(map(advise_on_extra, missing))
    found = f"this workspace needs {', '.join(missing)}; {found}"
    return HealthCheck(name="extras", health=Health.ERROR, found=found, advice=advice)


def _check_store(app: App) -> HealthCheck:
    try:
        states = app.store.organizations()
        for organization in states:
            app.read_state(organization)
    except ReconcilerError as error:
        return _failed("store", error)
    kind = app.config.state.partition(":")[0]
    sealed = ", sealed" if app.config.state_key else ""
    found = f"{kind}{sealed}: can be read, {count(len(states), 'organization has', 'organizations have')} a state"
    return HealthCheck(name="store", found=found)


def _check_provider(app: App, name: str, dates: list[str]) -> HealthCheck:
    """Asks only TikTok; the date of its answer goes to `dates`."""
    title, settings = f"provider {name}", app.config.providers[name]
    if settings.kind == "work_orders":
        return HealthCheck(name=title, found="work_orders: people do the work")
    if settings.kind == "sandbox" or settings.options.get("via"):
        return HealthCheck(name=title, found=f"{settings.kind}: the embedded platform, no real system")
    try:
        with app.open_client(settings) as client:
            try:
                token = check_token(client)
            finally:
                dates.append(client.date)
    except ReconcilerError as error:
        return _failed(title, error)
    more = app.command("auth", "check", "--provider", name)
    return HealthCheck(
        name=title,
        health=Health.FINE if token.is_enough else Health.ERROR,
        found=f"business_api: the token acts as {token.owner}",
        details=(*_scopes(token), *describe_pace(settings.options)),
        advice="" if token.is_enough else f"`{more}` shows what is missing, docs/business-center.md how to get it",
    )


def _scopes(token: Check) -> Iterator[str]:
    for center in token.centers:
        may = [probe.title for probe in center.probes if not probe.refusal]
        yield f"{center.name} ({center.id}): {center.role}, may read {', '.join(may) or 'nothing'}"
        for probe in center.probes:
            if probe.refusal:
                yield f"{center.name} ({center.id}): may not read {probe.title}, which takes scope {probe.scope}"
    if not token.centers:
        yield "it is in no Business Center"


def _check_clock(dates: list[str]) -> HealthCheck:
    now = SystemClock().now()
    shown = f"{now:%Y-%m-%d %H:%M} UTC"
    answered = None
    for text in dates:
        with suppress(OverflowError, ValueError):  # it says no time
            found = parsedate_to_datetime(text)
            answered = (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
            break
    if answered is None:
        return HealthCheck(name="clock", found=f"{shown} on this machine; nothing was asked that tells the time")
    off = abs(now - answered)
    if off <= _MAX_SKEW:
        return HealthCheck(name="clock", found=f"{shown}, as TikTok has it")
    said = f"{shown}, {off.total_seconds():.0f} seconds from what TikTok has"
    advice = "set this machine's clock: access would begin and end on a wrong day"
    return HealthCheck(name="clock", health=Health.WARNING, found=said, advice=advice)
