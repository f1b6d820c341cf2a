"""What is left to do when somebody leaves: what they know stays known until it is changed.

No system shows whether any of this was done, so each of these ends with the word of whoever did it.
"""

from __future__ import annotations

from reconciler.systems.operations.operation import Actor, Operation, Party

_APPS = "https://developers.tiktok.com/doc/getting-started-create-an-app"
_LOGIN = "https://www.techadvisor.com/article/2021576/how-to-change-your-tiktok-password.html"
_DEVICES = "https://www.adweek.com/media/tiktok-how-to-manage-your-active-devices/"
_READ = "2026-11"

_ROTATION = Operation(
    key="departures.rotate_secret",
    parties=(
        Party(
            actor=Actor.ADMIN,
            title="Replace the client secret of the app {asset}, which {person} could read",
            preconditions=(
                "{person} is out of {organization} and of the app; whoever is still in can read the new one too",
                "You know every service that uses the secret, and who can give each of them another one",
            ),
            steps=(
                "Sign in to TikTok for Developers, open 'Manage apps' and the app {asset_id}",
                "Find 'Client secret' beside 'Client key', under the credentials of the app",
                "Have a new one made there; if no page offers it, ask TikTok's support, and say so when you report",
                "Put the new one where your services read their secrets from, and nowhere else",
                "See each service get a token with the new one",
            ),
            done_when="The services work with the new secret, and the old one is refused",
            note="TikTok's pages say where the secret is shown, and nothing of how it is replaced; write down what you "
            "clicked. Never write the secret itself into the report.",
        ),
    ),
    irreversible="The old secret does not work any more.",
    source=_APPS,
    date=_READ,
    certainty="inferred",
)


def _reset_login(system: str) -> Operation:
    """The same for every sort of account, because all of them are opened in the TikTok app."""
    return Operation(
        key=f"departures.reset_{system}_login",
        parties=(
            Party(
                actor=Actor.ADMIN,
                title="Change the password of {organization}, which {person} may know",
                preconditions=(
                    "{person} is not a member of {organization} any more",
                    (
                        "The e-mail address and the phone number of {organization} belong to somebody who stays; "
                        "change them first if they are those of {person}"
                    ),
                ),
                steps=(
                    "Open the TikTok app, logged in to {organization} itself",
                    "Open 'Settings and privacy', then 'Account', then 'Password', and set a new one",
                    "Open 'Settings and privacy', then 'Security', then 'Manage devices'",
                    "Remove every device that you cannot tell whose it is, and those of {person}",
                ),
                done_when="The password is new, only those who have to know it do, and 'Manage devices' lists no "
                "device of {person}",
                note="If nobody but its owner ever knew the password, there is nothing to change: look at the devices, "
                "and say so when you report. Never write the password itself into the report.",
            ),
        ),
        irreversible="The old password does not work any more.",
        source=f"{_LOGIN}, {_DEVICES}",
        date=_READ,
        certainty="weak",
    )


DEPARTURES = (_ROTATION, _reset_login("organization_account"), _reset_login("business_account"))
