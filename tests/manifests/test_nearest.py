"""Advice about unknown names: the right one, and with as much work for each however many there are."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from difflib import get_close_matches

import pytest

from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model import Nearest, suggest_names, suggest_word
from reconciler.model import finding as suggestions


class Counted:
    """Counts words compared letter by letter, and words put into an index."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.compared = 0
        self.indexed = 0
        marks = suggestions._marks  # noqa: SLF001  # what is counted

        def compare(word: str, possibilities: Sequence[str], n: int, cutoff: float) -> list[str]:
            self.compared += len(possibilities)
            return get_close_matches(word, possibilities, n=n, cutoff=cutoff)

        def mark(word: str) -> list[str]:
            self.indexed += 1
            return list(marks(word))

        monkeypatch.setattr(difflib, "get_close_matches", compare)
        monkeypatch.setattr(suggestions, "_marks", mark)


@pytest.mark.parametrize("count", [100, 400])
def test_many_unknown_names_take_as_much_work_each_as_few(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted(monkeypatch)
    people = "".join(f"  person-{index}: {{email: person-{index}@acme.example}}\n" for index in range(count))
    members = "".join(f"      - persom-{index}\n" for index in range(count))
    accounts = "".join(f'      account-{index}: {{id: "{index}"}}\n' for index in range(count))
    shares = "".join(f"          acount-{index}: analyst\n" for index in range(count))
    text = (
        f"version: 1\npeople:\n{people}groups:\n  g:\n    members:\n{members}"
        f'organizations:\n  bc:\n    system: business_center\n    id: "1"\n    members: {{person-0: admin}}\n'
        f'    ad_accounts:\n{accounts}    partners:\n      north:\n        id: "2"\n        shares:\n{shares}'
    )
    findings = load_manifests([SourceFile("access.yaml", text.encode())]).findings
    unknown = [finding for finding in findings if finding.id in ("unknown-person", "unknown-asset")]
    assert len(unknown) == 2 * count
    assert all(finding.advice.startswith("did you mean") for finding in unknown)
    assert unknown[7].advice == "did you mean `person-7`?"
    assert counted.compared <= 60 * len(unknown)
    assert counted.indexed <= 5 * len(unknown)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("lopez-an", "lopez-ana"),
        ("lopze-ana", "lopez-ana"),
        ("Lopez-Ana", "lopez-ana"),
        ("lopez", "lopez-ana"),
        ("maria.keller", "maria-keller"),
        ("keler", "keller"),
    ],
)
def test_the_right_one_is_found_among_thousands(word: str, meant: str) -> None:
    known = [f"someone-{index}" for index in range(2_000)] + ["lopez-ana", "maria-keller", "keller"]
    assert Nearest(known).find(word) == [meant]


def test_nothing_is_near_a_word_that_is_like_no_other() -> None:
    assert Nearest([f"someone-{index}" for index in range(5_000)]).find("xyz") == []


def test_the_word_of_another_tool_is_told_in_ours() -> None:
    assert suggest_word("users", ["people", "groups", "organizations"]) == "did you mean `people`?"
    assert suggest_word("until", ["role", "starts", "expires"]) == "did you mean `expires`?"
    assert suggest_word("delete", ["remove", "delete_group"]) == "did you mean `remove`?"


def test_an_address_without_its_kind_is_found_by_its_key() -> None:
    known = ["bc/ad_account/elder-1", "bc/ad_account/alder-1"]
    assert suggest_names("bc/alder-1", known) == "did you mean `bc/ad_account/alder-1`?"
