"""The languages of a workspace: those of the package, under what `templates/LANGUAGE.po` says otherwise."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.files import make_folder, read_text_file, replace_file
from reconciler.features.queries.directory import Sources, load_about
from reconciler.features.work_orders.document import list_messages
from reconciler.features.work_orders.model import language_of
from reconciler.model.errors import ManifestError, UsageError
from reconciler.systems.languages import Speech, extend_catalogue, load_speech

if TYPE_CHECKING:
    from reconciler.cli.app import App


def read_speech(app: App, language: str) -> Speech:
    """A language, with what the workspace says otherwise."""
    if not re.fullmatch(r"[a-z]{2,3}(_[A-Z]{2})?", language):
        raise UsageError(f"{language!r} is no language", advice="write it as de or pt_BR")
    names = dict.fromkeys((language.partition("_")[0], language))  # what is said for `de` counts for `de_AT` too
    paths = [_path(app, name) for name in names]
    return load_speech(language, {str(path): read_text_file(path) for path in paths if path.exists()})


def speech_for(app: App, actor: str, organization: str) -> Speech:
    """For whoever acts in an organization; English where the manifests cannot be read."""
    sources = Sources(files=app.files, store=app.store, today=app.today)
    try:
        desired = load_about(sources, filter(None, (actor, organization)))
    except ManifestError:
        return Speech()
    language = language_of(actor, organization, desired)
    return read_speech(app, language) if language else Speech()


def write_messages(app: App, language: str) -> tuple[Path, int, int]:
    """Add what `templates/LANGUAGE.po` lacks: its path, how many were added, and how many have no words yet."""
    speech, path = read_speech(app, language), _path(app, language)
    before = read_text_file(path) if path.exists() else ""
    after, added = extend_catalogue(before, list_messages(), speech, str(path))
    make_folder(path.parent)
    if after != before:
        replace_file(path, after)
    return path, added, sum(not speech.messages.get(one) for one in list_messages())


def _path(app: App, language: str) -> Path:
    return app.root / "templates" / f"{language}.po"
