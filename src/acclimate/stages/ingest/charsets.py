"""Bytes to text by a charset that the data names itself, which may be wrong or hostile."""

from __future__ import annotations

import codecs

from acclimate.stages.ingest.rows import RowError

# As browsers do: those who write iso-8859-1 mean it, with bytes 80 to 9f for quotes; UTF-8 holds all of ASCII.
_READ_AS = {"iso8859-1": "windows-1252", "ascii": "utf-8"}
# punycode and idna take quadratic time; the escapes are notations of Python, not charsets.
_REFUSED = frozenset({"punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined"})


def decode_text(content: bytes, charset: str) -> str:
    """The text; RowError where the charset is unknown or the bytes are not in it, rather than a guess.

    >>> decode_text(b"na\\xefve", "iso-8859-1")
    'naïve'
    """
    codec = _codec(charset)
    try:
        text = content.decode(codec)
    except UnicodeDecodeError as error:
        place = f"byte {error.start + 1} of it"
        if codec == "utf-8":
            raise RowError("bad_utf8", f"this is not valid UTF-8 ({place})", error.start + 1) from error
        raise RowError("bad_charset", f"this is not in {codec}, the charset that it names ({place})", codec) from error
    except (LookupError, ValueError) as error:
        raise RowError("bad_charset", "it names a charset that is not known") from error
    if "\x00" in text:
        raise RowError("not_text", "it holds zero bytes, which no text does", text.index("\x00") + 1)
    return text


def _codec(charset: str) -> str:
    try:
        name = codecs.lookup(charset).name.replace("_", "-")
    except (LookupError, ValueError) as error:
        raise RowError("bad_charset", "it names a charset that is not known") from error
    if name in _REFUSED:
        raise RowError("bad_charset", f"it names {name}, which is not a charset of texts", name)
    return _READ_AS.get(name, name)
