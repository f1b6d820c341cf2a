"""What the command line has is in the documentation, and what the documentation writes down the command line takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from reconciler.cli.app import shared_options
from reconciler.cli.main import COMMANDS, cli
from reconciler.policies.judging import POLICIES as RULES
from tests.examples.guide import BLOCK
from tests.manifests.test_in_step import ids_in_code, ids_on_page, ids_outside_manifests
from tests.reference import TABLES, heading_of, leaves, rewrite

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(DOCS.glob("*.md")),
    *sorted(ROOT.glob("examples/*/*.md")),
]
OF_THE_SANDBOX = ("sandbox", "emulator", "rosters")
"""Where the commands below `sandbox` are; all others have a section of their own in commands.md."""
STANDS_FOR = re.compile(r"\[?[A-Z][A-Z0-9_:|/.-]*\]?|\.\.\.|…|\[?[+]?\.\.\.\]?")
"""A word that a reader replaces."""


def read(name: str) -> str:
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


def flags_of(parameters: list[click.Parameter]) -> set[str]:
    options = [parameter for parameter in parameters if isinstance(parameter, click.Option)]
    return {flag for option in options for flag in (*option.opts, *option.secondary_opts)}


SHARED = flags_of(shared_options()) | {"-h", "--help", "--version"}
LEAVES = dict(leaves())


def written() -> Iterator[tuple[str, str]]:
    """Every call of the tool in the documentation, with its page: in blocks, and between backticks in a sentence."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for block in BLOCK.finditer(text):
            for line in (block["body"] or block["hidden"]).splitlines():
                bare = line.strip().removeprefix("$ ").partition(" #")[0]
                if bare.startswith("reconciler "):
                    yield page.name, bare
        prose = re.sub(r"\s*\n\s*", " ", BLOCK.sub("", text))
        for code in re.findall(r"`([^`]+)`", prose):
            first = code.split()[0] if code.split() else ""
            if first == "reconciler":
                yield page.name, code
            elif first in COMMANDS and " -" in code:
                yield page.name, f"reconciler {code}"


WRITTEN = sorted(set(written()))


def find_fault(line: str) -> str:
    """What the command line would not take, or nothing."""
    words = shlex.split(re.split(r" [|>&;]|; ", line.replace("\\|", "|"))[0])[1:]
    command: click.Command = cli
    arguments: list[str] = []
    while words:
        word = words.pop(0)
        flag, _, value = word.partition("=")
        if flag.startswith("-") and len(flag) > 1:
            known = {
                name: option
                for option in (*command.params, *shared_options())
                if isinstance(option, click.Option)
                for name in (*option.opts, *option.secondary_opts)
            }
            if flag not in {*known, *SHARED}:
                return f"{command.name} has no {flag}"
            option = known.get(flag)
            if option is None or option.is_flag or option.count:
                continue
            value = value or (words.pop(0) if words else "VALUE")
            if isinstance(option.type, click.Choice) and not STANDS_FOR.fullmatch(value):
                wrong = set(value.split("|")) - set(option.type.choices)
                if wrong:
                    return f"{flag} is none of {wrong}"
        elif isinstance(command, click.Group) and not STANDS_FOR.fullmatch(word):
            child = command.get_command(click.Context(command), word)
            if child is None:
                return f"{command.name} has no command {word}"
            command = child
        else:
            arguments.append(word)
    takes = [parameter for parameter in command.params if isinstance(parameter, click.Argument)]
    if len(arguments) > len(takes) and all(one.nargs == 1 for one in takes):
        return f"{command.name} takes no {arguments}"
    return ""


def test_every_command_that_is_written_down_exists() -> None:
    faults = {(page, line): find_fault(line) for page, line in WRITTEN}
    assert {at: fault for at, fault in faults.items() if fault} == {}


def test_what_is_written_down_is_found() -> None:
    """Otherwise a change of their form would leave the test above with nothing to do."""
    assert len(WRITTEN) > 200
    assert {page for page, _ in WRITTEN} >= {"README.md", "getting-started.md", "pipelines.md", "disasters.md"}


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("reconciler plan --out plan.json", ""),
        ("reconciler -C DIR state show ORG --format text|json", ""),
        ("reconciler plan --format markdown \\| reconciler publish", ""),
        ("reconciler sandbox people answer --all accept", ""),
        ("reconciler plann", "cli has no command plann"),
        ("reconciler plan --outt plan.json", "plan has no --outt"),
        ("reconciler plan --format xml", "--format is none of {'xml'}"),
        ("reconciler state show ORG acme-bc", "show takes no ['ORG', 'acme-bc']"),
    ],
)
def test_a_fault_is_found(line: str, fault: str) -> None:
    assert find_fault(line) == fault


SECTIONS = {
    heading.strip("`"): body
    for heading, _, body in (part.partition("\n") for part in read("commands").split("\n## ")[1:])
}
SANDBOX = BLOCK.sub("", "\n".join(map(read, OF_THE_SANDBOX)))


def codes_of(text: str) -> set[str]:
    """Words between backticks."""
    return {word for code in re.findall(r"`([^`]+)`", text) for word in re.split(r"[\s,=]+", code)}


def walk() -> Iterator[tuple[str, set[str], set[str]]]:
    """What there is beside what the documentation has, one pair for each sort of thing."""
    own = {heading_of(words, command) for words, command in LEAVES.items() if words[0] != "sandbox"}
    yield (
        "commands",
        {*own, "reconciler sandbox"},
        {heading for heading in SECTIONS if heading.startswith("reconciler ")},
    )
    for words, command in LEAVES.items():
        if words[0] == "sandbox":
            wanted = {words[-1], *(flags_of(command.params) - SHARED)}
            yield f"the command {' '.join(words)}", wanted, wanted & codes_of(SANDBOX)
    yield "policies", set(RULES), set(re.findall(r"^## ([a-z0-9-]+)$", read("policy-rules"), re.MULTILINE))
    yield "findings of manifests and settings", ids_in_code(), {*ids_on_page(), "duplicate-policy"}
    elsewhere = ids_outside_manifests()
    assert {"lockout-ahead", "used-approval", "undeclared-admin", "blocked-change"} <= elsewhere
    yield "findings of plans, reviews and reports", elsewhere, elsewhere & set(ids_on_page(read("findings")))


def test_everything_there_is_is_in_the_documentation_and_nothing_else() -> None:
    seen = list(walk())
    assert len(seen) > 20
    wrong = {what: {"lacks": has - told, "has too much": told - has} for what, has, told in seen if has != told}
    assert wrong == {}


@pytest.mark.parametrize("name", TABLES)
def test_tables_of_the_reference_are_made_from_the_code(name: str) -> None:
    assert rewrite(read(name), TABLES[name]) == read(name), "`make pages` writes it again"
