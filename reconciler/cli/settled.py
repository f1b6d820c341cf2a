"""What a plan leaves out because nothing has changed since an apply found it settled, and how an apply keeps that."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date

from reconciler.apply.planning import PlanRequest
from reconciler.apply.settled import (
    Basis,
    SettledFile,
    SettledIndex,
    SettledOrganization,
    choose,
    choose_again,
    collect,
    list_directory,
)
from reconciler.apply.states import read_state
from reconciler.cli.app import App
from reconciler.cli.files import CLOSED_REVIEWS, CONFIG_FILE, REVIEWS
from reconciler.cli.workspace import (
    Workspace,
    check_files,
    find_passed_over,
    judge_recorded,
    read_files,
    read_rules,
)
from reconciler.manifests.load import digest_of
from reconciler.manifests.source import digests_of
from reconciler.model.declared import Organization
from reconciler.model.finding import Place, Severity, StoreError
from reconciler.model.ports import Marking
from reconciler.model.values import dataclass
from reconciler.policies.judging import are_local, are_timeless


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledChoice:
    """What a plan may leave out."""

    files: Mapping[str, SettledFile]
    """By path."""
    digests: Mapping[str, str]
    """Of all files."""
    basis: Basis


def read_everything(app: App, *, today: date) -> Workspace:
    """The whole workspace as it is meant on a day."""
    settings = _digest_settings(app, app.config.digest)
    workspace = _check(app, {}, today=today)
    return replace(workspace, passed_over=find_passed_over(app.root, app.config.manifests), settings=settings)


def find_left_out(app: App, *, today: date, refresh: bool) -> SettledChoice | None:
    """What a plan may leave out before anything else is read; None where there is nothing."""
    settled = SettledIndex.parse(_read(app))
    if settled is None:
        return None
    digests = digests_of(app.files)
    files = choose(
        settled,
        settings=_digest_settings(app, app.config.digest),
        digests=digests,
        stamps=app.store.stamps(),
        today=today,
        mark_of=(lambda organization: _mark(app, organization)) if refresh else None,
    )
    return SettledChoice(files=files, digests=digests, basis=settled.basis) if files else None


def read_what_differs(app: App, chosen: SettledChoice, *, today: date) -> tuple[Workspace, Mapping[str, SettledFile]]:
    """The workspace without the files that a plan can leave out, and those of the chosen ones."""
    left_out = chosen.files
    workspace = _check(app, left_out, today=today)
    while left_out:
        fewer = _choose_again(workspace, left_out, chosen.basis, chosen.digests)
        if len(fewer) == len(left_out):
            break
        left_out = fewer
        workspace = _check(app, left_out, today=today)
    if left_out and workspace.manifests.desired is not None:
        desired = replace(workspace.manifests.desired, digest=digest_of(chosen.digests))
        workspace = replace(workspace, manifests=replace(workspace.manifests, desired=desired))
    return replace(workspace, passed_over=find_passed_over(app.root, app.config.manifests)), left_out


def _read(app: App) -> bytes | None:
    """What is kept; None where nothing is, or the store does not say: whoever reads the states says why."""
    try:
        return app.store.read_settled()
    except StoreError:
        return None


def _check(app: App, left_out: Mapping[str, SettledFile], *, today: date) -> Workspace:
    files = [file for file in app.files if file.path not in left_out]
    emails = {email: Place(path, 1, 1) for path, file in left_out.items() for email in file.emails}
    workspace = check_files(app.root, app.config, files, today=today, emails=emails)
    return judge_recorded(workspace, app.root, today=today, read_recorded=lambda key: read_state(app.store, key))


def _choose_again(
    workspace: Workspace, left_out: Mapping[str, SettledFile], basis: Basis, digests: Mapping[str, str]
) -> dict[str, SettledFile]:
    """What the workspace file names may be declared in a file that was left out; beside an error all is told."""
    is_wrong = any(one.severity is Severity.ERROR for one in workspace.policies.doubts)
    if workspace.references or is_wrong:
        return {}
    return choose_again(left_out, workspace.manifests, basis=basis, digests=digests)


def _digest_settings(app: App, of_config: str) -> str:
    """Of the workspace file, of rules of one's own, and of what reviews have closed: names and bytes."""
    root, reviewed = app.root, f"{REVIEWS}/{CLOSED_REVIEWS}"
    files = read_files(root, app.config.policies.sources, under="policies")
    files += read_files(root, [reviewed] if os.path.lexists(root / reviewed) else [], under=REVIEWS)
    return digest_of({CONFIG_FILE: of_config, **digests_of(files)})


def _mark(app: App, organization: Organization) -> str:
    provider = app.provider_for(organization)
    return provider.mark(organization) if isinstance(provider, Marking) else ""


class SettledKeeper:
    """Keeps what one apply finds settled. The systems have to show the same before it and after it."""

    def __init__(self, app: App, request: PlanRequest, workspace: Workspace) -> None:
        self._app = app
        self._request = request
        self._workspace = workspace
        self._marks = self._mark_all()
        self._found: dict[str, SettledOrganization] = {}

    def take(self, found: SettledOrganization) -> None:
        """One of which this run has nothing to say any more."""
        self._found[found.organization] = found

    def write(self) -> None:
        """Keep everything that was found beside what other runs found. Where that fails, only time is lost."""
        app, desired, today = self._app, self._request.desired, self._request.today
        # People are asked and systems are slow: what was edited meanwhile is not what this run has gone by.
        (now,) = digests_of(read_files(app.root, [CONFIG_FILE], under=CONFIG_FILE)).values()
        if _digest_settings(app, now) != self._workspace.settings:
            return
        rules = read_rules(app.root, app.config)
        if not are_local(app.config.policies, rules.rules):
            return
        digests, marks = digests_of(app.files), self._mark_all()
        basis = Basis(
            settings=self._workspace.settings,
            files={path: digests[path] for path in sorted(self._workspace.manifests.directory)},
            directory=list_directory(desired),
            day="" if are_timeless(app.config.policies, rules.rules, desired, today=today) else str(today),
        )
        found = {
            key: replace(one, mark=marks[key]) for key, one in self._found.items() if marks[key] == self._marks[key]
        }
        before = _read(app)
        kept = collect(
            SettledIndex.parse(before),
            found,
            basis=basis,
            digests=digests,
            desired=desired,
            findings=(*self._workspace.findings, *self._workspace.policies.findings),
            excepted=[one.address.partition("/")[0] for one in app.config.policies.exceptions],
            today=today,
        )
        # As bytes, because what was read has lists where this run has tuples.
        data = kept.to_bytes()
        if data != before:
            with suppress(StoreError):
                app.store.write_settled(data)

    def _mark_all(self) -> dict[str, str]:
        return {key: _mark(self._app, one) for key, one in self._request.desired.organizations.items()}
