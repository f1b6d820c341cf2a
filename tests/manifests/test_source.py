"""What the YAML reader makes of bytes that no case file can hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifests import source
from reconciler.manifests.nodes import Cursor, ListNode, MapNode
from reconciler.manifests.source import MAX_SIZE, SourceFile, parse_file
from tests.manifests.given import PATHS, describe_findings, read_case


def told(data: bytes | None, problem: str = "") -> list[str]:
    findings = parse_file(SourceFile("a.yaml", data, problem)).findings
    return describe_findings(findings)


def test_a_file_that_could_not_be_read_is_told_with_the_reason() -> None:
    want = "a.yaml:1:1: error[unreadable-file]: this cannot be read: broken symbolic link to b.yaml"
    assert [one.partition("; ")[0] for one in told(None, "broken symbolic link to b.yaml")] == [want]


@pytest.mark.parametrize(
    ("problem", "advice"),
    [
        ("it does not exist, but stands under `manifests:` in reconciler.yaml", "correct the entry"),
        ("symbolic link to a folder above itself", "correct the link"),
        ("loop of symbolic links", "correct the link"),
        ("a symbolic link that leads out of the repository", "put the file itself there"),
        ("not a regular file", "put a file there"),
        ("Permission denied", "let whoever runs this read it"),
        ("No such file or directory", "`git log -- PATH`"),
        ("its content is not in this clone", "`git fetch"),
        ("Input/output error", "look at it where this runs"),
        ("", "look at it where this runs"),
    ],
)
def test_whatever_cannot_be_read_comes_with_what_to_do(problem: str, advice: str) -> None:
    (finding,) = parse_file(SourceFile("a.yaml", None, problem)).findings
    assert advice in finding.advice


def test_a_name_that_is_no_text_is_told() -> None:
    """Plans and states name the lines that things come from, and hold nothing but text."""
    parsed = parse_file(SourceFile("access/a\udc80.yaml", b"version: 1\n"))
    (finding,) = parsed.findings
    assert (parsed.node, finding.id, finding.advice) == (None, "unreadable-file", "give the file another name")


def test_a_file_that_is_too_large_is_not_read() -> None:
    (finding,) = told(b"#" * (MAX_SIZE + 1))
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
    parsed = parse_file(SourceFile("a.yaml", b"a: x\r\nb:\r\n  - z\r\n"))
    assert (parsed.node, parsed.findings) == ({"a": "x", "b": ["z"]}, ())


@pytest.mark.parametrize("depth", [41, 1_000, 100_000])
@pytest.mark.parametrize("bracket", ["[", "{a: "])
def test_any_depth_is_refused_without_a_crash(depth: int, bracket: str) -> None:
    findings = told(f"a: {bracket * depth}".encode())
    assert ["error[too-deep]" in line for line in findings] == [True]


def test_forty_levels_are_fine() -> None:
    assert told(f"a: {'[' * 39}{']' * 39}".encode()) == []


def test_a_number_of_any_length_is_read_or_told() -> None:
    assert parse_file(SourceFile("a.yaml", b"a: 6900000000000000001")).node == {"a": 6900000000000000001}
    assert "error[yaml-number]" in told(b"a: " + b"9" * 10_000)[0]


def test_columns_count_characters() -> None:
    node = parse_file(SourceFile("a.yaml", "é𝄞ü: {ñ: x}".encode())).node
    assert node is not None
    top = Cursor.at_top("a.yaml", node)
    assert [str(top.key("é𝄞ü", "ñ")), str(top.into("é𝄞ü").value("ñ"))] == ["a.yaml:1:7", "a.yaml:1:10"]


def test_places_of_what_is_not_written_are_places_of_what_should_hold_it() -> None:
    node = parse_file(SourceFile("a.yaml", b"a:\n  b: [x, y]\n")).node
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
    node = parse_file(SourceFile("a.yaml", b"a: {b: [1, -2, 1.5, true, null, ~, x, 'no', '1']}")).node
    assert node == {"a": {"b": [1, -2, 1.5, True, None, None, "x", "no", "1"]}}
    assert isinstance(node, MapNode)
    inner = node["a"]
    assert isinstance(inner, MapNode)
    assert isinstance(inner["b"], ListNode)


@pytest.fixture(params=["libyaml", "PyYAML"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each of the two readers of PyYAML, without the reader of lines before them."""
    monkeypatch.setattr(source, "read_lines", lambda _: None)
    monkeypatch.setattr(yaml, "__with_libyaml__", request.param == "libyaml")
    return str(request.param)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_both_readers_read_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "read_lines", lambda _: None)
    files = read_case(path).files
    fast = [parse_file(file) for file in files]
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    slow = [parse_file(file) for file in files]
    assert [repr(one.node) for one in slow] == [repr(one.node) for one in fast]
    assert [one.findings for one in slow] == [one.findings for one in fast]


MISSING = "not YAML: a value is missing here"
INDENTATION = (
    "not YAML: this does not continue what stands above it{}; "
    "check the indentation: keys of one mapping, and items of one list, stand below each other"
)
QUOTES = "put a value that begins with such a sign in quotes"


@pytest.mark.parametrize(
    ("text", "place", "wanted"),
    [
        ("a: @x", "1:4", f"not YAML: a value cannot begin with this sign; {QUOTES}"),
        ("a: {b: `x}", "1:8", f"not YAML: a value cannot begin with this sign; {QUOTES}"),
        ("a: b: c", "1:5", "not YAML: a `:` is not allowed here; put a value that contains a colon in quotes, or"),
        ("a: 1\nb\n", "3:1", "not YAML: a `:` is missing after a key; it begins in line 2; write `key: value`"),
        ("a: {b: 1", "1:9", "not YAML: a `,` or `}` is missing in a mapping in braces; close the braces"),
        ("a: {b: 1 {", "1:10", "not YAML: a `,` or `}` is missing in a mapping in braces; close the braces"),
        ("a: [b\nc: d", "2:2", "not YAML: a `,` or `]` is missing in a list in brackets; it begins in line 1;"),
        ("a: [", "1:5", MISSING),
        ("a: 1\nb: ]\n", "2:4", MISSING),
        ("a: {b: ", "1:8", MISSING),
        ("a:\n  b: 1\n c: 2\n", "3:2", INDENTATION.format("; it begins in line 1")),
        ("- a\nb: 1\n", "2:1", INDENTATION.format("; it begins in line 1")),
        ("[a]\nb: 1\n", "2:1", "not YAML: this stands behind the end of the value of the whole file"),
        ("a: 'b", "1:6", "not YAML: the quotes of a text are not closed; close them"),
        ('a: "b\n---\n', "2:1", "not YAML: the quotes of a text are not closed before a new document"),
        ("a: - b", "1:4", "not YAML: a list cannot begin here; begin it on a line of its own"),
        ("a: ? b", "1:4", "not YAML: a `? ` is not allowed here"),
        (
            'a: "D:\\Teams"',
            "1:4",
            "not YAML: the text in double quotes contains a `\\` that says nothing; write `\\\\`",
        ),
        ('a: "\\d"', "1:4", "not YAML: the text in double quotes contains a `\\` that says nothing; write `\\\\`"),
        ("a: >b", "1:5", "not YAML: something wrong follows the `|` or `>`"),
        ("a: |0\n  b", "1:5", "not YAML: something wrong follows the `|` or `>`"),
        ("a: *", "1:5", f"not YAML: a name is missing after the `*` or `&`; {QUOTES}"),
        ("a: & b", "1:5", f"not YAML: a name is missing after the `*` or `&`; {QUOTES}"),
        ("a: !<b c", "1:4", "not YAML: this is no tag; put a value that begins with `!` in quotes"),
        ("%\na: 1\n", "1:1", "not YAML: a line that begins with `%` is no directive here"),
    ],
)
def test_a_slip_is_told_alike_by_both_readers(text: str, place: str, wanted: str, reader: str) -> None:
    (line,) = told(text.encode())
    assert line.startswith(f"a.yaml:{place}: error[yaml-syntax]: {wanted}")


@pytest.mark.parametrize(
    ("text", "place"),
    [("a:\n\tb: c\n", "2:1"), ("a:\n  - b\n\t- c\n", "3:1"), ("- \t- a\n", "1:3")],
)
def test_a_tab_that_indents_is_told_alike_by_both_readers(text: str, place: str, reader: str) -> None:
    assert told(text.encode()) == [f"a.yaml:{place}: error[yaml-tab]: a tab is not allowed here; indent with spaces"]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (f"a: {'[' * 2_000}", "1:43"),
        (f"a: {'{b: ' * 2_000}", "1:160"),
        (f"a:\n  - {'[' * 2_000}", "2:43"),
        (f"a: [x, [z], {'[' * 2_000}", "1:51"),
        (f"a: [']]]', {'[' * 2_000}", "1:50"),
        ("- " * 2_000 + "a", "1:81"),
        ("[\n" * 2_000, "41:1"),
    ],
    ids=["brackets", "braces", "on a later line", "after a list", "after brackets in quotes", "items", "on many lines"],
)
def test_too_deep_has_the_same_place_by_both_readers(text: str, place: str, reader: str) -> None:
    assert told(text.encode()) == [f"a.yaml:{place}: error[too-deep]: nested deeper than 40 levels"]


@given(
    st.sampled_from([file.data for path in PATHS for file in read_case(path).files if file.data]),
    st.integers(0, 2_000),
    st.integers(0, 5),
    st.text(st.sampled_from("[]{}:-'\"|>%@`*&!#,<a0\\ \n"), max_size=3),
)
def test_whatever_is_broken_is_told_alike_by_both_readers(data: bytes, start: int, length: int, patch: str) -> None:
    start %= len(data) + 1
    broken = SourceFile("a.yaml", data[:start] + patch.encode() + data[start + length :])
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(source, "read_lines", lambda _: None)
        fast = parse_file(broken)
        changed.setattr(yaml, "__with_libyaml__", False)
        slow = parse_file(broken)
    # Known to differ: libyaml refuses a bracket right after a colon and directives it does not know; the other refuses
    # tabs between words, `?` inside braces and a comment right after `|`.
    if any(re.search(r"followed by a bracket|directive", one.message) for one in fast.findings):
        return
    if re.search(r"\t|[^\s'\"]\?|[|>][-+]?#", slow.text):
        return
    assert (repr(slow.node), slow.findings) == (repr(fast.node), fast.findings)


def test_a_slip_that_is_not_known_has_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(text: str) -> object:
        mark = yaml.Mark("", 0, 1, 2, None, 0)
        raise yaml.MarkedYAMLError(context="while counting", problem="words of a later release", problem_mark=mark)

    monkeypatch.setattr(source, "events_of", refuse)
    wanted = "not YAML: it cannot be read from here on; check brackets, quotes and indentation"
    assert told(b"a: 1\nb: '2'\n") == [f"a.yaml:2:3: error[yaml-syntax]: {wanted}"]


def test_libyaml_is_what_is_used_where_it_is_installed() -> None:
    assert yaml.__with_libyaml__
    assert "parser" in str(getattr(source.events_of("a: 1"), "__self__", "")).lower()
