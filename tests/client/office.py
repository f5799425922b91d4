"""What an office has installed."""

from importlib.metadata import distribution

from packaging.requirements import Requirement


def of_the_office() -> set[str]:
    """The distributions that come with `pip install istmo`, by what each requires."""
    known, left = set(), ["istmo"]
    while left:
        name = left.pop().lower().replace("_", "-")
        if name not in known:
            known.add(name)
            wanted = map(Requirement, distribution(name).requires or ())
            left += [each.name for each in wanted if each.marker is None or each.marker.evaluate({"extra": ""})]
    return known
