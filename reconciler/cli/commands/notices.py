"""`reconciler notices`: a message for each person who has to act."""

from __future__ import annotations

from dataclasses import replace

import click

from reconciler.cli.app import App
from reconciler.cli.link_codes import format_messages, read_speech, write_messages
from reconciler.cli.options import RENDERERS, document_option, flag
from reconciler.cli.review_folder import read_reminders
from reconciler.features.queries.directory import find_in
from reconciler.features.work_orders.notices import collect_notices
from reconciler.model import ExitCode, ReconcilerError, UsageError, count, exit_code, suggest_names


@click.command()
@click.option(
    "--person",
    default="",
    metavar="PERSON",
    help="Only the message for this person: a key, an e-mail address, a phone number or a handle.",
)
@click.option(
    "--messages",
    "language",
    metavar="LANGUAGE",
    help="Print all messages with their translation (`de`, ...), as `templates/LANGUAGE.po` has them.",
)
@flag("--write", "With `--messages`: write `templates/LANGUAGE.po`. What is in it stays, and what it lacks is added.")
@document_option
@click.pass_obj
def notices(app: App, person: str, language: str | None, write: bool) -> int:
    """Write one message for each person who has to act.

    PERSON is a key, an e-mail address, a phone number or a handle. Nothing is sent: whoever runs this decides how.
    Exits with 1 when an access review could not be read, so that its reviewers are not reminded.
    """
    if write and language is None:
        raise UsageError("--write says no language", advice="name one, as in `--messages fr --write`")
    if write and language:
        path, added, untold = write_messages(app.root, language)
        click.echo(path.relative_to(app.root))
        rest = f"{count(untold, 'message has', 'messages have')} no translation yet" if untold else "all are translated"
        app.notify(f"{count(added, 'message was', 'messages were')} added; {rest}")
        return ExitCode.DONE
    if language is not None:
        click.echo(format_messages(app.root, language), nl=False)
        return ExitCode.DONE
    now = app.clock.now()
    workspace = app.read_workspace(today=now.date())
    desired = workspace.desired
    found = find_in(desired.people, person)
    key = found.key if found else person
    asked, unread = read_reminders(app, workspace)
    states = map(app.read_state, app.store.organizations())
    collected = collect_notices(states, desired, at=now, settings=app.config.guards, person=key, reminders=asked)
    if person and found is None and not collected.notices:
        message = f"nobody is known as {person!r}, and nobody by that name has anything to do"
        raise ReconcilerError(message, advice=suggest_names(person, desired.people))
    languages = {one.language: read_speech(app.root, one.language) for one in collected.notices if one.language}
    for name in (name for name, speech in languages.items() if not speech.messages):
        command = app.command("notices", "--messages", name, "--write")
        advice = f"fill in templates/{name}.po, which `{command}` writes"
        app.notify(f"there are no messages in {name}: they are in English", level="warning", advice=advice)
    app.show(RENDERERS.notices, replace(collected, speeches=languages))
    return exit_code(failed=bool(unread))
