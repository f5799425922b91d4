"""What every kind of document shares: versions, rights, reading, erasure."""
