"""Showing a result in the form that was asked for: on stdout, and where GitHub Actions wants it besides."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from reconciler.cli.actions_files import write_outputs, write_summary
from reconciler.cli.outlet import print_page
from reconciler.cli.session import Session
from reconciler.cli.workspace import find_top
from reconciler.output.style import COMMENT_BUDGET, Style
from reconciler.stores.process import this_process

_Command = TypeVar("_Command", bound=Callable[..., Any])

DOCUMENT_FORMATS = ("text", "json", "markdown", "html", "csv")
"""The forms of everything that is shown."""
PAGE_FORMATS = (*DOCUMENT_FORMATS, "github", "sarif", "junit")
"""With those of what a forge or a build server reads beside."""

format_option = click.option(
    "--format", "format_", type=click.Choice(PAGE_FORMATS), default="text", help="Form of the result."
)
document_option = click.option(
    "--format", "format_", type=click.Choice(DOCUMENT_FORMATS), default="text", help="Form of the result."
)
max_chars_option = click.option(
    "--max-chars",
    type=click.IntRange(min=1),
    default=COMMENT_BUDGET,
    metavar="NUMBER",
    help=f"How long Markdown may become, in UTF-8 bytes. [default: {COMMENT_BUDGET}]",
)


def page_options(command: _Command) -> _Command:
    """`--format` and `--max-chars`; they arrive as `format_` and `max_chars`."""
    return format_option(max_chars_option(command))


def show_result(
    renderers: Mapping[str, Callable[..., str]],
    *values: object,
    session: Session,
    format_: str,
    max_chars: int = 0,
    outputs: Callable[..., Mapping[str, str]] | None = None,
) -> None:
    """Print values in a form; with `github` also write the step's summary and `outputs` of the values."""
    style = page_style(session, max_chars=max_chars)
    print_page(renderers[format_](*values, style), form=format_)
    if format_ == "github":
        write_summary(lambda room: renderers["markdown"](*values, replace(style, max_chars=room)), session)
        write_outputs(outputs(*values) if outputs else {})


def page_style(session: Session, *, max_chars: int = 0) -> Style:
    """How to write a result: as the session wants it, with what a page has to know of where it is made."""
    return replace(
        session.style(sys.stdout), max_chars=max_chars, prefix=find_prefix(session.root), job=this_process().job
    )


def find_prefix(root: Path) -> str:
    """Where the workspace is in its repository, as `access/`; empty at the top, or without a repository."""
    return "".join(f"{part}/" for part in root.resolve().relative_to(find_top(root)).parts)
