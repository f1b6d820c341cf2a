"""QR codes: a Business Center shows one, and the owner of a TikTok account scans it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.sandbox.assets import find_holding, get_asset
from reconciler.sandbox.links import approve_link, request_link
from reconciler.sandbox.organizations import SandboxOrganization
from reconciler.sandbox.refusal import Refusal
from reconciler.sandbox.world import Row, World

_OPEN_CODES = (
    "SELECT qr_code.*, organization.identity, organization.name FROM qr_code"
    " JOIN organization ON organization.id = qr_code.organization WHERE qr_code.expires > :now"
    " AND (:organization IS NULL OR organization.id = :organization) ORDER BY qr_code.rowid DESC"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCode:
    """A QR code that can still be scanned; it says which Business Center asks, not whom."""

    code: str
    organization: str
    name: str
    expires: str


def open_codes(world: World) -> list[OpenCode]:
    """All codes that can be scanned now, latest first."""
    return [
        OpenCode(code=row["code"], organization=row["identity"], name=row["name"], expires=row["expires"])
        for row in world.rows(_OPEN_CODES, {"now": world.timestamp(), "organization": None})
    ]


def scan(
    world: World, organization: SandboxOrganization, *, handle: str, permissions: Iterable[str] = (), agree: bool = True
) -> None:
    """The owner of a TikTok account scans the latest code of a Business Center and agrees, or does not.

    The owner decides what for, more or less than anybody wants; existing posts only, when nothing is said. A code
    that was asked for ads only does not offer publishing to the profile. A code works once.
    """
    with world.transaction() as db:
        code = find_code(world, organization)
        if code is None:
            raise Refusal("lapsed", f"{organization.name} shows no code that could be scanned")
        owner = get_asset(world, "tiktok_account", handle)["owner_person"]
        if agree:
            wanted = tuple(permissions) or ("existing_posts",)
            if code["ads_only"] and "publish_to_profile" in wanted:
                raise Refusal("invalid", "this code offers publishing through ads only")
            request_link(world, organization, actor=code["actor"], handle=handle, permissions=wanted)
            held = find_holding(world, organization, "tiktok_account", handle)
            if held is not None and (held["status"] == "requested" or held["pending"]):
                approve_link(world, organization, owner=owner, handle=handle)
        else:
            text = f"{handle} refused the code"
            world.log("decline", text, actor=owner, organization=organization.id)
        db.execute("DELETE FROM qr_code WHERE code = ?", (code["code"],))


def find_code(world: World, organization: SandboxOrganization) -> Row | None:
    """The latest code of a Business Center that can be scanned now."""
    return world.find_row(_OPEN_CODES, {"now": world.timestamp(), "organization": organization.id})
