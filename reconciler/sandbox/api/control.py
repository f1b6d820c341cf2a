"""What has no endpoint, under a prefix of its own: people's side of the story, the clock, options, faults.

Everything is JSON. A refusal of the platform is HTTP 409 with its word and text, a mistake in the request HTTP 400.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from reconciler.sandbox import clicks, people
from reconciler.sandbox.api.access import DEFAULT_APP, issue_code, issue_token
from reconciler.sandbox.api.emulator import Emulator
from reconciler.sandbox.api.faults import Fault
from reconciler.sandbox.api.messages import ApiRequest, Response, render_json
from reconciler.sandbox.api.openapi import openapi
from reconciler.sandbox.api.overview import overview
from reconciler.sandbox.refusal import Refusal
from reconciler.sandbox.registry import get_person
from reconciler.sandbox.world import World

PREFIX: Final = "/_sandbox/"

_Fields = Mapping[str, Any]

_ROLE_KINDS: Final = ("kind", "asset")


def _answer_all(world: World, answer: str) -> None:
    people.answer_all(world, [], agree=answer == "accept")


def _transfer(world: World, app: str, person: str, answer: str) -> None:
    people.transfer(world, app, person, agree=answer == "accept")


EVENTS: Final[Mapping[str, tuple[Callable[..., None], tuple[str, ...], tuple[str, ...]]]] = {
    "accept": (people.accept, ("person", "organization"), ()),
    "decline": (people.decline, ("person", "organization"), ()),
    "expire": (clicks.expire, ("person", "organization"), ()),
    "leave": (people.leave, ("person", "organization"), ()),
    "give_up_admin": (people.give_up_admin, ("person", "organization"), ()),
    "transfer": (_transfer, ("app", "person", "answer"), ()),
    "answer_all": (_answer_all, ("answer",), ()),
    "approve": (people.approve, ("what", "organization"), ()),
    "refuse": (people.refuse, ("what", "organization"), ()),
    "revoke": (people.revoke, ("what", "organization"), ()),
    "scan": (people.scan, ("handle", "organization", "answer"), ("permissions",)),
    "invite": (people.invite_by_hand, ("admin", "person", "organization", "role"), ()),
    "remove": (people.remove_by_hand, ("admin", "person", "organization"), ()),
    "role": (people.set_role_by_hand, ("admin", "person", "organization", "role"), ()),
    "finance": (clicks.set_finance_by_hand, ("admin", "person", "organization", "finance"), ()),
    "grant": (clicks.grant_by_hand, ("admin", "person", "organization", *_ROLE_KINDS), ("roles",)),
    "take": (clicks.revoke_by_hand, ("admin", "person", "organization", *_ROLE_KINDS), ()),
    "share": (clicks.share_by_hand, ("admin", "organization", "partner", *_ROLE_KINDS), ("role",)),
    "unshare": (clicks.unshare_by_hand, ("admin", "organization", "partner", *_ROLE_KINDS), ()),
    "request_access": (clicks.request_access_by_hand, ("admin", "organization", *_ROLE_KINDS), ()),
}
"""Event -> what happens, the texts it needs, and those it may have. `admin` may always be left out."""


class Control:
    """Steers one emulator and its world."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._world = emulator.world
        self._routes: Mapping[tuple[str, str], Callable[[_Fields], object]] = {
            ("GET", "state"): lambda _: overview(self._world),
            ("GET", "openapi.json"): lambda _: openapi(emulator.options),
            ("GET", "calls"): lambda _: dict(emulator.counted),
            ("GET", "clock"): lambda _: self._tell_time(),
            ("POST", "clock"): self._pass_time,
            ("GET", "options"): lambda _: emulator.options.to_mapping(),
            ("PATCH", "options"): self._choose_options,
            ("GET", "knobs"): lambda _: dataclasses.asdict(self._world.knobs),
            ("PATCH", "knobs"): self._turn_knobs,
            ("GET", "faults"): lambda _: [dataclasses.asdict(fault) for fault in emulator.faults.waiting()],
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): lambda _: emulator.faults.clear(),
            ("POST", "tokens"): self._issue_token,
            ("POST", "codes"): self._issue_code,
        }

    def handle(self, request: ApiRequest) -> Response:
        """Answer a request whose path begins with the prefix."""
        path = request.path.removeprefix(PREFIX).rstrip("/")
        try:
            fields = _parse_fields(request.body)
            if path.startswith("events/"):
                return self._let_happen(request.method, path.removeprefix("events/"), fields)
            answer = self._routes.get((request.method, path))
            return render_json(answer(fields) or {}) if answer else _problem(404, "unknown", "there is no such thing")
        except Refusal as refusal:
            return _problem(409, refusal.word, refusal.text)
        except ValueError as error:
            return _problem(400, "invalid", str(error))

    def _let_happen(self, method: str, event: str, fields: _Fields) -> Response:
        if method != "POST" or event not in EVENTS:
            return _problem(404, "unknown", f"post one of: {', '.join(EVENTS)}")
        happen, needed, possible = EVENTS[event]
        given = _texts(fields)
        if "admin" in needed and "admin" not in given and "organization" in given:
            given["admin"] = people.get_admin_of(self._world, given["organization"])
        missing, foreign = set(needed) - set(given), set(given) - {*needed, *possible}
        if missing or foreign:
            raise ValueError(f"{event} needs {', '.join(needed)}, and may have {', '.join(possible) or 'nothing else'}")
        happen(self._world, **given)
        return render_json({})

    def _tell_time(self) -> object:
        return {"now": self._world.now().isoformat()}

    def _pass_time(self, fields: _Fields) -> object:
        seconds = fields.get("seconds")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds <= 1e9:
            raise ValueError("seconds is how much time passes, a number that is not negative")
        self._world.advance(timedelta(seconds=seconds))
        return self._tell_time()

    def _choose_options(self, fields: _Fields) -> object:
        self._emulator.options = self._emulator.options.changed(fields)
        return self._emulator.options.to_mapping()

    def _turn_knobs(self, fields: _Fields) -> object:
        knobs = {**dataclasses.asdict(self._world.knobs), **fields}
        self._world.knobs = type(self._world.knobs).from_mapping(knobs)
        return knobs

    def _add_fault(self, fields: _Fields) -> None:
        self._emulator.faults.add(Fault.from_mapping(fields))

    def _issue_token(self, fields: _Fields) -> object:
        person = get_person(self._world, _texts(fields).get("person", ""))
        return {"access_token": issue_token(self._world, person)}

    def _issue_code(self, fields: _Fields) -> object:
        given = _texts(fields)
        person = get_person(self._world, given.get("person", ""))
        return {"auth_code": issue_code(self._world, person, app=given.get("app_id", DEFAULT_APP))}


def _parse_fields(body: bytes) -> _Fields:
    try:
        document: object = json.loads(body or b"{}")
    except RecursionError as error:
        raise ValueError("the body is nested too deeply") from error
    if not isinstance(document, dict):
        raise _mistake("the body is a JSON object")
    return document


def _texts(fields: _Fields) -> dict[str, str]:
    for name, value in fields.items():
        if not isinstance(value, str):
            raise _mistake(f"{name} is a text")
    return dict(fields)


def _mistake(text: str) -> ValueError:
    return ValueError(text)


def _problem(status: int, word: str, text: str) -> Response:
    return render_json({"error": word, "text": text}, status=status)
