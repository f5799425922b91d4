"""What a node answers in pages: lists under their filters, and the feed of changes."""

from collections.abc import Callable, Iterator
from typing import Any

from app.client.calls import Params

PageOf = Callable[[Params], dict[str, Any]]


class Listing:
    """What answers a list's filters: to iterate asks page after page, each time from the beginning."""

    def __init__(self, page_of: PageOf, filters: Params) -> None:
        self._page_of, self.filters = page_of, dict(filters)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for page in self.pages():
            yield from page.get("items") or ()

    def page(self) -> dict[str, Any]:
        """The first page alone: {items, next_cursor, total}."""
        return self._page_of(self.filters)

    def pages(self) -> Iterator[dict[str, Any]]:
        """Page after page, as the node sends them."""
        page = self._page_of(self.filters)
        yield page
        last: object = self.filters.get("cursor")
        while (cursor := page.get("next_cursor")) not in (None, last):
            page, last = self._page_of({**self.filters, "cursor": cursor}), cursor
            yield page


class Changes:
    """The feed of changes from a cursor on, to its end.

    `cursor` moves on once the items of a page have been taken: whoever keeps it and begins there again may meet an item twice, and
    misses none.
    """

    def __init__(self, page_of: PageOf, cursor: str | None, filters: Params) -> None:
        self._page_of, self._filters = page_of, dict(filters)
        self.cursor = cursor

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for page in self.pages():
            yield from page.get("items") or ()

    def page(self) -> dict[str, Any]:
        """The page at the cursor, which stays where it is: {items, next_cursor, has_more}."""
        return self._page_of({"cursor": self.cursor, **self._filters})

    def pages(self) -> Iterator[dict[str, Any]]:
        """Page after page until the feed is empty."""
        more = True
        while more:
            page = self.page()
            yield page
            begun, self.cursor = self.cursor, page.get("next_cursor")
            more = bool(page.get("has_more")) and self.cursor != begun
