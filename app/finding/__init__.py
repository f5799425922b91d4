"""What looks across kinds of document: the published flows around an alert."""
