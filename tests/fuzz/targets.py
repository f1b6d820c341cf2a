"""What is fuzzed: every reader of bytes that somebody else may have written.

`feed` hands bytes to a reader and lets pass what the reader is allowed to raise; whatever comes out of it is a fault.
Where a checksum, a chain or a seal promises that no change goes unseen, it holds the reader to that. Seeds are made
from values of today, so that no format is forgotten when it moves on.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import yaml

from reconciler.apply.journal import intent_record, join_records, outcome_record, replay, run_record
from reconciler.apply.settled import (
    Basis,
    SettledFile,
    SettledIndex,
    SettledOrganization,
    choose,
    choose_again,
    collect,
)
from reconciler.apply.states import StateBuilder
from reconciler.audit.log import BEGINNING, decode, digest_of, verify
from reconciler.cli.options import RENDERERS
from reconciler.features.certification import evidence
from reconciler.features.certification.campaign import ReviewedWorld, start
from reconciler.features.certification.files import read_campaign, read_sheet, write_campaign, write_sheet
from reconciler.features.certification.model import Campaign, ReviewDecision, ReviewerBy
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import (
    Applied,
    AuditMark,
    Failed,
    HeadWitness,
    Inspection,
    Limit,
    Place,
    Plan,
    ReconcilerError,
    State,
    StoredState,
    StoreError,
    Waits,
    find_damage,
    load_json,
    log_entry,
    plan_from_json,
    plan_to_json,
    state_from_json,
    state_to_json,
)
from reconciler.output.document import Style
from reconciler.providers.business_api.client import Client, Connection
from reconciler.providers.business_api.provider import BusinessApiProvider
from reconciler.sandbox.api.configuration import issue_token
from reconciler.sandbox.api.transport import BusinessApiTransport
from reconciler.sandbox.registry import get_person
from reconciler.sandbox.seed import load_seed
from reconciler.sandbox.world import World
from reconciler.stores.rules import Holder, LeaseRecord, describe, is_left_by_this_job, this_process
from reconciler.stores.sealed import Seal, parse_key
from reconciler.systems.catalogue import get_system
from tests.apply.given import EVE, INVITE, NOW, ORIGIN, REMOVE, TODAY, resource, state
from tests.audit.test_log import chain
from tests.business_api.scripted import MadeUpTicker
from tests.business_api.stage import SCOPE, Stage, staged
from tests.features.certification.given import PATHS as REVIEWS
from tests.features.certification.given import load
from tests.features.rosters.test_any_input import TEXTS as ROSTERS
from tests.features.rosters.test_any_input import must_be_told as roster_must_be_told
from tests.manifests.test_any_input import TEXTS as MANIFESTS
from tests.manifests.test_any_input import must_be_told
from tests.output.plans import every_kind_of_access, held_back, mischief, small
from tests.sandbox.stage import SEED

HOLDER = Holder(who="ana", host="runner", process=7)
STYLE = Style(max_chars=0)


@dataclass(frozen=True, kw_only=True)
class Target:
    """One reader."""

    seeds: Callable[[], Sequence[bytes]]
    feed: Callable[[bytes], object]
    find_json: Callable[[bytes], Any] | None = None
    """The JSON in what is read; None where there is none whose values could be exchanged."""
    write: Callable[[Any], bytes] = lambda content: json.dumps(content).encode()
    """Puts other JSON in its place, with checksums that fit: whoever can write the file can work them out."""


def _show(subject: str, *values: Any) -> None:
    """In every form: what was let in can be shown, and is text."""
    forms = getattr(RENDERERS, subject)
    for form in forms:
        forms[form](*values, STYLE).encode()


def _manifest(data: bytes) -> None:
    must_be_told(data)
    read = load_manifests([SourceFile("a.yaml", data)], today=TODAY)
    _show("findings", Inspection(findings=read.findings, texts=read.texts, files=1))


def _plan(data: bytes) -> None:
    with suppress(ReconcilerError, UnicodeDecodeError):  # a file of plans is decoded before
        read = plan_from_json(data.decode())
        assert plan_from_json(plan_to_json(read)) == read
        _show("plan", read)


def _state(data: bytes) -> None:
    with suppress(ReconcilerError):
        read = state_from_json(data)
        assert state_from_json(state_to_json(read)) == read
        _show("state", read)


# The journal


@cache
def _journal_lines() -> tuple[bytes, ...]:
    """Two runs: one that came to its end, and one that was cut off."""
    book = StateBuilder(state(), system=get_system("business_center"), today=TODAY)
    lines = [run_record(ORIGIN, lineage="l1", serial=book.next_serial(), at=NOW)]
    for change, outcome in (
        (INVITE, Applied(live=resource())),
        (REMOVE, Failed(reason="no", code="40002")),
        (REMOVE, Waits(on="bo", why="asks")),
    ):
        intent = intent_record(change, serial=book.begin(change))
        book.take(change, outcome)
        lines.append(join_records([intent, outcome_record(change, outcome, part=book.part(EVE), at=NOW)]))
    return (*lines, intent_record(REMOVE, serial=book.begin(REMOVE)))


def _replayed(lines: Sequence[bytes]) -> State:
    return replay(state(), StoredState(journal=tuple(lines))).state


@cache
def _prefixes() -> list[State]:
    """What a run that was cut off leaves behind: the only states that a spoilt journal may lead to."""
    lines = _journal_lines()
    return [_replayed(lines[:count]) for count in range(len(lines) + 1)]


def _journal(data: bytes) -> None:
    """Split as the stores do it."""
    *records, torn = data.split(b"\n")
    with suppress(StoreError):
        read = replay(state(), StoredState(journal=tuple(records), torn=torn)).state
        assert read in _prefixes(), "a change in the journal went unseen"


def _journal_record(data: bytes) -> None:
    """A record of a right checksum may say anything; it is taken for what it says, or refused."""
    with suppress(StoreError):
        read = _replayed([b"%08x %s" % (zlib.crc32(data), data)])
        assert state_from_json(state_to_json(read)) == read


# The audit log


@cache
def _audit_lines() -> tuple[bytes, ...]:
    return tuple(chain(5))


def _audit(data: bytes) -> None:
    """With the mark that the state keeps of the last record, nothing can be another."""
    *lines, _ = data.split(b"\n")
    whole = _audit_lines()
    witness = HeadWitness(organization="bc", mark=AuditMark(number=len(whole), digest=digest_of(whole[-1])))
    verdict = verify(lines, [witness])
    assert bool(verdict.broken) == (tuple(lines) != whole), verdict


def _audit_record(data: bytes) -> None:
    with suppress(StoreError):
        _, record = decode(data, number=1)
        _show("audit_log", [log_entry(entry, record, number=1) for entry in record.entries])


def _write_chain(content: Any) -> bytes:
    """One record is another, and all behind it are chained anew: only the state, or a head kept elsewhere, tells."""
    lines, previous = [], BEGINNING
    for number, one in enumerate(content if isinstance(content, list) else [content]):
        body = {**one, "previous": previous} if number and isinstance(one, dict) else one
        lines.append(json.dumps(body, sort_keys=True, separators=(",", ":")).encode())
        previous = digest_of(lines[-1])
    return b"\n".join(lines) + b"\n"


# What was settled


def _settled_index() -> SettledIndex:
    one = SettledOrganization(
        organization="bc",
        system="business_center",
        variant="",
        identity="6900000000000000001",
        mode="additive",
        lineage="l1",
        serial=7,
        not_managed=["pixel"],
        limits=[Limit(what="members", used=3, most=4000, origin="TikTok, 2026-11-01")],
        stamp="s1",
        mark="m1",
        is_as_recorded=True,
        since="2026-11-01",
        until="2027-01-31",
        identities=["business_center 6900000000000000001"],
        names="abcd1234",
    )
    file = SettledFile(digest="d1", organizations=[one], notes={"warning": 1}, emails=["ana@acme.example"])
    return SettledIndex(
        basis=Basis(settings="c1", files={"access/people.yaml": "d0"}, directory={"p1": "abcd1234"}, day=""),
        files={"access/bc.yaml": file},
    )


NEWCOMERS = b"version: 1\npeople: {zoe: {email: zoe@acme.example}}\n"


def _settled(data: bytes) -> None:
    """Nothing in it can stop a plan, and what was written otherwise than by the tool counts for nothing."""
    read = SettledIndex.parse(data)
    if read is None:
        return
    sums = {"access/people.yaml": "d0", "access/bc.yaml": "d1", "access/new.yaml": "d2"}
    for mark_of in (None, lambda _: "m1"):
        left_out = choose(
            read, settings="c1", digests=sums, stamps={"bc": "s1"}, today=TODAY, mark_of=mark_of
        )  # fmt: skip
        parts = [one.as_plan() for file in left_out.values() for one in file.organizations]
        _show("plan", Plan(today=TODAY, organizations=tuple(parts)))
        emails = {email: Place(path, 1, 1) for path, file in left_out.items() for email in file.emails}
        assert sum(sum(file.notes.values()) for file in left_out.values()) >= 0
        manifests = load_manifests([SourceFile("access/new.yaml", NEWCOMERS)], today=TODAY, emails=emails)
        choose_again(left_out, manifests, basis=read.basis, digests=sums)
        collect(
            read,
            {},
            basis=read.basis,
            digests=sums,
            desired=manifests.readable,
            findings=(),
            excepted=(),
            today=TODAY,
        )
    assert read.to_bytes()


def _write_settled(content: Any) -> bytes:
    text = json.dumps(content, separators=(",", ":"), sort_keys=True).encode()
    return hashlib.sha256(text).hexdigest().encode() + b"\n" + text


# Reviews


@cache
def _review_files() -> dict[str, bytes]:
    """A campaign with its sheets, as they lie in the workspace."""
    given = yaml.safe_load(REVIEWS[0].read_text(encoding="utf-8"))["given"]
    _, desired = load(given["files"], TODAY)
    new = Campaign(
        name="q4",
        scope=("*",),
        reviewer_by=ReviewerBy("organization"),
        due=date(2026, 12, 15),
        undecided=ReviewDecision("keep"),
        started=TODAY,
        manifests=f"sha256:{desired.digest}",
    )
    campaign, sheets = start(new, ReviewedWorld(desired=desired, states={}, today=TODAY), name_file=lambda key: key)
    return {
        "campaign": write_campaign(campaign).encode(),
        **{sheet.reviewer: write_sheet(sheet, campaign).encode() for sheet in sheets},
    }


def _campaign(data: bytes) -> None:
    with suppress(ReconcilerError):
        campaign = read_campaign(SourceFile("_campaign.yaml", data))
        for reviewer, text in _review_files().items():
            if reviewer in campaign.reviewers:
                read_sheet(SourceFile("sheet.yaml", text), campaign, reviewer, today=TODAY)


def _sheet(data: bytes) -> None:
    files = _review_files()
    campaign = read_campaign(SourceFile("_campaign.yaml", files["campaign"]))
    for reviewer in campaign.reviewers:
        sheet, notes = read_sheet(SourceFile("sheet.yaml", data), campaign, reviewer, today=TODAY)
        if not notes.has_errors:
            whole, _ = read_sheet(SourceFile("sheet.yaml", files[reviewer]), campaign, reviewer, today=TODAY)
            facts, others = ([one.facts for one in made.accesses] for made in (sheet, whole))
            assert facts == others, "other facts than were put before the reviewer went unseen"


def _evidence(data: bytes) -> None:
    with suppress(ReconcilerError):
        members = evidence.unpack(data)
        assert data == _archive() or list(evidence.find_tampering(members)), "a change in the archive went unseen"
        evidence.read_story(members)


@cache
def _archive() -> bytes:
    files = _review_files()
    sheets = {f"{evidence.SHEETS}{name}": data for name, data in files.items() if name != "campaign"}
    made = {evidence.CAMPAIGN: files["campaign"], **sheets, evidence.RESULT: b"{}", evidence.PLAN: b"{}"}
    return evidence.pack(evidence.seal(made))


# The API for Business


@cache
def _recorded() -> tuple[tuple[str, bytes], ...]:
    """All that a reading of a Business Center asks, and what it is answered."""
    said: dict[str, bytes] = {}

    class Recording(BusinessApiTransport):
        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            response = super().handle_request(request)
            said[str(request.url)] = response.read()
            return response

    with staged() as stage:
        connection = Connection(access_token=_token(stage), workers=1)
        with Client(connection, transport=Recording(stage.emulator), ticker=stage.ticker) as client:
            BusinessApiProvider(client, clock=stage.world).read(SCOPE)
    return tuple(said.items())


def _token(stage: Stage) -> str:
    return issue_token(stage.world, get_person(stage.world, "ana"))


class _Replaying(httpx2.BaseTransport):
    """Answers as it was recorded, but for one URL; what was never asked before gets the strange answer too."""

    def __init__(self, answers: Mapping[str, bytes], strange: bytes) -> None:
        self._answers, self._strange, self.calls = answers, strange, 0

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.calls += 1
        return httpx2.Response(200, content=self._answers.get(str(request.url), self._strange))


class _Now:
    def now(self) -> datetime:
        return NOW


def _answers(data: bytes) -> None:
    """The first line says which answer it stands for. Every reading ends, after so many calls that one can count."""
    first, _, strange = data.partition(b"\n")
    recorded = _recorded()
    number = int(first) if first.isdigit() and len(first) < 4 else 0
    url, _ = recorded[number % len(recorded)]
    transport = _Replaying({**dict(recorded), url: strange}, strange)
    connection = Connection(access_token="tok-0123456789abcdef", workers=1)  # opens nothing
    with Client(connection, transport=transport, ticker=MadeUpTicker()) as client, suppress(ReconcilerError):
        live = BusinessApiProvider(client, clock=_Now()).read(SCOPE)
        assert find_damage(live) == ""
    assert transport.calls <= 40 * len(recorded), transport.calls


def _answer_seeds() -> list[bytes]:
    return [b"%d\n%s" % (number, body) for number, (_, body) in enumerate(_recorded())]


def _find_answer(data: bytes) -> Any:
    first, _, body = data.partition(b"\n")
    return {"number": int(first), "body": json.loads(body)}


def _write_answer(content: Any) -> bytes:
    if not isinstance(content, dict):
        return b"0\n" + json.dumps(content).encode()
    number = content.get("number")
    first = number if isinstance(number, int) and 0 <= number < 1000 else 0
    return b"%d\n%s" % (first, json.dumps(content.get("body")).encode())


# Small ones


def _lease(data: bytes) -> None:
    with suppress(ReconcilerError):
        read = LeaseRecord.parse(data)
        assert LeaseRecord.parse(read.to_json()) == read
        if read.lock is not None:
            is_left_by_this_job(replace(read.lock, host=this_process().host, job=this_process().job))
            assert describe(read.lock)
        taken = read.taken(HOLDER, purpose="apply", now=NOW, ttl=timedelta(minutes=1))
        assert taken.token == read.token + 1


def _lease_seeds() -> list[bytes]:
    record = LeaseRecord(organization="bc").taken(HOLDER, purpose="apply", now=NOW, ttl=timedelta(minutes=1))
    return [record.to_json(), record.broken(record.held.id).to_json()]


SEAL = Seal(bytes(range(64)))


def _sealed(data: bytes) -> None:
    """A token that was changed does not open; whatever else stands around it comes back as it is."""
    with suppress(ReconcilerError):
        SEAL.require(data, "it")
        opened = SEAL.find_opened(data)
        assert opened is None or SEAL.find_opened(SEAL.close(opened)) == opened


def _seed(data: bytes) -> None:
    with suppress(ReconcilerError, ValueError), World.in_memory() as world:
        load_seed(world, load_json(data))
        world.now()


def _seed_seeds() -> list[bytes]:
    return [json.dumps(yaml.safe_load(SEED)).encode()]


def _key(data: bytes) -> None:
    with suppress(ReconcilerError):
        assert len(parse_key(data.decode(errors="replace"))) == 64


def _kept_state() -> bytes:
    return (Path(__file__).parents[1] / "data" / "state-1.0.json").read_bytes()


def _states() -> list[bytes]:
    held = replace(
        _replayed(_journal_lines()),
        audit=AuditMark(number=5, digest="0" * 64),
    )
    return [_kept_state(), state_to_json(state_from_json(_kept_state())), state_to_json(held)]


TARGETS: Mapping[str, Target] = {
    "manifest": Target(seeds=lambda: MANIFESTS, feed=_manifest),
    "roster": Target(seeds=lambda: ROSTERS, feed=roster_must_be_told),
    "plan": Target(
        seeds=lambda: [plan_to_json(make()).encode() for make in (small, every_kind_of_access, held_back, mischief)],
        feed=_plan,
        find_json=json.loads,
    ),
    "state": Target(seeds=_states, feed=_state, find_json=json.loads),
    "journal": Target(seeds=lambda: [b"\n".join((*_journal_lines(), b""))], feed=_journal),
    "journal-record": Target(
        seeds=lambda: [line.partition(b" ")[2] for line in _journal_lines()],
        feed=_journal_record,
        find_json=json.loads,
    ),
    "audit": Target(
        seeds=lambda: [b"\n".join((*_audit_lines(), b""))],
        feed=_audit,
        find_json=lambda data: [json.loads(line) for line in data.splitlines()],
        write=_write_chain,
    ),
    "audit-record": Target(seeds=_audit_lines, feed=_audit_record, find_json=json.loads),
    "settled": Target(
        seeds=lambda: [_settled_index().to_bytes()],
        feed=_settled,
        find_json=lambda data: json.loads(data.partition(b"\n")[2]),
        write=_write_settled,
    ),
    "campaign": Target(seeds=lambda: [_review_files()["campaign"]], feed=_campaign),
    "sheet": Target(seeds=lambda: [one for name, one in _review_files().items() if name != "campaign"], feed=_sheet),
    "evidence": Target(seeds=lambda: [_archive()], feed=_evidence),
    "answer": Target(seeds=_answer_seeds, feed=_answers, find_json=_find_answer, write=_write_answer),
    "lease": Target(seeds=_lease_seeds, feed=_lease, find_json=json.loads),
    "sealed": Target(seeds=lambda: [SEAL.close(_kept_state())], feed=_sealed),
    "seed": Target(seeds=_seed_seeds, feed=_seed, find_json=json.loads),
    "key": Target(
        seeds=lambda: [b"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw=="],
        feed=_key,
    ),
}
