"""Alerts: networks that smuggle migrants, shared between the conferences without naming anyone."""
