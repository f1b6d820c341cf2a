"""What leaves the tool: values as JSON, and documents in every form that people read."""

FORMS = {
    "text": "output.text:render_text",
    "markdown": "output.markdown:render_markdown",
    "html": "output.html:render_html",
    "csv": "output.csv:render_csv",
}
"""Form of a document -> what writes it, by name, so that only the one that is asked for loads."""
