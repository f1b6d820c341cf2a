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
from dataclasses import field, replace
from functools import cache, partial
from pkgutil import get_data

from reconciler.model.errors import ReconcilerError
from reconciler.model.values import dataclass
from reconciler.model.work_order import WorkOrder
from reconciler.systems.loading import Actor, Operation, Party, load_handbook

LANGUAGES = ("de",)
"""Those of the package, besides English; a workspace may have others."""
ROLES = (
    "the person invited",
    "the owner of {handle}",
    "the owner of app {key}",
    "an admin of {key}",
    "a member of {key}",
    "the first admin of {key}",
    "whoever sent you this",
)
LATE = (
    "; overdue",
    "; overdue, asked on {date}",
    "; the link of {date} has probably ended: ask an admin of {key} for a new invitation",
    "; the link of {date} has probably ended: it will be sent again, and only the new one works",
)
"""How the title of an order ends that has waited for long."""
_OUTSIDE = frozenset({Actor.INVITEE, Actor.ACCOUNT_OWNER})
"""Who may never have heard of this tool."""
_BLANK = re.compile(r"\{(\w+)\}")
_COPIED = r"`(?:\\[\\`]|[^`\\])*`"
_VALUES = {
    **dict.fromkeys(("role", "former_role", "finance", "former_finance", "permissions", "left_off"), r"'[^`]+?'"),
    "handle": r"\S+",
    "key": r"\S+",
    "date": r"\d{4}-\d\d-\d\d",
}
_NAMED = rf"(?:(?:[^`]+|{_COPIED}) \({_COPIED}\)|{_COPIED})"
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
                    return self.say(template, **found.groupdict()) + (ending and self.say(ending, **found.groupdict()))
        raise UntranslatedError(text)

    def retell_order(self, order: WorkOrder) -> WorkOrder:
        """The order with its texts in this language."""
        if not self.language:
            return order
        operation = load_handbook(order.system).operations.get(order.operation)
        if operation is None or not 1 <= order.party <= len(operation.parties):
            raise UntranslatedError(order.operation)
        party = operation.parties[order.party - 1]
        endings = _endings(operation, party)
        done_when, undo, note, irreversible = (
            self.retell(text, [endings[name]]) if (text := getattr(order, name)) else "" for name in endings
        )
        return replace(
            order,
            title=self.retell(order.title, [party.title], LATE),
            actor_role=self.retell(order.actor_role, ROLES),
            preconditions=tuple(self.retell(one, party.preconditions) for one in order.preconditions),
            steps=tuple(self.retell(one, party.steps) for one in order.steps),
            done_when=done_when,
            undo=undo,
            note=note,
            irreversible=irreversible,
        )


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


def texts_for_outsiders(system: str) -> Iterator[str]:
    """The texts of work orders for people outside, as the data of a system have them."""
    for operation in load_handbook(system).operations.values():
        for party in operation.parties:
            if party.actor in _OUTSIDE:
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
    found: dict[str, str] = {}
    entry: dict[str, str] = {}
    part, is_fuzzy = "", False
    for number, line in enumerate([*text.splitlines(), 'msgid ""'], start=1):
        word, _, rest = line.strip().partition(" ")
        if word == "msgid":
            if entry.get("msgid") and entry.get("msgstr") and not entry.get("fuzzy"):
                found[entry["msgid"]] = entry["msgstr"]
            entry, is_fuzzy = {"fuzzy": "fuzzy" if is_fuzzy else ""}, False
        if line.startswith("#,") and "fuzzy" in line:
            is_fuzzy = True
        if not word or word.startswith("#"):
            continue
        part, quoted = (part, line.strip()) if word.startswith('"') else (word, rest)
        if not re.fullmatch(r'"(?:\\[nrt"\\]|[^"\\])*"', quoted) or part not in ("msgid", "msgstr"):
            message = f"{name}:{number}: this is no line of a catalogue"
            raise ReconcilerError(message, advice='write msgid "..." and msgstr "...", each text in double quotes')
        entry[part] = entry.get(part, "") + str(ast.literal_eval(quoted))
    return found


def write_catalogue(messages: Iterable[str], speech: Speech) -> str:
    """A catalogue to fill in, with what is translated already."""
    head = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
    quote = partial(json.dumps, ensure_ascii=False)  # a catalogue quotes as JSON does
    pairs = ((quote(one), quote(speech.messages.get(one, ""))) for one in messages)
    return head + "".join(f"\nmsgid {message}\nmsgstr {told}\n" for message, told in pairs)
