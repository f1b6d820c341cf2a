"""Opening the store that the configuration names."""

from __future__ import annotations

from pathlib import Path

from reconciler.cli.extras import OF_STORES
from reconciler.manifests.config import STATE_SCHEMES
from reconciler.model.finding import MissingExtra, ReconcilerError
from reconciler.model.ports import StateStore
from reconciler.model.redaction import SECRETS
from reconciler.stores.local_file import LocalFileStore
from reconciler.stores.rules import Dating, Holder, this_process


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
    from reconciler.cli.credentials import read_secret
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
