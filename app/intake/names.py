"""What intake asks of whoever knows the codes: which code a label is, and which codes come near to one that is none."""

from typing import Protocol


class Names(Protocol):
    """The words that codes go by in es, pt and en, and the sender's own."""

    def code(self, dimension: str, label: str) -> str | None:
        """The code that a label is in a dimension, by itself or as one of its names; None where none or more than one fits."""
        ...

    def nearest(self, dimension: str, label: str) -> tuple[str, ...]:
        """Codes, with their label, that a sender may have meant; for a refusal's sentence, never applied."""
        ...
