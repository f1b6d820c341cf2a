"""docs/commands.md and the code say the same: commands, arguments, options, exit codes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from reconciler.cli.app import shared_options
from reconciler.cli.exits import INTERRUPTED
from reconciler.cli.main import COMMANDS, cli
from reconciler.model.errors import ExitCode

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
SECTIONS = {heading: body for heading, _, body in (part.partition("\n") for part in PAGE.split("\n## ")[1:])}
ELSEWHERE = {"sandbox"}
"""Groups that have a page of their own."""


def commands() -> Iterator[tuple[str, click.Command]]:
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        if isinstance(command, click.Group) and name not in ELSEWHERE:
            if command.invoke_without_command:
                yield name, command
            yield from ((f"{name} {below}", child) for below, child in command.commands.items())
        else:
            yield name, command


def heading_of(name: str, command: click.Command) -> str:
    arguments = [parameter for parameter in command.params if isinstance(parameter, click.Argument)]
    words = [argument.metavar or str(argument.name).upper() for argument in arguments]
    shown = [
        word if argument.required or word.startswith("[") else f"[{word}]" + ("..." if argument.nargs == -1 else "")
        for argument, word in zip(arguments, words, strict=True)
    ]
    return " ".join(["reconciler", name, *shown])


def options_in(body: str) -> set[str]:
    cells = re.findall(r"^\| (`-.*?) \| ", body, flags=re.MULTILINE)
    return {flag for cell in cells for flag in re.findall(r"`(-{1,2}[A-Za-z][\w-]*)", cell)}


def options_of(parameters: list[click.Parameter]) -> set[str]:
    return {
        flag
        for parameter in parameters
        if isinstance(parameter, click.Option)
        for flag in (*parameter.opts, *parameter.secondary_opts)
    }


SHARED = options_of(shared_options())


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    documented = {heading.strip("`") for heading in SECTIONS if heading.startswith("`")}
    assert documented == {heading_of(name, command) for name, command in commands()}


@pytest.mark.parametrize(("name", "command"), list(commands()), ids=[name for name, _ in commands()])
def test_a_section_lists_exactly_the_options_of_its_command(name: str, command: click.Command) -> None:
    assert options_in(SECTIONS[f"`{heading_of(name, command)}`"]) == options_of(command.params) - SHARED


def test_the_options_of_every_command_are_listed_once_for_all() -> None:
    assert options_in(SECTIONS["Options of every command"]) == SHARED | {"-h", "--help"}


def test_the_table_of_exit_codes_is_complete() -> None:
    listed = re.findall(r"^\| (\d+) \|", SECTIONS["Exit codes"], flags=re.MULTILINE)
    assert [int(code) for code in listed] == [*sorted(ExitCode), INTERRUPTED]
