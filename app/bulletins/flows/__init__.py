"""The analyst query: from a question over published figures to rows, sums and their intervals (contract: /flows)."""
