"""Whatever the real platforms leave open or may change, as numbers and choices of one world."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """Defaults follow what TikTok documents; where it is silent, the stricter guess."""

    developers_must_be_registered: bool = True
    business_center_must_be_registered: bool = False
    """Off, because the invitation mail lets a newcomer register while accepting."""
    developers_invitation_hours: int = 30 * 24
    organization_account_invitation_hours: int = 24
    business_account_invitation_hours: int = 30 * 24
    business_center_invitation_hours: int = 30 * 24
    developers_members: int = 10
    """Active and pending together; "by default", so it can be raised. The owner role system has no such limit."""
    business_center_members: int = 4000
    last_admin_may_go: bool = False
    """Whether the only active admin can leave, be removed or step down. Not documented anywhere."""
    admins_remove_admins: bool = True
    link_hours: int = 24
    """How long a TikTok account's owner can scan the code. Really a matter of minutes; a loop that runs once a day
    could never finish a link then, so the sandbox stands in for the coordinator who repeats it."""
    partner_must_approve: bool = False
    inviting_a_member_is_ignored: bool = True
    """Business Center: whether inviting somebody who already is a member is quietly ignored or refused."""

    def invitation_hours(self, system: str) -> int:
        """How long an invitation can be answered."""
        return int(getattr(self, f"{system}_invitation_hours"))

    def must_be_registered(self, system: str) -> bool:
        """Whether only people who already have an account in the system can be invited."""
        return bool(getattr(self, f"{system}_must_be_registered", False))

    def member_cap(self, system: str, variant: str) -> int | None:
        """Most members, pending ones included."""
        if system == "developers" and variant != "owner":
            return self.developers_members
        return self.business_center_members if system == "business_center" else None

    def to_json(self) -> str:
        """Text for the world file."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    @classmethod
    def from_mapping(cls, values: Mapping[str, object]) -> Knobs:
        """Named knobs turned, the others at their default; raises ValueError for a wrong name or type."""
        kinds = {field.name: type(field.default) for field in dataclasses.fields(cls)}
        for name, value in values.items():
            if name not in kinds:
                message = f"there is no knob {name!r}; there are {', '.join(sorted(kinds))}"
                raise ValueError(message)
            if type(value) is not kinds[name]:
                message = f"knob {name} takes {kinds[name].__name__}, not {value!r}"
                raise ValueError(message)
        return cls(**values)  # type: ignore[arg-type]  # names and types were compared just above
