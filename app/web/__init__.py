"""The pages of a node for people: the front page, the API description and its browser."""
