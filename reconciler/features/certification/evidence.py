"""The evidence of a closed review: a set of files that proves itself whole, as a folder or as one archive."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping

from reconciler.features.certification.files import describe_digest, digest_of_facts, read_campaign, read_sheet
from reconciler.features.certification.model import Campaign, ReviewOutcome
from reconciler.manifests.source import SourceFile
from reconciler.model import ReconcilerError, dataclass, load_json

SUMS = "SHA256SUMS"
"""Names every other file with its SHA-256, in the form that `sha256sum -c` reads."""
RESULT, PLAN, AUDIT, CAMPAIGN, SHEETS = "review.json", "plan.json", "audit.json", "campaign.yaml", "sheets/"


def seal(members: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files with the sums over them."""
    return {**members, SUMS: _sums(members)}


def digest_of(members: Mapping[str, bytes]) -> str:
    """SHA-256 of the sums: stands for everything in the evidence."""
    return describe_digest(members[SUMS])


def pack(members: Mapping[str, bytes]) -> bytes:
    """One archive of all files, the same bytes for the same files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            archive.writestr(zipfile.ZipInfo(name), members[name])  # always of the same time
    return buffer.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    """The files of an archive that `pack` made; raises ReconcilerError for any other byte in it."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if any(one.compress_type != zipfile.ZIP_STORED or one.file_size > len(data) for one in archive.infolist()):
                raise ReconcilerError("the archive is not as it was written: nothing is compressed in evidence")
            members = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, RuntimeError, OSError) as error:
        raise ReconcilerError(f"the archive is damaged: {error}") from error
    if pack(members) != data:
        raise ReconcilerError("the archive is not as it was written: something was changed in it, or added")
    return members


def find_tampering(members: Mapping[str, bytes]) -> Iterator[str]:
    """What is wrong with the files of some evidence; nothing for what is whole.

    Whoever can write all files can also write all sums: only a digest that is kept elsewhere shows that.
    """
    if SUMS not in members:
        yield f"there is no {SUMS}: this is no evidence of a review, or its sums are lost"
        return
    try:
        lines = (line.split("  ", 1) for line in members[SUMS].decode().splitlines())
        listed = {name: digest for digest, name in lines}
    except (UnicodeDecodeError, ValueError, TypeError):
        yield f"{SUMS} was changed: it is no list of sums"
        return
    others = {name: data for name, data in members.items() if name != SUMS}
    for name in sorted(listed.keys() | others.keys()):
        if name not in others:
            yield f"{name} is missing"
        elif name not in listed:
            yield f"{name} was added"
        elif hashlib.sha256(others[name]).hexdigest() != listed[name]:
            yield f"{name} was changed"
    if members[SUMS] != _sums(others):
        yield f"{SUMS} is not as it was written"


def _sums(members: Mapping[str, bytes]) -> bytes:
    return "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(members.items())).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceStory:
    """What evidence that is whole says."""

    campaign: Campaign
    closed: str
    decided: int
    undecided: int


def read_story(members: Mapping[str, bytes]) -> EvidenceStory:
    """What the files say; raises ReconcilerError where they contradict each other."""
    campaign = read_campaign(SourceFile(CAMPAIGN, members.get(CAMPAIGN)))
    try:
        result = load_json(members[RESULT])
        told = {one["address"]: one for one in result["results"]}
        plan, closed = result["plan"], str(result["day"])
        said = {key: str(one["decision"]) for key, one in told.items() if one["outcome"] != ReviewOutcome.NEW}
    except (KeyError, TypeError, ValueError, json.JSONDecodeError) as error:
        raise ReconcilerError(f"{RESULT} is missing, or no result of a review") from error
    decisions: dict[str, str] = {}
    for reviewer, mark in campaign.reviewers.items():
        file = SourceFile(f"{SHEETS}{mark.file}", members.get(f"{SHEETS}{mark.file}"))
        sheet, notes = read_sheet(file, campaign, reviewer, today=campaign.started)
        if notes.has_errors or digest_of_facts(sheet) != mark.facts:
            raise ReconcilerError(f"{file.path} is not what was put before {reviewer}")
        decisions |= {str(one.facts.address): one.decision.value for one in sheet.accesses}
    ended = {key for key, one in told.items() if one["outcome"] == ReviewOutcome.ENDS_TOO}
    if any(said.get(key) != decision for key, decision in decisions.items()) or said.keys() - decisions.keys() - ended:
        raise ReconcilerError(f"{RESULT} says something else than the sheets")
    if PLAN not in members or describe_digest(members[PLAN]) != plan:
        raise ReconcilerError(f"{PLAN} is not the plan that {RESULT} speaks of")
    undecided = sum(decision == "undecided" for decision in decisions.values())
    return EvidenceStory(campaign=campaign, closed=closed, decided=len(decisions) - undecided, undecided=undecided)
