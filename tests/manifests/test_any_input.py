"""Whatever the bytes are: findings, never an exception."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.editing.format import format_manifest, refuse_format
from reconciler.manifests.config import load_config
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Severity
from tests.manifests.given import PATHS, read_case

TEXTS = [file.data for path in PATHS for file in read_case(path).files if file.data is not None]
WORDS = st.sampled_from(
    re.findall(
        r"\S+",
        """version people groups organizations approvals moved members system kind id handle name email identities phone
        developers business_center business_account organization_account ad_accounts access role admin ana group:a
        from to allow address remove providers default guards min_admins state acme/member/ana 2027-01-31 @acme
        a@b.example *a &a !!str <<""",
    )
)
SCALARS = st.one_of(WORDS, st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=4), inner, max_size=5),
    max_leaves=25,
)
LINES = st.lists(
    st.tuples(
        st.integers(0, 6), WORDS, st.sampled_from([":", ": ", ": [", ": {", ": |", "", " - ", "- ", "\t"]), WORDS
    ),
    max_size=15,
).map(lambda rows: "\n".join(f"{' ' * indent}{one}{mark}{other}" for indent, one, mark, other in rows).encode())


def must_be_told(data: bytes) -> None:
    files = [SourceFile("a.yaml", data), SourceFile("b.yaml", data)]
    manifests = load_manifests(files, today=date(2026, 11, 22), allowed_domains=["b.example"])
    has_errors = any(finding.severity is Severity.ERROR for finding in manifests.findings)
    assert has_errors == (manifests.desired is None)
    assert all(finding.place is not None and finding.place.line > 0 for finding in manifests.findings)
    config = load_config(files[0])
    assert config.config is not None or config.findings
    text, findings = format_manifest(files[0])
    assert (text is None) == bool(findings)
    if text is not None:
        assert format_manifest(SourceFile("a.yaml", text.encode())) == (text, ())


@given(st.binary(max_size=200))
@example(b"\xef\xbb\xbf")
@example(b"\xed\xa0\x80")
@example(b"%YAML 1.1\n---\na: 1\n...\n")
@example(b"? ? ? a\n: b")
def test_bytes(data: bytes) -> None:
    must_be_told(data)


@given(st.text(max_size=200))
@example("a: \ud800".encode(errors="replace").decode())
def test_text(text: str) -> None:
    must_be_told(text.encode(errors="replace"))


@given(LINES)
def test_text_that_looks_like_a_manifest(data: bytes) -> None:
    must_be_told(data)


@given(st.dictionaries(WORDS, VALUES, max_size=5))
def test_values_of_any_shape_in_known_places(content: dict[str, object]) -> None:
    must_be_told(yaml.safe_dump(content, allow_unicode=True).encode(errors="replace"))


@given(st.sampled_from(TEXTS), st.integers(0, 2_000), st.integers(0, 40), st.binary(max_size=6))
def test_manifests_with_a_hole(data: bytes, start: int, length: int, patch: bytes) -> None:
    start %= len(data) + 1
    must_be_told(data[:start] + patch + data[start + length :])


def test_nothing_is_shown_of_a_file_that_is_no_manifest_and_was_to_be_formatted() -> None:
    finding = refuse_format(Path("notes.md"))
    assert (finding.id, finding.place) == ("not-a-manifest", None)
