"""`docs/acceptance.md` and `docs/threat-model.md` are complete, and tell the truth about what has a test."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "acceptance.md"
THREATS = ROOT / "docs" / "threat-model.md"
ITEMS_PER_SOURCE = {"S0": 59, "S1": 16, "S2": 45, "S3": 20, "S4": 28, "X": 6}
ALL_ITEMS = [f"{source}-{number}" for source, count in ITEMS_PER_SOURCE.items() for number in range(1, count + 1)]
MINIMAL_REASON = 20
"""Characters; shorter ones are words like "later"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table."""

    item: str
    asks: str
    state: str
    shown_by: str

    @property
    def references(self) -> list[str]:
        """Tests and documents named in backticks: a path, or a path and a name joined by `::`."""
        return re.findall(r"`((?:tests|docs|examples)/[^`]+)`", self.shown_by)


def parse_rows(text: str) -> list[Row]:
    """All lines that begin with an item; a line with too few or too many cells is an error."""
    rows = []
    for line in text.splitlines():
        if re.match(r"\|\s*[A-Z]\d?-\d", line):
            item, asks, state, shown_by = (cell.strip() for cell in line.strip().strip("|").split("|"))
            rows.append(Row(item=item, asks=asks, state=state, shown_by=shown_by))
    return rows


def exists(reference: str, root: Path) -> bool:
    """Whether a named file is there and, if a test or case is named, defines it."""
    path, _, name = reference.partition("::")
    file = root / path
    if not file.is_file():
        return False
    if not name:
        return file.suffix != ".py"
    text = file.read_text(encoding="utf-8")
    if file.suffix != ".py":
        return bool(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text))
    return _defines_test(text, name.rpartition("::")[2].partition("[")[0])


def _defines_test(text: str, name: str) -> bool:
    """Whether pytest finds this name in a module: a function, a class, or a state machine's `TestX = X.TestCase`."""
    as_function = name.startswith("test_") and re.search(rf"^\s*(async )?def {re.escape(name)}\(", text, re.MULTILINE)
    as_class = name.startswith("Test") and re.search(rf"^(class )?{re.escape(name)}\b", text, re.MULTILINE)
    return bool(as_function or as_class)


def shows_it(row: Row, root: Path) -> bool:
    """Whether a row that claims to be done names at least one test, and nothing that does not exist."""
    named = row.references
    return any(reference.startswith("tests/") for reference in named) and all(exists(each, root) for each in named)


ROWS = parse_rows(PAGE.read_text(encoding="utf-8"))
PROMISES = parse_rows(THREATS.read_text(encoding="utf-8"))


def test_every_item_has_exactly_one_row_in_order() -> None:
    assert [row.item for row in ROWS] == ALL_ITEMS


def test_every_row_says_what_is_asked() -> None:
    assert not [row.item for row in ROWS if not row.asks]


def test_every_state_is_one_of_three() -> None:
    assert {row.state for row in ROWS} <= {"done", "not yet", "not ours"}


def test_promises_are_counted_for_each_attacker() -> None:
    items = [row.item.split("-") for row in PROMISES]
    attackers = dict.fromkeys(attacker for attacker, _ in items)
    counts = Counter(attacker for attacker, _ in items)
    assert items == [[one, str(number)] for one in attackers for number in range(1, counts[one] + 1)]


def test_every_promise_is_shown_or_has_its_limit_said() -> None:
    assert {row.state for row in PROMISES} == {"shown", "limit"}


@pytest.mark.parametrize(
    "row", [row for row in (*ROWS, *PROMISES) if row.state in {"done", "shown"}], ids=lambda row: row.item
)
def test_what_is_done_is_shown_by_a_test_that_exists(row: Row) -> None:
    assert shows_it(row, ROOT), row.shown_by


def test_what_the_other_rows_name_exists_too() -> None:
    named = [reference for row in (*ROWS, *PROMISES) for reference in row.references]
    assert [reference for reference in named if not exists(reference, ROOT)] == []


def test_what_is_not_done_has_a_reason() -> None:
    others = [row for row in (*ROWS, *PROMISES) if row.state not in {"done", "shown"}]
    assert not [row.item for row in others if len(row.shown_by) < MINIMAL_REASON]


@pytest.fixture
def small_tree(tmp_path: Path) -> Path:
    """One test module, one case and one document."""
    for path, text in {
        "tests/test_a.py": (
            "def test_b():\n    ...\n\nclass TestA:\n    def test_c(self):\n        ...\n"
            "\ndef read():\n    ...\n\nclass Access:\n    ...\n\nTestAccess = Access.TestCase\n"
        ),
        "tests/case.yaml": "name: a case\n",
        "docs/page.md": "# Page\n",
    }.items():
        file = tmp_path / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path


def _claim(shown_by: str) -> Row:
    return Row(item="S0-1", asks="something", state="done", shown_by=shown_by)


@pytest.mark.parametrize(
    "shown_by",
    [
        "`tests/test_a.py::test_b`",
        "`tests/test_a.py::test_b[one case]`",
        "`tests/test_a.py::TestA::test_c`",
        "`tests/test_a.py::TestA`",
        "`tests/test_a.py::TestAccess`",
        "`tests/case.yaml`",
        "`tests/case.yaml::a case`",
        "`tests/test_a.py::test_b`, `docs/page.md`",
    ],
)
def test_a_claim_counts_when_all_it_names_is_there(small_tree: Path, shown_by: str) -> None:
    assert shows_it(_claim(shown_by), small_tree)


@pytest.mark.parametrize(
    "shown_by",
    [
        "`tests/test_a.py::test_missing`",
        "`tests/test_a.py::read`",
        "`tests/test_a.py::Access`",
        "`tests/test_a.py::TestAcces`",
        "`tests/test_a.py`",
        "`tests/test_none.py::test_b`",
        "`tests/case.yaml::another case`",
        "`tests/test_a.py::test_b`, `docs/none.md`",
        "`docs/page.md`",
        "somebody tried it",
    ],
)
def test_a_claim_without_a_test_that_is_there_does_not_count(small_tree: Path, shown_by: str) -> None:
    assert not shows_it(_claim(shown_by), small_tree)


@pytest.mark.parametrize("line", ["| S0-1 | asks | done |", "| S0-1 | asks | done | shown | more |"])
def test_a_row_with_a_missing_or_an_additional_cell_is_an_error(line: str) -> None:
    with pytest.raises(ValueError, match="values to unpack"):
        parse_rows(line)
