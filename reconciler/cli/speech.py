"""The languages of a workspace: those of the package, under what `templates/LANGUAGE.po` says otherwise."""

from __future__ import annotations

import re
from pathlib import Path

from reconciler.cli.streams import make_folder, read_text_file, replace_file
from reconciler.features.work_orders.document import list_messages
from reconciler.features.work_orders.model import language_of
from reconciler.model.declared import Desired
from reconciler.model.finding import UsageError
from reconciler.systems.languages import Speech, extend_catalogue, load_speech


def read_speech(root: Path, language: str) -> Speech:
    """A language, with what the workspace says otherwise."""
    if not re.fullmatch(r"[a-z]{2,3}(_[A-Z]{2})?", language):
        raise UsageError(f"{language!r} is no language", advice="write it as de or pt_BR")
    names = dict.fromkeys((language.partition("_")[0], language))  # what is said for `de` counts for `de_AT` too
    paths = [_path(root, name) for name in names]
    return load_speech(language, {str(path): read_text_file(path) for path in paths if path.exists()})


def speech_for(root: Path, desired: Desired | None, actor: str, organization: str) -> Speech:
    """For whoever acts in an organization; English where the manifests cannot be read."""
    language = language_of(actor, organization, desired) if desired else ""
    return read_speech(root, language) if language else Speech()


def write_messages(root: Path, language: str) -> tuple[Path, int, int]:
    """Add what `templates/LANGUAGE.po` lacks: its path, how many were added, and how many have no words yet."""
    speech, path = read_speech(root, language), _path(root, language)
    before = read_text_file(path) if path.exists() else ""
    after, added = extend_catalogue(before, list_messages(), speech, str(path))
    make_folder(path.parent)
    if after != before:
        replace_file(path, after)
    return path, added, sum(not speech.messages.get(one) for one in list_messages())


def _path(root: Path, language: str) -> Path:
    return root / "templates" / f"{language}.po"
