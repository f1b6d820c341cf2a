"""The whole site: the API, what has no endpoint, and a page for people; on a port, with one thread per connection.

The world serialises its few callers anyway. Under a prefix of its own stand people's side of the story, the clock,
options and faults: everything there is JSON, a refusal of the platform is HTTP 409 with its word and text, a mistake in
the request HTTP 400.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import socket
import struct
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlsplit

from reconciler.sandbox import people
from reconciler.sandbox.api.configuration import DEFAULT_APP, issue_code, issue_token
from reconciler.sandbox.api.emulator import Emulator, openapi
from reconciler.sandbox.api.faults import Fault
from reconciler.sandbox.api.messages import ApiRequest, Response, render_json, render_plain
from reconciler.sandbox.assets import open_codes
from reconciler.sandbox.registry import get_person, list_organizations
from reconciler.sandbox.world import Knobs, Refusal, World

CONTROL_PREFIX: Final = "/_sandbox/"

_SHOWN_EVENTS: Final = 20

_Fields = Mapping[str, Any]


def _answer_all(world: World, answer: str) -> None:
    people.answer_all(world, [], agree=answer == "accept")


EVENTS: Final[Mapping[str, Callable[..., None]]] = {
    "accept": people.accept,
    "decline": people.decline,
    "expire": people.expire,
    "leave": people.leave,
    "give_up_admin": people.give_up_admin,
    "transfer": people.transfer,
    "answer_all": _answer_all,
    "approve": people.approve,
    "refuse": people.refuse,
    "revoke": people.revoke,
    "scan": people.scan,
    "invite": people.invite_by_hand,
    "remove": people.remove_by_hand,
    "role": people.set_role_by_hand,
    "finance": people.set_finance_by_hand,
    "grant": people.grant_by_hand,
    "take": people.revoke_by_hand,
    "share": people.share_by_hand,
    "unshare": people.unshare_by_hand,
    "request_access": people.request_access_by_hand,
}
"""Event -> what happens; its parameters are the texts to send. `admin` may always be left out."""


class Control:
    """Steers one emulator and its world."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._world = world = emulator.world
        self._answers: Mapping[tuple[str, str], Callable[[_Fields], object]] = {
            ("GET", "state"): lambda _: _overview(world),
            ("GET", "openapi.json"): lambda _: openapi(emulator.options),
            ("GET", "calls"): lambda _: dict(emulator.counted),
            ("GET", "clock"): lambda _: {"now": world.now().isoformat()},
            ("POST", "clock"): self._pass_time,
            ("GET", "options"): lambda _: emulator.options.to_mapping(),
            ("PATCH", "options"): self._choose_options,
            ("GET", "knobs"): lambda _: dataclasses.asdict(world.knobs),
            ("PATCH", "knobs"): self._turn_knobs,
            ("GET", "faults"): lambda _: [dataclasses.asdict(fault) for fault in emulator.faults.waiting()],
            ("POST", "faults"): lambda fields: emulator.faults.add(Fault.from_mapping(fields)),
            ("DELETE", "faults"): lambda _: emulator.faults.clear(),
            ("POST", "tokens"): lambda fields: {
                "access_token": issue_token(world, get_person(world, _texts(fields).get("person", "")))
            },
            ("POST", "codes"): self._issue_code,
        }

    def handle(self, request: ApiRequest) -> Response:
        """Answer a request whose path begins with the prefix."""
        path = request.path.removeprefix(CONTROL_PREFIX).rstrip("/")
        try:
            fields = _parse_fields(request.body)
            if path.startswith("events/"):
                return self._play_event(request.method, path.removeprefix("events/"), fields)
            answer = self._answers.get((request.method, path))
            return render_json(answer(fields) or {}) if answer else _problem(404, "unknown", "there is no such thing")
        except Refusal as refusal:
            return _problem(409, refusal.word, refusal.text)
        except ValueError as error:
            return _problem(400, "invalid", str(error))

    def _play_event(self, method: str, event: str, fields: _Fields) -> Response:
        if method != "POST" or event not in EVENTS:
            return _problem(404, "unknown", f"post one of: {', '.join(EVENTS)}")
        happen, given = EVENTS[event], _texts(fields)
        _, *parameters = inspect.signature(happen).parameters.values()
        needed = [one.name for one in parameters if one.default is one.empty]
        possible = [one.name for one in parameters if one.default is not one.empty]
        if "admin" in needed and "admin" not in given and "organization" in given:
            given["admin"] = people.get_admin_of(self._world, given["organization"])
        missing, foreign = set(needed) - set(given), set(given) - {*needed, *possible}
        if missing or foreign:
            raise ValueError(f"{event} needs {', '.join(needed)}, and may have {', '.join(possible) or 'nothing else'}")
        happen(self._world, **given)
        return render_json({})

    def _pass_time(self, fields: _Fields) -> object:
        seconds = fields.get("seconds")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or not 0 <= seconds <= 1e9:
            raise ValueError("seconds is how much time passes, a number that is not negative")
        self._world.advance(timedelta(seconds=seconds))
        return {"now": self._world.now().isoformat()}

    def _choose_options(self, fields: _Fields) -> object:
        self._emulator.options = self._emulator.options.changed(fields)
        return self._emulator.options.to_mapping()

    def _turn_knobs(self, fields: _Fields) -> object:
        self._world.knobs = Knobs.from_mapping({**dataclasses.asdict(self._world.knobs), **fields})
        return dataclasses.asdict(self._world.knobs)

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
        raise ValueError("the body is a JSON object")  # noqa: TRY004  # HTTP 400, as every other mistake
    return document


def _texts(fields: _Fields) -> dict[str, str]:
    for name, value in fields.items():
        if not isinstance(value, str):
            raise ValueError(f"{name} is a text")  # noqa: TRY004  # as above
    return dict(fields)


def _problem(status: int, word: str, text: str) -> Response:
    return render_json({"error": word, "text": text}, status=status)


def _overview(world: World) -> dict[str, Any]:
    """As JSON has it: time, organizations with their people, what waits for whom, accounts, the latest events."""
    with world.transaction():
        return {
            "now": world.now().isoformat(),
            "people": [row["known_as"] for row in world.rows("SELECT known_as FROM known_person ORDER BY 1", {})],
            "organizations": [
                {
                    "id": organization.identity,
                    "name": organization.name,
                    "system": organization.system,
                    "roles": list(organization.platform.invitable),
                    "members": _members(world, organization.id),
                }
                for organization in list_organizations(world)
            ],
            "inbox": [dataclasses.asdict(message) for message in people.inbox(world)],
            "codes": [
                {"code": row["code"], "organization": row["identity"], "name": row["name"], "expires": row["expires"]}
                for row in open_codes(world)
            ],
            "accounts": _accounts(world),
            "events": [
                {"at": event.at.isoformat(), "actor": event.actor, "text": event.text}
                for event in reversed(world.events()[-_SHOWN_EVENTS:])
            ],
        }


def _members(world: World, organization: int) -> list[dict[str, Any]]:
    rows = world.rows(
        "SELECT known_person.known_as AS person, membership.identity AS address, membership.role, membership.finance,"
        " membership.status FROM membership JOIN known_person ON known_person.id = membership.person"
        " WHERE membership.organization = :id ORDER BY membership.id",
        {"id": organization},
    )
    return [dict(row) for row in rows]


def _accounts(world: World) -> list[dict[str, Any]]:
    """TikTok accounts that belong to a person, and where they are linked."""
    rows = world.rows(
        "SELECT asset.identity AS handle, known_person.known_as AS owner, organization.identity AS linked"
        " FROM asset JOIN known_person ON known_person.id = asset.owner_person"
        " LEFT JOIN holding ON holding.asset = asset.id AND holding.status = 'active'"
        " LEFT JOIN organization ON organization.id = holding.organization"
        " WHERE asset.kind = 'tiktok_account' ORDER BY asset.id",
        {},
    )
    accounts: dict[str, dict[str, Any]] = {}
    for row in rows:
        account = accounts.setdefault(row["handle"], {"handle": row["handle"], "owner": row["owner"], "linked": []})
        if row["linked"]:
            account["linked"].append(row["linked"])
    return list(accounts.values())


_MAX_BYTES: Final = 4 * 1024 * 1024
_IDLE_SECONDS: Final = 60.0

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_PAGE_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline';"
    " connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Site:
    """One emulator as people and programs reach it: the API, the control prefix, and a page for people at `/`.

    A sandbox has no passwords, so a page on another site must not reach it through the visitor's browser: only requests
    to its own names are answered (a foreign name may point here), and what changes something has to come as JSON from
    the site itself, which browsers do not let other sites send. `names` are host names beside those of this machine.
    """

    def __init__(self, emulator: Emulator, *, names: Iterable[str] = ()) -> None:
        self._emulator = emulator
        self._control = Control(emulator)
        self._names = LOOPBACK | {name.lower() for name in names}

    def handle(self, request: ApiRequest) -> Response:
        """Answer one request."""
        if not self._is_own(f"//{request.headers.get('host', '')}"):
            return render_plain(403, "this sandbox answers only to the names of its own machine")
        if request.path.startswith(CONTROL_PREFIX):
            if request.method != "GET" and not self._comes_from_here(request):
                return render_json({"error": "foreign", "text": "send JSON, from this site"}, status=403)
            return self._control.handle(request)
        if request.path == "/" and request.method == "GET":
            page = files("reconciler.sandbox.api").joinpath("page.html").read_bytes()
            return Response(headers=_PAGE_HEADERS, body=page)
        return self._emulator.handle(request)

    def _comes_from_here(self, request: ApiRequest) -> bool:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        origin = request.headers.get("origin")
        return kind == "application/json" and (origin is None or self._is_own(origin))

    def _is_own(self, url: str) -> bool:
        try:
            return (urlsplit(url).hostname or "") in self._names
        except ValueError:
            return False


class Server(ThreadingHTTPServer):
    """Listens from the moment it exists; port 0 takes any free one."""

    daemon_threads = True
    request_queue_size = 128  # many callers at once: a full queue would reset their connections

    def __init__(self, site: Site, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.site = site
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        """Where it is."""
        host, port = self.server_address[:2]
        name = f"[{host!s}]" if self.address_family == socket.AF_INET6 else str(host)
        return f"http://{name}:{port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is not worth a traceback."""


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdigit() or int(length) > _MAX_BYTES:
            self.close_connection = True
            self._send(render_plain(413, "say the length of the body, at most 4 MiB"))
            return
        body = self.rfile.read(int(length))
        request = ApiRequest.of(self.command, self.path, dict(self.headers.items()), body)
        self._send(self.server.site.handle(request))

    def __getattr__(self, name: str) -> object:
        """The base class looks for a method per HTTP method; all of them are served, known or not."""
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _send(self, response: Response) -> None:
        if response.delay:
            time.sleep(response.delay)
        if response.is_lost:
            # Lingering for no time makes the kernel send a reset.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # the name that the base class gives it
        """Say nothing: calls are counted by the emulator."""
