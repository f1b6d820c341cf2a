"""E-mail addresses and phone numbers, checked and normalised so that equal ones compare equal."""

from __future__ import annotations

import re

from reconciler.manifests.notes import Notes
from reconciler.model.finding import Place

# What nearly all addresses look like; only the others are worth the time that a full check takes.
_PLAIN_EMAIL = re.compile(
    r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@(?:(?!..--)[a-z0-9](?:[a-z0-9-]{0,60}[a-z0-9])?\.)+"
    r"(?!(?:arpa|invalid|local|localhost|onion|test)$)[a-z]{2,20}"
)
_ROLE_MAILBOXES = re.compile(
    r"(?:accounts?|ads?|admin|administrator|agency|billing|contact|devs?|finance|group|hello|help|hi|hr|info|it|marketing"
    r"|media|no-?reply|office|people|postmaster|press|root|sales|security|service|social|staff|studio|support|team"
    r"|tiktok|webmaster)(?:\+.*)?"
)


class Contacts:
    """Reads addresses and remembers where each was seen first."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self.emails: dict[str, Place] = {}
        """Normalised e-mail address -> where it was first written."""

    def read(self, text: str, place: Place, *, phone_allowed: bool = False) -> str:
        """An e-mail address, or where that is allowed a phone number; empty after a finding."""
        if phone_allowed and (text.startswith("+") or (text[:1].isdigit() and "@" not in text)):
            return self.read_phone(text, place)
        return self.read_email(text, place)

    def read_email(self, text: str, place: Place) -> str:
        """The address in lower case with an ASCII domain; empty after a finding."""
        email = text.lower()
        if len(email) > 100 or not _PLAIN_EMAIL.fullmatch(email) or len(email.partition("@")[0]) > 64:
            email = self._checked(text, place)
        if email and email not in self.emails:
            self.emails[email] = place
            self._note_role_mailbox(email, place)
        return email

    def _checked(self, text: str, place: Place) -> str:
        from email_validator import EmailNotValidError, validate_email

        try:
            valid = validate_email(text, check_deliverability=False)
        except EmailNotValidError:
            shown = text if text.isprintable() else ascii(text)[1:-1]
            message = f"`{shown}` is not an e-mail address: {_why_no_address(text)}"
            self._notes.error("bad-email", message, place)
            return ""
        return f"{valid.local_part}@{valid.ascii_domain}".lower()

    def _note_role_mailbox(self, email: str, place: Place) -> None:
        local, _, domain = email.partition("@")
        if _ROLE_MAILBOXES.fullmatch(local):
            message = f"`{local}@{domain}` looks like a mailbox that several people read"
            self._notes.warning("role-mailbox", message, place, advice="invite each person by their own address")

    def read_phone(self, text: str, place: Place) -> str:
        """The number in the form +34600111222; empty after a finding."""
        import phonenumbers

        try:
            number = phonenumbers.parse(text)
        except phonenumbers.NumberParseException:
            advice = "write it with its country code, such as +34600111222, in quotes"
            self._notes.error("bad-phone", f"`{text}` is not a phone number with a country code", place, advice=advice)
            return ""
        normal: str = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        if not phonenumbers.is_possible_number(number):
            self._notes.error("bad-phone", f"no phone number has the form `{text}`", place)
            return ""
        if normal != text:
            message = f"`{text}` is not written the international way"
            self._notes.error("bad-phone", message, place, advice=f'write "{normal}"')
        return normal


def _why_no_address(text: str) -> str:
    """The first reason that a person can see; which texts are addresses is for the library to say."""
    local, _, domain = text.rpartition("@")
    if any(letter.isspace() or not letter.isprintable() for letter in text):
        return "it contains a space or an invisible character"
    reasons = {
        "it has no @": "@" not in text,
        "it has more than one @": "@" in local,
        "nothing stands before the @": not local,
        "nothing stands behind the @": not domain,
        "the part behind the @ has no period": "." not in domain,
        "a period stands at an end of a part, or beside another": ".." in text
        or any(part.startswith(".") or part.endswith(".") for part in (local, domain)),
        "it is too long": len(local) > 64 or len(text) > 254,
    }
    return next((reason for reason, holds in reasons.items() if holds), "no address may look like this")
