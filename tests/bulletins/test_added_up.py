"""Rows of one cell are added up only where asked for, and how many is told."""

from app.bulletins.files import FileBulletins, read_file
from app.bulletins.queries import FileQuery

ASKED = FileQuery(state="PAN", measure="irregular_transit", unit="person", sum_duplicates=True)
HONDURAS = FileQuery(profile="honduras-inm")


def told(file: FileBulletins) -> list[tuple[str, int]]:
    return [(each.code, each.params["count"]) for each in file.remarks if each.code == "rows-added-up"]


def read(text: str, query: FileQuery) -> FileBulletins:
    return read_file(text.encode(), query, 100)


def test_how_many_rows_were_added_to_others_is_told():
    text = "period,nationality,value\n2022-01,CHN,6\n2022-01,CHN,5\n2022-01,VEN,7\n2022-01,CHN,1\n2022-02,CHN,9\n2022-02,CHN,2\n"
    file = read(text, ASKED)
    assert told(file) == [("rows-added-up", 3)]
    assert [[cell["value"] for cell in each.body["cells"]] for each in file.bulletins] == [[12, 7], [11]]
    by_profile = read("period,nationality_iso3,count\n2022-01,OOO,6\n2022-01,STL,5\n2022-01,VEN,7\n", HONDURAS)
    assert told(by_profile) == [("rows-added-up", 1)]


def test_nothing_is_told_where_each_cell_is_given_once():
    assert told(read("period,nationality,value\n2022-01,CHN,6\n2022-01,VEN,5\n2022-02,CHN,4\n2022-03,,0\n", ASKED)) == []


def test_rows_that_were_not_collected_stay_apart_and_a_masked_part_masks_the_sum():
    head = "period,nationality,value,value_status\n"
    apart = read(f"{head}2022-01,CHN,,not_collected\n2022-01,CHN,5,\n", ASKED)
    assert told(apart) == []
    assert [cell["value"] for cell in apart.bulletins[0].body["cells"]] == [None, 5]
    masked = read(f"{head}2022-01,CHN,5,\n2022-01,CHN,,masked\n2022-01,CHN,3,\n", ASKED)
    assert told(masked) == [("rows-added-up", 2)]
    assert [(cell["value"], cell["value_status"]) for cell in masked.bulletins[0].body["cells"]] == [(None, "masked")]
