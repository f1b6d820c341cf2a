"""`python -m reconciler`, and the installed command."""

from __future__ import annotations

import sys

from reconciler import __version__


def main() -> None:
    """Run the command line."""
    if sys.platform == "win32":
        sys.exit("reconciler does not run on Windows, where it could not lock its state: use it in WSL")
    if sys.argv[1:] == ["--version"] and sys.stdout is not None:
        # Scripts ask for it all the time, and click alone takes three times as long to import as Python to start.
        try:
            sys.stdout.write(f"reconciler {__version__}\n")
            sys.stdout.flush()
        except OSError:
            pass  # what cannot be written is told below, as for any command
        else:
            return
    from reconciler.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
