"""What a text says is not there, and what it says is, also by the answer to a question.

After NegEx (Chapman et al. 2001, J Biomed Inform 34): a negating word reaches a few words on, and over a list to its end.
In a dialogue the words of a question take the polarity of the turn that answers it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from acclimate.stages.evaluate.support.text import Sentence, Text, Word, listed, stem

_STRONG = frozenset(listed("no denies denied deny denying without neither nor negative non absent"))
"""Reach over a whole list of nouns."""
_WEAK = frozenset(listed("not never none"))
"""Reach the next word; what else is in their clause is left open, but for `any` and what one has."""
_MODAL = frozenset(listed("cannot can't couldn't won't wouldn't shouldn't mustn't needn't"))
"""Say nothing of whether a thing is there: I can't have latex."""
_MORE = frozenset(listed("more longer problem problems doubt question wait"))
"""Behind `no`, what was there before may be gone, and so is left open."""
_ASKING = frozenset(listed("what when where how why who whose which"))
"""Begin questions that take what they ask about for granted."""
_OPENING = frozenset(listed("any have had having"))
_BEHIND = re.compile(
    r"\b(?:is|are|was|were|came back|been|remains?)\s+(?:negative|absent|denied|ruled out|unremarkable|not present)\b",
    re.IGNORECASE,
)
_ENDING = frozenset(
    listed(
        "but however although though except aside which who because since while whereas only besides other when before after"
        " that he she they i we it is was were has had have does did until if so"
    )
)
_WINDOW = 5
"""Words that a negating word reaches without a list, as in NegEx."""
_TRIGGER_ENDS = re.compile(r"[,;:.!?]")
_SPEAKER = re.compile(r"^\s*[A-Z][\w .]{0,24}:\s*")
_FILLERS = (
    r"^\W*+(?:(?:um+|uh+|er|ah|well|oh|so|hmm+|okay|right)\W++)*"
    r"(?:(?!no\b|yes\b)[\w'’ ]{1,20},\s*+){0,3}(?:um+|uh+|well|oh)?\W*+"
)
"""What people say before they say yes or no: a word of hesitation, a few short phrases with a comma behind each."""
_NO = re.compile(
    _FILLERS + r"(?:no(?!,? (?:more|longer|wait|problem|doubt|question|others?)\b)|nope|nah|not|none|never|neither"
    r"|nothing(?=\W*$|[,.])|negative|i(?:'m| am) not|i (?:haven't|have not|didn't|did not|never)"
    r"|i (?:don't|do not)(?! (?:know|think|remember|recall|understand|mean))|he doesn't|she doesn't|doesn't|don't)\b",
    re.IGNORECASE,
)
_YES = re.compile(
    _FILLERS + r"(?:yes|yeah|yep|yup|sure|correct|uh huh|mm hmm|mhm|absolutely|definitely|certainly|sometimes|a little"
    r"|a bit|quite a bit|some|i do|i have|i am|he does|she does|right\b\W*$)",
    re.IGNORECASE,
)
_EMPTY = frozenset(
    stem(word)
    for word in listed(
        "history significant known recent other others any problem problems sign signs symptom symptoms evidence change"
        " changes issue issues complaint complaints noted reported report reports patient doctor that this with from have"
        " been there were which when what does your their about some like more than also just really very much time times"
        " current currently prior previous previously past family medical associated further similar being taking take"
        " taken used using usage feel feeling going anything something nothing everything thing things know think remember"
        " well good okay right left denies denied states stated said says today since ever even still year years month"
        " months week weeks days hours mother father brother sister would could should will into over under again only back"
        " such none never without negative cannot because they them these those here then make made came come goes went"
        " need needs want wants help better worse normal cause causes caused"
    )
)


@dataclass(frozen=True)
class Mention:
    """The head of a phrase with what is said of it: True there, False not there, None asked or unclear.

    `modifiers` are the stems of the words directly in front of it, `near` those of its whole sentence.
    """

    head: str
    holds: bool | None
    start: int
    end: int
    modifiers: frozenset[str] = frozenset()
    near: frozenset[str] = frozenset()


def mentions(text: Text) -> list[Mention]:
    """The content words of a text with their polarity, in their order; of what is denied the heads of phrases alone.

    >>> said = mentions(Text("Doctor: Any fever?\\nPatient: No, but I have a cough. I deny bloody vomit, rash or chills."))
    >>> [(m.head, m.holds) for m in said]
    [('fever', False), ('cough', True), ('vomit', False), ('rash', False), ('chill', False)]
    """
    found: list[Mention] = []
    sentences = text.sentences
    for number, sentence in enumerate(sentences):
        words = _inside(text, sentence)
        takes_answer = sentence.is_question and not _takes_for_granted(words)
        answer = _answer(text, sentences, number) if takes_answer else None
        near = frozenset(stem(word.text) for word in words)
        for phrase in _phrases(text, sentence):
            stems = [stem(word.text) for word, _ in phrase]
            for place, (word, said) in enumerate(phrase):
                if said is False and place < len(phrase) - 1:
                    continue
                holds = answer if sentence.is_question else said
                found.append(Mention(stems[place], holds, word.start, word.end, frozenset(stems[:place]), near))
    return found


def _takes_for_granted(words: list[Word]) -> bool:
    """Whether a question asks for more of something than whether it is there: what, when, how; not `what about`."""
    return any(word.text in _ASKING for word in words[:2]) and not any(word.text == "about" for word in words[1:3])


def _phrases(text: Text, sentence: Sentence) -> Iterator[list[tuple[Word, bool | None]]]:
    """Content words that stand side by side and share their polarity."""
    phrase: list[tuple[Word, bool | None]] = []
    for word, said in _words(text, sentence):
        is_content = len(word.text) > 3 and stem(word.text) not in _EMPTY
        if phrase and (
            not is_content or phrase[-1][1] is not said or text.text[phrase[-1][0].end : word.start].strip(" -")
        ):
            yield phrase
            phrase = []
        if is_content:
            phrase.append((word, said))
    if phrase:
        yield phrase


def _answer(text: Text, sentences: list[Sentence], number: int) -> bool | None:
    """What the turn behind a question says to it."""
    for sentence in sentences[number + 1 : number + 3]:
        said = _SPEAKER.sub("", text.text[sentence.start : sentence.end])
        if _NO.match(said):
            return False
        if _YES.match(said):
            return True
        if not sentence.is_question:
            return None
    return None


def _words(text: Text, sentence: Sentence) -> Iterator[tuple[Word, bool | None]]:
    """The words of a sentence, each with whether it is said to hold; None where a weak negation leaves that open."""
    behind = _BEHIND.search(text.text, sentence.start, sentence.end)
    state: bool | None = True
    last, reach, is_next, is_opened = sentence.start, 0, False, False
    words = _inside(text, sentence)
    for place, word in enumerate(words):
        between = text.text[last : word.start]
        last = word.end
        if word.text in _STRONG or _is_without(text.text, word):
            is_open = place + 1 < len(words) and words[place + 1].text in _MORE
            state, reach, is_next, is_opened = None if is_open else False, _WINDOW, False, False
        elif word.text in _MODAL:
            state, reach, is_next, is_opened = None, _WINDOW, False, False
        elif word.text in _WEAK or word.text.endswith("n't"):
            state, reach, is_next, is_opened = None, _WINDOW, True, True
        elif state is None and is_opened and word.text in _OPENING and not _TRIGGER_ENDS.search(between):
            state, reach = False, _WINDOW
        elif state is not True:
            if word.text in ("or", "nor") or ("," in between and _continues_list(text.text, word, sentence)):
                reach = _WINDOW
            elif reach == 0 or word.text in _ENDING or _TRIGGER_ENDS.search(between):
                state = True
            reach = max(0, reach - 1)
        yield word, _said(word, state, is_next, behind)
        is_next = is_next and (
            state is not None or len(word.text) <= 3 or word.text in _WEAK or word.text.endswith("n't")
        )


def _is_without(text: str, word: Word) -> bool:
    """Whether a word is the end of `w/o`."""
    return word.text == "o" and text[max(0, word.start - 2) : word.start].lower() == "w/"


def _said(word: Word, state: bool | None, is_next: bool, behind: re.Match[str] | None) -> bool | None:
    if state is None and is_next:
        return False
    return False if state and behind and word.end <= behind.start() else state


def _continues_list(text: str, word: Word, sentence: Sentence) -> bool:
    """Whether a comma goes on with a list: a few words, then a comma, `or`, or the sentence's end."""
    rest = text[word.start : sentence.end]
    clause = re.split(r"[,;.!?]", rest, maxsplit=1)[0]
    words = clause.split()
    has_verb = any(
        part.lower()
        in ("i", "he", "she", "we", "they", "patient", "is", "was", "has", "had", "have", "does", "did", "it's")
        for part in words
    )
    return len(words) <= 4 and not has_verb


def _inside(text: Text, sentence: Sentence) -> list[Word]:
    speaker = _SPEAKER.match(text.text[sentence.start : sentence.end])
    start = sentence.start + (speaker.end() if speaker else 0)
    return text.words_from(start, sentence.end)
