"""What answers state wrongly, planted: how often the verdict fails and names the kind.

Notes of the clinical example's generator stand for the adapted model's answers, six of each of 65 people. In the notes of
one draw a fact of one kind is altered wherever a note has one: a number, a dose, the drug in front of a dose, a negation, a
side or a name. What is judged are a gate on all statements and one on those of that kind. The planting knows nothing of the checks.

    python -m benchmarks.evaluation.planted --output benchmarks/results/planted.json
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acclimate.examples.clinical.marks import unmark
from acclimate.examples.clinical.people import draw_people
from acclimate.examples.clinical.records import make_record
from acclimate.release.config import ReleaseConfig
from acclimate.release.evidence import FAIL, PASS, Evidence
from acclimate.release.judge import Verdict, judge
from acclimate.release.looks import Looks
from acclimate.stages.evaluate.compare import Settings
from acclimate.stages.evaluate.support.measure import support_metrics
from benchmarks.evaluation.support import ALTERED
from benchmarks.recording import share_result, write_results

DRAWS, PEOPLE, NOTES_EACH = 100, 65, 6
SETTINGS = Settings(resamples=500, confidence=0.95, min_clusters=20, seed=0)
AT_MOST = 0.15
KIND_OF = {"drug": "dose"}
"""As what a planted kind is checked where that has another name: another drug makes the dose one of no such drug."""
_SAID = {"set_by": "benchmark", "why": "what is planted"}


@dataclass(frozen=True)
class Notes:
    """Dialogues, their notes, and whose they are, by item."""

    sources: dict[str, str]
    notes: dict[str, str]
    people: dict[str, str]
    names: dict[str, list[tuple[int, int]]]


def drawn(seed: int) -> Notes:
    """The notes of one draw; each dialogue names the person, and some notes do."""
    random_ = random.Random(f"planted/{seed}")
    found = Notes({}, {}, {}, {})
    for number, person in enumerate(random_.sample(draw_people(seed, ("north", "south"), PEOPLE), PEOPLE)):
        for time in range(NOTES_EACH):
            record = make_record(number * NOTES_EACH + time, random_, person, ["name"], typographic=False)
            note, item = unmark(record.summary), f"{number}-{time}"
            found.sources[item], found.notes[item] = unmark(record.dialogue).text, note.text
            found.people[item] = str(number)
            found.names[item] = [(one.start, one.end) for one in note.identifiers if one.kind == "name"]
    return found


def altered(notes: Notes, kind: str, random_: random.Random) -> dict[str, str]:
    """The notes, with a fact of this kind altered wherever there is one."""
    changed = {}
    for item, note in notes.notes.items():
        planted = ALTERED[kind](random_, notes.sources[item], note, notes.names[item])
        changed[item] = note if planted is None else planted.note
    return changed


def judged(notes: Notes, answers: dict[str, str], kind: str) -> Verdict:
    """The verdict under a gate on all statements, and one on those of the kind."""
    measured = support_metrics(notes.sources, notes.notes, {"adapted": answers}, notes.people, SETTINGS)
    gates = [
        {"gate": "support", "at_most": AT_MOST, **_SAID},
        {"gate": "support", "at_most": AT_MOST, "kind": kind, **_SAID},
    ]
    metrics: dict[str, Any] = {
        "task": {"confidence": SETTINGS.confidence},
        "comparisons": [],
        "slices": [],
        "support": measured,
    }
    looks = Looks(1, is_logged=True, first="", rules="")
    release = ReleaseConfig.model_validate({"gates": gates})
    return judge(release, Evidence("", metrics, SETTINGS.min_clusters, None, None, (), looks, rules=""))


def outcome(planted: str | None, seed: int) -> tuple[bool, bool, str]:
    """Whether the gate on the kind fails, whether all that is unsupported is first of that kind, and the verdict."""
    notes = drawn(seed)
    answers = altered(notes, planted, random.Random(seed)) if planted else notes.notes
    kind = KIND_OF.get(planted, planted) if planted else "dose"
    verdict = judged(notes, answers, kind)
    of_all, of_kind = verdict.findings
    return of_kind.status == FAIL, f"hold ({kind} " in of_all.measured, verdict.status


def rows() -> Iterator[dict[str, Any]]:
    """For nothing and for each kind how often the verdict fails, and names it."""
    with ProcessPoolExecutor() as pool:
        for planted in (None, *ALTERED):
            found = list(pool.map(outcome, [planted] * DRAWS, range(DRAWS), chunksize=5))
            statuses = dict(Counter(status for _, _, status in found))
            if planted is None:
                yield share_result("notes as they are: verdict pass", [one[2] == PASS for one in found], "", statuses)
                continue
            yield share_result(
                f"{planted} altered: verdict fail", [one[2] == FAIL for one in found], ">= .95", statuses
            )
            named = [fails and first for fails, first, _ in found]
            yield share_result(
                f"{planted} altered: its gate fails, and it is the first kind named", named, ">= .95", {}
            )


def main() -> None:
    """Draws on all cores and writes all figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path)
    write_results(parser.parse_args().output, list(rows()))


if __name__ == "__main__":
    main()
