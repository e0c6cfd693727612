"""A model with what was trained on it as a model folder of its own, to be a base in its turn."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from acclimate.backends.adapters import LORA_WEIGHTS, check_adapter, put_on
from acclimate.backends.decoder import load_decoder
from acclimate.backends.model_files import ORIGIN_FILE, encoder_facts
from acclimate.backends.quiet import quiet_libraries
from acclimate.backends.sentence_encoder import load_trunk
from acclimate.core.atomic import write_json

BESIDE_WEIGHTS = ("*.json", "*.jinja", "*.model", "*.txt", "README.md")
"""Files of a model folder that are no weights: tokenizer, chat template, licence."""


def write_merged_encoder(base: Path, adapter: Path, output: Path) -> None:
    """Writes the encoder in `base` with what training left in `adapter` to the folder `output`, without its head.

    It is named after the base. Raises ModelError where the adapter does not belong to the base.
    """
    facts = encoder_facts(base)
    check_adapter(adapter, facts)
    _write(put_on(load_trunk(base), adapter), base, adapter, output)
    write_json(output / ORIGIN_FILE, {"name": f"{facts.name}, trained further", "licence": facts.licence})


def write_merged_decoder(base: Path, adapter: Path, output: Path) -> None:
    """Writes the decoder in `base` with what training left in `adapter` to the folder `output`, in fp32.

    In bf16 a weak adapter would be rounded away: what it adds to a weight is often less than a bf16 weight can hold.
    Raises ModelError where the adapter does not belong to the base.
    """
    _write(load_decoder(base, adapter=adapter, precision="fp32").model, base, adapter, output)


def _write(model: Any, base: Path, adapter: Path, output: Path) -> None:
    with quiet_libraries():
        if (adapter / LORA_WEIGHTS).is_file():
            model = model.merge_and_unload()
        model.save_pretrained(output)
    for pattern in BESIDE_WEIGHTS:
        for file in sorted(base.glob(pattern)):
            if not (output / file.name).exists() and not file.name.endswith(".index.json"):
                shutil.copyfile(file, output / file.name)
