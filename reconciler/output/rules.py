"""What the rules behind findings mean, for forms that carry the explanation along.

The sentences about manifests are those of docs/findings.md; a test compares them.
"""

from __future__ import annotations

from typing import Any

RULES: dict[str, str] = {
    "admin-change": "Somebody becomes an admin, or stops being one.",
    "bad-address": "Not the address of a resource, or of one that the organization cannot have.",
    "bad-date": "Not a day of the calendar in the form 2027-01-31.",
    "bad-email": "Not an e-mail address.",
    "bad-handle": "A handle that does not begin with `@`, or has spaces.",
    "bad-id": "An id that does not consist of digits.",
    "bad-key": "A key that cannot be part of an address, or is not what it looks like.",
    "bad-phone": "Not a phone number in the form +34600111222.",
    "blocked-change": "A guard of the planner stopped a change.",
    "change-in-doubt": "A change was sent and no answer came; the next plan reads the system and settles it.",
    "approval-for-nobody": "An approval to take something away from a person who is not in `people`.",
    "approval-too-long": "An approval whose last day is more than `guards.max_approval_days` ahead.",
    "control-character": "A control character that no editor shows.",
    "declared-twice": "The same person, group, organization or move in two places.",
    "drift-added-outside": "Access that nobody declared or recorded: somebody gave it outside of this tool.",
    "drift-changed": "Access that is not as it was recorded.",
    "drift-gone": "Access that was taken away outside of this tool.",
    "drift-expired-but-active": "Access of somebody whose time is over, or has not begun.",
    "duplicate-id": "Two organizations or two assets with the same id, handle or client key.",
    "duplicate-key": "The same key twice in one mapping; most readers silently take the last.",
    "email-of-person": "An e-mail address where the person's key belongs.",
    "empty-file": "The file has no content, as if it had been cut off.",
    "empty-members": "An organization without members.",
    "empty-value": "An empty text or list where something must be said.",
    "ended-approval": "An approval whose last day has passed.",
    "unknown-address": "An approval to give something that is declared nowhere.",
    "ended-person": "A person whose `ends` has passed is still listed.",
    "expired-access": "Access that ended in the past is still listed.",
    "failed-change": "The system refused a change, or could not be reached.",
    "no-admin": "A Business Center in mode authoritative for which no admin is declared.",
    "unvouched-app": "Nobody vouches that an organization rightfully owns an app that is transferred to it.",
    "few-admins": "Fewer than two people who can administer the organization.",
    "file-too-large": "The file is larger than 20 MiB.",
    "group-cycle": "Groups that contain each other.",
    "hidden-character": "A character that changes the direction or the lines of what is shown, so that a reviewer sees "
    "something else.",
    "key-not-text": "A key that is read as a number, as nothing or as a mapping.",
    "left-out": "Something could not be read, so that the plan says nothing about it.",
    "listed-twice": (
        "The same person, group, permission, required admin, kind or ad account twice in a list: "
        "taking one of them out changes nothing."
    ),
    "literal-secret": "A secret written out instead of `env:NAME`, `file:PATH` or `keyring:NAME`.",
    "look-alike": "An address that mixes alphabets, or whose domain looks like a known one.",
    "missing-identity": "Nothing by which the system could invite the person.",
    "missing-key": "A key that has to be there.",
    "forgotten": "An organization whose former identity and records are given up, as somebody agreed.",
    "move-refused": "A move that cannot be true: its beginning is still declared, both ends are recorded, it is "
    "between two people, or it goes in a circle.",
    "other-identity": "An account, an id or an organization that was recorded as another one or another one's.",
    "renamed": "A person or thing with another key; what is recorded goes along.",
    "same-name": "Somebody undeclared with the name and role of somebody declared who is gone.",
    "near-domain": "A domain one letter away from a known one.",
    "needs-approval": "A step that a plan does not take until somebody approves it in a manifest.",
    "no-value": "A key without a value.",
    "not-a-mapping": "The top of the file is not a mapping.",
    "not-a-member": "Access for somebody who is not a member of the organization.",
    "not-utf8": "The file is not UTF-8.",
    "out-of-range": "A number that is too small or too large.",
    "refused-change": "A change was not tried, because what the plan relied on is no longer true.",
    "research-project": "A research project in an organization that TikTok did not make for it.",
    "role-mailbox": "An address such as `team@`, which several people read.",
    "same-identity": "Two people with the same address, phone number or handle.",
    "secret": "A value that looks like a password, token or key, or a key for one. It is never repeated in "
    "the message.",
    "several-documents": "More than one YAML document in a file.",
    "starts-after-expires": "A span of days that never begins.",
    "too-deep": "Nested deeper than 40 levels.",
    "two-roles": "A person gets different roles in one place on the same day, today or later.",
    "unknown-action": "Not the name of an action.",
    "unknown-asset": "An asset that is not declared in the organization.",
    "unknown-group": "A group that is not declared.",
    "unknown-key": "A key that the format does not have here.",
    "unknown-organization": "An address in an organization that is not declared.",
    "unknown-person": "A key that is neither a person nor an e-mail address.",
    "unknown-role": "Not a role or permission in this place; the same word means different things in different places.",
    "unknown-system": "Not the name of a system.",
    "unread": "A part of a system that had to be read could not be: nothing is planned, ended or claimed there.",
    "manages-nothing": "`manages` is an empty list.",
    "not-managed": "Something is declared of a kind that `manages` leaves out.",
    "unknown-value": "A word that is not one of the few allowed here.",
    "unknown-version": "A version of the format that this program does not know.",
    "unquoted-text": "An id, a phone number or other text that YAML reads as a number or truth value because it has "
    "no quotes.",
    "unreadable-file": "The file could not be read, for example a broken symbolic link, or its name is no text in "
    "UTF-8.",
    "unsafe-format": "Formatting would change what the file means, so it was left alone.",
    "wrong-type": "A mapping, a list or text where something else belongs.",
    "yaml-anchor": "Anchors and aliases are not read.",
    "yaml-boolean": "`yes`, `no`, `on`, `off`, `y` or `n` without quotes, which some YAML readers take for true or "
    "false.",
    "yaml-date": "A key without quotes that some YAML readers take for a date.",
    "yaml-merge": "Merge keys `<<` are not read.",
    "yaml-number": "A number in a form that YAML versions read differently, such as `0123`, `1_000` or `12:30`.",
    "yaml-syntax": "The file is not YAML.",
    "unknown-store": "`state` begins with no kind of store that there is. Its line is hidden: it may be secret.",
    "bad-state": "`state` names no folder, or holds `~` or a variable, which nothing replaces.",
    "passed-over": (
        "A file below `manifests` that is not read because of its name, such as `people.yaml.txt` or a hidden one."
    ),
    "too-many-members": "More members, or people with one role, than there are seats; those named last get none.",
    "unfinished-merge": "Marks of a merge that was left unfinished.",
    "unknown-acting": "`act_as` of a provider names nobody who is in `people` or a member.",
    "unknown-exception": "An exception from a policy for an organization or a kind that there is not.",
    "unknown-provider-key": "A key of `providers` that is neither an organization, nor a system, nor `default`.",
    "unknown-required-admin": "`guards.required_admins` names nobody who is in `people` or a member.",
    "unused-exception": "An exception from a policy whose address nothing declared has.",
    "yaml-tab": "A tab where YAML wants spaces.",
    "yaml-tag": "Tags such as `!!str` are not read.",
    "unsafe-edit": "An edit of a manifest would touch what it must not, or the file has to be repaired first;"
    " nothing was changed.",
}
"""Id -> one sentence, with code in backticks."""


def describe_rule(id_: str) -> dict[str, Any]:
    """A rule as SARIF has it; one without a sentence here, such as a workspace's own policy, is called by its id."""
    words = id_.replace("-", " ")
    sentence = RULES.get(id_, f"{words.capitalize()}.")
    return {
        "id": id_,
        "name": "".join(word.capitalize() for word in id_.split("-")),
        "shortDescription": {"text": f"{words.capitalize()}."},
        "fullDescription": {"text": sentence.replace("`", "")},
        "help": {"text": sentence.replace("`", ""), "markdown": sentence},
        "properties": {"tags": ["access"]},
    }
