"""Rules of an organization about its own access, one in each file: pure functions from what is wanted to findings."""

from __future__ import annotations

from reconciler.policies import (
    admin_may_act,
    admin_reason,
    admin_share,
    break_glass,
    bus_factor,
    client_isolation,
    dormant_declarations,
    longest_grant,
    lookalike_domains,
    named_members,
    partner_role,
    permission_reason,
    person_owned_apps,
    review_overdue,
    role_by_employment,
    role_mailboxes,
    second_factor,
    separate_destruction,
    separate_money,
    strongest_role,
    temporary_outsiders,
)
from reconciler.policies.rule import Rule

_MODULES = (
    named_members,
    role_mailboxes,
    lookalike_domains,
    temporary_outsiders,
    longest_grant,
    break_glass,
    bus_factor,
    admin_share,
    admin_reason,
    role_by_employment,
    strongest_role,
    separate_money,
    separate_destruction,
    permission_reason,
    partner_role,
    client_isolation,
    person_owned_apps,
    dormant_declarations,
    second_factor,
    admin_may_act,
    review_overdue,
)
POLICIES: dict[str, Rule] = {module.RULE.id: module.RULE for module in _MODULES}
"""All rules that come with the tool: one line to add one."""
