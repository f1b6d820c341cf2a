"""All rules that come with the tool: one line to add one."""

from __future__ import annotations

from reconciler.policies import (
    admin_may_act,
    admin_reason,
    admin_share,
    client_isolation,
    named_members,
    permission_reason,
    role_by_employment,
    second_factor,
    separate_money,
    strongest_role,
    temporary_outsiders,
)
from reconciler.policies.rule import Rule

_ALL = (
    named_members.RULE,
    temporary_outsiders.RULE,
    admin_share.RULE,
    admin_reason.RULE,
    role_by_employment.RULE,
    strongest_role.RULE,
    separate_money.RULE,
    permission_reason.RULE,
    client_isolation.RULE,
    second_factor.RULE,
    admin_may_act.RULE,
)

POLICIES: dict[str, Rule] = {rule.id: rule for rule in _ALL}
