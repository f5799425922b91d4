"""Istmo: the information exchange between two regional consultative processes on migration."""
