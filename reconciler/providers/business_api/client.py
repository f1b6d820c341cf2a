# Long because one page is one call, and what may be believed of it depends on how it was made.
"""Calls: header, parameters, pace, repetition, answer, and whole lists from calls that return pages of them.

It knows nothing of what the calls are about.
"""

from __future__ import annotations

import json
import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from math import ceil
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, cast

from reconciler.deadlines import bound, deadline
from reconciler.model import SECRETS, ProviderError, dataclass
from reconciler.providers.business_api.vocabulary import OK, OVER_LIMIT, PARTLY_OK, ApiError, Listing, Remedy, stopping

if TYPE_CHECKING:
    import httpx2

DEFAULT_TIER = "basic"
_SHARE = 0.8
REST_AFTER_MINUTE_LIMIT = 300.0
"""Seconds without any call that TikTok asks for when the limit per minute was broken."""
_ONE_SECOND = 1.0
_MAX_NAP = 1.0
"""Seconds until a thread that waits looks whether it still should."""
_SAME_BREACH = 3.0
"""A second refusal within this time after the pause means that it was not the limit per second."""
_MAX_BACK_OFF = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """The limits of one tier."""

    per_second: int
    per_minute: int
    runners: int = 1
    """How many processes share them."""

    @property
    def limit(self) -> str:
        """Our share of it in words; empty for the one that is none."""
        if self.per_second == TIERS["unlimited"].per_second:
            return ""
        return f"{self.calls_per_second} calls a second and {self.calls_per_minute:,} a minute"

    @property
    def calls_per_second(self) -> int:
        """How many calls we make in any second."""
        return int(self.per_second * _SHARE / self.runners)

    @property
    def calls_per_minute(self) -> int:
        """How many calls we make in any minute."""
        return int(self.per_minute * _SHARE / self.runners)

    def seconds_for(self, calls: int) -> int:
        """How long so many calls take, rounded up."""
        by_minute = calls / self.calls_per_minute * 60 if calls > self.calls_per_minute else 0
        return ceil(max(calls / self.calls_per_second, by_minute))


TIERS: dict[str, Tier] = {
    "basic": Tier(per_second=10, per_minute=600),
    "advanced": Tier(per_second=20, per_minute=1200),
    "premium": Tier(per_second=30, per_minute=1800),
    "ultimate": Tier(per_second=50, per_minute=3000),
    "unlimited": Tier(per_second=100_000, per_minute=1_000_000),  # no tier of TikTok's: for an emulator of one's own
}


class Ticker(Protocol):
    """Time that passes, and waiting for it; tests bring one that does not really wait."""

    def now(self) -> float:
        """Seconds since some fixed moment."""
        ...

    def sleep(self, seconds: float) -> None:
        """Return after this many seconds."""
        ...


class MachineTicker:
    """The machine's own time."""

    def now(self) -> float:
        """Seconds since the machine started."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait for real."""
        time.sleep(seconds)


class Pace:
    """Lets calls through as fast as a tier allows, and none at all while the platform wants peace."""

    def __init__(self, tier: Tier, ticker: Ticker) -> None:
        from pyrate_limiter import InMemoryBucket, Rate

        self.tier = tier
        second, minute = Rate(tier.calls_per_second, 1000), Rate(tier.calls_per_minute, 60_000)
        self._bucket = InMemoryBucket([second, minute])
        self._ticker = ticker
        self.on_rest: Callable[[float], None] = lambda _seconds: None
        """Hears of every long pause before it begins."""
        self._lock = threading.Lock()
        self.calls = 0
        """How many calls were let through."""
        self._is_stopped = False
        self._closed_until = float("-inf")
        self._breach_is_fresh_until = float("-inf")

    def wait(self) -> None:
        """Return when a call may go out; that call is counted. Raises ProviderError when the run was stopped."""
        while (seconds := self._seconds_to_wait()) > 0:
            self._ticker.sleep(min(seconds, _MAX_NAP))
        if self._is_stopped:
            raise ProviderError("the run was interrupted")

    def stop(self) -> None:
        """Let nobody call any more: whoever waits for five minutes to pass must not keep a person waiting as well."""
        self._is_stopped = True

    def note_breach(self) -> None:
        """The platform turned a call away for being one too many: nobody calls for a second, or for five minutes."""
        with self._lock:
            now = self._ticker.now()
            if now < self._closed_until:
                return  # sent before we stopped: the same breach
            again = now < self._breach_is_fresh_until
            rest = REST_AFTER_MINUTE_LIMIT if again else _ONE_SECOND
            self._closed_until = now + rest
            self._breach_is_fresh_until = self._closed_until + _SAME_BREACH
        if again:
            self.on_rest(rest)

    def back_off(self, failures: int) -> None:
        """Wait before a call is repeated: 1, 2, 4, 8 ... seconds, half of it by chance so that threads part."""
        self._ticker.sleep(seconds_to_back_off(failures))

    def _seconds_to_wait(self) -> float:
        from pyrate_limiter import RateItem

        if self._is_stopped:
            return 0.0
        with self._lock:
            now = self._ticker.now()
            if now < self._closed_until:
                return self._closed_until - now
            item = RateItem("call", int(now * 1000))
            self._bucket.leak(item.timestamp)
            if self._bucket.put(item):
                self.calls += 1
                return 0.0
            waiting = self._bucket.waiting(item)
            return max(1, waiting if isinstance(waiting, int) else 1) / 1000


def seconds_to_back_off(failures: int) -> float:
    """Between half of and all of 2 ** (failures - 1) seconds."""
    whole = min(_MAX_BACK_OFF, 2.0 ** (failures - 1))
    return whole * random.uniform(0.5, 1)  # noqa: S311  # spreads calls over time, keeps no secret


T = TypeVar("T")
R = TypeVar("R")
Data = Mapping[str, Any]

BASE_URL = "https://business-api.tiktok.com"
PREFIX = "/open_api/v1.3/"
_ATTEMPTS = 6
_MAX_WORKERS = 64
_BUSY_SECONDS = 4
"""Answers may take so long, and calls still go out as fast as the tier allows."""
_MAX_BYTES = 16 * 1024 * 1024
"""Far more than a page of fifty rows."""
_PATIENCE = 2
"""So many times the time for one piece of an answer, a call may take in all."""
_MAX_CODE = 10**9
_MAX_SHOWN = 80
_MAX_MESSAGE = 500
"""What the platform says ends up in plans, states and logs."""

# stamina tells of every repetition; without anybody listening that would end up on the terminal.
logging.getLogger("stamina").addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Where to call and how often."""

    access_token: str = field(repr=False, default="")
    """Empty only for getting one."""
    base_url: str = BASE_URL
    tier: Tier = TIERS[DEFAULT_TIER]
    connect_seconds: float = 10.0
    answer_seconds: float = 60.0
    workers: int = 0
    """How many calls may be under way at once; 0 for as many as keep the pace of the tier."""


class Client:
    """Calls that share one connection pool, one token and one pace; may be used from several threads.

    `transport` replaces the network, `ticker` the time.
    """

    def __init__(
        self, connection: Connection, *, transport: httpx2.BaseTransport | None = None, ticker: Ticker | None = None
    ) -> None:
        import httpx2

        SECRETS.learn(connection.access_token)
        _require_sendable(connection.access_token)
        self.ticker: Ticker = ticker or MachineTicker()
        self.pace = Pace(connection.tier, self.ticker)
        self._workers = connection.workers or min(_MAX_WORKERS, _BUSY_SECONDS * connection.tier.calls_per_second)
        self._patience = _PATIENCE * connection.answer_seconds
        headers = {"Access-Token": connection.access_token} if connection.access_token else {}
        self.date = ""
        """When the last answer was given, as its header says."""
        self._http = httpx2.Client(
            base_url=connection.base_url.rstrip("/") + PREFIX,
            headers=headers,
            timeout=httpx2.Timeout(connection.answer_seconds, connect=connection.connect_seconds),
            transport=transport,
            # A redirect would carry the token to wherever it points.
            follow_redirects=False,
        )
        bound(self._http)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    @property
    def calls(self) -> int:
        """How many requests went out, repeated ones included."""
        return self.pace.calls

    def get(self, endpoint: str, parameters: Mapping[str, Any]) -> Data:
        """Read something. Repeated after failures that may pass; raises ApiError when they do not.

        Texts and numbers go as they are, everything else as JSON text; what is None is left out.
        """
        import stamina

        # The waiting between attempts is our pace's, because all threads have to keep it.
        attempts = stamina.retry_context(
            on=_is_transient, attempts=_ATTEMPTS, timeout=None, wait_initial=0, wait_max=0, wait_jitter=0
        )
        query = {
            name: value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
            for name, value in parameters.items()
            if value is not None
        }
        for attempt in attempts:
            with attempt:
                if attempt.num > 1:
                    self.pace.back_off(attempt.num - 1)
                return self._send("GET", endpoint, params=query)
        raise AssertionError  # stamina raises the last error by itself

    def post(self, endpoint: str, body: Mapping[str, Any]) -> Data:
        """Write something, sent exactly once: whoever calls looks what became of it before sending it again."""
        return self._send("POST", endpoint, json={name: value for name, value in body.items() if value is not None})

    def map(self, work: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """Do the same with many things at once; the results are in the order of the things."""
        todo = list(items)
        if self._workers == 1 or len(todo) < 2:
            return [work(item) for item in todo]
        with ThreadPoolExecutor(min(self._workers, len(todo))) as pool:
            try:
                return list(pool.map(work, todo))
            except KeyboardInterrupt:
                self.pace.stop()
                raise

    def _send(self, method: str, endpoint: str, **content: Any) -> Data:
        import httpx2

        self.pace.wait()
        began = time.monotonic()
        try:
            status, text = self._exchange(method, endpoint, **content)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            message = f"could not be reached: {_message_of(error)}"
            raise ApiError(message, endpoint=endpoint, remedy=Remedy.WAIT) from error
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            is_late = isinstance(error, httpx2.TimeoutException) and time.monotonic() - began >= self._patience
            late = f"the answer was not complete after {self._patience:.0f} seconds"
            message = late if is_late else f"no answer came: {_message_of(error)}"
            raise ApiError(message, endpoint=endpoint, remedy=Remedy.DOUBT) from error
        try:
            return parse_answer(text, status=status, endpoint=endpoint)
        except ApiError as error:
            if error.code in OVER_LIMIT:
                self.pace.note_breach()
            if error.remedy is Remedy.STOP:
                raise stopping(error) from error
            raise

    def _exchange(self, method: str, endpoint: str, **content: Any) -> tuple[int, str]:
        """Status and body, read to its end as long as that is in sight."""
        size, parts = 0, []
        with deadline(self._patience), self._http.stream(method, endpoint, **content) as response:
            for part in response.iter_bytes():
                parts.append(part)
                size += len(part)
                if size > _MAX_BYTES:
                    message = f"the answer is longer than {_MAX_BYTES >> 20} MiB"
                    raise ApiError(message, endpoint=endpoint, remedy=Remedy.DOUBT)
        self.date = response.headers.get("date", "")
        # JSON is UTF-8, whatever the header says of it.
        return response.status_code, b"".join(parts).decode("utf-8-sig", "replace")


def _require_sendable(token: str) -> None:
    """A token with a line break or an accent would be quoted by whoever fails to send it."""
    if not (token.isascii() and (token.isprintable() or not token) and " " not in token):
        message = "the access token has characters in it that no token has, such as spaces or line breaks"
        raise ProviderError(message, advice="look at what `access_token` refers to; only the bare token belongs there")


def _is_transient(error: Exception) -> bool:
    return isinstance(error, ApiError) and error.remedy in (Remedy.WAIT, Remedy.DOUBT)


def _message_of(error: Exception) -> str:
    return SECRETS.hide(str(error)) or type(error).__name__


def parse_answer(text: str, *, status: int, endpoint: str) -> Data:
    """The data of a successful answer, never None; raises ApiError for everything else."""
    body = _parse_object(text)
    code = body.get("code") if body else None
    if body is None or not isinstance(code, int) or isinstance(code, bool) or abs(code) > _MAX_CODE:
        raise _not_an_envelope(text, status=status, endpoint=endpoint)
    if code not in (OK, PARTLY_OK):
        message = _shorten(str(body.get("message") or ""), _MAX_MESSAGE)
        request_id = _shorten(str(body.get("request_id") or ""), _MAX_SHOWN)
        raise ApiError(message, endpoint=endpoint, code=code, request_id=request_id)
    data = body.get("data")
    return data if isinstance(data, dict) else {}


def _parse_object(text: str) -> dict[str, Any] | None:
    try:
        body = json.loads(text)
        if "\\ud" in text.lower():
            # Half a character cannot be written to any file of ours.
            body = json.loads(json.dumps(body, ensure_ascii=False).encode(errors="replace"))
        # A server that quotes a token must not get it into a plan, a state or a message.
        return cast("dict[str, Any]", SECRETS.hide_in_json(body)) if isinstance(body, dict) else None
    except (ValueError, RecursionError):  # what can just be read may be too deep to be written
        return None


def _not_an_envelope(text: str, *, status: int, endpoint: str) -> ApiError:
    """Below 500 the call never reached the interface; from there on nobody knows how far it got."""
    shown = _shorten(SECRETS.hide(text), _MAX_SHOWN)
    said = f"HTTP status {status} without a return code" + (f": {shown}" if shown else "")
    if 300 <= status < 400:
        said += "; a redirect is not followed, because it would carry the token away: look at `base_url` and the proxy"
        return ApiError(said, endpoint=endpoint, remedy=Remedy.LOOK)
    remedy = Remedy.NONE if 400 <= status < 500 else Remedy.DOUBT
    return ApiError(said, endpoint=endpoint, remedy=remedy)


def _shorten(text: str, most: int) -> str:
    words = " ".join(text[: 4 * most].split())
    return words if len(words) <= most else f"{words[:most]}..."


Row = Mapping[str, Any]

_IDS = ("user_id", "member_id", "advertiser_id", "bc_id", "asset_id", "asset_group_id")
_WORDS = (
    *("user_name", "user_email", "user_role", "relation_status", "asset_name", "asset_group_name"),
    *("pixel_code", "tt_asset_handle", "advertiser_role", "catalog_role", "store_role"),
)
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    # A number of 19 digits is exact as a whole number, and only then.
    **dict.fromkeys(_IDS, (str, int)),
    **dict.fromkeys(_WORDS, str),
    **dict.fromkeys(("bc_info", "ext_user_role", "asset_roles"), dict),
    **dict.fromkeys(("tt_account_roles", "business_account_roles"), list),
}
"""What the fields that we read may be, besides null."""
_IDLE_READINGS = 5
"""So often in a row a list is read without anything new coming to light."""
_MAX_READINGS = 25
_MAX_PAGES = 5000
"""A hundred thousand members; what claims to be longer is a mistake that we must not spend days on."""


def text_of(row: Row, name: str) -> str:
    """A field as text; missing and null are empty."""
    value = row.get(name)
    return "" if value is None else str(value)


def read_list(client: Client, listing: Listing, parameters: Mapping[str, Any]) -> list[Row]:
    """All rows, each once; raises ApiError when the list cannot be read, or moves faster than it can be read."""
    pages: list[list[Row]] = []
    mark, found, readings, idle = None, 0, 0, 0
    before: Counter[object] = Counter()
    while idle < _IDLE_READINGS and readings < _MAX_READINGS:
        reading = _read_once(client, listing, parameters)
        readings, idle = readings + 1, idle + 1
        if reading is None or reading.mark != mark:
            pages, mark, found = [], reading and reading.mark, 0
        if reading is None:
            continue
        pages = [*pages, *reading.pages]
        together = _distinct(pages, listing)
        names = Counter(_name(row, listing) for page in reading.pages for row in page)
        rows = _find_whole(reading, listing, is_same=names == before)
        if rows is not None or len(together) == reading.total:
            return together if rows is None else rows
        before = names
        if reading.total is not None and len(together) > reading.total:
            mark = None
        elif 0 < found < len(together):
            idle = 0
        found = len(together)
    message = f"the list moved each of the {readings} times it was read"
    raise ApiError(message, endpoint=listing.endpoint, remedy=Remedy.DOUBT)


def read_if_allowed(client: Client, listing: Listing, parameters: Mapping[str, Any]) -> list[Row]:
    """The same, and nothing where it cannot be read: for what a token need not have the scope for."""
    try:
        return read_list(client, listing, parameters)
    except ApiError:
        return []


def count_rows(client: Client, listing: Listing, parameters: Mapping[str, Any]) -> int:
    """How long a list is, for one call."""
    data = client.get(listing.endpoint, {**parameters, "page": 1, "page_size": 1})
    total, _ = _totals(data, listing)
    return total if total is not None else len(_rows_of(data, listing))


@dataclass(frozen=True, slots=True)
class _Reading:
    pages: list[list[Row]]
    total: int | None
    """How many rows the list is said to have."""
    mark: tuple[object, ...]
    """Another one only where the list is another one: how long it is, and what comes first."""


def _read_once(client: Client, listing: Listing, parameters: Mapping[str, Any]) -> _Reading | None:
    """All pages, or None when its length moved on the way. The pages behind the first are read at the same time."""

    def page(number: int) -> Data:
        return client.get(listing.endpoint, {**parameters, "page": number, "page_size": listing.page_size})

    first = page(1)
    total, pages = _totals(first, listing)
    others = client.map(page, range(2, pages + 1))
    if any(_totals(other, listing) != (total, pages) for other in others):
        return None
    read = [_rows_of(each, listing) for each in (first, *others)]
    return _Reading(read, total, mark=(total, *(_name(row, listing) for row in read[0][:1])))


def _find_whole(reading: _Reading, listing: Listing, *, is_same: bool) -> list[Row] | None:
    """The rows of one reading, where there are as many as it says. What has a number comes once.

    Rows without a number that look alike on two pages are two only if a second reading shows the same: one that has
    slipped from page to page would stand in for another that is missing.
    """
    rows = [row for page in reading.pages for row in page]
    different = _distinct(reading.pages, listing)
    if reading.total in (None, len(different)):
        return different
    numbers = Counter(_name(row, listing) for row in rows if _has_number(row, listing))
    return rows if is_same and len(rows) == reading.total and max(numbers.values(), default=1) == 1 else None


def _distinct(pages: Iterable[list[Row]], listing: Listing) -> list[Row]:
    """Each row once; rows without a number that look alike are as many as one page shows."""
    kept: dict[object, Row] = {}
    for page in pages:
        alike: Counter[object] = Counter()
        for row in page:
            name = _name(row, listing)
            alike[name] += not _has_number(row, listing)
            kept.setdefault((name, alike[name]), row)
    return list(kept.values())


def _has_number(row: Row, listing: Listing) -> bool:
    return bool(listing.row_id and row.get(listing.row_id[0]))


def _name(row: Row, listing: Listing) -> object:
    if not listing.row_id:
        return repr(row)
    names = listing.row_id if _has_number(row, listing) else (*listing.row_id, listing.other_id)
    return tuple(row.get(name) for name in names)


def _totals(data: Data, listing: Listing) -> tuple[int | None, int]:
    """How many rows there are, where the answer says it, and on how many pages."""
    info = data.get("page_info")
    if info is None and len(_rows_of(data, listing)) < listing.page_size:
        return None, 1
    total, pages = _find_count(info, "total_number"), _find_count(info, "total_page")
    if total is None or pages is None or pages < bool(total):
        raise _nonsense(listing, "it does not tell how long the list is")
    if pages > _MAX_PAGES:
        raise _nonsense(listing, f"the list is said to have {total} rows on {pages} pages")
    return total, max(1, pages)


def _find_count(info: object, name: str) -> int | None:
    """A number of things; None where there is none that could be one."""
    value = info.get(name) if isinstance(info, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _rows_of(data: Data, listing: Listing) -> list[Row]:
    """The rows of one page; raises ApiError when they make no sense.

    An asset group comes as an object or as a list with it: both are documented. It leaves out what it has none of. Any
    other list may be left out, or null, where the answer says that there is nothing in it.
    """
    if "asset_group" in data:
        group = data["asset_group"]
        holders, may_lack = group if isinstance(group, list) else [group], True
    else:
        holders, may_lack = [data], _find_count(data.get("page_info"), "total_number") == 0
    rows: list[Row] = []
    for holder in holders:
        found = _require_row(holder, listing).get(listing.items)
        if found is None and may_lack:
            continue
        if not isinstance(found, list):
            raise _nonsense(listing, f"there is no list `{listing.items}` in it")
        rows += [_check_row(row, listing) for row in found]
    return rows


def _check_row(found: object, listing: Listing) -> Row:
    """The row without what only fills a place; raises ApiError when it makes no sense."""
    row = _require_row(found, listing)
    for name, value in row.items():
        kinds = _TYPES.get(name)
        if kinds and value is not None and (not isinstance(value, kinds) or isinstance(value, bool)):
            raise _nonsense(listing, f"`{name}` of a row is of type {type(value).__name__}")
    for name, words in listing.words.items():
        if row.get(name) not in words:
            raise _nonsense(listing, f"`{name}` of a row is {row.get(name)!r}, which nobody has described")
    row = {name: value for name, value in row.items() if not _is_placeholder(name, value, row, listing)}
    # Whoever was invited has no number, but an address; everything else has a name of its own.
    number = next(iter(listing.row_id), "")
    if number and not row.get(number) and not (listing.other_id and row.get(listing.other_id)):
        raise _nonsense(listing, f"a row has no `{number}`")
    return row


def _is_placeholder(name: str, value: object, row: Row, listing: Listing) -> bool:
    if name in (*_IDS, listing.other_id) and not str(value).strip(" 0-"):
        return True
    field, word = listing.numbered or ("", None)
    return bool(field) and name == listing.row_id[0] and row.get(field) != word


def _require_row(found: object, listing: Listing) -> Row:
    if not isinstance(found, dict):
        raise _nonsense(listing, f"`{listing.items}` has something in it that is no row")
    return found


def _nonsense(listing: Listing, problem: str) -> ApiError:
    """Repeating the call would bring the same: the platform, or whatever stands before it, has changed."""
    return ApiError(f"the answer makes no sense: {problem}", endpoint=listing.endpoint, remedy=Remedy.NONE)
