"""What to try when a person could not carry a work order out, in the order in which it is worth trying.

The causes and the order of the remedies are those that guides to sharing accounts name (read 2026-11); they are
advice, not rules of the platforms.
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.work_order import FailureReason

_MAIL = (
    "compare the address in the manifest with the one on the invitee's account, letter by letter",
    "let the invitee look in spam and in other folders, and let the sender be allowed",
)
_BROWSER = (
    "log out everywhere, and log in with the invited account alone",
    "clear cache and cookies, then try another browser or a private window",
)

REMEDIES: Mapping[FailureReason, tuple[str, ...]] = {
    FailureReason.WRONG_ADDRESS: (
        *_MAIL[:1],
        "correct the address under `people`, and plan again: the invitation to the wrong one is cancelled first",
    ),
    FailureReason.SPAM: (*_MAIL, *_BROWSER),
    FailureReason.OTHER_ACCOUNT: (
        *_BROWSER,
        "an account that is tied to another business cannot accept: use another address for this one",
    ),
    FailureReason.REGISTRATION_MISSING: (
        "let the person register first, with exactly the address that is invited",
        "then run `reconciler plan --retry`",
    ),
    FailureReason.CAP_REACHED: (
        "look who is in it and never accepted, and cancel those invitations",
        "remove somebody who does not need it, or ask the platform for a higher limit",
    ),
    FailureReason.EXPIRED: ("plan again: another invitation is sent; let the invitee answer while it lasts",),
    FailureReason.DECLINED: (
        "ask the person why; nobody is invited again without a consent",
        "`consents: - {allow: invite, address: ..., reason: ..., until: ...}` allows one more invitation",
    ),
    FailureReason.NO_PERMISSION: (
        "look whether whoever tried is an admin there now: `reconciler access ORGANIZATION/organization/ORGANIZATION`",
        "let another admin do it: `reconciler work-orders list` names those who can",
    ),
    FailureReason.STEPS_DIFFER: (
        "look for the same words elsewhere: labels move, what they do seldom does",
        "tell us what you saw, so that the steps can be corrected",
    ),
    FailureReason.NOT_SEEN: ("look once more, and hand in a newer roster with `reconciler observe`",),
    FailureReason.OTHER: (*_MAIL, *_BROWSER),
}
