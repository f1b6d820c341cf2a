"""Messages to people outside in their language: all of a message, or English."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain, product
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.cli.main import cli
from reconciler.features.work_orders.document import (
    document_of_code,
    document_of_worksheet,
    list_messages,
    with_messages,
)
from reconciler.features.work_orders.model import Notice, Notices, Worksheet
from reconciler.model import Action, Address, ReconcilerError, WorkOrder
from reconciler.output.document import Style
from reconciler.output.html import write_html
from reconciler.output.markdown import render_markdown
from reconciler.systems.catalogue import SYSTEMS, literal, load_handbook, plain, split
from reconciler.systems.drafting import NO_ANSWERS
from reconciler.systems.languages import (
    LANGUAGES,
    REVIEW,
    REVIEW_DONE,
    REVIEW_STEPS,
    ROLES,
    Speech,
    UntranslatedError,
    load_speech,
    parse_catalogue,
    texts_of_orders,
    write_catalogue,
)
from tests.tiers import scaled

BLANK = re.compile(r"\{(\w+)\}")
ECHO = Speech("echo", {message: message for message in list_messages()})
"""A language in which everything is said as in English."""
GERMAN = load_speech("de", {})
TEXTS = list(dict.fromkeys(texts_of_orders(SYSTEMS)))
FIXED = dict.fromkeys(("role", "former_role", "finance", "former_finance", "permissions", "left_off"), "'Admin', 'B'")
FIXED |= {"menu": "'Assets' > 'Pixels'", "member_cap": "50", "asset_kind": "pixel"}
OURS = {"pixel": "Pixel"}
"""What fills some blanks, and how German says it where that is something else."""

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
    values = {one: FIXED.get(one, named) for one in BLANK.findall(text)}
    if "answers" in values:
        values["answers"] = f"Q: {literal(name)}; R: {literal(key)}"
    said = BLANK.sub(lambda found: values[found[1]], text)
    assert ECHO.retell(said, [text]) == said
    told = GERMAN.retell(said, [text])
    copied = [[piece.text for piece in split(one) if piece.is_literal] for one in (said, told)]
    assert sorted(copied[0]) == sorted(copied[1])
    prose = "".join(piece.text for piece in split(told) if not piece.is_literal)
    shown = {one: OURS.get(value, value) for one, value in FIXED.items()} | {"answers": "Q: ; R: "}
    wanted = BLANK.sub(lambda found: shown.get(found[1], " ()"), GERMAN.messages[text])
    assert prose == wanted


def filled(text: str, name: str) -> str:
    return BLANK.sub(lambda found: FIXED.get(found[1], name), text)


@pytest.mark.parametrize("system", SYSTEMS)
def test_no_step_is_read_as_another_one_of_its_order(system: str) -> None:
    """A person whose name is a part of another step cannot turn the one into the other either."""
    names = (literal("a@x.example"), f"the pending invitation to Bo ({literal('b')})")
    for operation in load_handbook(system).operations.values():
        for texts in chain.from_iterable((party.steps, party.preconditions) for party in operation.parties):
            for text, name in product((one for one in texts if "{answers}" not in one), names):
                told = filled(text, name)
                assert GERMAN.retell(told, texts) == GERMAN.retell(told, [text])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("the owner of ad account us (7100)", "Inhaber von Werbekonto us (7100)"),
        ("an admin of partner north", "ein Admin des Partners north"),
        ("a reviewer of access review 2027-q1", "ein Prüfer der Zugriffsprüfung 2027-q1"),
        ("an Admin of a verified Business Center", "ein Admin eines verifizierten Business Centers"),
    ],
)
def test_whoever_is_in_no_manifest_is_told_by_what_they_are(text: str, told: str) -> None:
    assert GERMAN.retell(text, ROLES) == told


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        (NO_ANSWERS, "das Manifest gibt keine an, fragen Sie also zuerst die Person"),
        ("Field of study: `Law`; ORCID: `0-1`", "Field of study: `Law`; ORCID: `0-1`"),
    ],
)
def test_what_the_manifests_answer_is_copied_and_that_they_do_not_is_told(answers: str, told: str) -> None:
    asked = "Answer the additional questions about the person: "
    said = GERMAN.retell(f"{asked}{answers}", [f"{asked}{{answers}}"])
    assert said == f"Beantworten Sie die weiteren Fragen zur Person: {told}"


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
    assert "22.11.2026, 09:05 Uhr (UTC)" in told.markdown
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


def test_a_sheet_and_the_page_of_a_code_are_in_the_language_of_whoever_reads_them() -> None:
    (order,) = notice(id="wo-1").orders
    sheet = Worksheet(actor="eve", name="Eve", orders=(order,), speech=GERMAN)
    page = "".join(write_html(document_of_worksheet(sheet), Style()))
    assert '<html lang="de">' in page
    assert "Arbeitsaufträge für Eve (eve)" in page
    assert "1 Arbeitsauftrag ist offen." in page
    assert "reconciler work-orders done wo-1" in page  # commands are the same in every language
    code = document_of_code(order, until=datetime(2027, 1, 2, 3, 4, tzinfo=UTC), speech=GERMAN)
    assert str(code.summary).startswith(
        "Scannen Sie den Code bis 02.01.2027, 03:04 Uhr (UTC). Danach gilt er nicht mehr"
    )
    less = Speech("de", {message: told for message, told in GERMAN.messages.items() if message != "Steps"})
    english = [document_of_worksheet(replace(sheet, speech=one)) for one in (less, Speech())]
    assert english[0] == english[1]
    assert document_of_code(order, until=order.issued or datetime.now(UTC), speech=less).language == ""


def test_whoever_is_in_no_manifest_has_a_sheet_in_the_language_of_the_organization() -> None:
    (order,) = notice(actor="").orders
    sheet = Worksheet(actor="", name="the person invited", orders=(order,), speech=GERMAN)
    text = render_markdown(document_of_worksheet(sheet), Style())
    assert text.startswith("### Arbeitsaufträge für die eingeladene Person\n")
    assert "An: die Person, die Ihnen dies geschickt hat" in text


def test_a_reviewer_is_reminded_in_their_language() -> None:
    changes = {
        "operation": REVIEW,
        "actor_role": "a reviewer of access review q1",
        "title": "Decide on 1,200 accesses of access review q1; overdue since 2026-11-20",
        "steps": tuple(one.format(file=literal("reviews/q1/eve.yaml")) for one in REVIEW_STEPS),
        "done_when": REVIEW_DONE,
    }
    told = tell(notice(**changes), GERMAN)
    assert told.language == "de"
    assert "Entscheiden Sie über 1,200 Zugriffe der Zugriffsprüfung q1; überfällig seit 20.11.2026" in told.markdown
    assert "`reviews/q1/eve.yaml`" in told.markdown


def test_a_catalogue_that_is_written_again_keeps_what_is_in_it(tmp_path: Path) -> None:
    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(cli, ["-C", str(tmp_path), "notices", *words])
        assert result.exit_code == code, result.output
        return result.output

    CliRunner().invoke(cli, ["-C", str(tmp_path), "init"])
    number = len(list_messages())
    french = ("--messages", "fr", "--write")
    assert f"{number} messages were added; {number} messages have no translation yet" in run(*french)
    path = tmp_path / "templates" / "fr.po"
    assert path.read_text("utf-8") == write_catalogue(list_messages(), Speech("fr"))
    kept = (
        '# by us\nmsgid "Steps"\nmsgstr "Étapes"\n\n#, fuzzy\nmsgid "To"\nmsgstr "A"\n\nmsgid "gone"\nmsgstr "parti"\n'
    )
    path.write_text(kept, "utf-8")
    assert f"{number - 2} messages were added; {number - 1} messages have no translation" in run(*french)
    assert path.read_text("utf-8").startswith(kept)
    before = path.read_bytes()
    assert "0 messages were added" in run(*french)
    assert path.read_bytes() == before
    assert "name one" in run("--write", code=64)


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
    assert "notices --messages fr --write` writes" in " ".join(told.split())
    manifest.write_text(before.replace("{name: Eve Moss,", "{name: Eve Moss, language: de,"), "utf-8")
    own.write_text("nonsense\n", "utf-8")
    assert "templates/de.po:1: this is no line of a catalogue" in run("notices", "--person", "eve", code=1)
    assert "no language" in run("notices", "--messages", "../x", code=64)
