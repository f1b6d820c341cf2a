"""A plan in a line, and the digest by which it is known."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from reconciler.model.json import plan_to_json
from reconciler.model.live import ask_about_states, summarize_unread
from reconciler.model.plan import Plan
from reconciler.output.signs import VERB_ORDER, VERBS
from reconciler.output.words import count, join


def summary_of_plan(plan: Plan) -> str:
    """`Plan: 3 to invite, 2 to remove, 1 waiting, 1 blocked.`, or that there is nothing to do."""
    if plan.unread:
        return f"{summarize_unread(plan.unread)} {_counts_of(plan)}"
    limit = " within the chosen targets" if plan.targets else ""
    if plan.is_settled and plan.is_from_records:
        question = ask_about_states(plan.first_runs)
        return " ".join(filter(None, (f"No changes{limit} against what is recorded; nothing was read.", question)))
    if plan.is_settled and not plan.is_as_declared:
        return "No changes. What is told above stays as it is."
    if plan.is_settled:
        if plan.undeclared_admins:
            strangers = count(len(plan.undeclared_admins), "admin is", "admins are")
            return f"No changes{limit}, but {strangers} not declared."
        if plan.first_runs:
            return f"No changes{limit}. {ask_about_states(plan.first_runs)}"
        return f"No changes. Access matches the manifests{limit}."
    return _counts_of(plan)


def _counts_of(plan: Plan) -> str:
    verbs = Counter(VERBS[change.action] for change in plan.changes)
    counted = [f"{verbs[verb]:,} to {verb}" for verb in VERB_ORDER if verbs[verb]]
    counted += [f"{len(plan.asks):,} to ask for"] if plan.asks else []
    counted = counted or ["no change now"]
    held = {
        "waiting": len(plan.waiting) - len(plan.asks),
        "blocked": len(plan.blocked),
        "left out": sum(len(part.left_out) for part in plan.organizations),
    }
    counted += [f"{number:,} {word}" for word, number in held.items() if number]
    return f"Plan: {', '.join(counted)}."


def say_limit(targets: Sequence[str]) -> str:
    """What a plan is limited to, in words; exclusions are recorded with a leading `!`."""
    only = [target for target in targets if not target.startswith("!")]
    without = [target[1:] for target in targets if target.startswith("!")]
    parts = [f"{word} {join(names)}" for word, names in (("to", only), ("to everything but", without)) if names]
    return f"Limited {', '.join(parts)}: this is not a whole plan."


def say_counts(plan: Plan) -> str:
    """`5 changes in 2 organizations`, for a question before applying."""
    touched = sum(1 for part in plan.organizations if part.changes)
    changes = count(len(plan.changes), "change", "changes")
    asks = f", {count(len(plan.asks), 'request', 'requests')} to people" if plan.asks else ""
    return f"{changes} in {count(touched, 'organization', 'organizations')}{asks}"


def digest_of_plan(plan: Plan) -> str:
    """SHA-256 of the file that `plan -o` writes: what `sha256sum` prints, and what the audit log keeps."""
    return hashlib.sha256(plan_to_json(plan).encode()).hexdigest()
