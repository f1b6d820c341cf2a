"""Rosters: what a person exported or copied from a page on which a system lists its members or apps."""
