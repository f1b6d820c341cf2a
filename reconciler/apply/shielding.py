"""Keeping a mistake in one provider away from everything else.

A provider raises ProviderError for what it knows can go wrong. Anything else is a bug in it, or an answer that nobody
thought of; the organization it happened in is told of, and the others go on.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reconciler.model.errors import ProviderError, ReconcilerError
from reconciler.model.ports import Provider

_MAX_SHOWN = 200


class ProviderBroke(ProviderError):
    """A provider raised what it must not raise, so nobody knows how far it got."""


@contextmanager
def shielded(provider: Provider) -> Iterator[None]:
    """Let only ProviderError out of a call of the provider; ProviderBroke for all that is not meant for a user."""
    try:
        yield
    except ReconcilerError:
        raise
    except Exception as error:
        raise ProviderBroke(_describe(provider, error), advice="please report it") from error


def _describe(provider: Provider, error: Exception) -> str:
    """What a report needs, in one line: the traceback itself reaches nobody, because the run goes on."""
    said = " ".join(str(error).split())[:_MAX_SHOWN]
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    name = type(error).__name__
    return f"this is a bug in the provider {provider.name}: {name}{place}{f': {said}' if said else ''}"
