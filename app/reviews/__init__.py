"""Pending and held items: who may see them, confirm, reject, replace and cancel them; their release at their minute (contract: reviews)."""
