"""Other libraries' search for near duplicates, each run by a Python that has it: it needs nothing of this project.

    PYTHON benchmarks/data/near_duplicate_peers.py datatrove --texts texts.jsonl --shingle 5 --bands 14 --rows 8

prints as JSON which text stands for each dropped one, the seconds, and the version that was measured; exit code 3 says
that the library is not there. Reading the texts is timed where the library does it itself (datatrove).
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import struct
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

NOT_THERE = 3


@dataclass(frozen=True)
class Settings:
    """Word n-grams of so many words, `bands` bands of `rows` values."""

    shingle: int
    bands: int
    rows: int


def first_alike(signatures: Any, settings: Settings) -> list[int]:
    """For each text the first that has a band like it, often itself."""
    import numpy as np

    first = np.arange(len(signatures))
    for band in range(settings.bands):
        part = np.ascontiguousarray(signatures[:, band * settings.rows : (band + 1) * settings.rows])
        keys = part.view(np.dtype((np.void, part.dtype.itemsize * settings.rows))).ravel()
        _, start, place = np.unique(keys, return_index=True, return_inverse=True)
        first = np.minimum(first, start[place.ravel()])
    return [int(place) for place in first]


def datasketch(texts: Sequence[str], path: Path, settings: Settings) -> list[int]:
    """MinHash and MinHashLSH, candidates unverified."""
    import datasketch as library

    index = library.MinHashLSH(num_perm=settings.bands * settings.rows, params=(settings.bands, settings.rows))
    found = []
    for place, text in enumerate(texts):
        words = text.lower().split()
        shingles = zip(*(words[start:] for start in range(settings.shingle)), strict=False)
        signature = library.MinHash(num_perm=settings.bands * settings.rows)
        signature.update_batch({" ".join(shingle).encode() for shingle in shingles})
        found.append(min([place, *index.query(signature)]))
        index.insert(place, signature)
    return found


def rensa(texts: Sequence[str], path: Path, settings: Settings) -> list[int]:
    """Shingles by polars, signatures by rensa, candidates unverified."""
    import numpy as np
    import polars as pl
    from rensa import RMinHash

    split = pl.DataFrame({"word": pl.Series(texts).str.to_lowercase().str.split(" ")}).with_row_index("text")
    words = split.explode("word")
    following = [pl.col("word").shift(-step) for step in range(settings.shingle)]
    within = pl.col("text") == pl.col("text").shift(1 - settings.shingle)
    grams = words.select("text", gram=pl.concat_str(following, separator=" ")).filter(within)
    sizes = np.bincount(grams["text"].to_numpy(), minlength=len(texts))
    offsets = np.concatenate([[0], sizes.cumsum()]).astype(np.uint64)
    hashes = grams["gram"].hash().to_numpy()
    made = RMinHash.digest_matrix_from_flat_token_hashes(hashes, offsets, settings.bands * settings.rows, 0)
    return first_alike(np.array(made.to_rows(), dtype=np.uint64), settings)


def daft(texts: Sequence[str], path: Path, settings: Settings) -> list[int]:
    """Signatures by Daft's minhash, bands by numpy, candidates unverified."""
    import daft as library
    from daft.functions import lower, minhash

    values = settings.bands * settings.rows
    signature = minhash(lower(library.col("text")), num_hashes=values, ngram_size=settings.shingle)
    table = library.from_pydict({"text": list(texts)}).select(signature.alias("signature")).to_arrow()
    column = table["signature"].combine_chunks()
    return first_alike(column.flatten().to_numpy().reshape(len(texts), values), settings)


def datatrove(texts: Sequence[str], path: Path, settings: Settings) -> list[int]:
    """Its four steps one after another, each as one local task, from JSON Lines to JSON Lines."""
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupBuckets
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter

    config = MinhashConfig(n_grams=settings.shingle, num_buckets=settings.bands, hashes_per_bucket=settings.rows)
    with tempfile.TemporaryDirectory() as folder:
        read = JsonlReader(str(path.parent), glob_pattern=path.name)
        made = {name: f"{folder}/{name}" for name in ("signatures", "buckets", "clusters", "kept")}
        cluster = MinhashDedupCluster(made["buckets"], made["clusters"], config=config, save_cluster_id=True)
        steps: list[tuple[int, list[Any]]] = [
            (1, [read, MinhashDedupSignature(made["signatures"], config=config)]),
            (settings.bands, [MinhashDedupBuckets(made["signatures"], made["buckets"], config=config)]),
            (1, [cluster]),
            (1, [read, MinhashDedupFilter(made["clusters"]), JsonlWriter(made["kept"])]),
        ]
        for number, (tasks, pipeline) in enumerate(steps):
            logs = f"{folder}/logs{number}"
            LocalPipelineExecutor(pipeline, tasks=tasks, workers=1, logging_dir=logs, skip_completed=False).run()
        return _stayed_in_cluster(Path(made["clusters"]), len(texts))


def data_juicer(texts: Sequence[str], path: Path, settings: Settings) -> list[int]:
    """Its minhash operator on a data set in memory; told is the first text in a bucket, not in a chain of buckets."""
    from data_juicer.core.data import NestedDataset
    from data_juicer.ops.deduplicator.document_minhash_deduplicator import DocumentMinhashDeduplicator

    search = DocumentMinhashDeduplicator(
        window_size=settings.shingle,
        num_permutations=settings.bands * settings.rows,
        num_bands=settings.bands,
        num_rows_per_band=settings.rows,
    )
    search.process(NestedDataset.from_list([{"text": text} for text in texts]).map(search.compute_hash))
    first = list(range(len(texts)))
    for bucket in (bucket for table in search.hash_tables for bucket in table.values()):
        smallest = min(bucket)
        for text in bucket:
            first[text] = min(first[text], smallest)
    return first


def _stayed_in_cluster(folder: Path, texts: int) -> list[int]:
    """For each text that datatrove removes the one of its cluster that stays."""
    first = list(range(texts))
    if not (folder / "000000.remove").exists():
        return first
    removed = {text for (text,) in struct.iter_unpack("<I", (folder / "000000.remove").read_bytes())}
    clusters = dict(struct.iter_unpack("<2I", (folder / "000000.clusters").read_bytes()))
    stays = {cluster: text for text, cluster in clusters.items() if text not in removed}
    for text in removed:
        first[text] = stays[clusters[text]]
    return first


@dataclass(frozen=True)
class Peer:
    """How a library is run, the package whose version is told, and what is imported before the clock starts."""

    find: Callable[[Sequence[str], Path, Settings], list[int]]
    package: str
    modules: tuple[str, ...]


PEERS = {
    "datasketch": Peer(datasketch, "datasketch", ("datasketch",)),
    "polars + rensa": Peer(rensa, "rensa", ("numpy", "polars", "rensa")),
    "Daft": Peer(daft, "daft", ("numpy", "daft.functions")),
    "Data-Juicer": Peer(
        data_juicer,
        "py-data-juicer",
        ("data_juicer.core.data", "data_juicer.ops.deduplicator.document_minhash_deduplicator"),
    ),
    "datatrove": Peer(
        datatrove,
        "datatrove",
        ("datatrove.executor", "datatrove.pipeline.dedup", "datatrove.pipeline.readers", "spacy"),
    ),
}


def main() -> None:
    """Runs one of them and prints what it found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("--texts", type=Path, required=True)
    for name in ("shingle", "bands", "rows"):
        parser.add_argument(f"--{name}", type=int, required=True)
    arguments = parser.parse_args()
    peer = PEERS[arguments.peer]
    os.environ.update({"DO_NOT_TRACK": "true", "HF_HUB_OFFLINE": "1"})
    try:
        named = f"{arguments.peer} {version(peer.package)}"
    except PackageNotFoundError:
        sys.exit(NOT_THERE)
    for module in peer.modules:
        importlib.import_module(module)
    rows = [json.loads(line) for line in arguments.texts.read_text().splitlines()]
    texts = [row["text"] for row in rows]
    start = time.perf_counter()
    first = peer.find(texts, arguments.texts, Settings(arguments.shingle, arguments.bands, arguments.rows))
    seconds = time.perf_counter() - start
    survivors = {rows[place]["id"]: rows[stays]["id"] for place, stays in enumerate(first) if stays != place}
    print(json.dumps({"survivors": survivors, "seconds": seconds, "version": named}))


if __name__ == "__main__":
    main()
