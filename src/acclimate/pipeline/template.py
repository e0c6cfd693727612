"""A first acclimate.yaml: what must be filled in, and below it every setting of every stage with its default and effect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from pydantic.fields import FieldInfo

from acclimate.certificate.config import CertificateConfig
from acclimate.core.labels import SEVERAL, SINGLE
from acclimate.core.stage import StageConfig
from acclimate.pipeline.config import base_of
from acclimate.pipeline.engines import EngineConfig
from acclimate.pipeline.table import STAGE_NAMES, load_stage

HEAD = """\
# What this project is, in your words to acclimate. Check it with: acclimate plan
project: {project}
task: {task: <22} # generation (prompt -> completion, or conversations) | pretraining (plain text)
                            # | classification (text -> label) | multi-label-classification (text -> any of several labels)
                            # | preference (prompt, chosen and rejected answer)
# labels: [urgent, routine]   # of both tasks of labels: what there is; by itself the labels of the training records
# use: {{purpose: research, commercial: false}}   # what the model is for; sources whose terms forbid it stop the run
base: {base: <22}# a safetensors folder, a GGUF file, a hub name, smollm2-135m, or the encoder minilm-l6
network: false              # true lets acclimate fetch a base model by hub name, and sources by URL or from a database

ingest:
  sources:
    - path: data/*.jsonl    # JSONL, CSV, Parquet or text, also .gz; a file, a glob or a folder
      site: main            # which hospital, desk or court
      # licence: CC-BY-4.0    # with consent: and purpose:, the terms on which it may be used
      # columns: {{{columns}, subject_id: customer}}
      # attributes: [age_band]                   # population attributes to slice results by
      # identifiers: {{name: customer_name}}       # what the source says of the person; found and replaced in all texts
      # role: test                               # a frozen test file of your own

# general:                  # your own general text for the retention check; a small packaged set is used otherwise
#   sources:
#     - path: general/*.txt

# evaluation_sets:          # benchmarks that a model will be judged on; records that hold one of their items are dropped
#   sources:
#     - path: benchmarks/*.jsonl

# release:                  # what must be shown before anyone uses the model; set it before the test set is looked at
#   gates:                  # gain, retention, support, leaks, membership, identifiers, people
#     - {{gate: gain, each_site: true, set_by: your name, why: your reason}}
#     - {{gate: leaks, set_by: your name, why: your reason}}
#   policy: ../policy.yaml  # the organisation's: gates of every project, limits, who approves

# pretrain:                 # of labels alone: first guess hidden words of all training texts, labelled or not
#   method: full            # settings as those of train below, of which two have another default here
#   per_device_train_batch_size: 16

# Every other setting, with its default. Uncomment what you change.
"""


COLUMNS = {
    "pretraining": "text: note",
    SINGLE: "text: message, label: category",
    SEVERAL: "text: message, labels: topics",
    "preference": "prompt: question, chosen: better, rejected: worse",
}
"""How columns of each task are mapped, as an example; generation has prompts."""


def project_template(project: str, *, task: str = "generation") -> str:
    """The text of a new acclimate.yaml.

    Every default stands in it commented out, so that it can be read as the reference of all settings.
    """
    sections = [(name, load_stage(name).config) for name in STAGE_NAMES]
    sections += [("certificate", CertificateConfig), ("engine", EngineConfig)]
    lines = [line for name, config in sections for line in _section(name, config)]
    columns = COLUMNS.get(task, "prompt: question, completion: answer")
    head = HEAD.format(project=project, task=task, base=base_of(task), columns=columns)
    return head + "\n".join(lines) + "\n"


def _section(stage: str, config: type[StageConfig]) -> Iterator[str]:
    yield ""
    yield f"# {stage}:"
    for name, field in config.model_fields.items():
        if name == "labels" or (name in ("sources", "task", "use", "method") and stage != "train"):
            continue
        effect = " ".join((field.description or "").split())
        yield f"#   {name}: {_default(field)}    # {effect}"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "…"
    value: Any = field.get_default(call_default_factory=True)
    plain = value.model_dump(mode="json") if hasattr(value, "model_dump") else value
    plain = list(plain) if isinstance(plain, tuple) else plain
    return yaml.safe_dump(plain, default_flow_style=True, width=1000).removesuffix("...\n").strip()
