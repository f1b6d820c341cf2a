"""The sandbox: a whole embedded platform in one SQLite file, its provider, and the people on the other side.

The rules modules (`members`, `apps`, `assets`, `links`, `groups`, `partners`) decide by themselves what the platform
allows; they know nothing of plans. `provider` translates between them and the tool, `people` is what everybody else
does.
"""
