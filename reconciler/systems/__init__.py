"""What is known of each system: data with source and date, no I/O.

Adding a system is one file here and one line in `SYSTEMS`.
"""
