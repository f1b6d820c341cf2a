"""Keep who may do what on TikTok organizations in git: declare, validate, plan, apply."""

__version__ = "0.1.0"
