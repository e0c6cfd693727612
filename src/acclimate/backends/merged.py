"""An encoder with what was trained on it as a model folder of its own, to be a base in its turn."""

from __future__ import annotations

import shutil
from pathlib import Path

from acclimate.backends.adapters import LORA_WEIGHTS, check_adapter, put_on
from acclimate.backends.model_files import encoder_facts
from acclimate.backends.quiet import quiet_libraries
from acclimate.backends.sentence_encoder import load_trunk

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
)


def write_merged_encoder(base: Path, adapter: Path, output: Path) -> None:
    """Writes the encoder in `base` with what training left in `adapter` to the folder `output`, without its head.

    Raises ModelError where the adapter does not belong to the base.
    """
    check_adapter(adapter, encoder_facts(base))
    trunk = put_on(load_trunk(base), adapter)
    with quiet_libraries():
        if (adapter / LORA_WEIGHTS).is_file():
            trunk = trunk.merge_and_unload()
        trunk.save_pretrained(output)
    for name in TOKENIZER_FILES:
        if (base / name).is_file():
            shutil.copyfile(base / name, output / name)
