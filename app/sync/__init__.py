"""Sync of two nodes: what one published and withdrew the other has, once, in order, signed (guarantees 3)."""
