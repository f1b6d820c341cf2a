"""Messages to people outside in their language: all of a message, or English."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.cli.main import cli
from reconciler.features.work_orders.document import list_messages, with_messages
from reconciler.features.work_orders.model import Notice, Notices
from reconciler.model.address import Address
from reconciler.model.errors import ReconcilerError
from reconciler.model.kinds import Action
from reconciler.model.work_order import WorkOrder
from reconciler.systems import SYSTEMS
from reconciler.systems.languages import (
    LANGUAGES,
    Speech,
    UntranslatedError,
    load_speech,
    parse_catalogue,
    texts_for_outsiders,
    write_catalogue,
)
from reconciler.systems.markup import literal, plain, split
from tests.tiers import scaled

BLANK = re.compile(r"\{(\w+)\}")
ECHO = Speech("echo", {message: message for message in list_messages()})
"""A language in which everything is said as in English."""
GERMAN = load_speech("de", {})
TEXTS = [text for system in SYSTEMS for text in texts_for_outsiders(system)]
LABELS = {"role", "permissions", "left_off"}

hostile = st.text(min_size=1, max_size=20) | st.sampled_from(
    ["{organization}", "` to `", "\\", "(`x`)", "x` as 'Admin'", "%Y", "</b>", "a\nb", "to Acme as Admin", "\u202eevil"]
)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_is_in_the_catalogue_and_nothing_else(language: str) -> None:
    messages = load_speech(language, {}).messages
    assert set(messages) == set(list_messages())
    assert [one for one, told in messages.items() if sorted(BLANK.findall(one)) != sorted(BLANK.findall(told))] == []


def test_a_catalogue_is_read_as_it_is_written() -> None:
    assert parse_catalogue(write_catalogue(list_messages(), GERMAN), "x") == GERMAN.messages


@given(st.sampled_from(TEXTS), hostile, hostile)
@settings(max_examples=scaled(400))
def test_a_hostile_name_stays_a_value(text: str, name: str, key: str) -> None:
    """What is to be copied is the same in both languages, and nothing of a name becomes text or a blank."""
    named = f"{literal(name)} ({literal(key)})"
    values = {one: "'Admin'" if one in LABELS else named for one in BLANK.findall(text)}
    filled = BLANK.sub(lambda found: values[found[1]], text)
    assert ECHO.retell(filled, [text]) == filled
    told = GERMAN.retell(filled, [text])
    copied = [[piece.text for piece in split(one) if piece.is_literal] for one in (filled, told)]
    assert sorted(copied[0]) == sorted(copied[1])
    prose = "".join(piece.text for piece in split(told) if not piece.is_literal)
    wanted = BLANK.sub(lambda found: "'Admin'" if found[1] in LABELS else " ()", GERMAN.messages[text])
    assert prose == wanted


def notice(**changes: object) -> Notice:
    order = WorkOrder(
        operation="business_center.accept",
        address=Address("acme", "member", "eve"),
        action=Action.INVITE,
        system="business_center",
        actor="eve",
        actor_role="the person invited",
        title=f"Accept the invitation to the Business Center Acme ({literal('69')})",
        steps=("Join the Business Center",),
        reason="declared",
    )

    order = replace(order, issued=datetime(2026, 11, 22, 9, 5, tzinfo=UTC), **changes)  # type: ignore[arg-type]
    return Notice(person="eve", name="Eve", email="e@x.example", orders=(order,), language="de", answer_to="Bo (b@x)")


def tell(one: Notice, speech: Speech) -> Notice:

    told = Notices(at=datetime(2026, 11, 24, tzinfo=UTC), notices=(one,), speeches={speech.language: speech})
    return with_messages(told).notices[0]


def test_a_message_is_in_the_language_of_whoever_gets_it_with_its_dates() -> None:
    told = tell(notice(), GERMAN)
    assert (told.subject, told.language) == ("1 Aufgabe", "de")
    assert "Nehmen Sie die Einladung zum Business Center Acme" in told.markdown
    assert "22\\.11.2026, 09:05 Uhr (UTC)" in told.markdown
    for word in ("Steps", "Accept", "declared", "is to be copied"):
        assert word not in told.markdown


@pytest.mark.parametrize("lost", ["Steps", "Join the Business Center", "To", "the person invited"])
def test_where_one_message_is_missing_all_of_it_is_english(lost: str) -> None:
    less = Speech("de", {message: told for message, told in GERMAN.messages.items() if message != lost})
    assert tell(notice(), less) == tell(notice(), Speech("fr"))
    assert "Join the Business Center" in tell(notice(), less).markdown


@pytest.mark.parametrize("changes", [{"title": "Something of an older version"}, {"operation": "gone"}, {"party": 9}])
def test_what_cannot_be_read_off_is_english(changes: dict[str, object]) -> None:
    assert tell(notice(**changes), GERMAN).language == ""


@pytest.mark.parametrize("told", ["An {nobody}", "An", "{person} {person}"])
def test_a_translation_with_other_blanks_is_none(told: str) -> None:
    with pytest.raises(UntranslatedError):
        Speech("de", {"To {person}": told}).say("To {person}", person="x")
    assert Speech("de", {"To {person}": "An {person}"}).say("To {person}", person=plain("{x}`")) == "An {x}\\`"


@pytest.mark.parametrize("text", ["nonsense", 'msgid "a', "msgid a", '"a" + "b"', 'msgid "\\x41"', 'msgid_plural "a"'])
def test_what_is_no_catalogue_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(ReconcilerError, match=r"^de\.po:2: "):
        parse_catalogue(f"# by us\n{text}\n", "de.po")


def test_a_fuzzy_translation_is_none() -> None:
    assert parse_catalogue('#, fuzzy\nmsgid "a"\nmsgstr "b"\n\nmsgid "c"\nmsgstr ""\n"d"\n', "x") == {"c": "d"}


def test_a_workspace_says_the_language_and_may_say_things_otherwise(tmp_path: Path) -> None:
    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(cli, ["-C", str(tmp_path), *words])
        assert result.exit_code == code, result.output
        return result.output

    def message() -> str:
        (found,) = json.loads(run("notices", "--person", "eve", "--format", "json"))["notices"]
        return f"{found['subject']}: {found['markdown']}"

    run("init")
    run("apply", "--auto-approve")
    assert message().startswith("1 thing to do: ")
    manifest = tmp_path / "access" / "example.yaml"
    before = manifest.read_text("utf-8")
    manifest.write_text(before.replace("{name: Eve Moss,", "{name: Eve Moss, language: de,"), "utf-8")
    assert message().startswith("1 Aufgabe: ")
    own = tmp_path / "templates" / "de.po"
    own.parent.mkdir()
    own.write_text('msgid "1 thing to do"\nmsgstr "Eine Bitte"\n', "utf-8")
    assert message().startswith("Eine Bitte: ")
    assert 'msgstr "Eine Bitte"' in run("notices", "--messages", "de")
    manifest.write_text(before.replace("{name: Eve Moss,", "{name: Eve Moss, language: de_AT,"), "utf-8")
    assert message().startswith("Eine Bitte: ")
    own.with_name("de_AT.po").write_text('msgid "1 thing to do"\nmsgstr "A Bitt"\n', "utf-8")
    assert message().startswith("A Bitt: ")
    manifest.write_text(before.replace("{name: Eve Moss,", "{name: Eve Moss, language: fr,"), "utf-8")
    told = run("notices", "--person", "eve")
    assert "warning: there are no messages in fr: they are in English" in told
    assert "fill in templates/fr.po, which `reconciler" in told
    manifest.write_text(before.replace("{name: Eve Moss,", "{name: Eve Moss, language: de,"), "utf-8")
    own.write_text("nonsense\n", "utf-8")
    assert "templates/de.po:1: this is no line of a catalogue" in run("notices", "--person", "eve", code=1)
    assert "no language" in run("notices", "--messages", "../x", code=64)
