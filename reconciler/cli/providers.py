"""How stores and systems are opened: secrets by reference, clients, and QR codes on their way to account owners.

A secret itself is in no file of ours: `env:NAME`, `file:PATH`, `keyring:SERVICE/NAME`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from reconciler.cli.extras import OF_STORES
from reconciler.cli.speech import speech_for
from reconciler.cli.streams import CODE_NOTES, file_name, is_interactive, read_text_file, replace_file
from reconciler.features.work_orders.document import document_of_code
from reconciler.manifests.config import STATE_SCHEMES, Option
from reconciler.manifests.load import load_manifests
from reconciler.manifests.source import SourceFile
from reconciler.model.address import Address
from reconciler.model.finding import MissingExtra, ReconcilerError
from reconciler.model.json import checked
from reconciler.model.ports import Clock, LinkCode, StateStore
from reconciler.model.redaction import SECRETS
from reconciler.model.values import dataclass
from reconciler.output.document import Style, make_visible
from reconciler.output.html import write_html
from reconciler.providers.business_api.client import BASE_URL, DEFAULT_TIER, TIERS, Client, Connection, Tier
from reconciler.providers.business_api.provider import BusinessApiProvider
from reconciler.stores.local_file import LocalFileStore
from reconciler.stores.rules import Dating, Holder, this_process
from reconciler.systems.markup import quote

if TYPE_CHECKING:
    from reconciler.sandbox.world import World

_FORMS = "write env:NAME, file:PATH or keyring:SERVICE/NAME"
_PROBE = "nothing secret"
_WAYS_TO_FILL = {
    "env": "set the environment variable {name}; in a pipeline, from a secret of the repository",
    "file": "write it into {name}, which git must ignore",
}
"""Scheme of a reference -> what to do when nothing is there; a keyring has its own ways."""


def read_secret(reference: str, *, root: Path) -> str:
    """The secret that a reference leads to; paths count from the workspace. Raises ReconcilerError."""
    scheme, _, rest = reference.partition(":")
    match scheme:
        case "env" if rest:
            secret = os.environ.get(rest, "")
        case "file" if rest:
            secret = read_text_file(root / rest, what="the secret in ")
        case "keyring" if rest:
            with _keyring(f"the secret in {reference} cannot be read") as keyring:
                secret = keyring.get_password(*_entry(rest)) or ""
        case _:
            raise ReconcilerError(f"{scheme or 'an empty text'!r} is no place for a secret", advice=_FORMS)
    if not secret.strip():
        advice = _WAYS_TO_FILL.get(scheme, "").format(name=rest)
        raise ReconcilerError(f"there is no secret in {reference}", advice=advice)
    return SECRETS.learn(secret)


def save_secret(reference: str, secret: str, *, root: Path) -> None:
    """Put a secret where `read_secret` finds it; a file becomes readable by its owner only. Raises ReconcilerError."""
    SECRETS.learn(secret)
    scheme, _, rest = reference.partition(":")
    if scheme == "keyring" and rest:
        with _keyring(f"{reference} cannot be written") as keyring:
            keyring.set_password(*_entry(rest), secret)
    elif scheme == "file" and rest:
        _write_file(root / rest, secret, place=root / rest)
    else:
        message = f"a token cannot be saved in {reference}"
        raise ReconcilerError(message, advice="name a place with --save: file:PATH or keyring:SERVICE/NAME")


def require_place(reference: str, *, root: Path) -> None:
    """Raises ReconcilerError unless a secret can be saved there, which is tried with something else beside it."""
    scheme, _, rest = reference.partition(":")
    if scheme == "keyring" and rest:
        service, name = _entry(rest)
        with _keyring(f"{reference} cannot be written") as keyring:
            keyring.set_password(service, f"{name}-place", _PROBE)
            found = keyring.get_password(service, f"{name}-place")
            keyring.delete_password(service, f"{name}-place")
        if found != _PROBE:
            message = f"{reference} does not keep what is saved in it"
            raise ReconcilerError(message, advice="choose another place with --save")
    elif scheme == "file" and rest:
        path = root / rest
        if path.is_dir():
            raise ReconcilerError(f"{path} cannot be written: it is a folder")
        probe = path.with_name(f".{path.name}.place")
        _write_file(probe, _PROBE, place=path)
        probe.unlink(missing_ok=True)
    else:
        save_secret(reference, "", root=root)


def _entry(rest: str) -> tuple[str, str]:
    service, _, name = rest.partition("/")
    return service, name or "access_token"


@contextmanager
def _keyring(failure: str) -> Iterator[Any]:
    """The keyring of the operating system; what goes wrong with it is a ReconcilerError that begins with `failure`."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ModuleNotFoundError as error:
        raise MissingExtra("a secret in the keyring of the operating system", "keyring") from error
    try:
        yield keyring
    except (KeyringError, OSError, RuntimeError) as error:
        said = (str(error).strip() or type(error).__name__).partition("\n")[0]
        advice = "a server often has no keyring: use env:NAME or file:PATH there"
        raise ReconcilerError(f"{failure}: {said}", advice=advice) from error


def _write_file(path: Path, secret: str, *, place: Path) -> None:
    """What was there is lost only when the new one is complete."""
    made = path.with_name(f".{path.name}.new")
    try:
        try:
            write_privately(made, f"{secret}\n".encode())
            made.replace(path)
        except BaseException:
            made.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ReconcilerError(f"{place} cannot be written: {error.strerror or error}") from error


def write_privately(path: Path, content: bytes) -> None:
    """For its owner's eyes, from the first moment on, and never through a link that somebody else has put there."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


ShowCode = Callable[[LinkCode], None] | None
SHARED_LIMIT = "The limit counts for all runs of the app: where several call at a time, write `runners:` with how many"
Notify = Callable[..., None]
"""`App.notify`."""


def make_provider(
    root: Path, options: Mapping[str, Option], *, clock: Clock, show_code: ShowCode, notify: Notify
) -> BusinessApiProvider:
    """The provider that calls TikTok, or whatever answers at `base_url`."""
    client = make_client(root, options, notify=notify)
    return BusinessApiProvider(client, clock=clock, self_is=_text(options, "act_as"), show_code=show_code)


def make_sandbox_provider(world: World, options: Mapping[str, Option], *, show_code: ShowCode) -> BusinessApiProvider:
    """The same provider over the embedded platform."""
    return BusinessApiProvider(make_sandbox_client(world, options), clock=world, show_code=show_code)


def make_sandbox_client(world: World, options: Mapping[str, Option]) -> Client:
    """Calls of the embedded platform, in this process and without a pace; `act_as` says as whom."""
    from reconciler.sandbox.api.transport import find_access

    name = _text(options, "act_as")
    found = find_access(world, name)
    if found is None:
        message = f"nobody in the sandbox goes by {name!r}" if name else "a token belongs to a person; none is named"
        raise ReconcilerError(message, advice="write `act_as:` with the key of an admin of the Business Center")
    token, transport = found
    # One world is one database connection, which serves one call after the other.
    return Client(Connection(access_token=token, tier=TIERS["unlimited"], workers=1), transport=transport)


def make_client(root: Path, options: Mapping[str, Option], *, notify: Notify, token: str | None = None) -> Client:
    """Calls as the options say; raises ReconcilerError when they make no sense or the token is not there.

    `token` is used in place of the one that the options refer to; an empty one is none.
    """

    def announce(seconds: float) -> None:
        message = f"TikTok's limit of calls per minute was exceeded: no call for {seconds / 60:.0f} minutes"
        notify(f"{message}. {SHARED_LIMIT}", level="warning")

    client = Client(_make_connection(root, options, token=token))
    client.pace.on_rest = announce
    return client


def _make_connection(root: Path, options: Mapping[str, Option], *, token: str | None) -> Connection:
    tier = tier_of(options)
    reference = _text(options, "access_token")
    if token is None and not reference:
        advice = "write `access_token: env:NAME`, `file:PATH` or `keyring:SERVICE/NAME`"
        raise ReconcilerError("the business_api provider has no access_token", advice=advice)
    seconds = options.get("timeout", 60)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds <= 0:
        raise ReconcilerError(f"timeout {seconds!r} is no number of seconds")
    return Connection(
        access_token=read_secret(reference, root=root) if token is None else token,
        base_url=_check_url(_text(options, "base_url") or BASE_URL),
        tier=tier,
        answer_seconds=float(seconds),
    )


def tier_of(options: Mapping[str, Option]) -> Tier:
    """The part of the limits that is for this run; raises ReconcilerError where none is left for it."""
    name = _text(options, "api_tier") or DEFAULT_TIER
    if name not in TIERS:
        raise ReconcilerError(f"there is no api_tier {name!r}", advice=f"there are: {', '.join(TIERS)}")
    most, runners = TIERS[name].calls_per_second, options.get("runners", 1)
    if isinstance(runners, bool) or not isinstance(runners, int) or not 1 <= runners <= most:
        message = f"runners {runners!r} is no number of runs that can share a limit"
        raise ReconcilerError(message, advice=f"at api_tier {name} it is 1 to {most}: each has to call once a second")
    return replace(TIERS[name], runners=runners)


def _check_url(url: str) -> str:
    """A token must not travel in the clear, except to this very machine."""
    parts = urlsplit(SECRETS.learn_address(url))
    is_local = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_local):
        raise ReconcilerError(f"base_url {url!r} would show the token to others", advice="use https")
    return url


def _text(options: Mapping[str, Option], name: str) -> str:
    value = options.get(name, "")
    return value if isinstance(value, str) else str(value)


LASTS = timedelta(minutes=30)
"""After that a code counts as lapsed. How long TikTok takes one is not published; it is a matter of minutes."""
_CLEAR_LINE = "\r\x1b[2K"
_BLACK_AND_WHITE, _PLAIN = "\x1b[38;5;231;48;5;16m", "\x1b[0m"
"""White on black, of the 256 colours that no theme changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeScreen:
    """Shows codes to whoever runs the tool, and writes them into a folder if one is named."""

    root: Path
    home: Path
    """The folder for what the tool keeps in a workspace."""
    clock: Clock
    folder: Path | None
    files: Callable[[], Sequence[SourceFile]]
    """The manifests, which say in what language a page is to be."""

    def find(self) -> Callable[[LinkCode], None] | None:
        """How to show a code; None where nobody would see it, because then it would stay in a log."""
        return self._show if self.folder is not None or is_interactive(sys.stderr) else None

    def _show(self, code: LinkCode) -> None:
        if is_interactive(sys.stderr):
            draw(code)
        if self.folder is not None:
            written = self._write(code, self.folder)
            click.echo(f"{_CLEAR_LINE}the code for the owner of {make_visible(code.handle)}: {written}", err=True)

    def _write(self, code: LinkCode, folder: Path) -> Path:
        """The code as a page with everything its owner has to know, and as pictures; returns the page."""
        import segno

        until = self.clock.now() + LASTS
        drawn = segno.make(code.text, error="m", micro=False)
        picture = drawn.svg_data_uri(light="white", scale=10)
        desired = load_manifests(self.files(), today=until.date()).desired
        speech = speech_for(self.root, desired, code.order.actor, code.order.address.organization)
        document = document_of_code(code.order, until=until, picture=picture, link=code.text, speech=speech)
        page = "".join(write_html(document, Style()))
        pixels, vectors = BytesIO(), BytesIO()
        drawn.save(pixels, kind="png", scale=10)
        drawn.save(vectors, kind="svg", scale=10, light="white")
        note = _Note(folder=str(folder.resolve()), address=str(code.order.address), until=until.isoformat())
        _keep(self.home, [*(other for other in _notes(self.home) if other.address != note.address), note])
        try:
            for path, content in zip(note.files, (page.encode(), pixels.getvalue(), vectors.getvalue()), strict=True):
                write_privately(path, content)
        except OSError as error:
            raise ReconcilerError(f"no code can be written to {folder}: {error.strerror or error}") from error
        return note.files[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Note:
    """Where a code was written. It names no files: whoever could slip in a note must not have anything else removed."""

    folder: str
    address: str
    until: str

    @property
    def files(self) -> list[Path]:
        """The page, and the code as pixels and as vectors."""
        return [Path(self.folder, f"{file_name(self.address)}{ending}") for ending in (".html", ".png", ".svg")]

    def is_over(self, now: datetime, is_over: Callable[[Address], bool]) -> bool:
        """Whether the code has lapsed, or its link says so; raises ValueError for a note that makes no sense."""
        return datetime.fromisoformat(self.until).astimezone(UTC) <= now or is_over(Address.parse(self.address))


def draw(code: LinkCode) -> None:
    """A QR code on the terminal, below what its owner has to do; nothing else keeps it.

    Written at once, over the line of whatever shows progress, because that may write at any moment and cut the code.
    """
    import segno

    drawn = StringIO()
    segno.make(code.text, error="l", micro=False).terminal(out=drawn, compact=True)
    # segno draws what is light and leaves the rest to the terminal: on a light one the code would be inverted.
    picture = "".join(f"{_BLACK_AND_WHITE}{line}{_PLAIN}\n" for line in drawn.getvalue().splitlines())
    numbered = enumerate(map(quote, code.order.steps), start=1)
    steps = "".join(f"  {number}. {make_visible(step)}\n" for number, step in numbered)
    title = f"the owner of {make_visible(code.handle)} scans this with the TikTok app:"
    click.echo(f"{_CLEAR_LINE}{steps}{title}\n{picture}{make_visible(code.text)}", err=True, color=True)


def clear_codes(home: Path, *, now: datetime, is_over: Callable[[Address], bool] = lambda _address: False) -> None:
    """Take away the files of codes that have lapsed, or whose link `is_over` says is asked for anew or not at all."""
    notes = _notes(home)
    kept = [note for note in notes if not note.is_over(now, is_over)]
    if len(kept) == len(notes):
        return
    for note in notes:
        for path in note.files if note not in kept else ():
            _remove(path)
    _keep(home, kept)


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        raise ReconcilerError(f"{path} holds a code that is over, and stays: {error.strerror or error}") from error


def _notes(home: Path) -> list[_Note]:
    """What was written and not taken away yet."""
    try:
        notes = [checked(_Note(**note)) for note in json.loads((home / CODE_NOTES).read_bytes())]
        for note in notes:
            note.is_over(datetime.min.replace(tzinfo=UTC), lambda _address: False)  # what makes no sense is told here
    except FileNotFoundError:
        return []
    except (OSError, OverflowError, TypeError, ValueError) as error:
        message = f"{home / CODE_NOTES} cannot be read, and says which files hold codes"
        raise ReconcilerError(message, advice="look for such files yourself, and remove it") from error
    return notes


def _keep(home: Path, notes: list[_Note]) -> None:
    home.mkdir(parents=True, exist_ok=True)
    shown = [asdict(note) for note in notes]
    replace_file(home / CODE_NOTES, json.dumps(shown, indent=2) + "\n")


def open_store(address: str, *, root: Path, key: str = "", dating: Dating = None) -> StateStore:
    """The store at an address as `state:` has it; `key` is a reference to the key that it is sealed under, if any.

    A message never repeats an address: it may hold a password.
    """
    SECRETS.learn_address(address)
    scheme, separator, rest = address.partition(":")
    if not separator or scheme not in STATE_SCHEMES:
        message = f"state of kind {scheme!r} cannot be used" if separator else "the address of the state has no scheme"
        advice = f"write `state: PREFIX:...` with one of {', '.join(sorted(STATE_SCHEMES))}"
        raise ReconcilerError(message, advice=advice)
    if not key:
        return _open_plain(scheme, rest, root=root, dating=dating)
    from reconciler.cli.providers import read_secret
    from reconciler.stores.sealed import Seal, SealedStore, parse_key, sealed_holder

    seal = Seal(parse_key(read_secret(key, root=root)))
    holder = sealed_holder(this_process(), seal)
    return SealedStore(_open_plain(scheme, rest, root=root, holder=holder, dating=dating), seal)


def _open_plain(
    scheme: str, rest: str, *, root: Path, holder: Holder | None = None, dating: Dating = None
) -> StateStore:
    """The store at `rest`, whose paths count from `root`; without a `holder`, locks are in the name of this process."""
    match scheme:
        case "file":
            return LocalFileStore(root / rest, holder=holder, dating=dating)
        case "sqlite" | "postgresql":
            try:
                from reconciler.stores.sql import open_sql_store
            except ModuleNotFoundError as error:
                raise MissingExtra("state in a database", OF_STORES[scheme]) from error
            return open_sql_store(f"{scheme}:{rest}", root=root, holder=holder, dating=dating)
    from reconciler.stores.object_store import open_object_store

    return open_object_store(f"{scheme}:{rest}", holder=holder, dating=dating)
