"""The sandbox: a whole embedded platform in one SQLite file, and the people on the other side.

The rules modules (`registry`, `members`, `apps`, `assets`, `partners`) decide by themselves what the platform
allows; they know nothing of plans. `people` is what everybody else does, `api` the platform over HTTP. The provider
`providers.sandbox` translates between it and the tool.
"""

from pathlib import Path

SEED_FILE = Path("sandbox.yaml")
"""How the world of a workspace begins."""
WORLD_FILE = Path(".reconciler") / "sandbox.db"
"""Where the world of a workspace lies, once it has begun."""
