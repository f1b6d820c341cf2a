"""The redactor on its own: what it finds, and what it leaves alone."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape, quoteattr

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli.app import App
from reconciler.cli.main import run_guarded
from reconciler.cli.streams import Outlet, append_summary, defuse, outlets, print_page, replace_file, write_outputs
from reconciler.model import SECRETS, redaction, to_line
from reconciler.model.redaction import Redactor

printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=12, max_size=60)


def spellings(secret: str) -> dict[str, str]:
    """The secret as others may write it, none of it by the code under test."""
    data = secret.encode()
    return {
        "bare": secret,
        "pasted": f"  {secret}\n",
        "bytes": repr(f"Bearer {secret}\n".encode()),
        "json": json.dumps(secret),
        "url": quote(secret, safe=""),
        "form": quote_plus(secret),
        "lower url": quote(secret, safe="").replace("%2F", "%2f").replace("%3D", "%3d"),
        "html": html.escape(secret),
        "xml": escape(secret),
        "attribute": quoteattr(secret),
        "base64": base64.b64encode(data).decode(),
        "base64url": base64.urlsafe_b64encode(data).decode().rstrip("="),
        "basic": base64.b64encode(b"user:" + data).decode(),
        "basic of x": base64.b64encode(b"x:" + data + b":more").decode(),
        "url in url": quote(quote(secret, safe=""), safe=""),
        "url in url in url": quote(quote(quote(secret, safe=""), safe=""), safe=""),
        "html in html": html.escape(html.escape(secret)),
        "json in json": json.dumps(json.dumps(secret)),
        "json in url": quote(json.dumps(secret), safe=""),
        "json in html": html.escape(json.dumps(secret)),
        "numbers": "".join(c if c.isalnum() else f"&#{ord(c)};" for c in secret),
        "hex": data.hex(),
        "upper hex": data.hex().upper(),
        "base64 in url": quote(base64.b64encode(data).decode(), safe=""),
        "base64 in url in url": quote(quote(base64.b64encode(data).decode(), safe=""), safe=""),
        "base64 in php": base64.b64encode(data).decode().replace("/", r"\/"),
        "markdown": "".join(f"\\{c}" if c in "_*[]()#+-.!|<>`" else c for c in secret),
    }


@given(secret=printable, before=st.sampled_from(["", "x", '"', "token="]), after=st.sampled_from(["", "y", '"', ", "]))
def test_no_usual_spelling_of_a_secret_is_left(secret: str, before: str, after: str) -> None:
    redactor = Redactor()
    redactor.learn(secret)
    if not any(character.isalnum() for character in secret):
        return
    for name, written in spellings(secret).items():
        clean = redactor.hide(f"{before}{written}{after}")
        assert secret not in clean, name
        assert "***" in clean, name


@given(secret=printable, value=st.recursive(printable, lambda inner: st.lists(inner, max_size=3), max_leaves=5))
def test_json_stays_json(secret: str, value: object) -> None:
    redactor = Redactor()
    redactor.learn(secret)
    for ascii_only in (True, False):
        text = json.dumps({"quoted": f"before {secret} after", "with \\": f"\\{secret}", "other": value})
        clean = json.loads(redactor.hide(text))
        assert secret not in clean["quoted"]
        quoted = json.dumps(value, ensure_ascii=ascii_only)
        json.loads(redactor.hide(quoted))


def test_a_secret_that_json_spells_otherwise_is_found_in_what_was_read() -> None:
    redactor = Redactor()
    redactor.learn("canary-5d41402abc4b2a76")
    body = json.loads(r'{"message": "\u0063anary-5d41402abc4b2a76 is not allowed"}')
    assert redactor.hide_in_json(body) == {"message": "*** is not allowed"}


def test_a_secret_that_two_threads_learn_at_once_is_hidden_for_both(monkeypatch: pytest.MonkeyPatch) -> None:
    redactor, said = Redactor(), list[str]()
    cores_of: Callable[[str], list[str]] = vars(redaction)["_cores_of"]

    def interrupted(secret: str) -> list[str]:
        if not said:
            said.append("the other thread begins")
            redactor.learn(secret)
            said.append(redactor.hide(f"token {secret}"))
        return cores_of(secret)

    monkeypatch.setattr(redaction, "_cores_of", interrupted)
    redactor.learn("canary-5d41402abc4b2a76")
    assert said[1] == "token ***"


@pytest.mark.parametrize(
    ("secret", "text", "clean"),
    [
        ("postgres", "state: postgresql://localhost", "state: postgresql://localhost"),
        ("admin", "ana is admin", "ana is admin"),
        ("12345678", "id 12345678", "id 12345678"),
        ("hunter2", "password hunter2, not hunter22", "password ***, not hunter22"),
        ("correct horse battery", "correct%20horse+battery", "***"),
        ("correct horse battery", "it was correct horse\n      battery, they said", "it was ***, they said"),
        ('correct"horse"battery', json.dumps(json.dumps('correct"horse"battery')), r'"\"***\""'),
        ("correct\nhorse\nbattery", r'"correct\nhorse\\nbattery"', '"***"'),
        ("pässwörd-lang-genug", "p%C3%A4ssw%c3%b6rd-lang-genug", "***"),
    ],
)
def test_words_of_others_are_left_alone(secret: str, text: str, clean: str) -> None:
    redactor = Redactor()
    redactor.learn(secret)
    assert redactor.hide(text) == clean


KNOWN = "canary-5d41402abc4b2a76"


def crashed(root: Path) -> str:
    def fail() -> None:
        raise RuntimeError(f"no {KNOWN} here")

    (root / "reconciler.yaml").write_text("version: 1\n", encoding="utf-8")
    run_guarded(fail, App(root=root))
    (log,) = (root / ".reconciler").iterdir()
    return log.read_text(encoding="utf-8")


def streamed(_root: Path) -> str:
    stream = StringIO()
    outlet = Outlet(stream)
    outlet.write(f"{KNOWN}\n")
    return stream.getvalue()


def written(root: Path) -> str:
    replace_file(root / "page", KNOWN)
    return (root / "page").read_text(encoding="utf-8")


def summarized(root: Path) -> str:
    append_summary(KNOWN)
    write_outputs({"said": KNOWN})
    return (root / "summary").read_text(encoding="utf-8") + (root / "outputs").read_text(encoding="utf-8")


def stored(_root: Path) -> str:
    return to_line({"why": KNOWN}).decode()


@pytest.mark.parametrize("leave", [streamed, written, summarized, stored, crashed])
def test_every_way_out_hides_what_is_known_by_itself(
    leave: Callable[[Path], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind one another they make up for each other; here each stands alone."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary"))
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "outputs"))
    SECRETS.learn(KNOWN)
    said = leave(tmp_path)
    assert "***" in said
    assert KNOWN not in said


def test_what_libraries_take_from_the_environment_is_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KNOWN)
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:{KNOWN[::-1]}@proxy:3128")
    run_guarded(lambda: click.echo(f"a key {KNOWN}, a password {KNOWN[::-1]}"), App())
    assert capsys.readouterr().out == "a key ***, a password ***\n"


def test_a_page_that_is_written_in_parts_is_cut_inside_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    SECRETS.learn("correct horse battery staple")
    lines = [f"line {number}\n" for number in range(1998)]
    with outlets():
        print_page([*lines, "it was correct horse\n", "    battery\n", "    staple\n", "the end\n"], form="text")
    assert capsys.readouterr().out == f"{''.join(lines)}it was ***\nthe end\n"


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:s3cr%2Fet-canary@db/states",
        "https://me:s3cr%2Fet-canary@proxy:3128",
        "postgresql://me@db/states?password=s3cr%2Fet-canary",
        "postgresql://me:s3cr%2Fet-canary@[broken/states",
    ],
)
def test_an_address_gives_its_password_away_to_the_redactor_alone(address: str) -> None:
    redactor = Redactor()
    redactor.learn_address(address)
    assert "canary" not in redactor.hide(f"cannot reach {address}: s3cr/et-canary is wrong")


@pytest.mark.parametrize(
    "line",
    [
        "::set-output name=exit_code::0",
        "  ::add-mask::admin",
        "\t::stop-commands::x",
        "\u00a0::error::no",
        "text\r::set-output name=a::b",
        "text\n ::debug::x",
        "why: ##[add-mask]admin",
        "##vso[task.setvariable variable=a]b",
        "##teamcity[buildStatus status='SUCCESS']",
    ],
)
@pytest.mark.parametrize("ours", [True, False])
def test_no_build_server_obeys_a_text(line: str, ours: bool) -> None:
    for said in defuse(line, ours=ours).replace("\r", "\n").split("\n"):
        assert not said.strip().startswith("::")
        assert "##[" not in said
        assert "##vso[" not in said
        assert "##teamcity[" not in said


def test_json_says_the_same_after_a_command_in_it_was_taken_apart() -> None:
    value = {"why": "##[add-mask]admin", "name": "::set-output name=a::b"}
    assert json.loads(defuse(json.dumps(value, indent=2))) == value


def test_our_own_annotations_pass_and_nothing_else_of_the_same_page() -> None:
    page = "::error title=x::no\n::set-output name=a::b\n ::error::indented\n"
    assert defuse(page, ours=True) == "::error title=x::no\n\\x3a:set-output name=a::b\n \\x3a:error::indented\n"
