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

RULES = (
    named_members.RULE,
    role_mailboxes.RULE,
    lookalike_domains.RULE,
    temporary_outsiders.RULE,
    longest_grant.RULE,
    break_glass.RULE,
    bus_factor.RULE,
    admin_share.RULE,
    admin_reason.RULE,
    role_by_employment.RULE,
    strongest_role.RULE,
    separate_money.RULE,
    separate_destruction.RULE,
    permission_reason.RULE,
    partner_role.RULE,
    client_isolation.RULE,
    person_owned_apps.RULE,
    dormant_declarations.RULE,
    second_factor.RULE,
    admin_may_act.RULE,
    review_overdue.RULE,
)
"""All rules that come with the tool: one line to add one."""
