"""Whatever is handed in: rows or findings, never an exception, and never an empty organization from rubbish."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache

from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.features.rosters.observe import Sighting, look
from reconciler.features.rosters.parse import FORMS
from reconciler.manifests.source import SourceFile
from reconciler.model import Desired, Observation, State
from tests.features.rosters.given import PATHS, desired_of, read_case

TEXTS = [file.data or b"" for path in PATHS for file in read_case(path).sighting.files]
WORDS = st.sampled_from(
    re.findall(
        r"\S+",
        """email role status Member Role Status name client_key owner Admin Active Pending ana@acme.example Ana Lopez
        bo@acme.example a***@acme.example +34600111222 2026-11-20 03/04/2026 sep=; Members (3) 1-2 of 12 Remove ... ,
        ; " { [ ] } : null "email": "role": @dee <x@y.zz> Role: Admin • ( ) - page 1 of 2 No apps yet""",
    )
)
LINES = st.lists(st.lists(st.one_of(WORDS, st.text(max_size=6)), max_size=6), max_size=12)
PASTED = st.tuples(LINES, st.sampled_from(["\t", "  ", ",", ";", "\n", " ", "|"])).map(
    lambda made: "\n".join(made[1].join(line) for line in made[0]).encode(errors="replace")
)
SLICES = st.tuples(st.sampled_from(TEXTS), st.integers(0, 400), st.integers(0, 400), st.binary(max_size=4)).map(
    lambda made: made[0][: made[1]] + made[3] + made[0][made[2] :]
)
PEOPLE = {
    "ana": {"name": "Ana Lopez", "email": "ana@acme.example"},
    "bo": {"name": "Bo Chen", "email": "bo@acme.example"},
}


@cache
def desired(system: str) -> Desired:
    variant = {"role_system": "owner"} if system == "developers" else {}
    return desired_of({"system": system, "people": PEOPLE, "is": variant})


def look_at(data: bytes, *, system: str = "developers", kind: str = "member", form: str = "") -> Observation:
    sighting = Sighting(
        organization="acme",
        files=(SourceFile(path="roster.txt", data=data),),
        kind=kind,
        form=form,
        taken=datetime(2026, 11, 22, tzinfo=UTC),
    )
    return look(sighting, desired=desired(system), state=State(organization="acme"))


def must_be_told(data: bytes) -> None:
    for form in ("", *FORMS):
        for system, kind in (("developers", "member"), ("business_center", "member"), ("developers", "app")):
            seen = look_at(data, system=system, kind=kind, form=form)
            assert all(finding.place is not None and finding.place.line > 0 for finding in seen.findings)
            rows = [one for roster in seen.rosters for one in roster.resources]
            if kind == "member" and not rows and not seen.unknown:
                assert not seen.is_usable


@given(st.binary(max_size=120))
@example(b"\xff\xfe")
@example(b"\xfe\xff\xd8\x00")
@example(b"[" * 20_000)
@example(b'[{"email":1e999,"role":NaN}]')
@example(b'[{"email":' + b"9" * 5000 + b"}]")
@example(b'sep="\nemail"role')
@example(b"email,role\n" + b'"' * 999)
def test_bytes(data: bytes) -> None:
    must_be_told(data)


@given(PASTED)
def test_pages_with_the_right_words_in_the_wrong_places(data: bytes) -> None:
    must_be_told(data)


@given(SLICES)
def test_rosters_cut_and_glued_together(data: bytes) -> None:
    must_be_told(data)
