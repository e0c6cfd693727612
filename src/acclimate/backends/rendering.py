"""How an example becomes tokens: through the model's chat template, with loss on exactly the text the model is to give.

Each answer is tokenised apart from what stands before it, as at generation. So the prompt of an example is, token for
token, the beginning of the example, and the text that carries loss is known to the byte.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from acclimate.core.errors import DataError, ModelError
from acclimate.core.ports import Example, Message, TokenRow

TEMPLATE_DATE = datetime(2024, 7, 26)
"""The date given to templates that print today's: the one Llama 3's template takes by itself. Rows must not depend on
the day they are made."""

DATE_IN_TEMPLATE = re.compile(r"strftime_now\(\s*(['\"])(.*?)\1\s*\)")

QUOTE, UNQUOTE = "\ue000", "\ue001"
"""Stand around the name of a control token that is part of a record's text, so that it stays text."""


@dataclass(frozen=True)
class Piece:
    """A stretch of text that is tokenised by itself; `answer` carries loss, with the stop token behind it."""

    text: str
    answer: bool = False
    stop: int | None = None


@dataclass(frozen=True)
class Renderer:
    """A tokenizer with what of its model decides how rows look."""

    tokenizer: Any
    model_name: str
    stop_ids: tuple[int, ...]
    """Tokens that end an answer; the tokenizer's own end token comes first."""
    template: str | None
    control_tokens: re.Pattern[str]

    @classmethod
    def of(cls, tokenizer: Any, model_name: str, further_stops: Sequence[int] = ()) -> Renderer:
        """The renderer of a tokenizer; `further_stops` are those the model's own config names."""
        if tokenizer.eos_token_id is None:
            raise ModelError(
                f"The tokenizer of {model_name} has no end token, so a model could never learn to end its answer.",
                hint="set eos_token in the model's tokenizer_config.json",
            )
        stop_ids = tuple(dict.fromkeys([tokenizer.eos_token_id, *further_stops]))
        template = tokenizer.get_chat_template() if tokenizer.chat_template else None
        control = [token.content for token in tokenizer.added_tokens_decoder.values() if token.special]
        names = "|".join(re.escape(name) for name in sorted(control, key=len, reverse=True))
        return cls(tokenizer, model_name, stop_ids, _with_fixed_date(template), re.compile(names or r"(?!)"))

    def render(self, example: Example) -> TokenRow:
        """The example as tokens, each with whether it carries loss."""
        return self._row(example.id, self._pieces(example))

    def render_prompt(self, example: Example) -> TokenRow:
        """The beginning of `render`'s tokens, up to the last answer; nothing carries loss.

        Where the example has no answer, the whole conversation with the model's turn opened behind it.
        """
        pieces = list(self._pieces(example))
        answers = [place for place, piece in enumerate(pieces) if piece.answer]
        if answers:
            pieces = pieces[: answers[-1]]
        else:
            pieces = [Piece(self._templated(example, example.messages, open_turn=True))] if self.template else pieces
        row = self._row(example.id, pieces)
        return replace(row, trained=(False,) * len(row.tokens), target_bytes=0, stops=())

    def answer_ends(self, example: Example) -> tuple[int, ...]:
        """Where in the text that carries loss each of its tokens ends; empty for a tokenizer without offsets."""
        if not self.tokenizer.is_fast:
            return ()
        ends: list[int] = []
        done = 0
        for piece in self._pieces(example):
            if piece.answer:
                for part, split_special in self._parts(piece.text):
                    ends += [done + end for _, end in self._offsets(part, split_special)]
                    done += len(part)
        return tuple(ends)

    def show(self, row: TokenRow) -> list[tuple[str, bool]]:
        """The row as text: one entry a token, or several tokens that make one character."""
        shown: list[tuple[str, bool]] = []
        before: list[int] = []
        waiting: list[int] = []
        for place, token in enumerate(row.tokens):
            waiting.append(token)
            last = place + 1 == len(row.tokens) or row.trained[place + 1] != row.trained[place]
            text = self._decode([*before, *waiting])[len(self._decode(before)) :]
            if last or not text.endswith("\ufffd"):
                shown.append((text, row.trained[place]))
                before, waiting = waiting, []
        return shown

    def _pieces(self, example: Example) -> Iterator[Piece]:
        if example.messages and self.template:
            return self._templated_pieces(example)
        if example.messages:
            return self._plain_turns(example)
        return self._plain_text(example)

    def _templated_pieces(self, example: Example) -> Iterator[Piece]:
        """The template's text, cut in front of each answer and behind it."""
        whole = self._templated(example, example.messages)
        done = 0
        for place, message in enumerate(example.messages):
            if message.tool_calls:
                self._check_calls_are_shown(example, whole, place)
            if not message.train:
                continue
            end = len(self._beginning(example, whole, example.messages[: place + 1]))
            start = self._start_of_turn(example, whole, place)
            answer, stop = self._answer_and_stop(whole[start:end])
            yield Piece(whole[done:start])
            yield Piece(answer, answer=True, stop=stop)
            done = start + len(answer) + len(self._name(stop))
        yield Piece(whole[done:])

    def _start_of_turn(self, example: Example, whole: str, place: int) -> int:
        """Where what the model is to give begins: behind the template's own opening of the assistant's turn.

        No template opens another role's turn, or the first one. There it is where two contents begin to differ.
        """
        before, turn = example.messages[:place], example.messages[place]
        if turn.role == "assistant" and before:
            return len(self._beginning(example, whole, before, open_turn=True))
        written = [self._templated(example, [*before, replace(turn, content=content)]) for content in ("0", "1")]
        differing = [place for place, (one, other) in enumerate(zip(*written, strict=False)) if one != other]
        start = differing[0] if differing else len(whole) + 1
        if written[0][:start] != whole[:start]:
            raise self._changing_template(example)
        return start

    def _beginning(self, example: Example, whole: str, turns: Sequence[Message], *, open_turn: bool = False) -> str:
        """The template's text for the first turns, which must be the beginning of the whole conversation's."""
        text = self._templated(example, turns, open_turn=open_turn)
        if not whole.startswith(text):
            raise self._changing_template(example)
        return text

    def _changing_template(self, example: Example) -> ModelError:
        return ModelError(
            f"The chat template of {self.model_name} writes earlier turns otherwise when more follow, so that it"
            f" cannot be said which tokens of record {example.id} are the answer.",
            hint="train on the last turn alone (train: false on the others), or use a base with another template",
        )

    def _answer_and_stop(self, text: str) -> tuple[str, int]:
        """What the model is to give in a turn, and the stop token behind it, which is the last one in the turn."""
        found = [(match.start(), stop) for stop in self.stop_ids for match in self._unquoted(stop).finditer(text)]
        place, stop = max(found, default=(-1, -1))
        if place < 0:
            raise ModelError(
                f"The chat template of {self.model_name} does not end an answer with a stop token"
                f" ({', '.join(map(self._name, self.stop_ids))}), so a model trained with it would never stop.",
                hint="set eos_token in the model's tokenizer_config.json to what its template writes after an answer",
            )
        return text[:place], stop

    def _check_calls_are_shown(self, example: Example, whole: str, place: int) -> None:
        turns = list(example.messages)
        turns[place] = replace(turns[place], tool_calls=None)
        if self._templated(example, turns) == whole:
            raise ModelError(
                f"Record {example.id} has tool calls, which the chat template of {self.model_name} leaves out:"
                " the model would not see them.",
                hint="use a base whose template knows tools, or write the calls into the turn's content",
            )

    def _templated(self, example: Example, turns: Sequence[Message], *, open_turn: bool = False) -> str:
        from jinja2 import TemplateError

        try:
            text: str = self.tokenizer.apply_chat_template(
                [self._as_template_reads(example, turn) for turn in turns],
                chat_template=self.template,
                tokenize=False,
                add_generation_prompt=open_turn,
            )
        except (TemplateError, TypeError) as error:
            raise ModelError(
                f"The chat template of {self.model_name} refuses record {example.id}: {error}.",
                hint="check the roles and their order; some templates know no system turn",
            ) from error
        return text

    def _plain_turns(self, example: Example) -> Iterator[Piece]:
        """Without a chat template: each turn on a line of its own, an answer ended by the end token."""
        yield Piece(self._first_token())
        for turn in example.messages:
            if turn.tool_calls:
                raise ModelError(
                    f"Record {example.id} has tool calls, and {self.model_name} has no chat template to show them.",
                    hint="use a base whose template knows tools, or write the calls into the turn's content",
                )
            if turn.train:
                yield Piece(self._quoted(turn.content), answer=True, stop=self.stop_ids[0])
            else:
                yield Piece(self._quoted(turn.content) + "\n")

    def _plain_text(self, example: Example) -> Iterator[Piece]:
        yield Piece(self._first_token() + self._quoted(example.opening))
        yield Piece(self._quoted(example.text or ""), answer=True, stop=self.stop_ids[0])

    def _first_token(self) -> str:
        """What stands in front of a plain text, so that its first token is predicted from something."""
        return str(self.tokenizer.bos_token or self.tokenizer.eos_token)

    def _row(self, identity: str, pieces: Sequence[Piece] | Iterator[Piece]) -> TokenRow:
        tokens: list[int] = []
        trained: list[bool] = []
        stops: list[int] = []
        target_bytes = 0
        for piece in pieces:
            ids = self._encode(piece.text)
            tokens += ids
            trained += [piece.answer] * len(ids)
            if piece.answer:
                target_bytes += len(piece.text.replace(QUOTE, "").replace(UNQUOTE, "").encode())
            if piece.stop is not None:
                stops.append(len(tokens))
                tokens.append(piece.stop)
                trained.append(True)
        return TokenRow(identity, tuple(tokens), tuple(trained), target_bytes, tuple(stops))

    def _as_template_reads(self, example: Example, turn: Message) -> dict[str, Any]:
        read: dict[str, Any] = {"role": turn.role, "content": self._quoted(turn.content)}
        if turn.tool_calls:
            try:
                read["tool_calls"] = json.loads(self._quoted(turn.tool_calls))
            except ValueError as error:
                raise DataError(
                    f"The tool calls of record {example.id} are not valid JSON: {error}.",
                    hint="mend them in the source",
                ) from error
        return read

    def _quoted(self, text: str) -> str:
        """A record's text with the names of control tokens in it marked, so that it cannot open or end a turn."""
        return self.control_tokens.sub(lambda name: f"{QUOTE}{name[0]}{UNQUOTE}", text)

    def _encode(self, text: str) -> list[int]:
        tokens: list[int] = []
        for part, split_special in self._parts(text):
            tokens += self.tokenizer.encode(
                part, add_special_tokens=False, split_special_tokens=split_special, verbose=False
            )
        return tokens

    def _offsets(self, part: str, split_special: bool) -> list[tuple[int, int]]:
        encoded = self.tokenizer(
            part,
            add_special_tokens=False,
            split_special_tokens=split_special,
            return_offsets_mapping=True,
            verbose=False,
        )
        offsets: list[tuple[int, int]] = encoded["offset_mapping"]
        return offsets

    def _parts(self, text: str) -> Iterator[tuple[str, bool]]:
        """What is tokenised by itself, each with whether it is the name of a control token that stays text."""
        for place, part in enumerate(re.split(f"{QUOTE}({self.control_tokens.pattern}){UNQUOTE}", text)):
            if part:
                yield part, place % 2 == 1

    def _unquoted(self, token: int) -> re.Pattern[str]:
        """The name of a control token where it stands for the token."""
        return re.compile(f"(?<!{QUOTE}){re.escape(self._name(token))}")

    def _name(self, token: int) -> str:
        return str(self.tokenizer.convert_ids_to_tokens(token))

    def _decode(self, tokens: Sequence[int]) -> str:
        text: str = self.tokenizer.decode(tokens, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return text


def _with_fixed_date(template: str | None) -> str | None:
    return template and DATE_IN_TEMPLATE.sub(lambda call: repr(TEMPLATE_DATE.strftime(call[2])), template)
