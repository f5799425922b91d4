"""Anonymity of numbers: what may be published of a table that a sender declares (guarantees, section 1: rule(k)).

A pure room: no database, no web, no clock.  `protect` is its one door; it answers with a `ProtectedTable` or with findings.
"""

from app.disclosure.draw import Draw
from app.disclosure.lattice import Mismatch, margins
from app.disclosure.protect import protect
from app.disclosure.scheme import AREAS, Scheme
from app.disclosure.table import Key, Leaf, ProtectedTable, Row, Table

__all__ = ["AREAS", "Draw", "Key", "Leaf", "Mismatch", "ProtectedTable", "Row", "Scheme", "Table", "margins", "protect"]
