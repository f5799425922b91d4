"""Istmo for the programs of others: `istmo.client` is the client; what runs a node is the package `app`."""
