"""HTML -> text with its structure, for web pages, e-mail and the narratives of health records."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from acclimate.stages.ingest.layout import TextLayout
from acclimate.stages.ingest.rows import RowError

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

_NO_TEXT = frozenset(
    [
        "script",
        "style",
        "noscript",
        "template",
        "head",
        "svg",
        "math",
        "iframe",
        "object",
        "embed",
        "canvas",
        "audio",
        "video",
        "select",
        "datalist",
    ]
) | {"-comment", "-doctype"}
_PARAGRAPHS = frozenset(
    [
        "p",
        "div",
        "section",
        "article",
        "main",
        "header",
        "footer",
        "aside",
        "nav",
        "blockquote",
        "pre",
        "figure",
        "ul",
        "ol",
        "dl",
        "table",
        "form",
        "fieldset",
        "address",
        "details",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "center",
    ]
)
_LINES = frozenset(["li", "dt", "dd", "br", "caption", "figcaption", "summary", "legend", "option", "body"])
_MARKS = {"li": "- ", **{f"h{level}": "#" * level + " " for level in range(1, 7)}}
_LEFT_OUT = {"img": "images", "svg": "images", "iframe": "embedded objects", "object": "embedded objects"}
_AROUND_THE_TEXT = frozenset(["nav", "aside", "footer"])
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,15})")
_NEVER_NESTED = frozenset(
    ["p", "li", "dt", "dd", "br", "hr", "img", "input", "meta", "link", "col", "base", "area", "wbr", "source", "html"]
)
_CLOSED_BY_THE_NEXT = frozenset(["td", "th", "tr", "tbody", "thead", "tfoot", "option", "colgroup"])
_FORMATTING = frozenset(
    ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"]
)
_MAX_SEARCHED, _MAX_COPIED = 50_000_000, 3_000_000


@dataclass(frozen=True)
class HtmlText:
    """The text of a page, its title, and what it holds besides."""

    text: str
    title: str | None
    left_out: Counter[str]


def html_text(markup: str, *, max_bytes: int) -> HtmlText:
    """All text of a piece of HTML.

    >>> html_text("<h1>Plan</h1><ul><li>rest<li>fluids</ul>", max_bytes=100).text
    '# Plan\\n\\n- rest\\n- fluids'
    """
    return _read(markup, max_bytes=max_bytes, main_only=False)


def main_html_text(markup: str, *, max_bytes: int) -> HtmlText:
    """The text of a web page without what stands around it: its only `main` or `article`, else all but navigation,
    sidebars and footers, which are counted."""
    return _read(markup, max_bytes=max_bytes, main_only=True)


def _read(markup: str, *, max_bytes: int, main_only: bool) -> HtmlText:
    from selectolax.lexbor import LexborHTMLParser

    _check_nesting(markup)
    tree = LexborHTMLParser(markup)
    title = tree.css_first("title")
    root = tree.body or tree.root
    if root is None:
        return HtmlText("", None, Counter())
    walk = _Walk(max_bytes, skipped=_AROUND_THE_TEXT if main_only else frozenset())
    main = _main_part(root) if main_only else None
    if main is not None:
        walk.left_out["pages read without what surrounds their main part"] += 1
    walk.read(main or root)
    return HtmlText(walk.layout.text, " ".join(title.text().split()) or None if title else None, walk.left_out)


def _check_nesting(markup: str) -> None:
    """Refuses markup that costs a parser quadratic time or memory, as the standard's algorithm has it.

    A start tag searches the elements that are open, and a block copies the formatting that was never closed:
    300,000 nested `div` took 230 s. Real pages stay under a thousandth of the limits.
    """
    foreign = "<svg" in markup or "<math" in markup
    searched = copied = depth = formatting = 0
    for tag in _TAG.finditer(markup):
        name = tag[2].lower()
        if name in _NEVER_NESTED or (name in _CLOSED_BY_THE_NEXT and not foreign):
            pass
        elif tag[1]:
            depth = max(0, depth - 1)
            formatting = max(0, formatting - (name in _FORMATTING))
        else:
            depth += 1
            formatting += name in _FORMATTING
        searched += depth
        copied += formatting
        if searched > _MAX_SEARCHED or copied > _MAX_COPIED:
            raise RowError("bomb", "its HTML elements are nested too deeply, or too many of them are never closed")


def _main_part(root: LexborNode) -> LexborNode | None:
    for selector in ("main, [role=main]", "article"):
        found = root.css(selector)
        if len(found) == 1:
            return found[0]
    return None


class _Walk:
    """Goes through a tree without recursion, however deep it is."""

    def __init__(self, max_bytes: int, *, skipped: frozenset[str]) -> None:
        self.layout = TextLayout(max_bytes=max_bytes)
        self.left_out: Counter[str] = Counter()
        self._skipped = skipped
        self._preformatted = 0

    def read(self, root: LexborNode) -> None:
        waiting: list[tuple[LexborNode, bool]] = [(root, True)]
        while waiting:
            node, begins = waiting.pop()
            tag = node.tag or ""
            if not begins:
                self._end(tag)
            elif tag == "-text":
                self._text(node.text_lexbor())
            elif not self._leaves_out(tag):
                self._begin(tag)
                waiting.append((node, False))
                child = node.last_child
                while child is not None:
                    waiting.append((child, True))
                    child = child.prev

    def _leaves_out(self, tag: str) -> bool:
        if tag in _LEFT_OUT:
            self.left_out[_LEFT_OUT[tag]] += 1
        if tag in self._skipped:
            self.left_out["navigation and footer blocks"] += 1
        return tag in _NO_TEXT or tag in self._skipped

    def _text(self, text: str) -> None:
        if self._preformatted:
            self.layout.write(text)
        else:
            self.layout.write_flowing(text)

    def _begin(self, tag: str) -> None:
        self._break(tag)
        if tag == "tr":
            self.layout.start_row()
        elif tag in ("td", "th"):
            self.layout.start_cell()
        elif tag in _MARKS:
            self.layout.start_marked(_MARKS[tag])
        self._preformatted += tag in ("pre", "textarea")

    def _end(self, tag: str) -> None:
        self._preformatted -= tag in ("pre", "textarea")
        if tag == "tr":
            self.layout.end_row()
        elif tag in _MARKS:
            self.layout.end_marked()
        self._break(tag)

    def _break(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            self.layout.end_paragraph()
        elif tag in _LINES:
            self.layout.end_line()
