"""The sandbox: a whole embedded platform in one SQLite file, and the people on the other side.

The rules modules (`registry`, `members`, `apps`, `assets`, `partners`) decide by themselves what the platform
allows; they know nothing of plans. Deliberately a second writing of facts that `reconciler.systems` states for the
planner: the sandbox is the judge of the planner, and a judge that reads the planner's notes finds nothing. Sources:
TikTok for Developers, "Working with organizations"; TikTok for Business help centre on Organization Accounts, Business
Center roles and member limits. What TikTok leaves open is a knob of the `world`.

`people` is what everybody else does, `api` the platform over HTTP. The provider
`providers.sandbox` translates between it and the tool.
"""

from pathlib import Path

SEED_FILE = Path("sandbox.yaml")
"""How the world of a workspace begins."""
WORLD_FILE = Path(".reconciler") / "sandbox.db"
"""Where the world of a workspace lies, once it has begun."""
