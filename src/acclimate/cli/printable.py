"""Text as a terminal may be given it: what would move the cursor, change colours or the order of reading is shown as its code.

Records come from anywhere, and a terminal obeys what stands in them.
"""

from __future__ import annotations

import re

_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 without tab and line feed, delete, C1
    "\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"  # unseen, or turning the order of reading
    "\ud800-\udfff]"  # halves of a character, which no terminal can be sent
)


def printable(text: str) -> str:
    r"""The text with control characters written as JSON writes them; line feeds and tabs stay.

    >>> print(printable("\x1b[2Jgone\u202e"))
    \u001b[2Jgone\u202e
    """
    return _CONTROLS.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def one_line(text: str) -> str:
    r"""The same with line feeds written as well, so that one record cannot pass for two lines.

    >>> print(one_line("a\nb"))
    a\u000ab
    """
    return printable(text).replace("\n", "\\u000a")
