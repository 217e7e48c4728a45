"""Helpers for tests of the HTML reports: what a page has in it, and pages of a small book to look at."""

from __future__ import annotations

import dataclasses
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "img", "input", "hr"}


@dataclasses.dataclass(slots=True)
class Node:
    """An element of a page."""

    tag: str
    attributes: dict[str, str | None]
    children: list[Node] = dataclasses.field(default_factory=list)
    texts: list[str] = dataclasses.field(default_factory=list)

    def all(self, *tags: str) -> list[Node]:
        """Return this and every element below it that is one of ``tags``, or all of them."""
        own = [self] if not tags or self.tag in tags else []
        return own + [node for child in self.children for node in child.all(*tags)]

    def text(self) -> str:
        """Return the text of the element and those below it, in no order that matters."""
        return "".join([*self.texts, *(child.text() for child in self.children)]).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Node("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, dict(attrs))
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_endtag(self, tag: str) -> None:
        closed = self.open.pop()
        assert closed.tag == tag, f"<{closed.tag}> is closed by </{tag}>"

    def handle_data(self, data: str) -> None:
        self.open[-1].texts.append(data)


def read_page(text: str) -> Node:
    """Return the elements of a page, each closed where it should be."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert len(reader.open) == 1, [node.tag for node in reader.open]
    return reader.open[0]


def tables_of(page: Node) -> dict[str, list[dict[str, str]]]:
    """Return the rows of every table by its caption, as texts by header."""
    found = {}
    for table in page.all("table"):
        (caption,) = table.all("caption")
        head, *rows = table.all("tr")
        labels = [cell.text() for cell in head.children]
        found[caption.text()] = [dict(zip(labels, [cell.text() for cell in row.children], strict=True)) for row in rows]
    return found


def number_of(cell: str) -> float:
    """Return the number that a cell shows; a dash is none."""
    return float(cell.replace(",", "").replace("−", "-").removeprefix("$").removesuffix("%"))
