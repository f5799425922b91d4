"""Personal data in free text, found by rules (guarantees 2); pure: no web, no database, vocabularies are handed in."""
