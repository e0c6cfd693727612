"""The one way CSV is written: no cell of it is a formula to the spreadsheet that opens it.

A cell that begins with one of = + - @, a tab or a carriage return may be run as a formula, which can send data away
(OWASP, "CSV Injection"). An apostrophe in front makes it text; `plain_cell` takes it off again.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

# Apostrophes before a sign count too, so that what stood there already comes back as it was.
_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")


def neutral_cell(text: str) -> str:
    """The text so that no spreadsheet runs it.

    >>> neutral_cell("=1+1"), neutral_cell("1+1")
    ("'=1+1", '1+1')
    """
    return f"'{text}" if _FORMULA.match(text) else text


def plain_cell(cell: str) -> str:
    """The text that `neutral_cell` was given.

    >>> plain_cell("'=1+1"), plain_cell("'tis")
    ('=1+1', "'tis")
    """
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


def csv_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The rows under their header as CSV, every cell neutral.

    Lines end as RFC 4180 says: with a plain line feed, Python would leave carriage returns in cells without quotes.
    """
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\r\n")
    table.writerow(columns)
    table.writerows([neutral_cell(cell) for cell in row] for row in rows)
    return written.getvalue()
