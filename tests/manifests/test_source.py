"""What the YAML reader makes of bytes that no case file can hold."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from reconciler.manifests import source
from reconciler.manifests.nodes import Cursor, ListNode, MapNode
from reconciler.manifests.source import LARGEST, SourceFile, parse_file, parse_yaml
from tests.manifests.given import PATHS, read_case, tell_findings


def told(data: bytes | None, problem: str = "") -> list[str]:
    _, findings = parse_yaml(SourceFile("a.yaml", data, problem))
    return tell_findings(findings)


def test_a_file_that_could_not_be_read_is_told_with_the_reason() -> None:
    want = "a.yaml:1:1: error[unreadable-file]: this cannot be read: broken symbolic link to b.yaml"
    assert told(None, "broken symbolic link to b.yaml") == [want]


def test_a_file_that_is_too_large_is_not_read() -> None:
    (finding,) = told(b"#" * (LARGEST + 1))
    assert finding.startswith("a.yaml:1:1: error[file-too-large]: the file has 20,971,521 bytes")


def test_bytes_that_are_not_utf8_are_told_by_line_and_column() -> None:
    want = "a.yaml:2:8: error[not-utf8]: byte 16 (0xe9) is not UTF-8; save the file as UTF-8"
    assert told(b"people:\n  \xc3\xa9na: \xe9\n") == [want]


def test_utf16_is_not_utf8() -> None:
    assert told("people: {}".encode("utf-16"))[0].startswith("a.yaml:1:1: error[not-utf8]")


@pytest.mark.parametrize("letter", ["\0", "\x07", "\x1b", "\x7f", "\x85", "\ufffe"])
def test_control_characters_are_refused(letter: str) -> None:
    assert told(f"a: b{letter}".encode())[0].startswith("a.yaml:1:5: error[control-character]")


def test_a_carriage_return_alone_is_no_line_end() -> None:
    assert told(b"a: 1\rb: 2\n")[0].startswith("a.yaml:1:5: error[control-character]")


def test_line_ends_of_windows_are_line_ends() -> None:
    node, findings = parse_yaml(SourceFile("a.yaml", b"a: x\r\nb:\r\n  - z\r\n"))
    assert (node, findings) == ({"a": "x", "b": ["z"]}, [])


@pytest.mark.parametrize("depth", [41, 1_000, 100_000])
@pytest.mark.parametrize("bracket", ["[", "{a: "])
def test_any_depth_is_refused_without_a_crash(depth: int, bracket: str) -> None:
    findings = told(f"a: {bracket * depth}".encode())
    assert ["error[too-deep]" in line for line in findings] == [True]


def test_forty_levels_are_fine() -> None:
    assert told(f"a: {'[' * 39}{']' * 39}".encode()) == []


def test_a_number_of_any_length_is_read_or_told() -> None:
    assert parse_yaml(SourceFile("a.yaml", b"a: 6900000000000000001"))[0] == {"a": 6900000000000000001}
    assert "error[yaml-number]" in told(b"a: " + b"9" * 10_000)[0]


def test_columns_count_characters() -> None:
    node, _ = parse_yaml(SourceFile("a.yaml", "é𝄞ü: {ñ: x}".encode()))
    assert node is not None
    top = Cursor.at_top("a.yaml", node)
    assert [str(top.key("é𝄞ü", "ñ")), str(top.into("é𝄞ü").value("ñ"))] == ["a.yaml:1:7", "a.yaml:1:10"]


def test_places_of_what_is_not_written_are_places_of_what_should_hold_it() -> None:
    node, _ = parse_yaml(SourceFile("a.yaml", b"a:\n  b: [x, y]\n"))
    assert isinstance(node, MapNode)
    top = Cursor.at_top("a.yaml", node)
    places = [top.key("a", "b", 1), top.key("a", "b", 7), top.key("a", "z"), top.into("a").value("z"), top.key("z")]
    assert [str(place) for place in places] == [
        "a.yaml:2:10",
        "a.yaml:2:3",
        "a.yaml:1:1",
        "a.yaml:1:1",
        "a.yaml:1:1",
    ]


def test_values_are_plain_values_too() -> None:
    node, _ = parse_yaml(SourceFile("a.yaml", b"a: {b: [1, -2, 1.5, true, null, ~, x, 'no', '1']}"))
    assert node == {"a": {"b": [1, -2, 1.5, True, None, None, "x", "no", "1"]}}
    assert isinstance(node, MapNode)
    inner = node["a"]
    assert isinstance(inner, MapNode)
    assert isinstance(inner["b"], ListNode)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_without_libyaml_the_same_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = read_case(path).files
    fast = [parse_file(file) for file in files]
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    slow = [parse_file(file) for file in files]
    assert [repr(one.node) for one in slow] == [repr(one.node) for one in fast]
    for one, other in zip(slow, fast, strict=True):
        # The two parsers word syntax errors differently and place them differently.
        assert {finding.id for finding in one.findings} == {finding.id for finding in other.findings}


def test_libyaml_is_what_is_used_where_it_is_installed() -> None:
    assert yaml.__with_libyaml__
    assert "parser" in str(getattr(source.events_of("a: 1"), "__self__", "")).lower()
