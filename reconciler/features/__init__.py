"""One folder for each use case: its values, its logic, and the document that tells it."""
