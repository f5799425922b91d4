"""Two who ask a new node for its description at once get the same one, whole."""

import threading

import app.main


def test_who_asks_first_and_who_asks_meanwhile_get_one_description():
    app.main._description_of.cache_clear()
    found: list[object] = []
    start = threading.Barrier(4)

    def ask() -> None:
        start.wait()
        found.append(app.main.description_of())

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(each is found[0] for each in found)
    assert app.main.description_of() is found[0]
