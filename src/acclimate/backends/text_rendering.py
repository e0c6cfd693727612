"""How a text becomes tokens for an encoder, which reads it whole: between its first and its last special token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acclimate.backends.decoder import load_tokenizer
from acclimate.backends.model_files import encoder_facts
from acclimate.core.errors import ModelError
from acclimate.core.ports import Example, ModelFacts, TokenRow


@dataclass(frozen=True)
class TextRenderer:
    """A BERT tokenizer: `first` and `last` stand around every text, `mask` for a hidden token, `filler` behind a row."""

    tokenizer: Any
    first: int
    last: int
    mask: int
    filler: int

    @classmethod
    def of(cls, tokenizer: Any, model_name: str) -> TextRenderer:
        """The renderer of a tokenizer; raises ModelError where it lacks one of BERT's special tokens."""
        ids = [getattr(tokenizer, f"{name}_token_id") for name in ("cls", "sep", "mask", "pad")]
        if None in ids:
            raise ModelError(
                f"The tokenizer of {model_name} lacks one of [CLS], [SEP], [MASK] and [PAD], so it is not that of an"
                " encoder that acclimate can train.",
                hint="use a model of BERT's kind, for example minilm-l6",
            )
        return cls(tokenizer, *ids)

    def render(self, example: Example) -> TokenRow:
        """The text as tokens; the special ones around it carry no loss. Names of special tokens in it stay text."""
        text = example.text or ""
        tokens = self.tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True, verbose=False)
        trained = (False, *[True] * len(tokens), False)
        return TokenRow(example.id, (self.first, *tokens, self.last), trained, len(text.encode()))

    def show(self, row: TokenRow) -> list[tuple[str, bool]]:
        """The row's tokens as the tokenizer writes them."""
        names: Sequence[str] = self.tokenizer.convert_ids_to_tokens(list(row.tokens))
        return list(zip(names, row.trained, strict=True))


@dataclass
class EncoderTokenizer:
    """An encoder without its weights: renders and shows."""

    facts: ModelFacts
    renderer: TextRenderer

    @classmethod
    def of(cls, folder: Path) -> EncoderTokenizer:
        """The tokenizer of a model folder; raises ModelError for a decoder."""
        facts = encoder_facts(folder)
        return cls(facts, TextRenderer.of(load_tokenizer(folder), facts.name))

    def render(self, example: Example) -> TokenRow:
        """The text as tokens."""
        return self.renderer.render(example)

    def show(self, row: TokenRow) -> list[tuple[str, bool]]:
        """The row's tokens as the tokenizer writes them."""
        return self.renderer.show(row)
