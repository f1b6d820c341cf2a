"""`python -m reconciler`, and the installed command."""

from __future__ import annotations

import gc
import os
import sys

from reconciler import __version__


def main() -> None:
    """Run the command line."""
    if sys.platform == "win32":
        sys.exit("reconciler does not run on Windows, where it could not lock its state: use it in WSL")
    text = _find_answer(sys.argv[1:])
    if text and sys.stdout is not None:
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError:
            pass  # what cannot be written is told below, as for any command
        else:
            return
    # What a run makes stays until its end; looking through it at the usual pace takes a sixth of a large plan.
    gc.set_threshold(100_000, 50, 1_000)
    from reconciler.cli.main import main as run

    try:
        run()
    finally:
        gc.disable()  # else Python looks through all of it once more while it ends


def _find_answer(words: list[str]) -> str:
    """What needs no command line to be built: click alone takes three times as long to import as Python to start.

    Scripts ask for the version all the time, and people for the help; `make pages` writes it as click lays it out in 80
    columns.
    """
    if words == ["--version"]:
        return f"reconciler {__version__}\n"
    if words in (["--help"], ["-h"]) and not _may_be_narrow():
        path = f"{os.path.dirname(__file__)}/cli/help.txt"  # noqa: PTH120 - pathlib takes as long as Python to start
        with open(path, encoding="ascii") as file:  # noqa: PTH123 - so does this
            return file.read()
    return ""


def _may_be_narrow() -> bool:
    if "COLUMNS" in os.environ:
        return True
    try:
        return os.get_terminal_size().columns < 80
    except OSError:  # no terminal
        return False


if __name__ == "__main__":
    main()
