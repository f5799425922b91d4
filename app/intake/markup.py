"""The parts of a workbook as events, in a bounded memory: no document type, no entity of its own, nothing from outside."""

from collections.abc import Callable, Iterable, Mapping
from xml.parsers import expat  # nosec B406 - what makes expat open to attack is refused: document types and entities

from app.intake.refusal import refused

Attributes = Mapping[str, str]
_LONGEST_TEXT = 128 * 1024
_MOST_NAMES = 5_000


class _LocalNames(dict[str, str]):
    """Names without their prefix; each is looked at once."""

    def __missing__(self, name: str) -> str:
        return self.setdefault(name, name.rpartition(" ")[2].rpartition(":")[2])


def _nothing(_: str) -> None:
    """An end that nobody waits for."""


class Walk:
    """One pass over a part: `start` and `end` are called for every element, and text is kept only between `listen` and `heard`.

    Elements go by their local names, where the part's own have no prefix those of others keep theirs; attributes as written, with
    `namespaces` as "namespace name".
    """

    def __init__(
        self, start: Callable[[str, Attributes], None], end: Callable[[str], None] = _nothing, *, namespaces: bool = False
    ) -> None:
        self._start, self._end = start, end
        self._parser = parser = expat.ParserCreate(namespace_separator=" " if namespaces else None)
        self._text: list[str] = []
        parser.buffer_text = True
        parser.StartElementHandler = self._root
        parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _no_document_type

    def _root(self, name: str, attributes: Attributes) -> None:
        """The first element shows how a part names its elements: without prefixes they are handed on as they are."""
        start, end, names = self._start, self._end, _LocalNames()
        plain = names[name] == name
        self._parser.StartElementHandler = start if plain else lambda each, given: start(names[each], given)
        self._parser.EndElementHandler = end if plain else lambda each: end(names[each])
        start(names[name], attributes)

    def listen(self) -> None:
        """Keep the text from here on."""
        self._text.clear()
        self._parser.CharacterDataHandler = self._text.append

    def say(self, text: str) -> None:
        """Add a text that an element stands for."""
        self._text.append(text)

    def heard(self) -> str:
        """The text since `listen`, which ends here."""
        self._parser.CharacterDataHandler = None
        return "".join(self._text)

    def over(self, chunks: Iterable[bytes]) -> None:
        """Walk to the end; raises `RefusedError` `workbook-damaged` where the part is no XML, holds a text without end or countless names."""
        try:
            for chunk in chunks:
                self._parser.Parse(chunk, False)  # noqa: FBT003 - the parser takes it by place
                if sum(map(len, self._text)) > _LONGEST_TEXT or len(self._parser.intern) > _MOST_NAMES:
                    raise refused("workbook-damaged")
            self._parser.Parse(b"", True)  # noqa: FBT003 - the same
        except (expat.ExpatError, ValueError, LookupError) as error:
            raise refused("workbook-damaged") from error


def _no_document_type(*_: object) -> None:
    raise refused("workbook-doctype")


def elements(part: Iterable[bytes], *names: str) -> list[tuple[str, dict[str, str]]]:
    """The elements of these names in a small part, with their attributes by names without prefix, in order."""
    found: list[tuple[str, dict[str, str]]] = []

    def start(name: str, attributes: Attributes) -> None:
        if name in names:
            found.append((name, {key.rpartition(":")[2]: value for key, value in attributes.items()}))

    Walk(start).over(part)
    return found
