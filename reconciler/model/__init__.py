"""Values and pure functions: nothing here reads a clock, an environment variable or a file."""
