"""Who calls, what a role may do, which documents a caller sees, and the audit of all of it."""
