"""A model whose files promise more weights than any machine holds."""

from __future__ import annotations

import json
from pathlib import Path


def promise_huge_weights(folder: Path) -> Path:
    """Names one more tensor, of 10¹⁴ numbers, in the header of a tiny model's weights."""
    file = folder / "model.safetensors"
    content = file.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    end = max(tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__")
    header["model.layers.0.huge.weight"] = {"dtype": "F32", "shape": [10**7, 10**7], "data_offsets": [end, end]}
    longer = json.dumps(header).encode()
    file.write_bytes(len(longer).to_bytes(8, "little") + longer + content[8 + length :])
    return folder
