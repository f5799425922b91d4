"""Formats: rows as CSV, and pages as JSON; pure."""

from app.formats.csv_text import csv_lines
from app.formats.json_page import page_json

__all__ = ["csv_lines", "page_json"]
