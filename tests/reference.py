"""The tables of the documentation that tell what the code has, made from the code.

A page is prose with tables in it. Those that `TABLES` knows by their page, the heading above them and their first line
are written again by `make pages`; for a new one, write its first two lines and let it fill in the rest. What a row
says is changed where it stands in the code: the help of an option, the docstring of a key, a guard or an exit code, a
sentence of `rules.yaml`, or the comment beside an extra in `pyproject.toml`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from docs.conf import cell, meaning_of
from reconciler.cli.commands.schema import schema as schema_command
from reconciler.cli.extras import LIBRARIES
from reconciler.cli.main import cli
from reconciler.cli.schemas import docstrings_of
from reconciler.manifests.documents import AssetDocument
from reconciler.manifests.fields import keys_of
from reconciler.model import ExitCode, Guard
from reconciler.output.sarif import rules_by_subject

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
TABLE = re.compile(r"^(?P<header>\| .*\|)\n\|[ -|]+\|\n(?:\| .*\|\n)*", re.MULTILINE)
HEADING = re.compile(r"^##+ (.*)$", re.MULTILINE)
Rows = Sequence[tuple[str, ...]]
Tables = Mapping[tuple[str, str], Rows]
"""Heading above a table and its first line -> what stands below that line."""


def rewrite(text: str, tables: Tables) -> str:
    """A page with its tables as they should be; complains of a table that has no place in it."""
    missing = set(tables)

    def fill(found: re.Match[str]) -> str:
        key = (["", *HEADING.findall(text, 0, found.start())][-1], found["header"])
        if key not in tables:
            return found[0]
        missing.discard(key)
        width = found["header"].count(" | ") + 1
        return "\n".join([found["header"], f"|{'---|' * width}", *map(_row, tables[key]), ""])

    written = TABLE.sub(fill, text)
    assert not missing, f"no table stands below {sorted(missing)}"
    return written


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def leaves(group: click.Group = cli, before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command that does something, with the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            if command.invoke_without_command:
                yield (*before, name), command
            yield from leaves(command, (*before, name))
        else:
            yield (*before, name), command


def heading_of(words: tuple[str, ...], command: click.Command) -> str:
    """`reconciler` with the words and the arguments of a command."""
    arguments = [parameter for parameter in command.params if isinstance(parameter, click.Argument)]
    names = [argument.metavar or str(argument.name).upper() for argument in arguments]
    shown = [
        word if argument.required or word.startswith("[") else f"[{word}]" + ("..." if argument.nargs == -1 else "")
        for argument, word in zip(arguments, names, strict=True)
    ]
    return " ".join(["reconciler", *words, *shown])


_OPTIONS = "| option | meaning |"


def options() -> Tables:
    """Of every command but those below `sandbox`, whose pages tell a story; and of all of them."""
    context = click.Context(cli, help_option_names=["-h", "--help"])
    of_all = {option.opts[-1]: option for option in cli.get_params(context) if isinstance(option, click.Option)}
    found: dict[tuple[str, str], Rows] = {("Options of every command", _OPTIONS): [*map(_option, of_all.values())]}
    for words, command in leaves():
        own = [one for one in command.params if isinstance(one, click.Option) and one.opts[-1] not in of_all]
        if own and words[0] != "sandbox":
            found[f"`{heading_of(words, command)}`", _OPTIONS] = [*map(_option, own)]
    return found


def _option(option: click.Option) -> tuple[str, str]:
    choices = option.type.choices if isinstance(option.type, click.Choice) else ()
    takes = "" if option.is_flag or option.count else option.metavar or "|".join(choices) or option.type.name.upper()
    names = [f"`{name}`" for name in (*option.opts, *option.secondary_opts)]
    names[-1] = f"`{f'{names[-1][1:-1]} {takes}'.strip()}`"
    default = f" Default: `{option.default}`." if choices and option.default in choices else ""
    required = " Required." if option.required else ""
    said = re.sub(r"\[default: (\S*)\]", r"Default: `\1`.", option.help or "")
    said = re.sub(r"\[default: (.*)\]", r"Default: \1.", said)
    return cell(", ".join(names)), cell(f"{said}{default}{required}")


def exits() -> Tables:
    """What the process returns."""
    told = docstrings_of(ExitCode)
    return {("Exit codes", "| exit | meaning |"): [(str(code.value), told[str(code.value)]) for code in ExitCode]}


def guards() -> Tables:
    """What can stop a change."""
    told = docstrings_of(Guard)
    return {("Guards", "| guard | stops a change because |"): [(f"`{guard}`", told[guard]) for guard in Guard]}


def findings() -> Tables:
    """The sentences of all findings, by what they are about."""
    found: dict[tuple[str, str], Rows] = {}
    for subject, rules in rules_by_subject().items():
        rows = [(f"`{id_}`", *([told] if isinstance(told, str) else told)) for id_, told in rules.items()]
        found[subject, "| id | severity | what it means |" if len(rows[0]) == 3 else "| id | what it means |"] = rows
    return found


def extras() -> Tables:
    """What the package can bring."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lines = dict(re.findall(r"^(\w+) = \[.*\]  # (.*)$", project, re.MULTILINE))
    rows = [(f"`{name}`", lines[name], ", ".join(f"`{one}`" for one in LIBRARIES[name])) for name in LIBRARIES]
    return {("Extras", "| extra | for | brings the modules |"): rows}


_MANY = {"role", "finance", "permissions", "approve", "version"}
"""Keys whose words are on pages of their own."""


def schemas() -> Tables:
    """What each schema is of, in the order in which `reconciler schema` names them."""
    (argument,) = (one for one in schema_command.params if isinstance(one, click.Argument))
    assert isinstance(argument.type, click.Choice)
    rows = [(f"`{name}`", cell(str(schema(name)[name]["title"]))) for name in argument.type.choices]
    return {("`reconciler schema [NAME]`", "| NAME | what it describes |"): rows}


def schema(name: str) -> Mapping[str, Any]:
    """The parts of a document; the whole is called by its name."""
    whole = json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    return {name: whole, **whole.get("$defs", {})}


def keys(parts: Mapping[str, Any], part: str, before: str = "") -> Iterator[tuple[str, str]]:
    """Each key with its meaning, and behind it those of the mapping that it holds."""
    for key, value in parts[part]["properties"].items():
        yield f"`{before}{key}`", _meaning(key, value)
        held = [value, value.get("items", {}), *value.get("oneOf", ())]
        for below in (str(one["$ref"]).rpartition("/")[2] for one in held if "$ref" in one):
            yield from keys(parts, below, f"{before}{key}.")


def _meaning(key: str, value: Mapping[str, Any]) -> str:
    words = [] if key in _MANY else value.get("enum", [])
    told = [text.rstrip(".") for text in value.get("enumDescriptions", [])] or [""] * len(words)
    choices = "; ".join(f"`{word}`: {text}" if text else f"`{word}`" for word, text in zip(words, told, strict=False))
    default = value.get("default") if isinstance(value.get("default"), str | int | float) else None
    return " ".join(filter(None, [meaning_of({**value, "default": default}), choices and f"One of {choices}."]))


def together(parts: Mapping[str, Any], places: Mapping[str, str]) -> Rows:
    """The keys of several parts, each once for each meaning, with where it has it."""
    found: dict[tuple[str, str], list[str]] = {}
    for part, where in places.items():
        for row in keys(parts, part):
            found.setdefault(row, []).append(where)
    return [
        (key, "all" if set(wheres) == set(places.values()) else ", ".join(dict.fromkeys(wheres)), meaning)
        for (key, meaning), wheres in found.items()
    ]


def assets(parts: Mapping[str, Any]) -> Rows:
    """What organizations own, by section; the keys that all of it has are told above the table."""
    shared = {f"`{key}`" for key in keys_of(AssetDocument)}
    rows = []
    for organization in _ORGANIZATIONS:
        for section, value in parts[organization]["properties"].items():
            part = str(value.get("additionalProperties", {}).get("$ref", "")).rpartition("/")[2]
            if part:
                own = [f"{key}: {told}" for key, told in keys(parts, part) if key not in shared]
                rows.append((f"`{section}`", " ".join([cell(parts[part]["description"]), *own])))
    return rows


_ORGANIZATIONS = {
    "DevelopersDocument": "`developers`",
    "OrganizationAccountDocument": "`organization_account`",
    "BusinessAccountDocument": "`business_account`",
    "BusinessCenterDocument": "`business_center`",
}


def manifest() -> Tables:
    """Every key of the manifest and of the workspace file."""
    parts = schema("manifest")
    access = {
        part: "members" if "details" in parts[part]["properties"] else "assets"
        for part in parts
        if part.endswith("Terms")
    }
    return {
        ("people", "| key | meaning |"): [*keys(parts, "PersonDocument")],
        ("organizations", "| key | where | meaning |"): together(parts, _ORGANIZATIONS),
        ("Members and access", "| key | where | meaning |"): together(parts, access),
        ("Assets", "| section | what it is, and its keys |"): assets(parts),
        ("The workspace file", "| key | meaning |"): [*keys(schema("config"), "config")],
    }


TABLES: Mapping[str, Tables] = {
    "commands": {**options(), **exits(), **schemas()},
    "findings": findings(),
    "installing": extras(),
    "manifest": manifest(),
    "planning": guards(),
}


def main() -> None:
    """Write the pages again."""
    for name, tables in TABLES.items():
        page = DOCS / f"{name}.md"
        page.write_text(rewrite(page.read_text(encoding="utf-8"), tables), encoding="utf-8")


if __name__ == "__main__":
    main()
