"""Documents in the words of other standards: STIX 2.1 now; readers of published documents, never writers."""
