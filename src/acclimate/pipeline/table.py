"""The one table of stages and steps: which stages there are, and which steps a project of each task runs.

Stages are loaded when they are needed, by name, so that the command line starts fast.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from acclimate.core.labels import LABEL_TASKS
from acclimate.core.stage import Stage, Zone

STAGE_NAMES = (
    "ingest",
    "clean",
    "dedup",
    "deidentify",
    "split",
    "glossary",
    "profile",
    "select_model",
    "sample",
    "train",
    "sweep",
    "dial",
    "predict",
    "evaluate",
)


def load_stage(name: str) -> Stage:
    """The stage of that name."""
    module = importlib.import_module(f"acclimate.stages.{name}")
    stage: Stage = module.STAGE
    return stage


@dataclass(frozen=True)
class Step:
    """A stage with its place in the graph.

    `inputs` maps the stage's roles to step names, or to what lies outside the pipeline: @snapshot, @general,
    @evaluation_sets, @lists, @tagger, @glossary (snapshots), @base, @candidates (model folders), @model (a model or
    adapter trained elsewhere, which brings its own roles), @recognisers (models of other libraries that look for
    names), @ledger (the newest split), @earlier (the splits before it), @erased (who must not be taken in again),
    @keep.<step> (records re-included by hand). `section` is its key in acclimate.yaml; `settings` are what the step itself fixes, `defaults` what it has where
    acclimate.yaml says nothing;
    `zone` is where its artifact lies, when not where the stage's usually does.
    """

    name: str
    stage: str
    inputs: Mapping[str, str]
    section: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    zone: Zone | None = None


DATA_STEPS = (
    Step("ingest", "ingest", {"snapshot": "@snapshot", "erased": "@erased"}, "ingest"),
    Step("clean", "clean", {"records": "ingest", "keep": "@keep.clean"}, "clean"),
    Step("dedup", "dedup", {"records": "clean", "previous": "@ledger", "keep": "@keep.dedup"}, "dedup"),
    Step(
        "deidentify",
        "deidentify",
        {"records": "dedup", "lists": "@lists", "tagger": "@tagger", "recogniser": "@recognisers"},
        "deidentify",
    ),
    Step("split", "split", {"records": "deidentify", "previous": "@ledger", "earlier": "@earlier"}, "split"),
)

EVALUATION_SETS_STEP = Step(
    "evaluation_sets", "ingest", {"snapshot": "@evaluation_sets", "erased": "@erased"}, "evaluation_sets"
)

GENERAL_STEP = Step("general", "ingest", {"snapshot": "@general", "erased": "@erased"}, "general", zone=Zone.OPEN)
SAMPLE_STEP = Step("sample", "sample", {"base": "@base"}, "sample")

LOOKING_STEPS = (
    Step("glossary", "glossary", {"records": "split", "general": "general", "edited": "@glossary"}, "glossary"),
    Step(
        "profile",
        "profile",
        {"records": "split", "base": "@base", "general": "general", "glossary": "glossary"},
        "profile",
    ),
)
"""What the data is, before anything is trained."""

TRAIN_STEP = Step("train", "train", {"records": "split", "base": "@base", "sample": "sample"}, "train")

CLASSIFIER_STEP = replace(TRAIN_STEP, inputs={"records": "split", "base": "@base"})
"""Training without text that the base wrote: an encoder writes none."""

PRETRAIN_STEP = Step(
    "pretrain",
    "train",
    {"records": "split", "base": "@base"},
    "pretrain",
    {"task": "masked_lm", "labels": ()},
    {"method": "full", "per_device_train_batch_size": 16},
)
"""An encoder learns the domain's language first, from training texts with and without a label."""

DIAL_STEPS = (
    Step("sweep", "sweep", {"records": "split", "base": "@base", "adapter": "train", "general": "general"}, "sweep"),
    Step("dial", "dial", {"sweep": "sweep", "base": "@base", "adapter": "train"}, "dial"),
)
"""How strongly what was trained is kept, chosen on texts that no report rests on."""

_RETENTION = {"general": "general", "sample": "sample"}
_PREDICTED = {"records": "split", "base": "@base", **_RETENTION}
_REPORTED = {"without_set_aside": True}

PREDICT_STEPS = (
    Step("predict.base", "predict", _PREDICTED, "predict", _REPORTED),
    Step("predict.adapted", "predict", {**_PREDICTED, "adapter": "dial"}, "predict", _REPORTED),
)

BASELINE_STEPS = (
    Step("predict.prompted", "predict", {"records": "split", "base": "@base"}, "predict", {"method": "few_shot"}),
    Step("predict.copy", "predict", {"records": "split"}, "predict", {"method": "nearest_answer"}),
)

_LABELLED = {"records": "split", "base": "@base"}

LABEL_STEPS = (
    Step("predict.base", "predict", _LABELLED, "predict", {"method": "probe"}),
    Step("predict.adapted", "predict", {**_LABELLED, "adapter": "train"}, "predict", {"method": "model"}),
    Step("predict.tfidf", "predict", {"records": "split"}, "predict", {"method": "tfidf"}),
    Step("predict.majority", "predict", {"records": "split"}, "predict", {"method": "majority"}),
)
"""Labels by the classifier, and by three simpler ways: what its untrained encoder knows, words, counting."""

SELECT_MODEL_STEP = Step(
    "select_model", "select_model", {"records": "split", "candidates": "@candidates"}, "select_model"
)

_COMPARED = {"records": "split", "general": "general", "base": "predict.base", "adapted": "predict.adapted"}
_BASELINES = {"prompted": "predict.prompted", "copy": "predict.copy"}


def data_steps(*, evaluation_sets: bool) -> tuple[Step, ...]:
    """From sources to splits; where a project names evaluation sets, dedup and split look for their items."""
    if not evaluation_sets:
        return DATA_STEPS
    looking = ("dedup", "split")
    return (
        EVALUATION_SETS_STEP,
        *(
            replace(step, inputs={**step.inputs, "evaluation": "evaluation_sets"}) if step.name in looking else step
            for step in DATA_STEPS
        ),
    )


def steps_for(
    task: str, *, select_model: bool, evaluation_sets: bool = False, pretrain: bool = False
) -> tuple[Step, ...]:
    """The steps of a project, in an order in which every step follows its inputs. `pretrain` goes with labels.

    Few-shot prompting and copying an answer are baselines for answers to prompts; which of two answers is better, the length of
    each is, which needs no step.
    """
    if task in LABEL_TASKS:
        return _classification_steps(evaluation_sets=evaluation_sets, pretrain=pretrain)
    has_prompt = task == "generation"
    glossary = {} if task == "preference" else {"glossary": "glossary"}
    compared = _COMPARED | {"trained": "train"} | glossary | (_BASELINES if has_prompt else {})
    return (
        *data_steps(evaluation_sets=evaluation_sets),
        GENERAL_STEP,
        *LOOKING_STEPS,
        *((SELECT_MODEL_STEP,) if select_model else ()),
        SAMPLE_STEP,
        TRAIN_STEP,
        *DIAL_STEPS,
        *PREDICT_STEPS,
        *(BASELINE_STEPS if has_prompt else ()),
        Step("evaluate", "evaluate", compared, "evaluate"),
    )


def _classification_steps(*, evaluation_sets: bool, pretrain: bool) -> tuple[Step, ...]:
    """From sources to the comparison of classifiers; nothing is sampled, and no strength is chosen: a head has none.

    With `pretrain` the classifier starts from what that step left; what it is compared with, from the base as it was.
    """
    started = ("train", "predict.adapted") if pretrain else ()
    arms = {step.name.removeprefix("predict."): step.name for step in LABEL_STEPS}
    return (
        *data_steps(evaluation_sets=evaluation_sets),
        GENERAL_STEP,
        *LOOKING_STEPS,
        *((PRETRAIN_STEP,) if pretrain else ()),
        *(
            replace(step, inputs={**step.inputs, "base": "pretrain"}) if step.name in started else step
            for step in (CLASSIFIER_STEP, *LABEL_STEPS)
        ),
        Step("evaluate", "evaluate", {"records": "split", **arms}, "evaluate"),
    )


def comparison_steps() -> tuple[Step, ...]:
    """The steps that compare a model trained elsewhere with its base on a test file.

    The test file is taken as it is, identifiers included, so everything made from it lies in the restricted zone.
    """
    base = {"records": "ingest", "base": "@base", **_RETENTION}
    adapted = {"records": "ingest", "": "@model", **_RETENTION}
    compared = {**_COMPARED, "records": "ingest"}
    return (
        Step("ingest", "ingest", {"snapshot": "@snapshot", "erased": "@erased"}, "ingest"),
        GENERAL_STEP,
        SAMPLE_STEP,
        Step("predict.base", "predict", base, "predict", zone=Zone.RESTRICTED),
        Step("predict.adapted", "predict", adapted, "predict", zone=Zone.RESTRICTED),
        Step("evaluate", "evaluate", compared, "evaluate", zone=Zone.RESTRICTED),
    )
