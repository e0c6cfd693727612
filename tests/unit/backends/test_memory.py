"""What a process held, told to that process alone."""

from __future__ import annotations

import subprocess
import sys

from acclimate.backends.memory import peak_memory

TELL = "from acclimate.backends.memory import peak_memory; print(peak_memory())"


def test_a_process_does_not_count_what_its_parent_held():
    held = bytearray(b"1") * (600 * 2**20)
    own = peak_memory()
    told = int(subprocess.run([sys.executable, "-c", TELL], check=True, capture_output=True, text=True).stdout)
    assert own > len(held) > told > 2**20
