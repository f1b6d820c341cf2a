"""Opening the store that the configuration names."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Protocol

from reconciler.cli.extras import OF_STORES
from reconciler.model.errors import MissingExtra, ReconcilerError
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
    make = STORES.get(scheme)
    if not separator or make is None:
        message = f"state of kind {scheme!r} cannot be used" if separator else "the address of the state has no scheme"
        raise ReconcilerError(message, advice=f"write `state: PREFIX:...` with one of {', '.join(sorted(STORES))}")
    if not key:
        return make(root, rest, dating=dating)
    from reconciler.cli.credentials import read_secret
    from reconciler.stores.sealed import Seal, SealedStore, parse_key, sealed_holder

    seal = Seal(parse_key(read_secret(key, root=root)))
    return SealedStore(make(root, rest, holder=sealed_holder(this_process(), seal), dating=dating), seal)


class MakeStore(Protocol):
    """Opens a store; without a `holder`, locks are taken in the name of this process."""

    def __call__(self, root: Path, rest: str, /, *, holder: Holder | None = None, dating: Dating = None) -> StateStore:
        """`rest` is what stands behind the scheme; paths count from `root`."""
        ...


def _make_file_store(root: Path, rest: str, *, holder: Holder | None = None, dating: Dating = None) -> StateStore:
    return LocalFileStore(root / rest, holder=holder, dating=dating)


def _make_sql_store(
    scheme: str, root: Path, rest: str, *, holder: Holder | None = None, dating: Dating = None
) -> StateStore:
    try:
        from reconciler.stores.sql import open_sql_store
    except ModuleNotFoundError as error:
        raise MissingExtra("state in a database", OF_STORES[scheme]) from error
    return open_sql_store(f"{scheme}:{rest}", root=root, holder=holder, dating=dating)


def _make_object_store(
    scheme: str, _root: Path, rest: str, *, holder: Holder | None = None, dating: Dating = None
) -> StateStore:
    from reconciler.stores.object_store import open_object_store

    return open_object_store(f"{scheme}:{rest}", holder=holder, dating=dating)


STORES: dict[str, MakeStore] = {
    "file": _make_file_store,
    "sqlite": partial(_make_sql_store, "sqlite"),
    "postgresql": partial(_make_sql_store, "postgresql"),
    "s3": partial(_make_object_store, "s3"),
    "gs": partial(_make_object_store, "gs"),
    "az": partial(_make_object_store, "az"),
}
"""What stands before the colon of `state:` -> how to make one from what stands behind it."""
