"""Signs of life on stderr while a person waits; nothing for anybody else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reconciler.cli.session import Session, is_interactive
from reconciler.output.visible import make_visible


@contextmanager
def show_progress(session: Session, text: str) -> Iterator[Callable[[str], None]]:
    """Show what is going on until the block ends; the function that it yields changes the text."""
    if not is_interactive(sys.stderr) or session.log_format == "json":
        yield lambda _: None
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, no_color=not session.style(sys.stderr).color)
    with console.status(Text(text)) as status:
        yield lambda now: status.update(Text(make_visible(now)))
