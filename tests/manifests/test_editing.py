"""Edits of manifests that leave everything else as it was written."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.editing.edits import EditError, edit_manifest, render_patch
from reconciler.editing.index import ManifestIndex
from reconciler.editing.writer import Drop, Edit, Join, Leave, Put
from reconciler.manifests.source import SourceFile

CASES = sorted((Path(__file__).parents[1] / "cases" / "edits").glob("*.yaml"))
AGENCY = sorted((Path(__file__).parents[2] / "examples" / "agency" / "access").glob("*.yaml"))


def source(text: str) -> SourceFile:
    return SourceFile(path="a.yaml", data=text.encode())


def edit_of(written: dict[str, Any]) -> Edit:
    match written:
        case {"put": path, "value": value}:
            return Put(path=tuple(path.split(".")), value=value)
        case {"drop": path}:
            return Drop(path=tuple(path.split(".")))
        case {"join": path, "item": item}:
            return Join(path=tuple(path.split(".")), item=item)
        case {"leave": path, "item": item}:
            return Leave(path=tuple(path.split(".")), item=item)
        case _:
            raise AssertionError(written)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = yaml.safe_load(path.read_text())
    edits = [edit_of(written) for written in case["edits"]]
    if "refused" in case:
        with pytest.raises(EditError) as caught:
            edit_manifest(source(case["given"]), edits)
        (finding,) = caught.value.findings
        assert (finding.id, f"{finding.place}: {finding.message}") == ("unsafe-edit", case["refused"])
    else:
        assert edit_manifest(source(case["given"]), edits) == case["want"]


@pytest.mark.parametrize(
    ("given_text", "edit", "want"),
    [
        ("g:\r\n  a: b\r\n# c\r\n", Put(path=("g", "z"), value="q"), "g:\r\n  a: b\r\n  z: q\r\n# c\r\n"),
        ("g:\n  a: b", Put(path=("g", "z"), value="q"), "g:\n  a: b\n  z: q\n"),
        ("", Put(path=("version",), value=1), "version: 1\n"),
        ("---\ng:\n  a: b\n...\n", Put(path=("g", "z"), value="q"), "---\ng:\n  a: b\n  z: q\n...\n"),
        ("# c\n---\n# d\ng:\n  a: b\n", Drop(path=("g",), keep=0), "# c\n---\n# d\n{}\n"),
        ("g: {\n  a: b,\n  c: d,  # x\n}\n", Drop(path=("g", "a")), "g: {\n  c: d,  # x\n}\n"),
        ("g:\n  b: |\n    text\n\n  # c\n  h: i\n", Drop(path=("g", "b")), "g:\n  # c\n  h: i\n"),
        ("g:\n  - a\n  # c\n  - b # d\n", Leave(path=("g",), item="b"), "g:\n  - a\n  # c\n"),
        ("g:\n  山: b\n", Put(path=("g", "no"), value="山: x"), "g:\n  山: b\n  \"no\": '山: x'\n"),
        ("g:\n  a: b\n", Put(path=("g", "a"), value="x\ny: z"), 'g:\n  a: "x\\ny: z"\n'),
        ("g:\n  a: b\n", Put(path=("g", "a"), value="山\nz"), 'g:\n  a: "\\u5c71\\nz"\n'),
        # Brackets over several lines stay so, with or without a comma at the end, and keep their comments.
        (
            "g: {\n  a: b,\n  c: d,  # x\n}\n",
            Put(path=("g", "z"), value="q"),
            "g: {\n  a: b,\n  c: d,  # x\n  z: q,\n}\n",
        ),
        (
            "g: {\n  a: b,\n  c: d  # x\n}\n",
            Put(path=("g", "z"), value="q"),
            "g: {\n  a: b,\n  c: d,  # x\n  z: q\n}\n",
        ),
        ("g: {a: b,\n    c: d}\n", Put(path=("g", "z"), value="q"), "g: {a: b,\n    c: d, z: q}\n"),
        ("g: {a: b,\n    c: d}\n", Drop(path=("g", "a")), "g: {c: d}\n"),
        ("g: {a: b, e: f,\n    c: d}\n", Drop(path=("g", "e")), "g: {a: b,\n    c: d}\n"),
        ("{g: {a: b}}  # x\n", Put(path=("h",), value="q"), "{g: {a: b}, h: q}  # x\n"),
        ('{"g": {"a": "b"},\n "h": "i"}\n', Drop(path=("g",), keep=1), '{"h": "i"}\n'),
        ("g: [a, b, ]\n", Join(path=("g",), item="c"), "g: [a, b, c, ]\n"),
        ("g: [ ]\n", Join(path=("g",), item="c"), "g: [c]\n"),
        ('g: ["a", b, "a"]\n', Join(path=("g",), item="c"), 'g: ["a", b, "a", "c"]\n'),
        ('g: ["a", b, "a"]\n', Leave(path=("g",), item="a"), "g: [b]\n"),
        # What a comment beside or below a key says is true of the key.
        ("g:  # x\n  # y\n  - a\n", Leave(path=("g",), item="a"), "g: []  # x\n  # y\n"),
        ("g: b  # x\n", Put(path=("g",), value={"a": {"b": "c"}}), "g:  # x\n  a: {b: c}\n"),
        ("g: |  # x\n  t\nh: i\n", Put(path=("g",), value="q"), "g: q  # x\nh: i\n"),
        (
            "g:\n  a:\n    b: c\n    # of a\n  # of g\n",
            Put(path=("g", "z"), value="q"),
            "g:\n  a:\n    b: c\n    # of a\n  z: q\n  # of g\n",
        ),
        ("g:\n", Put(path=("g", "z"), value=True), "g: {z: true}\n"),
        ("a: b\n\ng: h\n\nk: l\n", Drop(path=("g",), keep=1), "a: b\n\nk: l\n"),
        ("g: |+\n  t\n\n", Put(path=("z",), value="q"), "g: |+\n  t\n\nz: q\n"),
        ("\ufeffg:\n  a: b\n", Put(path=("g", "z"), value="q"), "\ufeffg:\n  a: b\n  z: q\n"),
        ("\ufeffg: b\r\nh: i\r\n", Put(path=("g",), value="q"), "\ufeffg: q\r\nh: i\r\n"),
        ("\ufeffg: b\nh: i\n", Drop(path=("g",), keep=1), "\ufeffh: i\n"),
        ("\ufeff", Put(path=("version",), value=1), "\ufeffversion: 1\n"),
    ],
)
def test_odd_files_are_edited_as_their_author_would(given_text: str, edit: Edit, want: str) -> None:
    assert edit_manifest(source(given_text), [edit]) == want


def test_a_patch_of_a_file_with_a_byte_order_mark_fits_the_file(tmp_path: Path) -> None:
    index = ManifestIndex([source("\ufeffg:\n  a: b\n")])
    edit = index.edit([("a.yaml", Put(path=("g", "z"), value="q")), ("a.yaml", Put(path=("g", "x"), value="p"))])
    (tmp_path / "a.yaml").write_bytes(index.files["a.yaml"].data or b"")
    git = ["git", "-C", str(tmp_path), "apply", "-"]
    subprocess.run(git, input=edit.patch.encode(), check=True, capture_output=True)
    assert (tmp_path / "a.yaml").read_bytes().decode() == edit.texts["a.yaml"] == "\ufeffg:\n  a: b\n  z: q\n  x: p\n"
    assert index.rewrite(index.after(edit.texts).texts) == edit


@pytest.mark.parametrize(
    ("given_text", "edit", "why"),
    [
        ("? g\n: h\n", Put(path=("g",), value="q"), "its colon does not stand right behind it"),
        ("g:\n  h  # x\n", Put(path=("g",), value={"a": {"b": "c"}}), "its value does not begin right behind it"),
        ("g: {a: b,  # x\n    c: d}\n", Drop(path=("g", "c")), "there is a comment next to it"),
        ("g:\n  - - a\n", Leave(path=("g",), item="a"), "does not list"),
    ],
)
def test_what_cannot_be_edited_says_why_in_one_sentence(given_text: str, edit: Edit, why: str) -> None:
    with pytest.raises(EditError) as caught:
        edit_manifest(source(given_text), [edit])
    (finding,) = caught.value.findings
    assert why in finding.message
    assert finding.advice == f"change `{'.'.join(edit.path)}` by hand"


def entries(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield (*path, key)
            yield from entries(value, (*path, key))


def without(node: Any, path: tuple[str, ...]) -> Any:
    return {
        key: without(value, path[1:]) if key == path[0] else value
        for key, value in node.items()
        if (key,) != path
    }  # fmt: skip


@pytest.mark.parametrize("path", AGENCY, ids=lambda path: path.stem)
def test_every_entry_of_a_real_workspace_can_be_taken_out_and_nothing_else_goes(path: Path) -> None:
    text = path.read_text()
    content = yaml.safe_load(text)
    for entry in entries(content):
        after = edit_manifest(source(text), [Drop(path=entry, keep=len(entry))])
        assert yaml.safe_load(after) == without(content, entry)
        kept = set(after.splitlines())
        gone = [line for line in text.splitlines() if line not in kept]
        assert all(line.startswith(" ") or line.split(":")[0].strip('"') == entry[0] for line in gone)


words = st.sampled_from(
    ["ana", "bo", "group:x", "no", "12:30", "0123", "@acme", "ré山", "a b", "x: y", "#z", "", "'", '"']
)
trees = st.recursive(words, lambda inner: st.dictionaries(words, inner, max_size=3), max_leaves=12)


def written(tree: Any, indent: str = "", path: str = "") -> Iterator[str]:
    """A tree as YAML with a comment of its own above every entry."""
    for number, (key, value) in enumerate(tree.items()):
        here = f"{path}/{number}"
        yield f"{indent}# above {here}"
        name = yaml.safe_dump(key, default_style='"', allow_unicode=True, width=1000).strip()
        if isinstance(value, dict) and value:
            yield f"{indent}{name}:  # beside {here}"
            yield from written(value, indent + "  ", here)
        else:
            text = "{}" if value == {} else yaml.safe_dump(value, default_style='"', allow_unicode=True).strip()
            yield f"{indent}{name}: {text}  # beside {here}"


@given(st.dictionaries(words, trees, min_size=1, max_size=3), st.data())
def test_whatever_is_written_somewhere_leaves_every_comment_elsewhere(tree: Any, data: st.DataObject) -> None:
    text = "".join(f"{line}\n" for line in written(tree))
    path = data.draw(st.sampled_from(sorted(entries(tree))))
    edit: Edit = data.draw(
        st.one_of(
            trees.map(lambda value: Put(path=path, value=value)),
            st.builds(Put, path=words.map(lambda key: (*path[:-1], key)), value=trees),
            st.just(Drop(path=path, keep=len(path))),
        )
    )
    after = edit_manifest(source(text), [edit])
    gone = {line.strip() for line in text.splitlines()} - {line.strip() for line in after.splitlines()}
    # What is above an entry stays even when the entry goes, unless it goes with something around it.
    inside = [line for line in gone if line.startswith("# above")]
    assert all(len(line.split("/")) > len(path) + 1 for line in inside)
    if isinstance(edit, Drop):
        assert yaml.safe_load(after) == without(tree, path)


def test_the_file_that_has_most_of_a_path_is_found() -> None:
    files = [
        SourceFile(path="people.yaml", data=b"people: {ana: {email: a@b.example}}\n"),
        SourceFile(path="bc.yaml", data=b"organizations: {acme-bc: {members: {ana: admin}}}\n"),
        SourceFile(path="dev.yaml", data=b"organizations: {acme-dev: {}}\n"),
    ]
    index = ManifestIndex(files)
    paths = ("people", "zed"), ("organizations", "acme-dev", "members"), ("groups",)
    assert [index.find_file(path) for path in paths] == ["people.yaml", "dev.yaml", ""]


def test_git_applies_the_patch(tmp_path: Path) -> None:
    before = {"a.yaml": "g:\n  a: b", "b.yaml": "x: y\n"}
    after = {"a.yaml": "g:\n  a: c", "b.yaml": "x: y\n", "sub/new.yaml": "n: m\n"}
    for name, text in before.items():
        (tmp_path / name).write_text(text)
    patch = render_patch(before, after)
    subprocess.run(["git", "apply", "-"], input=patch.encode(), cwd=tmp_path, check=True)
    assert {name: (tmp_path / name).read_text() for name in after} == after
    assert render_patch(before, before) == ""
