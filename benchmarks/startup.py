"""How long `acclimate --help` takes, against importing transformers, in turn.

python -m benchmarks.startup --output benchmarks/results/startup.json
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.recording import result, write_results

HELP = [
    sys.executable,
    "-c",
    "import sys; sys.argv = ['acclimate', '--help']; from acclimate.cli.main import main; main()",
]
PEER = [sys.executable, "-c", "import transformers"]
RUNS = 7


def main() -> None:
    """Times both in turn and writes the median ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    pairs = [(seconds(HELP), seconds(PEER)) for _ in range(RUNS + 1)][1:]
    ratios = [ours / peer for ours, peer in pairs]
    peers = {
        "import transformers, s": round(statistics.median(peer for _, peer in pairs), 3),
        "acclimate --help, s": round(statistics.median(ours for ours, _ in pairs), 3),
    }
    row = result(
        "acclimate --help as a share of import transformers",
        round(statistics.median(ratios), 3),
        interval=[round(min(ratios), 3), round(max(ratios), 3)],
        goal="≤ .15",
        peers=peers,
    )
    write_results(arguments.output, [row])


def seconds(command: list[str]) -> float:
    """Wall-clock seconds of a whole process."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
