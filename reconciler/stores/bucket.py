"""A bucket of objects: conditional requests that tell the truth, and problems in the words of the store."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from reconciler.model import MissingExtra, StoreError, dataclass

if TYPE_CHECKING:
    from obstore import PutMode
    from obstore.auth.boto3 import Boto3CredentialProvider
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

_T = TypeVar("_T")
_Asked = TypeVar("_Asked")
_AT_ONCE = 16
_CLOCK = "clock"
_QUERY = re.compile(r"\?\S*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """An object as it was read."""

    data: bytes
    modified: datetime
    """By the server's clock, whole seconds."""
    e_tag: str | None
    version: str | None


class Bucket:
    """The objects below one prefix. What is written must hold a nonce: nobody else may ever write the same bytes.

    The client library repeats a request whose answer was lost, and may then be told that the object exists already:
    its own. So a refusal is believed only after the object was read back and is not what was to be written.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._process = os.getpid()

    def find(self, key: str) -> Blob | None:
        """An object, or None."""
        from obstore import get

        def read() -> Blob:
            result = get(self._store, key)
            meta = result.meta
            return Blob(
                data=bytes(result.bytes()),
                modified=meta["last_modified"],
                e_tag=meta["e_tag"],
                version=meta["version"],
            )

        return self._unless_absent(read)

    def find_start(self, key: str, length: int) -> bytes | None:
        """The first bytes of an object that has at least so many, or None."""
        from obstore import get_range

        return self._unless_absent(lambda: bytes(get_range(self._store, key, start=0, length=length)))

    def exists(self, key: str) -> bool:
        """Whether there is such an object."""
        return self._modified(key) is not None

    def create(self, key: str, data: bytes) -> bool:
        """Write a new object; False when somebody else's is there."""
        return self._put(key, data, "create")

    def replace(self, key: str, data: bytes, *, seen: Blob | None) -> bool:
        """Write over what was seen; False when it is not there any more."""
        if seen is None:
            return self.create(key, data)
        tags = {"e_tag": seen.e_tag, "version": seen.version}
        return self._put(key, data, {name: tag for name, tag in tags.items() if tag})  # type: ignore[arg-type]  # None would be refused

    def names(self, folder: str) -> list[str]:
        """Names in a folder, sorted."""
        return sorted(path.removeprefix(f"{folder}/") for path in self.tags(folder))

    def tags(self, folder: str) -> dict[str, str]:
        """Path of everything in a folder -> what the server says its content by, or else when it was written."""
        from obstore import list as list_objects

        with self._explained():
            pages = list_objects(self._store, f"{folder}/")
            return {meta["path"]: meta["e_tag"] or str(meta["last_modified"]) for page in pages for meta in page}

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects; one that is not there is fine."""
        from obstore import delete
        from obstore.exceptions import NotFoundError

        with self._explained(), suppress(NotFoundError, FileNotFoundError):
            delete(self._store, list(keys))

    def now(self) -> datetime:
        """The server's clock, at most a second behind: what it writes down for an object that is written now."""
        from obstore import put

        with self._explained():
            put(self._store, _CLOCK, os.urandom(8).hex().encode(), use_multipart=False)
        modified = self._modified(_CLOCK)
        if modified is None:
            message = "the bucket with the state forgets what is written to it"
            raise StoreError(message)
        return modified

    def _modified(self, key: str) -> datetime | None:
        from obstore import head

        return self._unless_absent(lambda: head(self._store, key)["last_modified"])

    def _unless_absent(self, read: Callable[[], _T]) -> _T | None:
        from obstore.exceptions import NotFoundError

        with self._explained():
            try:
                return read()
            except (NotFoundError, FileNotFoundError):
                return None

    def _put(self, key: str, data: bytes, mode: PutMode) -> bool:
        from obstore import put
        from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError, PreconditionError

        with self._explained():
            failure: Exception | None = None
            try:
                put(self._store, key, data, mode=mode, use_multipart=False)
            except (AlreadyExistsError, PreconditionError, NotFoundError, FileExistsError, FileNotFoundError):
                pass
            except BaseError as error:
                failure = error
            else:
                return True
            found = self.find(key)
            if found is not None and found.data == data:
                return True
            if failure is not None:
                raise failure
            return False

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Errors as StoreError, without the rest of an address, which may be a signature."""
        from obstore.exceptions import BaseError

        if os.getpid() != self._process:
            message = "the bucket with the state was opened by another process"
            raise StoreError(message, advice="its client does not survive a fork: start processes with `spawn`")
        try:
            yield
        except BaseError as error:
            said = _QUERY.sub("", str(error).strip().partition("\n")[0])
            if "169.254.169.254" in said or "metadata" in said:
                # Without credentials the client asks the machine it runs on, which nobody has set up for that.
                message = "the bucket with the state cannot be used: no credentials for it were found"
                raise StoreError(
                    message, advice="docs/state.md lists what gives them, AWS_ACCESS_KEY_ID for one"
                ) from None
            raise StoreError(f"the bucket with the state cannot be used: {said}") from None


def at_once(ask: Callable[[_Asked], _T], what: Iterable[_Asked]) -> list[_T]:
    """What `ask` answers to each, in their order, asked at the same time."""
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return list(pool.map(ask, what))


def open_bucket(address: str) -> Bucket:
    """`s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX` or `az://CONTAINER/PREFIX`; who we are says the environment.

    Variables, web identity, container and instance roles are read by the client; a profile needs boto3. The account of
    Azure is AZURE_STORAGE_ACCOUNT_NAME.
    """
    parts = urlsplit(address)
    if "@" in parts.netloc or not parts.netloc or parts.query:
        message = "the address of the bucket with the state holds something else than a bucket and a prefix"
        raise StoreError(message, advice=f"write {parts.scheme}://BUCKET/PREFIX; credentials come from the environment")
    try:
        from obstore.store import AzureStore, GCSStore, S3Store
    except ModuleNotFoundError as error:
        raise MissingExtra("state in a bucket", "cloud") from error
    scheme, bucket, prefix = parts.scheme, parts.netloc, parts.path.strip("/")
    retries: RetryConfig = {"max_retries": 5, "retry_timeout": timedelta(seconds=60)}
    endpoint = {"s3": "AWS_ENDPOINT_URL", "az": "AZURE_STORAGE_ENDPOINT"}.get(scheme, "")
    allow_http = os.environ.get(endpoint, "").startswith("http://")
    options: ClientConfig = {"timeout": "60s", "connect_timeout": "10s", "allow_http": allow_http}
    if scheme == "gs":
        return Bucket(GCSStore(bucket, prefix=prefix, client_options=options, retry_config=retries))
    if scheme == "az":
        return Bucket(AzureStore(bucket, prefix=prefix, client_options=options, retry_config=retries))
    profile = _find_profile()
    return Bucket(
        S3Store(bucket, prefix=prefix, client_options=options, retry_config=retries, credential_provider=profile)
    )


def _find_profile() -> Boto3CredentialProvider | None:
    if not os.environ.get("AWS_PROFILE") or os.environ.get("AWS_ACCESS_KEY_ID"):
        return None
    try:
        from obstore.auth.boto3 import Boto3CredentialProvider
    except ModuleNotFoundError as error:
        message = "AWS_PROFILE is set, and reading profiles needs boto3"
        advice = "pip install boto3, or run `aws configure export-credentials --format env`"
        raise StoreError(message, advice=advice) from error
    return Boto3CredentialProvider()
