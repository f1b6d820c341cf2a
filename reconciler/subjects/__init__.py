"""What is shown: one function for each subject, from its value to a document."""
