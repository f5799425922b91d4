"""Files in: bytes of a spreadsheet to rows and findings, pure."""
