"""What can become of a call that does not succeed."""

from __future__ import annotations

from reconciler.model.errors import ProviderError
from reconciler.providers.business_api.codes import OVER_LIMIT, Remedy, get_return_code

NO_CODE = 0


class ApiError(Exception):
    """The interface said no, or its answer could not be understood, or none came.

    `code` is NO_CODE where no return code was received. The text never holds what was sent, because that may contain
    a secret.
    """

    def __init__(
        self, message: str, *, endpoint: str, code: int = NO_CODE, request_id: str = "", remedy: Remedy | None = None
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
