import hashlib
import hmac

import pytest

from app.disclosure.draw import Draw


def test_the_draw_is_the_hmac_that_the_docs_describe():
    message = b"\0\0\0\4flow\0\0\0\x072022-10\0\0\0\5decoy\0\0\0\3SOM"
    first = int.from_bytes(hmac.new(b"key", message, hashlib.sha256).digest()[:8], "big")
    assert Draw(b"key", "flow", "2022-10").fraction("decoy", "SOM") == (first >> 11) / 2**53


def test_the_same_choice_is_drawn_twice_alike():
    one, two = Draw(b"key", "flow", "2022"), Draw(b"key", "flow", "2022")
    one.fraction("company", "NPL")
    assert one.fraction("decoy", "SOM") == two.fraction("decoy", "SOM") == two.fraction("decoy", "SOM")


@pytest.mark.parametrize(
    ("secret", "flow", "period", "purpose", "item"),
    [
        (b"other", "flow", "2022", "decoy", "SOM"),
        (b"key", "flow2", "022", "decoy", "SOM"),
        (b"key", "flow", "2023", "decoy", "SOM"),
        (b"key", "flow", "2022", "join", "SOM"),
        (b"key", "flow", "2022", "decoyS", "OM"),
    ],
)
def test_any_other_name_draws_otherwise(secret, flow, period, purpose, item):
    assert Draw(secret, flow, period).fraction(purpose, item) != Draw(b"key", "flow", "2022").fraction("decoy", "SOM")


def test_fractions_are_spread_evenly():
    draw = Draw(b"key", "flow", "2022")
    fractions = [draw.fraction("decoy", str(n)) for n in range(20_000)]
    assert 0 <= min(fractions) < 0.001
    assert 0.999 < max(fractions) < 1
    assert sum(fractions) / len(fractions) == pytest.approx(0.5, abs=0.01)
    assert sum(fraction < 0.05 for fraction in fractions) / len(fractions) == pytest.approx(0.05, abs=0.006)


def test_an_empty_secret_is_refused():
    with pytest.raises(ValueError, match="secret"):
        Draw(b"", "flow", "2022")


def test_the_secret_stays_out_of_the_representation():
    assert "hush" not in repr(Draw(b"hush", "flow", "2022")) + repr(vars(Draw(b"hush", "flow", "2022")))
