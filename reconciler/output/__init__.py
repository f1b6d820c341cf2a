"""What leaves the tool: values as JSON, and documents in every form that people read."""
