"""What can become of a call that does not succeed: what its return code means, and what to do about it.

Every answer carries a code, also with HTTP status 200; it counts more than the status. The codes are from the official
table (https://business-api.tiktok.com/portal/docs?id=1737172488964097) and the names in TikTok's own SDK
(https://github.com/tiktok/tiktok-business-api-sdk).
"""

from __future__ import annotations

from enum import StrEnum

from reconciler.model.finding import ProviderError
from reconciler.model.values import dataclass


class Remedy(StrEnum):
    """What a failed call calls for."""

    NONE = "none"
    """Saying it again changes nothing."""
    WAIT = "wait"
    """Turned away before anything was done: slow down and say it again."""
    DOUBT = "doubt"
    """Something broke on the way: a reading is repeated, after a writing one looks whether it took effect."""
    LOOK = "look"
    """The object may be as wanted already: look before calling it a failure."""
    STOP = "stop"
    """The credentials do not work; no other call will fare better."""


@dataclass(frozen=True, slots=True)
class ReturnCode:
    """One row of the table."""

    meaning: str
    remedy: Remedy = Remedy.NONE


OK, PARTLY_OK = 0, 20001
"""Done, and some of it done; what a call that did some of it has done is read afterwards, like after every call."""

CODES: dict[int, ReturnCode] = {
    40000: ReturnCode("invalid parameters"),
    40001: ReturnCode("no permission for this operation: the role, the scope of the token or the object"),
    40002: ReturnCode("a parameter is wrong, or there is no permission for the object"),
    40003: ReturnCode("forbidden"),
    40006: ReturnCode("the version of the interface does not fit"),
    40007: ReturnCode("the object does not exist", Remedy.LOOK),
    40008: ReturnCode("not implemented"),
    40009: ReturnCode("not available in TikTok's sandbox"),
    40010: ReturnCode("wrong domain for this token"),
    40011: ReturnCode("too many ids in one call"),
    40012: ReturnCode("nothing to update", Remedy.LOOK),
    40013: ReturnCode("wrong domain: TikTok's sandbox"),
    40014: ReturnCode("wrong domain: TikTok's sandbox"),
    40016: ReturnCode("called too often", Remedy.WAIT),
    40050: ReturnCode("the same request came twice", Remedy.LOOK),
    40051: ReturnCode("invalid version of the interface"),
    40061: ReturnCode("invalid batch size"),
    40100: ReturnCode("called too often: a limit of the app is reached", Remedy.WAIT),
    40101: ReturnCode("app id, secret and code do not belong together", Remedy.STOP),
    40102: ReturnCode("the access token has expired", Remedy.STOP),
    40103: ReturnCode("the refresh token has expired", Remedy.STOP),
    40104: ReturnCode("the access token is empty", Remedy.STOP),
    40105: ReturnCode("the access token is wrong or was revoked", Remedy.STOP),
    40106: ReturnCode("the access token does not belong to this user"),
    40107: ReturnCode("the refresh token is wrong", Remedy.STOP),
    40108: ReturnCode("wrong grant type", Remedy.STOP),
    40109: ReturnCode("wrong cipher", Remedy.STOP),
    40110: ReturnCode("the authorization code was used, cancelled or has expired", Remedy.STOP),
    40112: ReturnCode("wrong password", Remedy.STOP),
    40113: ReturnCode("the app is blocked or unknown", Remedy.STOP),
    40114: ReturnCode("the advertiser has logged out"),
    40115: ReturnCode("wrong timestamp"),
    40116: ReturnCode("wrong signature", Remedy.STOP),
    40117: ReturnCode("this app may not call it"),
    40118: ReturnCode("only for apps on an allowlist"),
    40119: ReturnCode("the developer's company is not the advertiser's"),
    40124: ReturnCode("the developer's profile is not approved"),
    40125: ReturnCode("the developer lacks the permission"),
    40130: ReturnCode("the token lacks the scope"),
    40132: ReturnCode("called too often with one value", Remedy.WAIT),
    40133: ReturnCode("called too often for one advertiser", Remedy.WAIT),
    40200: ReturnCode("the task failed"),
    40201: ReturnCode("the task is not ready yet", Remedy.WAIT),
    40202: ReturnCode("somebody else writes to the same object", Remedy.WAIT),
    40300: ReturnCode("the advertiser does not exist"),
    40301: ReturnCode("the advertiser does not match"),
    40400: ReturnCode("there is no such address"),
    40700: ReturnCode("the platform could not validate the call"),
    41000: ReturnCode("calls from this country are not accepted", Remedy.STOP),
    41001: ReturnCode("taken out of service"),
    41002: ReturnCode("uses fields that are out of service"),
    50000: ReturnCode("an error of the platform", Remedy.DOUBT),
    50002: ReturnCode("an error or a timeout of the platform", Remedy.DOUBT),
    51060: ReturnCode("an error inside Business Center", Remedy.DOUBT),
    51061: ReturnCode("an error inside the business service", Remedy.DOUBT),
    60001: ReturnCode("down for maintenance", Remedy.DOUBT),
    61000: ReturnCode("called too often", Remedy.WAIT),
}

OVER_LIMIT = frozenset({40016, 40100, 61000})
"""Said when the app as a whole is over a limit; when it goes on for longer than a second, it is the one per minute."""

_FAMILIES = (
    (range(50000, 60000), ReturnCode("an error of the platform", Remedy.DOUBT)),
    (range(40000, 50000), ReturnCode("the call was refused")),
)


def get_return_code(code: int) -> ReturnCode:
    """What a code means; one that nobody has described yet is read by its first digit, and doubted otherwise."""
    known = CODES.get(code)
    if known is not None:
        return known
    return next((row for family, row in _FAMILIES if code in family), ReturnCode("unknown answer", Remedy.DOUBT))


class ApiError(Exception):
    """The interface said no, or its answer could not be understood, or none came.

    `code` is 0 where no return code was received. The text never holds what was sent, because that may contain
    a secret.
    """

    def __init__(
        self, message: str, *, endpoint: str, code: int = 0, request_id: str = "", remedy: Remedy | None = None
    ) -> None:
        known = get_return_code(code)
        super().__init__(message)
        self.message = message or known.meaning
        self.endpoint = endpoint
        self.code = code
        self.request_id = request_id
        self.remedy = remedy or known.remedy

    @property
    def is_over_limit(self) -> bool:
        """Whether the app as a whole makes too many calls."""
        return self.code in OVER_LIMIT

    def __str__(self) -> str:
        said = f"{self.endpoint}: {self.message}"
        details = [f"code {self.code}"] if self.code else []
        details += [f"request {self.request_id}"] if self.request_id else []
        return f"{said} ({', '.join(details)})" if details else said


def stopping(error: ApiError) -> ProviderError:
    """The error that ends a run, for an answer after which no other call will fare better."""
    known = get_return_code(error.code).meaning if error.code else ""
    advice = "authorize the app again: `reconciler auth url`, then `reconciler auth exchange`"
    return ProviderError(f"{error}{f': {known}' if known and known != error.message else ''}", advice=advice)
