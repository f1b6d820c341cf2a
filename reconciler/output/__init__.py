"""What leaves the tool: values as JSON, and documents in every form that people read."""

FORMS = {
    "text": "output.text:write_text",
    "markdown": "output.markdown:write_markdown",
    "html": "output.html:write_html",
    "csv": "output.csv:write_csv",
}
"""Form of a document -> what writes it in pieces, by name, so that only the one that is asked for loads."""
ANNOTATION_FORMS = {
    "github": "output.findings:write_workflow_commands",
    "sarif": "output.sarif:write_sarif",
    "junit": "output.findings:write_junit",
}
"""The same for forges and build servers, which know nothing but remarks on lines and test cases."""
