"""Left, right and both, with the part of the body they are said of."""

from __future__ import annotations

from dataclasses import dataclass

from acclimate.stages.evaluate.support.text import Text, Word, listed, stem

LEFT, RIGHT, BOTH = "left", "right", "both"
_SIDES = {"left": LEFT, "right": RIGHT, "bilateral": BOTH, "bilaterally": BOTH, "both": BOTH}
_PARTS = frozenset(
    stem(word)
    for word in listed(
        "abdomen abdominal ankle ankles arm arms axilla back breast breasts buttock calf calves carotid cheek chest clavicle"
        " ear ears elbow elbows eye eyes eyelid face facial femur finger fingers flank foot feet forearm forehead groin hand"
        " hands heel hip hips humerus jaw kidney kidneys knee knees leg legs lobe lower upper lung lungs nostril ovary palm"
        " pelvis quadrant rib ribs scalp shoulder shoulders shin side sided sinus temple testicle thigh thighs thumb tibia"
        " toe toes tonsil trunk wrist wrists ventricle extremity extremities hemisphere index ring neck molar"
    )
)
_VAGUE = frozenset(
    stem(word) for word in ("side", "sided", "lower", "upper", "extremity", "extremities", "quadrant", "lobe")
)
_REACH = 4
_NOT_A_SIDE_BEFORE = frozenset(
    ("all", "that's", "you're", "is", "that", "he", "she", "they", "we", "i", "just", "have")
)
_NOT_A_SIDE_AFTER = frozenset(
    ("now", "away", "after", "before", "then", "there", "here", "when", "at", "over", "for", "to")
)


@dataclass(frozen=True)
class Side:
    """A side with the stem of the part it is said of; None where a text names none near it."""

    side: str
    part: str | None
    start: int
    end: int


def sides(text: Text) -> list[Side]:
    """The sides a text names, in their order.

    >>> [(s.side, s.part) for s in sides(Text("Pain in the left knee, both lungs clear. Come right now, you left early."))]
    [('left', 'knee'), ('both', 'lung')]
    """
    found = []
    for place, word in enumerate(text.words):
        side = _side(text, word)
        if side is None:
            continue
        part = _part_near(text, place)
        if part is None and not word.text.startswith("bilateral"):
            continue
        if word.text == "right" and _is_figure_of_speech(text, place):
            continue
        found.append(Side(side, part, word.start, word.end))
    return found


def _side(text: Text, word: Word) -> str | None:
    """The side that a word names; L and R as capitals with a space behind them do too."""
    if word.text in ("l", "r") and word.is_capital and text.text[word.end : word.end + 1] == " ":
        return LEFT if word.text == "l" else RIGHT
    return _SIDES.get(word.text)


def same_part(one: str | None, other: str | None) -> bool:
    """Whether two mentions may speak of one part: equal, or one of them names only a side."""
    return one == other or one is None or other is None or one in _VAGUE or other in _VAGUE


def _part_near(text: Text, place: int) -> str | None:
    """The part said right behind the side, else the one in front of it, in the same sentence."""
    sentence = text.sentence_at(text.words[place].start)
    behind = text.words[place + 1 : place + 1 + _REACH]
    before = text.words[max(0, place - _REACH) : place][::-1]
    vague = None
    for words in (behind, before):
        for word in words:
            if word.start < sentence.start or word.end > sentence.end or (word.text in _SIDES and word.text != "both"):
                break
            if (part := stem(word.text)) in _PARTS:
                if part not in _VAGUE:
                    return part
                vague = vague or part
    return vague


def _is_figure_of_speech(text: Text, place: int) -> bool:
    before = text.words[place - 1].text if place else ""
    after = text.words[place + 1].text if place + 1 < len(text.words) else ""
    return after in _NOT_A_SIDE_AFTER or (before in _NOT_A_SIDE_BEFORE and stem(after) not in _PARTS)
