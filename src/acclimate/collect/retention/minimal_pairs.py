"""The grammar probes: minimal pairs of sentences, one right and one wrong, that differ in a single word.

Each phenomenon gives marked sentences such as "The key [is/are] old."; `[right/wrong]` holds the two words.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from acclimate.collect.retention.pairs import Pair
from acclimate.collect.retention.word_lists import (
    ACTIONS,
    ADJECTIVES,
    ADVERBS,
    AFTER_A,
    AFTER_AN,
    AUXILIARIES,
    BEFORE_A_NOUN,
    BEFORE_A_VERB,
    COMPARATIVES,
    DAILY,
    DEEDS,
    IRREGULAR_PLURALS,
    LONG_ADJECTIVES,
    NEGATIONS,
    OBJECT_FRAMES,
    PARTICIPLES,
    PASSIVES,
    PEOPLE,
    PLACES,
    PLURALS,
    POSSESSIVES,
    PREPOSITIONS,
    PRONOUNS,
    REFLEXIVE_ACTIONS,
    SPANS,
    STARTS,
    SUBJECT_FRAMES,
    TRANSITIVE,
    UNCOUNTED,
    WORKERS,
    YESTERDAY,
)


def minimal_pairs(generator: random.Random, *, count: int) -> list[Pair]:
    """So many different pairs, the same number of each phenomenon."""
    share = count // len(PHENOMENA)
    marked = [
        sentence for phenomenon in PHENOMENA for sentence in generator.sample(sorted(set(phenomenon(generator))), share)
    ]
    return [read_marked(sentence) for sentence in marked]


def read_marked(sentence: str) -> Pair:
    """The minimal pair that a marked sentence stands for.

    >>> read_marked("The key [is/are] old.")
    Pair(prompt='', chosen='The key is old.', rejected='The key are old.')
    """
    before, _, rest = sentence.partition("[")
    words, _, after = rest.partition("]")
    right, _, wrong = words.partition("/")
    return Pair("", before + right + after, before + wrong + after)


def _singular_subject_before_a_plural(generator: random.Random) -> Iterator[str]:
    for noun in PLURALS:
        other = generator.choice([plural for singular, plural in PLURALS.items() if singular != noun])
        yield f"The {noun} {generator.choice(PLACES)} the {other} [is/are] {generator.choice(ADJECTIVES)}."


def _plural_subject_before_a_singular(generator: random.Random) -> Iterator[str]:
    for noun, plural in PLURALS.items():
        other = generator.choice([singular for singular in PLURALS if singular != noun])
        yield f"The {plural} {generator.choice(PLACES)} the {other} [are/is] {generator.choice(ADJECTIVES)}."


def _determiner_and_noun(_: random.Random) -> Iterator[str]:
    for noun, plural in PLURALS.items():
        yield f"I have already seen those [{plural}/{noun}] today."
        yield f"We bought this [{noun}/{plural}] last week."


def _participle(generator: random.Random) -> Iterator[str]:
    for participle, (past, rest) in PARTICIPLES.items():
        yield f"The {generator.choice(sorted(WORKERS))} has [{participle}/{past}] {rest}."


def _reflexive(_: random.Random) -> Iterator[str]:
    for person in PEOPLE:
        for action in REFLEXIVE_ACTIONS:
            yield f"The {person.noun} {action.format(f'[{person.own}/{person.other}]')}."


def _verb_and_subject(_: random.Random) -> Iterator[str]:
    for worker, workers in WORKERS.items():
        for of_one, of_several, rest in DAILY:
            yield f"Every day the {worker} [{of_one}/{of_several}] {rest}."
            yield f"Every day the {workers} [{of_several}/{of_one}] {rest}."


def _some_any_and_negation(_: random.Random) -> Iterator[str]:
    yield from NEGATIONS
    for noun in UNCOUNTED:
        yield f"There is hardly [any/some] {noun} left."
        yield f"Suddenly she saw [some/any] {noun} on the road."


def _gap_after_what(generator: random.Random) -> Iterator[str]:
    for verb in TRANSITIVE:
        yield f"I know [what/that] the {generator.choice(sorted(WORKERS))} {verb}."
        thing = generator.choice(sorted(PLURALS))
        yield f"I know [that/what] the {generator.choice(sorted(WORKERS))} {verb} the {thing}."
    for worker in WORKERS:
        yield f"The {worker} [who/which] lives next door is ill."


def _comparison(generator: random.Random) -> Iterator[str]:
    for adjective, comparative in COMPARATIVES.items():
        one, other = generator.sample(sorted(PLURALS), 2)
        yield f"The {one} is [{comparative}/{adjective}] than the {other}."
        yield f"The {other} is as [{adjective}/{comparative}] as the {one}."
        yield f"This {one} is the [{comparative[:-1]}st/{comparative}] of all."
    for adjective in LONG_ADJECTIVES:
        one, other = generator.sample(sorted(PLURALS), 2)
        yield f"The {one} is [more/most] {adjective} than the {other}."
        yield f"This {one} is the [most/more] {adjective} of all."


def _irregular_plural(_: random.Random) -> Iterator[str]:
    for right, wrong in IRREGULAR_PLURALS.items():
        yield f"There were two [{right}/{wrong}] in the picture."
        yield f"We have seen many [{right}/{wrong}] in our lives."


def _a_and_an(_: random.Random) -> Iterator[str]:
    for noun in AFTER_AN:
        yield f"In the story there was [an/a] {noun}."
    for noun in AFTER_A:
        yield f"In the story there was [a/an] {noun}."


def _case_of_the_pronoun(_: random.Random) -> Iterator[str]:
    for subject, object_ in PRONOUNS.items():
        for frame in SUBJECT_FRAMES:
            yield frame.format(f"[{subject}/{object_}]")
        for frame in OBJECT_FRAMES:
            yield frame.format(f"[{object_}/{subject}]")


def _verb_after_an_auxiliary(_: random.Random) -> Iterator[str]:
    for worker in WORKERS:
        for auxiliary in AUXILIARIES:
            for with_ending, bare, rest in DAILY:
                yield f"The {worker} {auxiliary} [{bare}/{with_ending}] {rest}."


def _preposition(_: random.Random) -> Iterator[str]:
    yield from PREPOSITIONS


def _there_is_and_there_are(generator: random.Random) -> Iterator[str]:
    for noun, plural in PLURALS.items():
        one, other = generator.sample(sorted(set(PLURALS) - {noun}), 2)
        yield f"There [is/are] a {noun} {generator.choice(PLACES)} the {one}."
        yield f"There [are/is] three {plural} {generator.choice(PLACES)} the {other}."


def _much_and_many(_: random.Random) -> Iterator[str]:
    for noun in UNCOUNTED:
        yield f"How [much/many] {noun} do they have?"
        yield f"There is too [much/many] {noun} here."
    for plural in PLURALS.values():
        yield f"How [many/much] {plural} do they have?"


def _subject_with_a_relative_clause(_: random.Random) -> Iterator[str]:
    for worker, workers in WORKERS.items():
        for adjective in ("ill", "tired", "happy"):
            yield f"The {workers} who came late [are/is] {adjective}."
            yield f"The {worker} who came late [is/are] {adjective}."


def _verb_of_a_question(_: random.Random) -> Iterator[str]:
    for worker, workers in WORKERS.items():
        for _of_one, bare, rest in DAILY:
            yield f"Why [does/do] the {worker} {bare} {rest}?"
            yield f"Why [do/does] the {workers} {bare} {rest}?"


def _past_with_a_past_day(_: random.Random) -> Iterator[str]:
    for worker in WORKERS:
        for deed in YESTERDAY:
            yield f"Yesterday the {worker} {deed}."


def _passive(_: random.Random) -> Iterator[str]:
    for worker in WORKERS:
        for done in PASSIVES:
            yield f"The {done} by the {worker}."


def _noun_or_verb_of_an_action(_: random.Random) -> Iterator[str]:
    for noun, bare, rest in ACTIONS:
        for verb in BEFORE_A_NOUN:
            yield f"My brother {verb} [{noun}/{bare}] {rest}."
        for verb in BEFORE_A_VERB:
            yield f"My brother {verb} [{bare}/{noun}] {rest}."


def _adverb_and_adjective(_: random.Random) -> Iterator[str]:
    for adverb, adjective in ADVERBS.items():
        for deed in DEEDS:
            yield f"The old man [{adverb}/{adjective}] {deed}."
        yield f"He is a very [{adjective}/{adverb}] man."


def _possessive(generator: random.Random) -> Iterator[str]:
    for before, alone in POSSESSIVES.items():
        for noun in generator.sample(sorted(PLURALS), 4):
            yield f"This {noun} is [{alone}/{before}]."
            yield f"This is [{before}/{alone}] {noun}."


def _for_and_since(_: random.Random) -> Iterator[str]:
    for verb in ("lived", "worked"):
        for span in SPANS:
            yield f"She has {verb} here [for/since] {span}."
        for start in STARTS:
            yield f"She has {verb} here [since/for] {start}."


PHENOMENA = (
    _singular_subject_before_a_plural,
    _plural_subject_before_a_singular,
    _determiner_and_noun,
    _participle,
    _reflexive,
    _verb_and_subject,
    _some_any_and_negation,
    _gap_after_what,
    _comparison,
    _irregular_plural,
    _a_and_an,
    _case_of_the_pronoun,
    _verb_after_an_auxiliary,
    _preposition,
    _there_is_and_there_are,
    _much_and_many,
    _subject_with_a_relative_clause,
    _verb_of_a_question,
    _past_with_a_past_day,
    _passive,
    _noun_or_verb_of_an_action,
    _adverb_and_adjective,
    _possessive,
    _for_and_since,
)
