"""Formatting changes what nobody reads, once, and never the meaning."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.editing import format as write
from reconciler.editing.format import format_manifest
from reconciler.manifests.source import SourceFile
from tests.manifests.given import PATHS, describe_findings, read_case


def formatted(data: bytes) -> str:
    text, findings = format_manifest(SourceFile("a.yaml", data))
    assert findings == ()
    assert text is not None
    assert format_manifest(SourceFile("a.yaml", text.encode())) == (text, ())
    return text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a: 1", "a: 1\n"),
        (b"\xef\xbb\xbfa: 1\n", "a: 1\n"),
        (b"a: 1\r\nb: 2\r\n", "a: 1\nb: 2\n"),
        (b"\n\na: 1  \n\n\n\nb: 2\t\n\n\n", "a: 1\n\nb: 2\n"),
        (b"a: 1  # why  \n# end  ", "a: 1  # why\n# end\n"),
        (b"a:   {b:   1}\nc:\n    - d\n", "a: {b:   1}\nc:\n    - d\n"),
        (b'system:    "x"  # why\nname: z\n', 'system: "x"  # why\nname: z\n'),
        (b"ana: admin\neve: analyst\n", "ana: admin\neve: analyst\n"),
        (b"ana:   admin\n# the new one\n\nzoe1:  analyst\n", "ana:  admin\n# the new one\n\nzoe1: analyst\n"),
        (b"a:     # why\n  b:   1\n  ccc: 2\n", "a:     # why\n  b:   1\n  ccc: 2\n"),
        (b"x:\n- a:   1\n  'b c': 2\n", "x:\n- a: 1\n  'b c': 2\n"),
        (b"x:\n- ab:   1\n  c:    2\n", "x:\n- ab: 1\n  c:  2\n"),
        (b"a: 'b:   1\n  c:   2'\nd:   |\n  e:   1\n", "a: 'b:   1\n  c:   2'\nd:   |\n  e:   1\n"),
        (b"a: |\n  one  \n\n\n  two\n\n\nb: 1 \n", "a: |\n  one  \n\n\n  two\n\n\nb: 1\n"),
        (b"a: |+\n  one\n\n\n", "a: |+\n  one\n\n\n"),
        (b"a: 'one  \n\n\n  two'\n\n\nb: 1\n", "a: 'one  \n\n\n  two'\n\nb: 1\n"),
        (b"a: >-\n  one\n  two\n", "a: >-\n  one\n  two\n"),
    ],
)
def test_a_file_gets_its_usual_form(before: bytes, after: str) -> None:
    assert formatted(before) == after


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_file_that_is_tidy_stays_as_it_is(path: Path) -> None:
    for file in read_case(path).files:
        text, findings = format_manifest(file)
        assert (text is None) == bool(findings)
        assert text is None or text == (file.data or b"").decode("utf-8-sig")


def test_a_file_with_errors_is_left_alone_and_told() -> None:
    text, findings = format_manifest(SourceFile("a.yaml", b"a: 1 \na: 2\n"))
    assert text is None
    assert describe_findings(findings) == [
        "a.yaml:2:1: error[duplicate-key]: `a` is already there in line 1; keep one of the two; see a.yaml:1:1"
    ]


def test_a_form_that_means_something_else_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "_usual_lines", lambda _: ["a: true"])
    text, findings = format_manifest(SourceFile("a.yaml", b"a: 1\n"))
    assert text is None
    assert [finding.id for finding in findings] == ["unsafe-format"]
