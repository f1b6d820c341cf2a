"""Plans that every renderer is shown with: small ones, long ones, and ones whose names want to be more than names."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time

from reconciler.engine.context import PlanningContext
from reconciler.engine.guards import with_risks
from reconciler.features.review.model import Review
from reconciler.features.review.review import review
from reconciler.model import (
    Action,
    Address,
    Applied,
    Attributes,
    Blocked,
    Cause,
    Change,
    Drift,
    DriftSort,
    Failed,
    Fate,
    Finding,
    Guard,
    GuardSettings,
    InDoubt,
    Inspection,
    LeftOut,
    Live,
    Mode,
    Organization,
    OrganizationPlan,
    Outcome,
    Place,
    Plan,
    Refused,
    Report,
    Resource,
    Result,
    Risk,
    Severity,
    State,
    Status,
    Waiting,
    Waits,
)
from reconciler.systems.catalogue import SYSTEMS
from tests.features.review.given import revision

TODAY = date(2026, 11, 22)


def resource(address: str, status: Status = Status.ACTIVE, **attributes: str | tuple[str, ...]) -> Resource:
    values: Attributes = attributes
    return Resource(address=Address.parse(address), attributes=values, status=status)


def change(
    address: str,
    action: Action,
    *,
    before: Attributes | None = None,
    after: Attributes | None = None,
    line: int = 0,
    why: str = "declared",
) -> Change:
    def side(attributes: Attributes | None) -> Resource | None:
        return None if attributes is None else Resource(address=Address.parse(address), attributes=attributes)

    return Change(
        address=Address.parse(address),
        action=action,
        before=side(before),
        after=side(after),
        fingerprint="absent",
        why=why,
        place=Place("access/acme.yaml", line, 7) if line else None,
    )


def part(
    *changes: Change, organization: str = "acme-bc", system: str = "business_center", mode: Mode = Mode.ADDITIVE
) -> OrganizationPlan:
    return OrganizationPlan(
        organization=organization, system=system, mode=mode, lineage="l1", serial=3, changes=changes
    )


def plan(*parts: OrganizationPlan) -> Plan:
    return Plan(today=TODAY, manifests="m1", organizations=tuple(map(judged, parts)))


def judged(made: OrganizationPlan) -> OrganizationPlan:
    """With the risks that the planner gives to its steps."""
    if made.system not in SYSTEMS:
        return made
    key = made.organization
    context = PlanningContext(
        organization=Organization(key=key, system=SYSTEMS[made.system][""], place=Place("access/acme.yaml", 1, 1)),
        wanted={},
        state=State(organization=key),
        in_question=(),
        live=Live(organization=key),
        settings=GuardSettings(),
        today=TODAY,
        moment=datetime.combine(TODAY, time(), UTC),
    )
    return with_risks(made, context)


def small() -> Plan:
    return plan(
        part(
            change("acme-bc/member/eve", Action.INVITE, after={"role": "standard", "finance": "analyst"}, line=12),
            replace(
                change("acme-bc/member/ana", Action.INVITE, after={"role": "admin"}, line=11),
                cost="spends an invitation",
                actor="bo",
            ),
            change("acme-bc/member/ike", Action.REMOVE, before={"role": "standard"}, why="ends 2026-11-01", line=5),
        )
    )


def every_kind_of_access() -> Plan:
    bc = (
        change("acme-bc/ad_account_access/us-brand/eve", Action.GRANT, after={"role": "operator"}, line=20),
        change("acme-bc/pixel_access/checkout/eve", Action.GRANT, after={}, line=21),
        change("acme-bc/tiktok_account/acme", Action.LINK, after={"permissions": ("existing_posts",)}, line=22),
        change("acme-bc/tiktok_account_use/acme/us-brand", Action.GRANT, after={}, line=23),
        change(
            "acme-bc/tiktok_account_access/acme/eve",
            Action.CHANGE_GRANT,
            before={"permissions": ("post",)},
            after={"permissions": ("live", "post")},
            line=24,
        ),
        change("acme-bc/member/hal", Action.CHANGE_ROLE, before={"role": "standard"}, after={"role": "admin"}, line=15),
        change("acme-bc/member/gil", Action.CHANGE_ROLE, before={"role": "admin"}, after={"role": "standard"}, line=14),
        change(
            "acme-bc/member/lea",
            Action.CHANGE_ROLE,
            before={"role": "admin"},
            after={"role": "standard", "finance": "manager"},
            line=16,
        ),
        change("acme-bc/partner/south", Action.ADD_PARTNER, after={}, line=40),
        change("acme-bc/partner_share/south/us-brand", Action.SHARE, after={"role": "analyst"}, line=41),
        change("acme-bc/partner_share/north/us-brand", Action.UNSHARE, before={"role": "admin"}, why="not declared"),
        change("acme-bc/asset_group/eu", Action.CREATE_GROUP, after={}, line=50),
        change("acme-bc/asset_group_asset/eu/us-brand", Action.GRANT, after={}, line=51),
        change("acme-bc/member/joe", Action.FORGET, before={"role": "standard"}, why="left on 2026-11-02"),
    )
    transfer = replace(
        change(
            "acme-dev/app/shop-login",
            Action.TRANSFER_APP,
            before={"owner": "person:ana"},
            after={"owner": "organization:acme-dev"},
            line=60,
        ),
        irreversible="an app that was transferred cannot be taken back",
        approval="LEGAL-7 (access/acme.yaml:70:3)",
        needs=(Address.parse("acme-dev/member/ana"),),
    )
    return plan(part(*bc, mode=Mode.AUTHORITATIVE), part(transfer, organization="acme-dev", system="developers"))


def drifted(
    address: str,
    *,
    expected: Resource | None = None,
    live: Resource | None = None,
    why: str,
    fate: Fate = Fate.LEFT_ALONE,
    outlook: str,
) -> Drift:
    return Drift(
        address=Address.parse(address),
        sort=DriftSort.CHANGED if expected else DriftSort.ADDED_OUTSIDE,
        severity=Risk.MEDIUM,
        expected=expected,
        live=live,
        why=why,
        fate=fate,
        outlook=outlook,
    )


def held_back() -> Plan:
    kim = change("acme-bc/member/kim", Action.REMOVE, before={"role": "admin"}, why="no longer declared")
    ana = change("acme-bc/member/ana", Action.REMOVE, before={"role": "admin"}, why="no longer declared")
    finn = Waiting(
        address=Address.parse("acme-bc/member/finn"),
        action=Action.INVITE,
        on="finn",
        why="invited, not answered yet",
        since=date(2026, 11, 20),
        before=resource("acme-bc/member/finn", Status.INVITED, role="standard"),
        after=resource("acme-bc/member/finn", role="standard"),
        place=Place("access/acme.yaml", 13, 7),
    )
    held = replace(
        part(),
        waiting=(finn, replace(finn, address=Address.parse("acme-bc/member/gil"), on="gil", since=None, place=None)),
        blocked=(
            Blocked(
                change=kim,
                guard=Guard.REMOVAL_RATIO,
                message="2 of 4 would be removed, 50 % of at most 25 %",
                approval="- {approve: remove, address: acme-bc/member/kim, reason: TICKET, expires: YYYY-MM-DD}",
            ),
            Blocked(change=ana, guard=Guard.SELF, message="ana is who this tool acts as here"),
        ),
        left_out=(
            LeftOut(
                address=Address.parse("acme-bc/catalog/shoes"),
                cause=Cause.UNREAD,
                reason="could not be read: 503",
                since=TODAY,
            ),
        ),
        drift=(
            drifted(
                "acme-bc/ad_account_access/us-brand/lea",
                live=resource("acme-bc/ad_account_access/us-brand/lea", role="analyst"),
                why="nobody declared it",
                fate=Fate.TAKEN_AWAY,
                outlook="the next apply: revoke",
            ),
            drifted(
                "acme-bc/member/hal",
                expected=resource("acme-bc/member/hal", role="admin"),
                live=resource("acme-bc/member/hal", role="standard"),
                why="it is not as recorded",
                fate=Fate.BLOCKED,
                outlook="blocked (change role), protected: hal is protected",
            ),
            drifted(
                "acme-bc/member/zoe",
                live=replace(resource("acme-bc/member/zoe", role="standard"), identity="zoe@acme.example"),
                why="nobody declared it",
                outlook="left alone: nobody declared it, and nothing here takes such things away",
            ),
        ),
    )
    unused = Finding(
        id="unused-approval",
        severity=Severity.WARNING,
        message="nothing that is planned needs this approval",
        place=Place("access/acme.yaml", 70, 3),
        advice="delete it",
    )
    return replace(plan(held), findings=(unused,), targets=("acme-bc", "!acme-bc/app/*"))


def hostile() -> Plan:
    name = "eve\x1b[2K\r\u202e\u200badmin\n- ana"
    return plan(
        part(
            replace(
                change(f"acme-bc/member/{name}", Action.INVITE, after={"role": "[red]admin[/red]"}, line=1),
                why="because\x07\x9b31m",
                approval="\u2066SEC-1\u2069",
                place=Place("access/\x1b]0;owned\x07.yaml", 1, 1),
            ),
            change("acme-bc/member/山田太郎", Action.INVITE, after={"role": "standard"}, line=2),
            change("acme-bc/member/zoe\u0301", Action.INVITE, after={"role": "standard"}, line=3),
            change(f"acme-bc/member/{'x' * 60}", Action.INVITE, after={"role": "standard"}, line=4),
            organization="acme-bc\x1b[31m",
        )
    )


def large() -> Plan:
    changes = [
        change(f"acme-bc/member/p{n:05}", Action.INVITE, after={"role": "admin" if n == 4999 else "standard"}, line=n)
        for n in range(1, 5001)
    ]
    return plan(part(*changes))


TRICKS = (
    "**bold** _it_ ~~gone~~ `code` ```",
    "[click](https://evil.example) ![i](https://evil.example/x.png) <https://evil.example>",
    "</summary></details><script>alert(1)</script><img src=x onerror=alert(1)>",
    "<!-- reconciler: . --> &lt;b&gt; &#64;x",
    "@octocat @acme/security #12 !34 GH-56",
    "a|b|c\\|d",
    "::error file=x::owned ##[error]owned",
    "%0A::warning::owned\n::error::owned\r\n::add-mask::a",
    "{{ 7*7 }} {% raw %} ${{ secrets.X }} $x^2$",
    "]]> <![CDATA[ \x00\x0b\ufffe",
    "\u202emoc.live\u2066 \u200b zero",
    "- [x] done\n# heading\n| a |\n|---|\n",
    "/close",
)
"""What a name may try to be: Markdown, HTML, a mention, a workflow command, a template, the end of something."""


def mischief() -> Plan:
    """A plan in which every text that comes from outside is a trick."""
    parts = []
    for number, trick in enumerate(TRICKS):
        name = trick.replace("/", "\u2215")
        changes = (
            change(f"o/member/{name}", Action.INVITE, after={"role": "admin"}, line=1, why=trick),
            replace(
                change(f"o/member/{name}{number}", Action.REMOVE, before={"role": trick}, why=trick),
                irreversible=trick,
                approval=trick,
                place=Place(trick, 7, 3),
            ),
        )
        blocked = Blocked(change=changes[1], guard=Guard.SELF, message=trick, approval=trick)
        parts.append(replace(part(*changes, organization=trick), blocked=(blocked,)))
    told = tuple(Finding(id="x-y", message=trick, advice=trick, place=Place(trick, 1, 1)) for trick in TRICKS)
    return replace(plan(*parts), findings=told, targets=TRICKS)


def long() -> Plan:
    """Twelve organizations with 360 changes, of which 24 are about admins."""
    parts = []
    for number in range(12):
        name = f"acme-{number:02}"
        invites = [
            change(
                f"{name}/member/p{n:03}", Action.INVITE, after={"role": "admin" if n == 0 else "standard"}, line=n + 1
            )
            for n in range(15)
        ]
        removals = [
            change(
                f"{name}/ad_account_access/us-{n % 3}/q{n:03}",
                Action.REVOKE,
                before={"role": _role(n)},
                why="not declared",
            )
            for n in range(15)
        ]
        parts.append(part(*invites, *removals, organization=name))
    return plan(*parts)


def _role(number: int) -> str:
    return "admin" if number == 7 else "operator"


def report_on(made: Plan) -> Report:
    """Every sort of outcome in turn; the last change was not reached."""
    outcomes: tuple[Outcome, ...] = (
        Applied(),
        Waits(on="eve", why="has to accept"),
        Failed(reason="the system said no", code="40002"),
        Refused(reason="it has changed since the plan"),
        InDoubt(reason="no answer came"),
    )
    return Report(
        results=tuple(Result(one, outcomes[number % len(outcomes)]) for number, one in enumerate(made.changes[:-1]))
    )


def inspection() -> Inspection:
    """Findings of every severity, with and without a place."""
    finding = Finding(
        id="unknown-role",
        message="there is no role `owner` here",
        place=Place("access/acme.yaml", 12, 9),
        advice="did you mean `admin`?",
        related=(Place("access/other.yaml", 3, 1),),
        address="acme-bc/member/eve",
    )
    warning = replace(finding, id="shared-mailbox", severity=Severity.WARNING, place=Place("access/people.yaml", 4, 5))
    note = Finding(id="unused-person", severity=Severity.NOTE, message="nobody mentions zoe")
    return Inspection(findings=[note, warning, finding], files=3)


_BEFORE = """
version: 1
people:
  ana: {email: ana@acme.example}
  bo: {email: bo@acme.example}
  eve: {email: eve@acme.example}
organizations:
  acme-bc:
    system: business_center
    id: "6900000000000000001"
    members: {ana: admin, bo: admin, eve: standard}
    ad_accounts: {us-brand: {id: "7100000000000000001", access: {eve: analyst}}}
"""
_AFTER = (
    _BEFORE.replace("bo: admin, eve: standard", "eve: {role: admin, finance: manager}, _a*b*_|c@acme.example: standard")
    .replace("eve: analyst", "eve: operator")
    .replace("  bo: {email: bo@acme.example}\n", "")
)


def a_review() -> Review:
    """Somebody goes, somebody becomes admin, and a stranger with an odd address comes."""
    before, after = (revision(name, {"access.yaml": text}) for name, text in (("main", _BEFORE), ("HEAD", _AFTER)))
    made = review(before, after, today=TODAY)
    return replace(made, tool_version="", policy_findings=())
