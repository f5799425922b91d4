"""The wire: documents and enumerations that cross it, their text gate and their canonical bytes."""
