"""What the tool reads back is of the types that it writes: a serial of `1.0` or `true` is none, whatever checksum fits.

To Python 1, 1.0 and True are equal, and a switch of "false" is on; so every value of every file is replaced by its
look-alikes of other types, the sums over it made anew, and the file read.
"""

from __future__ import annotations

import copy
import hashlib
import json
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from reconciler.apply.journal import replay
from reconciler.apply.settled import SettledIndex
from reconciler.audit.log import decode
from reconciler.cli.main import cli
from reconciler.features.certification.files import read_campaign
from reconciler.manifests.source import SourceFile
from reconciler.model import ManifestError, ReconcilerError, StoredState, plan_from_json, state_from_json
from reconciler.stores.object_store import EntryKind, LogEntry
from reconciler.stores.rules import LeaseRecord
from tests.apply.test_journal import SNAPSHOT, ledger, written

CONFIG = """\
version: 1
manifests: [access]
providers: {default: {kind: sandbox}}
"""
SEED = """\
version: 1
people: {ana: ana@acme.example, bo: bo@acme.example}
organizations:
  acme-bc: {system: business_center, name: Acme, id: "6900000000000000001", members: {ana: admin, bo: admin}}
"""
MANIFEST = """\
version: 1
people: {ana: {email: ana@acme.example}, bo: {email: bo@acme.example}, cy: {email: cy@acme.example}}
"""
SETTLED = """\
version: 1
organizations:
  acme-bc: {system: business_center, id: "6900000000000000001", members: {ana: admin, bo: admin}}
"""
Read = Callable[[Any], object]
"""Takes what a file would hold, writes it with sums that fit, and reads it; None or an error refuses it."""


def line(content: Any) -> bytes:
    body = json.dumps(content).encode()
    return b"%08x %s" % (zlib.crc32(body), body)


def parse_index(content: Any) -> object:
    text = json.dumps(content).encode()
    return SettledIndex.parse(hashlib.sha256(text).hexdigest().encode() + b"\n" + text)


def parse_lease(content: Any) -> object:
    return LeaseRecord.parse(json.dumps(content).encode())


def parse_entry(content: Any) -> object:
    return LogEntry.parse(1, json.dumps(content).encode().ljust(255) + b"\n")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, Read]]:
    """What a run wrote, by what it is."""
    root = tmp_path_factory.mktemp("strict")
    (root / "access").mkdir()
    for name, text in {
        "reconciler.yaml": CONFIG,
        "sandbox.yaml": SEED,
        "access/people.yaml": MANIFEST,
        "access/bc.yaml": SETTLED,
    }.items():
        (root / name).write_text(text, encoding="utf-8")

    def run(*words: str) -> None:
        result = CliRunner().invoke(cli, ["-C", str(root), *words])
        assert result.exit_code == 0, result.output

    run("apply", "--auto-approve")
    (root / "access" / "bc.yaml").write_text(SETTLED.replace("bo: admin", "bo: standard, cy: admin"), encoding="utf-8")
    run("plan", "-o", str(root / "plan.json"))
    store = root / ".reconciler" / "state"
    [snapshot] = (store / "organizations" / "acme-bc").glob("0*.json")
    journal = [json.loads(one[9:]) for one in written(ledger())]
    lock = {
        "id": "a",
        "organization": "acme-bc",
        "token": 1,
        "who": "ana",
        "host": "h",
        "process": 1,
        "purpose": "apply",
    }
    times = {"since": "2026-11-29T00:00:00+00:00", "expires": "2026-11-29T00:01:00+00:00"}
    entry = LogEntry(kind=EntryKind.SNAPSHOT, token=1).encode()
    return {
        "state": (json.loads(snapshot.read_bytes()), lambda one: state_from_json(json.dumps(one).encode())),
        "plan": (json.loads((root / "plan.json").read_bytes()), lambda one: plan_from_json(json.dumps(one))),
        "audit": (
            json.loads((store / "audit.jsonl").read_bytes().splitlines()[0]),
            lambda one: decode(json.dumps(one).encode(), number=1),
        ),
        "journal": (journal, lambda one: replay(SNAPSHOT, StoredState(journal=tuple(map(line, one))))),
        "index": (json.loads((store / "settled").read_bytes().partition(b"\n")[2]), parse_index),
        "lease": ({"organization": "acme-bc", "token": 1, "lock": {**lock, **times}}, parse_lease),
        "entry": (json.loads(entry[: entry.index(b"}") + 1]), parse_entry),
    }


IGNORED = {("journal", "time"), ("entry", "nonce")}
"""What nothing reads."""


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, (*path, key))
    else:
        yield path, value


def look_alikes(value: Any) -> list[Any]:
    match value:
        case bool():
            return [int(value), str(value).lower(), float(value)]
        case int():
            return [float(value), str(value), bool(value)]
        case str():
            return [1, True, 1.0]
    return []


def replaced(content: Any, path: tuple[Any, ...], value: Any) -> Any:
    content = copy.deepcopy(content)
    inner = content
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return content


@pytest.mark.parametrize("name", ["state", "plan", "audit", "journal", "index", "lease", "entry"])
def test_nothing_is_taken_for_a_value_of_another_type(name: str, files: dict[str, tuple[Any, Read]]) -> None:
    content, read = files[name]
    assert read(content) is not None
    tried, passed = 0, []
    for path, value in leaves(content):
        if (name, path[-1]) in IGNORED:
            continue
        for other in look_alikes(value):
            tried += 1
            try:
                if read(replaced(content, path, other)) is not None:
                    passed.append((path, value, other))
            except ReconcilerError:
                pass
    assert not passed
    assert tried > 3


def test_numbers_of_a_campaign_are_whole() -> None:
    """Whatever seal is beside them."""
    text = """\
version: 1
name: q4
scope: [acme-bc]
reviewer_by: organization
due: 2026-12-31
undecided: keep
started: 2026-11-29
manifests: sha256:0
reviewers:
  ana: {file: ana.yaml, accesses: 1, facts: sha256:0}
seal: sha256:0
"""
    for wrong in ("1.0", "true", '"1"'):
        file = SourceFile("_campaign.yaml", text.replace("accesses: 1", f"accesses: {wrong}").encode())
        with pytest.raises(ManifestError) as refused:
            read_campaign(file)
        assert ["whole number" in one.message for one in refused.value.findings] == [True], refused.value.findings
