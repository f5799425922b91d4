"""The exchange log: the one commit-ordered, signed record of everything published here or received."""
