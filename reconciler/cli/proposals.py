"""Edits of the manifests that are proposed: read as if they were written, and written where that is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from reconciler.apply.planning import read_worlds
from reconciler.cli.app import App, Subject
from reconciler.cli.workspace import judge_recorded
from reconciler.engine.planner import plan
from reconciler.features.granting import AccessProposal
from reconciler.features.onboarding import Onboarding
from reconciler.features.review.review import findings_only_in
from reconciler.model import Desired, ManifestError, Plan

_Proposal = TypeVar("_Proposal", Onboarding, AccessProposal)


class ProposedManifests:
    """The workspace without an edit, and with it once it was checked."""

    def __init__(self, app: App) -> None:
        self._app = app
        self.before = app.check_edits({})
        self._after = self.before

    def check(self, texts: Mapping[str, str]) -> Desired:
        """What the manifests want with an edit; raises ManifestError, with a word that its lines are in no file yet."""
        self._after = self._app.check_edits(texts)
        try:
            return self._after.desired
        except ManifestError:
            self._app.notify("no file is edited: as proposed, the manifests could not be used", level="error")
            raise

    def plan(self) -> Plan:
        """What follows from it by what is recorded; raises ReconcilerError where that cannot be read. Asks nobody."""
        app = self._app
        after = judge_recorded(self._after, app.root, today=app.today, read_recorded=app.read_state)
        request = app.request(after.desired, today=app.today, refresh=False)
        return plan(read_worlds(request, provider_for=app.provider_for, store=app.store), request.settings)

    def show(self, subject: Subject, found: _Proposal, *, write: bool) -> _Proposal:
        """See what is said of the edit that was not said before, show it, and with `write` make it."""
        found = replace(
            found,
            findings=(*findings_only_in(self._after.findings, self.before.findings), *found.findings),
            objections=findings_only_in(self._after.policies.findings, self.before.policies.findings),
        )
        if write:
            self._app.write_edits(found.edited)
        self._app.show(subject, found)
        if found.edited and not write:
            self._app.notify("no file is edited yet: --write edits the manifests")
        return found
