"""Workspaces to report on, without files of their own but the states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from reconciler.features.report.model import AccessOverview, gather
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Address, Finding, GuardSettings, Record, State, Status, state_to_json
from reconciler.stores.local_file import LocalFileStore
from tests.history.convert import Quarter, render_manifests
from tests.history.replay import load

TODAY = date(2026, 11, 22)


def record(address: str, *, status: Status = Status.ACTIVE, since: date | None = None, **attributes: str) -> Record:
    """As an apply leaves it."""
    return Record(address=Address.parse(address), attributes=attributes, status=status, since=since)


def state_of(organization: str, records: Iterable[Record], **more: Any) -> State:
    """The records of one organization."""
    return State(organization=organization, records={one.address: one for one in records}, **more)


def overview(
    root: Path,
    text: str | Mapping[str, str],
    *states: State,
    today: date = TODAY,
    findings: Iterable[Finding] = (),
    title: str = "acme",
    since: date | None = None,
) -> AccessOverview:
    """What the report tells of manifests and states."""
    texts = {"acme.yaml": text} if isinstance(text, str) else text
    files = [SourceFile(f"access/{name}", content.encode()) for name, content in texts.items()]
    loaded = load_manifests(files, today=today)
    assert loaded.desired is not None, loaded.findings
    store = LocalFileStore(root / "state")
    for state in states:
        token = store.acquire(state.organization, purpose="test", ttl=timedelta(hours=1)).token
        store.write(state.organization, state_to_json(state), replacing=None, token=token)
    settings = GuardSettings()
    overview = AccessOverview(
        title=title,
        at=datetime.combine(today, time(9), UTC),
        since=since or today - timedelta(days=30),
        min_admins=settings.min_admins,
        allowed_domains=("acme.example", "contract.example"),
        people=loaded.desired.people,
        findings=tuple(findings),
    )
    return gather(overview, loaded.desired, store, settings)


def of_quarter(root: Path, quarter: Quarter) -> AccessOverview:
    """A quarter of the history with everything recorded as it is declared."""
    texts = render_manifests(quarter)
    states = [
        state_of(
            name,
            [
                Record(address=address, attributes=item.attributes, identity=item.identity)
                for address, item in found.items()
            ],
        )
        for name, found in load(texts).resources.items()
    ]
    return overview(root, texts, *states, today=quarter.day, title="history")
