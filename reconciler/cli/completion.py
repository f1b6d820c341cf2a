"""Names from the workspace for the completion of shells: people, organizations, addresses.

What is offered follows from the word that the help shows for an argument or an option, so a new command has it too.
Whoever presses Tab in the middle of a line gets names or nothing: no message, whatever is wrong with the workspace.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from reconciler.model import Desired

_PEOPLE = {"PERSON", "OTHER", "PEOPLE"}
_ORGANIZATIONS = {"ORG", "ORGANIZATION"}
_ADDRESSES = {"ADDRESS", "ADDRESS|ORG", "PATTERN", "SOURCE", "TARGET"}


def offer_names(command: click.Command) -> None:
    """Let every parameter that takes a name of the workspace complete it, also of the commands below."""
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        offer_names(below)
    for parameter in command.params:
        sort = (parameter.metavar or str(parameter.name)).upper().strip("[].")
        for words, names in ((_PEOPLE, _people), (_ORGANIZATIONS, _organizations), (_ADDRESSES, _addresses)):
            if sort in words:
                parameter.shell_complete = partial(_complete, names)  # type: ignore[method-assign]


def _complete(names: Any, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    try:
        # What can be read of the manifests, wrong as they may be while somebody works on them.
        manifests = import_module("reconciler.manifests.load").load_manifests(ctx.obj.files)
        found = list(names(manifests.readable, incomplete))
    except Exception:  # noqa: BLE001  # nobody asked for a message here
        return []
    return [CompletionItem(name, help=about or None) for name, about in found if name.startswith(incomplete)]


def _people(desired: Desired, _incomplete: str) -> Iterator[tuple[str, str]]:
    for key, person in sorted(desired.people.items()):
        yield key, person.name


def _organizations(desired: Desired, _incomplete: str) -> Iterator[tuple[str, str]]:
    for key, organization in sorted(desired.organizations.items()):
        yield key, organization.system.name


def _addresses(desired: Desired, incomplete: str) -> Iterator[tuple[str, str]]:
    """Organizations first; what is in one only when it is the one that is meant, because it can be very much."""
    meant = [key for key in desired.organizations if key.startswith(incomplete)]
    if "/" not in incomplete:
        yield from _organizations(desired, incomplete)
    key = incomplete.partition("/")[0] if "/" in incomplete else meant[0] if len(meant) == 1 else ""
    for address in sorted(desired.resources.get(key, ())):
        yield str(address), ""
