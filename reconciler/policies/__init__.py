"""Rules of an organization about its own access, one in each file: pure functions from what is wanted to findings."""
