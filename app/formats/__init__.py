"""Formats: rows as CSV, pages as JSON, marked workbooks; pure. Each is imported by its module, so that an office needs no server for its own."""
