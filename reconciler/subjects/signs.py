"""The signs of a plan and the words that count changes: Terraform's, so that nobody has to learn new ones."""

from __future__ import annotations

from enum import Enum

from reconciler.core.kinds import Action
from reconciler.output.style import Tone


class Sign(Enum):
    """One character in front of a line, with its colour and what the legend says of it."""

    ADD = ("+", Tone.ADD, "invite, create or give")
    CHANGE = ("~", Tone.CHANGE, "change")
    REMOVE = ("-", Tone.REMOVE, "remove")
    TRANSFER = (">", Tone.TRANSFER, "transfer")
    FORGET = (".", Tone.QUIET, "forget")
    BLOCKED = ("!", Tone.ALARM, "blocked by a guard")
    WAITING = ("…", Tone.CHANGE, "waiting for somebody")
    LEFT_OUT = ("?", Tone.WARN, "left out")
    UNMANAGED = ("=", Tone.QUIET, "unmanaged")

    def __init__(self, mark: str, tone: Tone, meaning: str) -> None:
        self.mark = mark
        self.tone = tone
        self.meaning = meaning


SIGNS: dict[Action, Sign] = {
    Action.CREATE_ORGANIZATION: Sign.ADD,
    Action.DELETE_ORGANIZATION: Sign.REMOVE,
    Action.INVITE: Sign.ADD,
    Action.REINVITE: Sign.CHANGE,
    Action.CANCEL_INVITATION: Sign.REMOVE,
    Action.CHANGE_ROLE: Sign.CHANGE,
    Action.REMOVE: Sign.REMOVE,
    Action.REMOVE_AND_INVITE: Sign.CHANGE,
    Action.GIVE_UP_ADMIN: Sign.CHANGE,
    Action.REQUEST_ACCESS: Sign.ADD,
    Action.TRANSFER_APP: Sign.TRANSFER,
    Action.LINK: Sign.ADD,
    Action.CHANGE_LINK: Sign.CHANGE,
    Action.UNLINK: Sign.REMOVE,
    Action.GRANT: Sign.ADD,
    Action.CHANGE_GRANT: Sign.CHANGE,
    Action.REVOKE: Sign.REMOVE,
    Action.CREATE_GROUP: Sign.ADD,
    Action.DELETE_GROUP: Sign.REMOVE,
    Action.ADD_PARTNER: Sign.ADD,
    Action.REMOVE_PARTNER: Sign.REMOVE,
    Action.SHARE: Sign.ADD,
    Action.CHANGE_SHARE: Sign.CHANGE,
    Action.UNSHARE: Sign.REMOVE,
    Action.FORGET: Sign.FORGET,
}

_SPECIAL_VERBS = {
    Action.INVITE: "invite",
    Action.REQUEST_ACCESS: "request",
    Action.LINK: "request",
    Action.GRANT: "grant",
    Action.SHARE: "grant",
}
_VERBS = {
    Sign.ADD: "create",
    Sign.CHANGE: "change",
    Sign.TRANSFER: "transfer",
    Sign.REMOVE: "remove",
    Sign.FORGET: "forget",
}

VERBS: dict[Action, str] = {action: _SPECIAL_VERBS.get(action, _VERBS[sign]) for action, sign in SIGNS.items()}
"""Action -> the verb under which the closing line counts it."""

VERB_ORDER = ("create", "invite", "grant", "request", "change", "transfer", "remove", "forget")
