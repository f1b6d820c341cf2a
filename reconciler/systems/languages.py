"""Messages in the language of whoever gets them, from gettext catalogues: one in the package, one of the workspace.

Work orders are stored in English, filled. To tell one in another language, what fills its blanks is read off again:
every value ends in something to copy or is a label in quotes, so that no name can pass for the text around it. What
cannot be read off without doubt, or has no translation, leaves the whole message in English.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import field, replace
from datetime import date
from functools import cache, partial
from pkgutil import get_data
from typing import Any

from reconciler.model import KINDS, ReconcilerError, WorkOrder, dataclass
from reconciler.systems.catalogue import Operation, Party, load_handbook
from reconciler.systems.drafting import NO_ANSWERS, OUTSIDERS, UNKNOWN_OWNER

LANGUAGES = ("de",)
"""Those of the package, besides English; a workspace may have others."""
ROLES = (
    "the person invited",
    "the owner of {handle}",
    "the owner of app {key}",
    "an admin of {key}",
    "a member of {key}",
    "the first admin of {key}",
    *OUTSIDERS.values(),
    "a reviewer of access review {key}",
    "whoever sent you this",
)
LATE = (
    "; overdue",
    "; overdue since {date}",
    "; overdue, asked on {date}",
    "; the link of {date} has probably ended: ask an admin of {key} for a new invitation",
    "; the link of {date} has probably ended: it will be sent again, and only the new one works",
)
"""How the title of an order ends that has waited for long."""
REVIEW = "review"
"""The operation of what a reviewer of access still has to decide; no system knows of it."""
REVIEW_TITLES = ("Decide on 1 access of access review {key}", "Decide on {number} accesses of access review {key}")
REVIEW_STEPS = (
    "Open the file {file} of the repository",
    "Write `keep`, `revoke` or `shorten` on each access, and the reason",
    "Propose the change, as every change of the repository is proposed",
)
REVIEW_DONE = "every access in the file has a decision"
_KINDS = tuple(
    KINDS[kind].title for kind in KINDS if not KINDS[kind].parents and kind not in ("organization", "member", "partner")
)
_PHRASES = (*_KINDS, NO_ANSWERS, UNKNOWN_OWNER)
OWN_TEXTS = (*REVIEW_TITLES, *REVIEW_STEPS, REVIEW_DONE, *ROLES, *LATE, *_PHRASES)
"""What orders say beside the texts of systems."""
DAY = "%Y-%m-%d"
_HAS_PHRASES = frozenset({"asset_kind", "answers", "app_owner"})
"""Blanks that may be filled with words of ours, which are to be translated too."""
_HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
_BLANK = re.compile(r"\{(\w+)\}")
_COPIED = r"`(?:\\[\\`]|[^`\\])*`"
_NAMED = rf"(?:(?:[^`]+|{_COPIED}) \({_COPIED}\)|{_COPIED})"
_VALUES = {
    **dict.fromkeys(("role", "former_role", "finance", "former_finance", "permissions", "left_off"), r"'[^`]+?'"),
    "handle": r"\S+",
    "key": r"\S+",
    "date": r"\d{4}-\d\d-\d\d",
    "number": r"[\d,]+",
    "member_cap": r"\d+",
    "menu": r"'[^`]+?'",
    "thing": r".+",
    "asset_kind": "|".join(map(re.escape, _KINDS)),
    "answers": rf"{re.escape(NO_ANSWERS)}|(?:(?:\\[\\`]|[^`\\])+: {_COPIED})+",
    "app_owner": rf"{re.escape(UNKNOWN_OWNER)}|{_NAMED}|\S+",
}
"""What fills a blank: by its name, or else a name with an identifier, or that alone."""


class UntranslatedError(Exception):
    """A message that the catalogue does not have, or whose values cannot be read off."""


@dataclass(frozen=True, slots=True)
class Speech:
    """How to say a message in one language; without a language in English."""

    language: str = ""
    messages: Mapping[str, str] = field(default_factory=dict)

    def say(self, message: str, **values: str) -> str:
        """The message with its blanks filled; a blank in a value is none."""
        told = self.messages.get(message, "" if self.language else message)
        if not told or sorted(_BLANK.findall(told)) != sorted(_BLANK.findall(message)):
            raise UntranslatedError(message)
        return _BLANK.sub(lambda found: values[found[1]], told)

    def retell(self, text: str, templates: Iterable[str], endings: Iterable[str] = ()) -> str:
        """What one of the templates says, filled; English stays as it is."""
        if not self.language:
            return text
        for template in templates:
            for ending in ("", *endings):
                if found := _pattern(template + ending).fullmatch(text):
                    read = found.groupdict().items()
                    values = {name: self._translate(name, value) for name, value in read}
                    return self.say(template, **values) + (ending and self.say(ending, **values))
        raise UntranslatedError(text)

    def _translate(self, name: str, value: str) -> str:
        """What fills a blank, where that is a day or words of ours."""
        if name == "date":
            with suppress(ValueError):
                return date.fromisoformat(value).strftime(self.say(DAY))
        return self.say(value) if name in _HAS_PHRASES and value in _PHRASES else value

    def retell_order(self, order: WorkOrder) -> WorkOrder:
        """The order with its texts in this language."""
        if not self.language:
            return order
        titles, preconditions, steps, endings = _templates(order)
        ends: dict[str, Any] = {
            name: self.retell(text, [ending]) for name, ending in endings.items() if (text := getattr(order, name))
        }
        return replace(
            order,
            title=self.retell(order.title, titles, LATE),
            actor_role=self.retell(order.actor_role, ROLES),
            preconditions=tuple(self.retell(one, preconditions) for one in order.preconditions),
            steps=tuple(self.retell(one, steps) for one in order.steps),
            **ends,
        )


def _templates(order: WorkOrder) -> tuple[Iterable[str], Iterable[str], Iterable[str], Mapping[str, str]]:
    """What the title, the preconditions, the steps and the endings of an order were filled from."""
    if order.operation == REVIEW:
        return REVIEW_TITLES, (), REVIEW_STEPS, {"done_when": REVIEW_DONE, "undo": "", "note": "", "irreversible": ""}
    operation = load_handbook(order.system).operations.get(order.operation)
    if operation is None or not 1 <= order.party <= len(operation.parties):
        raise UntranslatedError(order.operation)
    party = operation.parties[order.party - 1]
    return [party.title], party.preconditions, party.steps, _endings(operation, party)


def _endings(operation: Operation, party: Party) -> dict[str, str]:
    told = {name: getattr(party, name) for name in ("done_when", "undo", "note")}
    return {**told, "irreversible": operation.irreversible}


@cache
def _pattern(template: str) -> re.Pattern[str]:
    """What the template can have become; a blank that stands twice has one value."""
    pieces, seen = [], set[str]()
    for number, piece in enumerate(_BLANK.split(template)):
        if number % 2 == 0:
            pieces.append(re.escape(piece))
        else:
            pieces.append(f"(?P={piece})" if piece in seen else f"(?P<{piece}>{_VALUES.get(piece, _NAMED)})")
            seen.add(piece)
    return re.compile("".join(pieces), re.DOTALL)


def texts_of_orders(systems: Iterable[str]) -> Iterator[str]:
    """The texts that work orders are filled from, as the data of systems have them."""
    for system in systems:
        for operation in load_handbook(system).operations.values():
            for party in operation.parties:
                texts = (party.title, *party.preconditions, *party.steps, *_endings(operation, party).values())
                yield from filter(None, texts)


def load_speech(language: str, own: Mapping[str, str]) -> Speech:
    """The catalogue of the package, that of `de` for `de_AT` too, under those of the workspace: name -> text."""
    plain = language.partition("_")[0]
    known = get_data(__package__, f"data/{plain}.po") if plain in LANGUAGES else None
    messages = dict(parse_catalogue((known or b"").decode(), plain))
    for name, text in own.items():
        messages |= parse_catalogue(text, name)
    return Speech(language, messages)


def parse_catalogue(text: str, name: str) -> Mapping[str, str]:
    """A gettext catalogue (`.po`): message -> translation; without what is fuzzy, or not translated yet."""
    return {message: told for message, told, is_fuzzy in _read_entries(text, name) if message and told and not is_fuzzy}


def _read_entries(text: str, name: str) -> Iterator[tuple[str, str, bool]]:
    """Every message of a catalogue, its translation, and whether somebody still has to look at that."""
    entry: dict[str, str] = {}
    part, is_fuzzy, was_fuzzy = "", False, False
    for number, line in enumerate([*text.splitlines(), 'msgid ""'], start=1):
        word, _, rest = line.strip().partition(" ")
        if word == "msgid":
            if entry:
                yield entry.get("msgid", ""), entry.get("msgstr", ""), was_fuzzy
            entry, is_fuzzy, was_fuzzy = {}, False, is_fuzzy
        if line.startswith("#,") and "fuzzy" in line:
            is_fuzzy = True
        if not word or word.startswith("#"):
            continue
        part, quoted = (part, line.strip()) if word.startswith('"') else (word, rest)
        if not re.fullmatch(r'"(?:\\[nrt"\\]|[^"\\])*"', quoted) or part not in ("msgid", "msgstr"):
            message = f"{name}:{number}: this is no line of a catalogue"
            raise ReconcilerError(message, advice='write msgid "..." and msgstr "...", each text in double quotes')
        entry[part] = entry.get(part, "") + str(ast.literal_eval(quoted))


def extend_catalogue(text: str, messages: Iterable[str], speech: Speech, name: str) -> tuple[str, int]:
    """A catalogue with the messages that it lacks below what it has, and how many those are."""
    known = {message for message, _, _ in _read_entries(text, name)}
    missing = [one for one in messages if one not in known]
    quote = partial(json.dumps, ensure_ascii=False)  # a catalogue quotes as JSON does
    pairs = ((quote(one), quote(speech.messages.get(one, ""))) for one in missing)
    head = text.rstrip("\n") + "\n" if text.strip() else _HEAD
    return head + "".join(f"\nmsgid {message}\nmsgstr {told}\n" for message, told in pairs), len(missing)


def write_catalogue(messages: Iterable[str], speech: Speech) -> str:
    """A catalogue to fill in, with what is translated already."""
    return extend_catalogue("", messages, speech, "")[0]
