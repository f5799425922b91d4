"""What every room stands on: database, clock, ids, problems, paging, conditional requests, idempotency."""
