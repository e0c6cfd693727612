"""Draws conversations from a chat model by itself: it writes the user's turn and then answers it.

After Xu et al. 2024, "Magpie" (arXiv:2406.08464): shown the template up to where a user would type, an instruction
model goes on with something a user would type. A model without chat template writes plain text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from acclimate.core.inference import answer_durably, refuse_too_long
from acclimate.core.ports import Context, Example, Generation, LanguageModel, Message, Sampling, TokenRow

DRAWN_AT_ONCE = 48
"""Turns written together: at 48 a small model on a CPU is about as fast as it gets."""

_PLACEHOLDER = "Hello"


@dataclass(frozen=True)
class Drawn:
    """One sampled conversation, or one text (`user` is None then), with whether its last turn ended by itself."""

    name: str
    user: str | None
    answer: str
    finished: bool


def draw_conversations(model: LanguageModel, names: Sequence[str], sampling: Sampling, context: Context) -> list[Drawn]:
    """One conversation of a user's and an assistant's turn for each name."""
    opening = opening_of_user_turn(model)
    asked = _draw(model, [replace(opening, id=name) for name in names], sampling, context, "questions")
    examples = [Example(name, messages=(Message("user", asked[name].text),)) for name in names]
    answered = _draw(model, [model.render_prompt(example) for example in examples], sampling, context, "replies")
    return [Drawn(name, asked[name].text, answered[name].text, answered[name].stopped) for name in names]


def draw_texts(model: LanguageModel, names: Sequence[str], sampling: Sampling, context: Context) -> list[Drawn]:
    """One text for each name, from where a document begins."""
    opening = _before_target(model.render(Example("opening", text=_PLACEHOLDER)))
    texts = _draw(model, [replace(opening, id=name) for name in names], sampling, context, "texts")
    return [Drawn(name, None, texts[name].text, texts[name].stopped) for name in names]


def opening_of_user_turn(model: LanguageModel) -> TokenRow:
    """The chat template up to where the first word of a user's turn stands."""
    return _before_target(model.render(Example("opening", messages=(Message("user", _PLACEHOLDER, train=True),))))


def _before_target(row: TokenRow) -> TokenRow:
    first = max(1, row.trained.index(True))
    return TokenRow(row.id, row.tokens[:first], (False,) * first, 0)


def _draw(
    model: LanguageModel, prompts: Sequence[TokenRow], sampling: Sampling, context: Context, name: str
) -> dict[str, Generation]:
    refuse_too_long(prompts, context_length=model.facts.context_length, room=sampling.max_new_tokens)
    return answer_durably(model, prompts, sampling, context=context, name=name, prompts_per_chunk=DRAWN_AT_ONCE)
