"""Whose token it is, among the admins of a Business Center.

The interface tells name, masked address and a number of the token's owner, and the owner's role in each Business
Center. Whether the number is the one that the member list has for the same person is not documented.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.providers.business_api.center import text_of
from reconciler.providers.business_api.client import Client
from reconciler.providers.business_api.endpoints import USER_INFO
from reconciler.providers.business_api.masks import is_masked


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """What the interface tells of whom a token belongs to; nothing where it does not say."""

    number: str = ""
    name: str = ""
    email: str = ""
    """In lower case; mostly masked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admin:
    """An admin who has accepted, as far as that helps to recognize them."""

    number: str
    name: str
    shown: str
    """The address as the interface shows it, in lower case."""
    email: str = ""
    """The whole address, where it is known."""


def read_owner(client: Client) -> Owner:
    """Raises ApiError."""
    info = client.get(USER_INFO, {})
    return Owner(
        number=text_of(info, "core_user_id") or text_of(info, "id"),
        name=text_of(info, "display_name"),
        email=text_of(info, "email").lower(),
    )


def recognize(owner: Owner, admins: Iterable[Admin]) -> Admin | None:
    """The one among all admins who owns the token, None when it might be several.

    To be asked only where the token's owner is known to be an admin: then the only one there is must be it.
    """
    every = list(admins)
    by_number = [admin for admin in every if owner.number and admin.number == owner.number]
    alike = by_number or [admin for admin in every if _is_alike(owner, admin)] or every
    return alike[0] if len(alike) == 1 else None


def _is_alike(owner: Owner, admin: Admin) -> bool:
    if owner.email and not is_masked(owner.email):
        return owner.email in (admin.email, admin.shown)
    return bool(owner.name) and (owner.name, owner.email) == (admin.name, admin.shown)
