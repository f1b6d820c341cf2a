"""The reader of lines reads what the reader of events reads: on texts near its shape, and on real ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.manifests import source
from reconciler.manifests.nodes import ListNode, MapNode
from reconciler.manifests.source import SourceFile, parse_file, read_lines
from tests.manifests.given import PATHS, read_case
from tests.tiers import scaled

ROOT = Path(__file__).parents[2]
CASES = [file for path in PATHS for file in read_case(path).files if file.data]
REAL = [
    path.read_text(encoding="utf-8")
    for folder in ("examples", "docs", "reconciler/cli/templates")
    for path in sorted((ROOT / folder).rglob("*.yaml"))
]
PLAIN = """# yaml-language-server: $schema=../schemas/manifest.schema.json
version: 1
people:
  ana:
    name: "Ana López"   # of the second floor
    email: ana@acme.example

  bo: {email: bo@contract.example, ends: 2027-01-31}
groups:
  buyers: {members: [ana, group:interns], description: "of media"}
organizations:
  acme-bc:
    system:   business_center
    id: "6900000000000000001"
      # what follows is a comment that is indented otherwise
    members:
      ana: {role: admin, finance: manager}
      group:buyers: standard
  acme-dev:
    system: developers
    name: Acme, Inc. (Madrid) & sons; since 1999
"""
TOKEN = "act.9f8e7d6c5b4a39281706f5e4d3c2b1a0"
"""Looks like a secret; it is none."""


def listed(text: str) -> list[str]:
    """The words of a table; an arrow stands for a tab, a raised dot for a space that is none."""
    words = text.strip().replace("\n", " ¦ ").split(" ¦ ")
    return [word.replace("→", "\t").replace("·", "\xa0").replace("TOKEN", TOKEN) for word in words]


KEYS = listed(r"""
a ¦ b ¦ ana ¦ group:x ¦ a.b@c.example ¦ äöü ¦ a b ¦ a:b:c ¦ _ ¦ a/b ¦ TOKEN ¦ act.0123456789@x ¦ yes ¦ No ¦ null
true ¦ on ¦ y ¦ 1 ¦ 0x1 ¦ 2027-01-31 ¦ ² ¦ ٣ ¦ << ¦ - ¦ - a ¦ ? ¦ a' ¦ 'a' ¦ "a" ¦ a#b ¦ a,b ¦ [a] ¦ {a} ¦ *a
&a ¦ !a ¦ %a ¦ @a ¦ `a ¦ | ¦ > ¦ ... ¦ --- ¦ a: ¦ :a ¦ ~
""")
SCALARS = listed(r"""
a ¦ ana ¦ a b ¦ a  b ¦ Ana López ¦ admin ¦ business_center ¦ 2027-01-31 ¦ 1 ¦ 0 ¦ -1 ¦ +1 ¦ 01 ¦ 1_0 ¦ 1.5 ¦ 1e3
12:30 ¦ 0x1f ¦ true ¦ false ¦ yes ¦ no ¦ null ¦ ~ ¦ a: b ¦ a:b ¦ a :b ¦ a: ¦ a #b ¦ a#b ¦ a, b ¦ a,b ¦ a] ¦ a}
a[ ¦ { ¦ } ¦ [ ¦ ] ¦ a - b ¦ - b ¦ a & b ¦ &b ¦ *b ¦ !b ¦ %b ¦ @b ¦ `b ¦ | ¦ > ¦ ? ¦ ? b ¦ a? ¦ a'b ¦ 'a' ¦ 'a
" ¦ "" ¦ "a" ¦ "a b" ¦ "a" b ¦ "a\n" ¦ "#" ¦ " #a" ¦ "a: b" ¦ "a, b" ¦ "é" ¦ "\u200b" ¦ a→b ¦ →a ¦ a→ ¦ TOKEN
"TOKEN" ¦ act.0123456789 0123456789 ¦ ... ¦ --- ¦ http://a.b/c ¦ env:TOKEN ¦ a:-b ¦ ² ¦ ٣ ¦ a·b ¦ a"b ¦ a(b)
(b) ¦ = ¦ a=b
""")
ODD_KEYS = st.sampled_from([*KEYS, "", "x" * 201])
ODD = st.sampled_from([*SCALARS, "", "A" * 300, "9" * 40, "a: "])
FLOWS = st.builds(
    lambda form, comma, parts: form % comma.join(parts),
    st.sampled_from(["{%s}", "{%s}", "[%s]", "[%s]", "{ %s }", "[ %s ]", "{%s} ", "{%s, }", "{%s", "%s]", "{%s]"]),
    st.sampled_from([", ", ", ", ",", " , ", ",  "]),
    st.lists(
        st.one_of(
            st.sampled_from(
                ["a: b", "b: c", 'c: "d, e"', "d: {e: f}", "f: [g, {h: i}]", "g", '"h"', "[i, j]", "{}", "a: []"]
            ),
            st.builds("{}{}{}".format, ODD_KEYS, st.sampled_from([": ", ":", " : ", ":  "]), ODD),
            ODD,
        ),
        max_size=3,
    ),
)
ENDS = st.sampled_from(["", "", "", "", "", " ", " # c", " #", "#c", "  # é: [", "\t# c", "\t", "\r"])
ODD_ROWS = st.one_of(
    st.builds("{}: {}{}".format, st.sampled_from(["odd", "äö", "group:odd"]), ODD | FLOWS, ENDS),
    st.builds("{}:{}{}{}".format, ODD_KEYS, st.sampled_from([" ", " ", "  ", "", "\t"]), ODD | FLOWS, ENDS),
    st.sampled_from(["", "", " ", "# c", "#", "- a", "-", "---", "...", "a", '"a', "%a", "\t", "\ta: b"]),
)
USUAL = st.sampled_from(
    ["a", "1", '"x"', "Ana López", "{role: admin, expires: 2027-01-31}", "[a, b]", "{a: [b], c: {d: e}}"]
)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Rows that are mostly usual, indented as a mapping needs it, under keys that mostly differ."""
    lines, indent = [], 0
    for number in range(draw(st.integers(1, 9))):
        turn = draw(st.integers(0, 19))
        if turn < 5:
            lines.append(f"{' ' * indent}k{number}:")
            indent += draw(st.sampled_from([2, 2, 2, 1, 4]))
            lines.append(f"{' ' * indent}k: {draw(USUAL)}")
        else:
            lines.append(f"{' ' * indent}{draw(ODD_ROWS) if turn < 9 else f'k{number}: {draw(USUAL)}'}")
        if turn == 19:
            indent = draw(st.integers(0, 6))
        elif turn > 15:
            indent = max(indent - 2, 0)
    start = draw(st.sampled_from(["", "", "", "", "---\n", "--- \n", "\n", "# c\n", "%YAML 1.1\n---\n"]))
    return start + "\n".join(lines) + draw(st.sampled_from(["\n", "\n", "", "\n\n", "\n...\n", "\n---\n", " "]))


def places(value: object, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    """Everything that can be asked of a tree: sorts, values, and where each key, value and item is."""
    if isinstance(value, MapNode):
        assert list(value) == list(value.marks)
        yield path, "mapping", value.mark
        for key, inner in value.items():
            yield path, key, value.marks[key], value.value_mark(key)
            yield from places(inner, (*path, key))
    elif isinstance(value, ListNode):
        yield path, "list", value.mark, value.marks
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))
    else:
        yield path, type(value), value


def must_agree(text: str) -> bool:
    """Whether the reader of lines took it; with it and without it values, places and findings are the same."""
    file = SourceFile("a.yaml", text.encode(errors="replace"))
    both = parse_file(file)
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(source, "read_lines", lambda _: None)
        alone = parse_file(file)
    assert both.findings == alone.findings
    assert list(places(both.node)) == list(places(alone.node))
    return read_lines(text) is not None


@given(texts())
@settings(max_examples=scaled(3_000))
@example("a: b\n  c: d\n")
@example("a:\nb: c\n")
@example("a: {b: c, b: d}\n")
@example("a: 1\na: 2\n")
@example("a: b\nc:\n")
@example("yes: a\n")
@example("a: no\n")
@example("a: b#c\n")
@example("a: {b: c} d\n")
@example(f"{TOKEN}: a\n")
def test_texts_near_the_shape(text: str) -> None:
    must_agree(text)


MATERIAL = st.sampled_from([file.data.decode(errors="replace") for file in CASES if file.data] + REAL + 40 * [PLAIN])
PATCHES = st.text(st.sampled_from("[]{}:-'\"|>%@`*&!#,<a0\\ \n\t?~é"), max_size=3)


@given(MATERIAL, st.integers(0, 5_000), st.integers(0, 3), PATCHES)
@settings(max_examples=scaled(3_000))
def test_real_manifests_with_a_hole(text: str, start: int, length: int, patch: str) -> None:
    start %= len(text) + 1
    must_agree(text[:start] + patch + text[start + length :])


@pytest.mark.parametrize("file", CASES, ids=lambda file: file.path)
def test_every_case(file: SourceFile) -> None:
    must_agree((file.data or b"").decode(errors="replace"))


def test_the_usual_shape_is_taken() -> None:
    """What this reader is for; a reader that gives up on everything would agree too."""
    assert must_agree(PLAIN)
    assert must_agree(f"---\n{PLAIN}")
    assert sum(must_agree(text) for text in REAL) >= len(REAL) // 2


@pytest.mark.parametrize(
    "text",
    listed(r"""
# c ¦ a ¦ - a ¦ a: ¦  a: b ¦ a: b↵ c: d ¦ a: &b c ¦ a: 'b' ¦ a: |↵  b ¦ a: yes ¦ a: 012 ¦ yes: a ¦ a: b↵a: c
a: {b: c, b: d} ¦ a: TOKEN ¦ a: "TOKEN" ¦ TOKEN: a ¦ a: b # c↵  d ¦ a: "b\n" ¦ a: {b:  c} ¦ a: {b:c} ¦ a:→b ¦ a: b→
a: b↵---↵c: d ¦ a:↵    b: c↵  d: e ¦ a: [b, [c] ¦ a: {b: [c}] ¦ a: {b: c, } ¦ a: {yes: c} ¦ a: [no]
a: null ¦ 2a: b
"""),
)
def test_what_is_unusual_is_left_to_the_other_reader(text: str) -> None:
    assert read_lines(text.replace("↵", "\n")) is None
    assert read_lines("") is None


def test_a_fuzz_reaches_what_is_taken_and_what_is_not() -> None:
    """The generator stands near the border of the shape, or it would show nothing."""
    taken = []

    @given(texts())
    @settings(max_examples=200, database=None, derandomize=True)
    def count(text: str) -> None:
        taken.append(read_lines(text) is not None)

    count()
    assert 0.1 < sum(taken) / len(taken) < 0.9, sum(taken)
