"""YAML text to findings and desired resources, and the published JSON Schemas. No I/O: callers bring the bytes."""
