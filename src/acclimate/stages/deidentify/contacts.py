"""Patterns of ways to reach a person or a machine: e-mail, web and network addresses, telephone numbers."""

from __future__ import annotations

import ipaddress

from acclimate.stages.deidentify.dates import read_date
from acclimate.stages.deidentify.patterns import LETTER, Find, Pattern, followed_by, preceded_by, stands_alone

_TOP_LEVEL = r"(?:com|org|net|edu|gov|mil|int|biz|info|co\.[a-z]{2}|ac\.[a-z]{2}|org\.[a-z]{2}|gov\.[a-z]{2})"
_URL_END = ".,;:!?)]}'\"*"

_OTHER_NUMBER_BEFORE = preceded_by(
    r"\b(?:lab|labs|specimen|accession|sample|order|lot|batch|ref|reference|catalogu?e?|part|model|serial|item|isbn|issn"
    r"|doi|icd|cpt|ndc|loinc|snomed|barcode|study|protocol|trial|case|ticket|invoice|tracking|version|section)\b"
    r"[^.;\n]{0,15}"
)
_VERSION_BEFORE = preceded_by(
    r"\b(?:version|firmware|software|release|build|revision|rev|section|chapter|clause|article|paragraph|figure|table|step"
    r"|appendix|item|v|ver)\.?\s*|§\s*"
)
_CLOCK_TIMES = ("0", "1", "2")
_LAST_DAY = 31

_DASHED = r"[2-9]\d{2}-\d{3}-\d{4}|[2-9]\d{2}\.\d{3}\.\d{4}|[2-9]\d{2} [2-9]\d{2}[ -]\d{4}|[2-9]\d{2}/\d{3}-\d{4}"
_BRACKETED = r"\([2-9]\d{2}\)[ .-]{0,2}\d{3}[ .-]?\d{4}"
_EXTENSION = r"(?:,?\s*(?:x|ext\.?|extension)\s*\d{1,6})?"
_PHONE_WORD = (
    r"(?i:\b(?:phone|telephone|tel|ph|cell|mobile|fax|pager|beeper|call|called|calling|contact|contacted|reach|reached"
    r"|reachable|dial|dialed|dialled|text|texted|hotline|callback|landline|whatsapp)\b"
    r"(?:\s+(?:number|no|nr|at|on|is|was|me|him|her|them|us|back|to|the|office|clinic|phone|cell|line)\b){0,4}[\s:.#=(]{0,4})"
)

_PHONE_LABEL = r"(?i:\b(?:desk|office|direct(?:\s+line)?|home|work|mob|switchboard|reception|landline)\.?\s*:\s{0,4})"
"""Labels of numbers in signatures and forms; without the colon, these words say nothing of a number."""


def _url(find: Find) -> Find | None:
    return find.stripped(_URL_END)


def _domain(find: Find) -> Find | None:
    if find.before(1) in ("@", "/", "-", ".") or followed_by(r"@|\.[a-z]|-[a-z]")(find):
        return None
    return find.stripped(_URL_END)


def _ipv4(find: Find) -> Find | None:
    octets = find.value.split(".")
    if any(int(octet) > 255 or (len(octet) > 1 and octet[0] == "0") for octet in octets):
        return None
    return find if stands_alone(find) and not _VERSION_BEFORE(find) else None


def _ipv6(find: Find) -> Find | None:
    if find.before(1) in (":", ".") or find.before(1).isalnum() or len(find.value) < 5 or not find.digits:
        return None
    try:
        ipaddress.IPv6Address(find.value)
    except ValueError:
        return None
    return find


def _phone(find: Find) -> Find | None:
    """A telephone number by its form: not part of a longer number, and not after a word for another kind of number."""
    return find if stands_alone(find) and not _OTHER_NUMBER_BEFORE(find) else None


def _international(find: Find) -> Find | None:
    return _phone(find) if 8 <= len(find.digits) <= 15 else None


def _national(find: Find) -> Find | None:
    """A number with a leading zero, but not a row of clock times like 0800 1200 1600."""
    groups = find.value.replace("-", " ").replace("/", " ").split()
    if all(len(group) == 4 and group[0] in _CLOCK_TIMES and group[2] < "6" for group in groups):
        return None
    return _phone(find) if 10 <= len(find.digits) <= 12 else None


def _in_groups(find: Find) -> Find | None:
    """A national number in groups of two or three digits (ITU-T E.123), but not a row of hours or days like 02 06 10 14 18."""
    groups = [int(group) for group in find.value.replace("-", " ").replace("/", " ").split()]
    if max(groups) <= _LAST_DAY and groups == sorted(groups):
        return None
    return _phone(find) if 10 <= len(find.digits) <= 12 else None


def _after_word(find: Find) -> Find | None:
    """A number after a word like phone or call, unless it is a date: 'call on 2021-03-03'."""
    if read_date(find.value) is not None:
        return None
    return find if stands_alone(find) and 7 <= len(find.digits) <= 15 else None


PATTERNS = (
    Pattern("email", rf"([{LETTER}0-9][{LETTER}0-9._%+'-]*@(?:[{LETTER}0-9][{LETTER}0-9-]*\.)+[{LETTER}]{{2,24}})"),
    Pattern("url", r"\b((?i:https?|ftp)://[^\s<>\"`{}|\\^\[\]]+)", _url),
    Pattern("url", r"\b((?i:www)\.[^\s<>\"`{}|\\^\[\]]+\.[^\s<>\"`{}|\\^\[\]]{2,})", _url),
    Pattern(
        "url", rf"\b((?i:(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+{_TOP_LEVEL}\b(?:/[^\s<>\"`{{}}|\\^\[\]]*)?))", _domain
    ),
    Pattern("ip", r"\b(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})\b", _ipv4),
    Pattern("ip", r"((?i:(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{1,4}(?:\.\d{1,3}){0,3}))\b", _ipv6),
    Pattern("phone", rf"((?:\+?1[ .-]?)?{_BRACKETED}{_EXTENSION})\b", _phone),
    Pattern("phone", rf"((?:\+?1[ .-])?(?:{_DASHED}){_EXTENSION})\b", _phone),
    Pattern("phone", r"(\+\d{1,3}(?:[ .-]?\(0?\d{1,4}\))?(?:[ .-]{0,2}\d{1,12}){1,6})\b", _international),
    Pattern("phone", rf"\b(00\d{{1,3}}[ .-]\(?\d{{1,4}}\)?(?:[ .-]\d{{2,5}}){{1,4}}{_EXTENSION})\b", _international),
    Pattern("phone", r"(\(0\d{1,4}\)[ -]?\d{3,4}[ -]?\d{3,4}|\b0\d{2,4}[ /-]\d{3,4}[ -]?\d{3,4})\b", _national),
    Pattern("phone", r"\b(0\d{1,3}[ /-](?:\d{2,3}[ -]){2,4}\d{2,3})\b", _in_groups),
    Pattern("phone", rf"{_PHONE_LABEL}(\+?\d[\d().-]*(?: [\d().-]{{2,}}){{0,5}}{_EXTENSION})\b", _after_word),
    Pattern(
        "phone",
        rf"{_PHONE_WORD}((?:\d{{3}}[-. ]?\d{{4}}\b|\+?\d[\d().-]*(?: [\d().-]{{2,}}){{0,5}}){_EXTENSION})\b",
        _after_word,
    ),
    Pattern("phone", r"(?i:\bnumber\b[^\d.;]{0,40}[?:]\s+(?:\pL+:\s+)?)([2-9]\d{2}[2-9]\d{6})\b", _phone),
    Pattern("phone", r"\b([2-9]\d{2}[2-9]\d{6})\b[^.\n\d]{0,25}\b(?i:phone|cell|mobile|landline)\b", _phone),
)
