"""What a stage may ask of the world, as protocols: language models, progress, an engine. Backends fill them in.

Nothing here imports a heavy library, so that every stage can be read, imported and tested without one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Vectors = npt.NDArray[np.float32]

BYTES_PER_WEIGHT = {"bf16": 2, "fp32": 4}
"""What one weight takes in each number format."""


ModelKind = Literal["decoder", "encoder"]
"""A decoder writes text; an encoder reads a whole text at once and gives vectors, or labels with a head on it."""


@dataclass(frozen=True)
class ModelFacts:
    """What a model's files say of it, known without loading its weights."""

    name: str
    digest: str
    parameters: int
    context_length: int
    vocabulary: int
    weight_bytes: int
    licence: str | None
    has_chat_template: bool
    hidden_layers: int = 0
    hidden_size: int = 0
    parameters_per_rank: int = 0
    """What a LoRA of rank 1 beside every linear layer has: inputs and outputs of each, summed. 0 where it is not known."""
    kind: ModelKind = "decoder"


@dataclass(frozen=True)
class Message:
    """One turn as the model sees it; `train` says whether its tokens carry loss."""

    role: str
    content: str
    train: bool = False
    tool_calls: str | None = None


@dataclass(frozen=True)
class Example:
    """What is shown to a model: a conversation, or plain text (`text`), never both.

    In plain text everything carries loss. `opening` is text in front of it that carries none.
    """

    id: str
    messages: tuple[Message, ...] = ()
    text: str | None = None
    opening: str = ""


@dataclass(frozen=True)
class TokenRow:
    """An example as token ids: `trained[i]` says whether predicting `tokens[i]` carries loss.

    `target_bytes` is the UTF-8 length of the text that carries loss, without the stop token.
    `stops` marks the stop tokens that carry loss: they are trained, and left out of bits per byte.
    """

    id: str
    tokens: tuple[int, ...]
    trained: tuple[bool, ...]
    target_bytes: int
    stops: tuple[int, ...] = ()


@dataclass(frozen=True)
class MaskedRow:
    """A row in which an encoder learns to guess hidden tokens; those that carry loss in `row` may be hidden.

    Which ones are hidden follows from the plan's seed, the row's id and `draw`: another draw each time a row is seen.
    """

    row: TokenRow
    draw: int = 0

    @property
    def id(self) -> str:
        """Of the text."""
        return self.row.id

    @property
    def tokens(self) -> tuple[int, ...]:
        """The text as token ids, nothing hidden."""
        return self.row.tokens


@dataclass(frozen=True)
class LabelledRow:
    """A text as token ids with the share of each label in it, in the order of the plan's labels; they sum to one.

    Of multi_label_classification each is a probability by itself.
    """

    id: str
    tokens: tuple[int, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True)
class PairRow:
    """Two answers to one prompt as token ids; in both the answer carries loss, with the stop token behind it."""

    id: str
    chosen: TokenRow
    rejected: TokenRow

    @property
    def tokens(self) -> tuple[int, ...]:
        """Of both, the chosen first."""
        return self.chosen.tokens + self.rejected.tokens

    @property
    def trained(self) -> tuple[bool, ...]:
        """Whether predicting each of `tokens` carries loss."""
        return self.chosen.trained + self.rejected.trained


AnyRow = TokenRow | MaskedRow | LabelledRow | PairRow
"""What an objective learns from: causal_lm, masked_lm, classification (with one label or several) and preference."""


@dataclass(frozen=True)
class Score:
    """The negative natural log-likelihood of the loss-carrying text of one row, its stop tokens left out."""

    id: str
    nats: float
    tokens: int
    bytes: int
    token_nats: tuple[float, ...] = ()
    """The part of each of these tokens, in their order."""


@dataclass(frozen=True)
class Sampling:
    """How text is drawn. Temperature 0 is greedy. Batch composition must not change what a seed gives at greedy."""

    max_new_tokens: int
    temperature: float = 0.0
    seed: int = 0
    batch_size: int = 48


@dataclass(frozen=True)
class Generation:
    """One answer: its text without special tokens, and whether the model ended it itself."""

    id: str
    text: str
    tokens: int
    stopped: bool


class Progress(Protocol):
    """A bar with time left; silent where there is no terminal."""

    def advance(self, amount: int = 1) -> None:
        """Says that so many more units are done."""

    def __enter__(self) -> Progress: ...

    def __exit__(self, *exception: object) -> None: ...


class Tokenizer(Protocol):
    """What any model makes of a text before it computes: tokens."""

    facts: ModelFacts

    def render(self, example: Example) -> TokenRow:
        """The example as tokens; an encoder takes plain text alone."""

    def show(self, row: TokenRow) -> list[tuple[str, bool]]:
        """The row's tokens as text, each with whether it carries loss."""


class LanguageModel(Protocol):
    """A loaded decoder, with its adapter when it has one."""

    facts: ModelFacts

    def render(self, example: Example) -> TokenRow:
        """The example as tokens, through the model's chat template when it is a conversation."""

    def render_prompt(self, example: Example) -> TokenRow:
        """The example up to where the model is to answer (generation prompt included); nothing carries loss."""

    def answer_ends(self, example: Example) -> tuple[int, ...]:
        """Where in the text that carries loss each of its tokens ends, in code points, stop tokens left out.

        Tokens that share one character all end behind it. Empty where the tokenizer does not tell.
        """

    def show(self, row: TokenRow) -> list[tuple[str, bool]]:
        """The row's tokens as text, each with whether it carries loss: rows as the model sees them."""

    def score(self, rows: Sequence[TokenRow], *, shared_prefix: int = 0, progress: Progress) -> list[Score]:
        """One score a row, in order. The first `shared_prefix` tokens, equal in all rows, are computed once."""

    def generate(
        self, prompts: Sequence[TokenRow], sampling: Sampling, *, shared_prefix: int = 0, progress: Progress
    ) -> list[Generation]:
        """One answer a prompt, in order. The first `shared_prefix` tokens, equal in all prompts, may be read once."""


Objective = Literal["causal_lm", "masked_lm", "classification", "multi_label_classification", "preference"]

DOMAIN, REPLAY = "domain", "replay"
"""Where rows of training come from: the user's records, or text against forgetting."""


@dataclass(frozen=True)
class TrainingPlan:
    """Everything that decides a training run, in the names that transformers, peft and TRL use."""

    method: Literal["lora", "full", "top_layers", "modules", "norms_and_biases"]
    learning_rate: float
    max_steps: int
    per_device_train_batch_size: int
    objective: Objective = "causal_lm"
    beta: float = 0.1
    loss_type: Literal["sigmoid", "sigmoid_norm"] = "sigmoid"
    rpo_alpha: float = 0.0
    labels: tuple[str, ...] = ()
    """What classification tells apart; its rows give the shares of these, in this order."""
    max_length: int = 0
    """The longest row in tokens: a classifier reads so much of a text, in training and after it."""
    gradient_accumulation_steps: int = 1
    warmup_ratio: float = 0.1
    weight_decay: float = 0.0
    max_grad_norm: float = 1.0
    lora_r: int = 16
    lora_alpha: int = 32
    use_dora: bool = False
    use_rslora: bool = False
    target_modules: tuple[str, ...] = ()
    top_layers: int = 4
    use_eaft_loss: bool = False
    replay_loss: Literal["likelihood", "kl"] = "likelihood"
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    eval_steps: int = 10
    save_steps: int = 10
    seed: int = 0


@dataclass(frozen=True)
class TrainingStep:
    """One optimiser step: losses in nats per trained token, per source of rows (`domain`, `replay`)."""

    step: int
    loss: float
    loss_by_source: Mapping[str, float]
    learning_rate: float
    gradient_norm: float
    trained_tokens: int
    tokens: int


@dataclass(frozen=True)
class TrainingResult:
    """What came out: the curve, the validation metric at each evaluation, and the step that was kept."""

    steps: Sequence[TrainingStep]
    validation: Sequence[Mapping[str, float]]
    best_step: int
    trainable_parameters: int
    precision: str
    device: str
    notes: Sequence[str] = ()


class Classifier(Protocol):
    """A trained encoder that tells how likely each of its labels is."""

    facts: ModelFacts
    labels: tuple[str, ...]

    def probabilities(self, texts: Sequence[str], *, progress: Progress) -> npt.NDArray[np.float64]:
        """Texts × labels, in the order of `labels`; rows sum to one where a text has one label alone."""


class Models(Protocol):
    """The world's models, as folders in safetensors."""

    def facts(self, folder: Path) -> ModelFacts:
        """What the files say; cheap."""

    def select_precision(self, precision: str) -> str:
        """`bf16` or `fp32`: what was asked for, or for `auto` what `load` takes on this machine."""

    def tokenizer(self, folder: Path) -> Tokenizer:
        """The tokenizer of a decoder or an encoder; costs no weights."""

    def tokenizer_only(self, folder: Path) -> LanguageModel:
        """A decoder that can render and show, and refuses to score or generate; costs no weights."""

    def load(self, folder: Path, *, adapter: Path | None = None, precision: str = "auto") -> LanguageModel:
        """The model, ready to score and generate. `adapter` is a folder that `train` wrote.

        Raises ModelError for pickle files, remote code or an adapter of another base, and ResourceError when the
        memory at hand does not suffice, before loading.
        """

    def load_encoder(self, folder: Path, *, max_length: int, precision: str = "auto") -> Encoder:
        """The encoder in `folder` as a classifier starts from it; of a text at most `max_length` tokens count.

        Raises ModelError for a decoder.
        """

    def load_classifier(self, folder: Path, *, adapter: Path, precision: str = "auto") -> Classifier:
        """The encoder in `folder` with what `train` wrote to `adapter` for classification.

        Raises ModelError where either is something else.
        """

    def scale_adapter(self, folder: Path, *, adapter: Path, alpha: float, output: Path) -> None:
        """Writes what training left in the folder `adapter`, at the strength `alpha` (0 is the base), to `output`."""

    def write_merged(self, folder: Path, *, adapter: Path, output: Path) -> None:
        """Writes the model in `folder` with what `train` left in `adapter`, heads left out, as a model folder of its own."""

    def train(
        self,
        folder: Path,
        batches: Sequence[Sequence[tuple[str, AnyRow]]],
        plan: TrainingPlan,
        *,
        validation: Sequence[AnyRow],
        output: Path,
        partial: Path,
        progress: Progress,
    ) -> TrainingResult:
        """Trains and writes the adapter (or the whole model) to `output`.

        `batches` holds, for each optimiser step, its rows with the source each came from; the order is final. The
        plan's objective says of which kind rows are.
        Checkpoints go to `partial`; a run that finds a valid one continues it bit-exactly.
        """


class Engine(Protocol):
    """Maps a function over record batches: a local loop or pool, later Ray, with equal rows out."""

    def map_batches(
        self, function: Callable[[pa.RecordBatch], Any], batches: Iterable[pa.RecordBatch]
    ) -> Iterator[Any]:
        """The function's results, in the order of the batches."""


class Encoder(Protocol):
    """Turns texts into vectors of length one that lie near each other where the texts mean nearly the same."""

    digest: str
    """Of the model's files: vectors of two digests are not to be compared."""

    def encode(self, texts: Sequence[str], *, progress: Callable[[str, int], Progress] = ...) -> Vectors:
        """A row a text, in order."""


@dataclass(frozen=True)
class Recognised:
    """A stretch of a text (code points, the end exclusive) that a recogniser takes for an identifier of a class."""

    start: int
    end: int
    kind: str


class Recogniser(Protocol):
    """Another library's finder of names and other identifiers; plain values, so that it travels to other processes."""

    def __call__(self, text: str) -> Iterable[Recognised]:
        """What it finds in a text; finds may overlap."""


class Recognisers(Protocol):
    """The recognisers of other libraries."""

    def load(self, library: str, folder: Path, digest: str) -> Recogniser:
        """The recogniser of a library on the model in `folder`.

        Its first text raises ModelError where library and model are not what `digest` says.
        """


@dataclass(frozen=True)
class Context:
    """The world, as far as a stage may see it.

    `partial` is a durable folder for work in progress: what a killed run left there is found again. `secrets` are
    known by name and never enter a config. `batch_rows` must not change a result.
    """

    partial: Path
    progress: Callable[[str, int], Progress]
    engine: Engine
    models: Models | None = None
    secrets: Mapping[str, bytes] = field(default_factory=dict)
    batch_rows: int = 1024
    recognisers: Recognisers | None = None
