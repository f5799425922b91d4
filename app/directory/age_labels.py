"""Ages as tables head their columns with them, in es, pt and en: "12 a 17 años", "menores de 12", "65 anos ou mais", "18+"."""

import re
import unicodedata

_YEARS = r"(?:anos?|years?(?: old| of age)?|yrs)?(?: de (?:edad|idade))?"
_OVER = r"(?:\+|(?:y|o|ou|e) mas|(?:y|o|ou|e) mais|(?:and|or) (?:over|older|more))"
_UNDER = r"(?:<|(?:menor|menores) (?:de|que|a)|menos de|under|below|less than|younger than)"
_UP_TO = r"(?:hasta(?: los)?|ate(?: os)?|up to|<=|≤)"
_FORMS = (
    (re.compile(rf"(?:de )?(\d{{1,3}}) ?(?:a|ate|to|-) ?(\d{{1,3}}) ?{_YEARS}"), 0, 0),
    (re.compile(rf"(?:de )?(\d{{1,3}}) ?{_YEARS} ?{_OVER}(?: {_YEARS})?"), 0, None),
    (re.compile(rf"(?:>=|≥) ?(\d{{1,3}}) ?{_YEARS}"), 0, None),
    (re.compile(rf"> ?(\d{{1,3}}) ?{_YEARS}"), 1, None),
    (re.compile(rf"{_UP_TO} ?(\d{{1,3}}) ?{_YEARS}"), None, 0),
    (re.compile(rf"{_UNDER} ?(\d{{1,3}}) ?{_YEARS}"), None, -1),
)
"""Each form with what is added to the number that begins it and to the one that ends it; None where none stands there."""


def age_of(label: str) -> str | None:
    """Code of an age band that a label spells out in figures; None for every other label, and where both ages are not in order.

    "Over 18" is none: in some tables it holds those of 18, in others it does not.
    """
    text = unicodedata.normalize("NFKD", " ".join(label.casefold().replace("–", "-").split()))  # noqa: RUF001 - as tables write it
    text = "".join(each for each in text if not unicodedata.combining(each))
    for form, begins, ends in _FORMS:
        if found := form.fullmatch(text):
            numbers = [int(number) for number in found.groups()]
            first = 0 if begins is None else numbers[0] + begins
            return f"Y_GE{first}" if ends is None else _band(first, numbers[-1] + ends)
    return None


def _band(first: int, last: int) -> str | None:
    return f"Y{first}T{last}" if first <= last else None
