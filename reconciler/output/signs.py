"""The signs of a plan and the words that count changes: Terraform's, so that nobody has to learn new ones."""

from __future__ import annotations

from reconciler.model.kinds import Action
from reconciler.output.document import Sign
from reconciler.output.style import Tone

ADD = Sign("+", Tone.ADD, "invite, create or give")
CHANGE = Sign("~", Tone.CHANGE, "change")
REMOVE = Sign("-", Tone.REMOVE, "remove")
TRANSFER = Sign(">", Tone.TRANSFER, "transfer")
FORGET = Sign(".", Tone.QUIET, "forget")
BLOCKED = Sign("!", Tone.ALARM, "blocked by a guard")
WAITING = Sign("…", Tone.CHANGE, "waiting for somebody")
LEFT_OUT = Sign("?", Tone.WARN, "left out")
UNMANAGED = Sign("=", Tone.QUIET, "unmanaged")
ALL_SIGNS = (ADD, CHANGE, REMOVE, TRANSFER, FORGET, BLOCKED, WAITING, LEFT_OUT, UNMANAGED)

SIGNS: dict[Action, Sign] = {
    Action.CREATE_ORGANIZATION: ADD,
    Action.DELETE_ORGANIZATION: REMOVE,
    Action.INVITE: ADD,
    Action.REINVITE: CHANGE,
    Action.CANCEL_INVITATION: REMOVE,
    Action.CHANGE_ROLE: CHANGE,
    Action.REMOVE: REMOVE,
    Action.REMOVE_AND_INVITE: CHANGE,
    Action.GIVE_UP_ADMIN: CHANGE,
    Action.REQUEST_ACCESS: ADD,
    Action.TRANSFER_APP: TRANSFER,
    Action.LINK: ADD,
    Action.CHANGE_LINK: CHANGE,
    Action.UNLINK: REMOVE,
    Action.GRANT: ADD,
    Action.CHANGE_GRANT: CHANGE,
    Action.REVOKE: REMOVE,
    Action.CREATE_GROUP: ADD,
    Action.RENAME_GROUP: CHANGE,
    Action.DELETE_GROUP: REMOVE,
    Action.ADD_PARTNER: ADD,
    Action.REMOVE_PARTNER: REMOVE,
    Action.SHARE: ADD,
    Action.CHANGE_SHARE: CHANGE,
    Action.UNSHARE: REMOVE,
    Action.FORGET: FORGET,
}

_SPECIAL_VERBS = {
    Action.INVITE: "invite",
    Action.REQUEST_ACCESS: "request",
    Action.LINK: "request",
    Action.GRANT: "grant",
    Action.SHARE: "grant",
}
_VERBS = {
    ADD: "create",
    CHANGE: "change",
    TRANSFER: "transfer",
    REMOVE: "remove",
    FORGET: "forget",
}

VERBS: dict[Action, str] = {action: _SPECIAL_VERBS.get(action, _VERBS[sign]) for action, sign in SIGNS.items()}
"""Action -> the verb under which the closing line counts it."""

VERB_ORDER = ("create", "invite", "grant", "request", "change", "transfer", "remove", "forget")
