"""No damaged checkpoint is used or passed over in silence, and no kill costs more than the steps since the last one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tests.unit.backends.tiny_training import CutOffError, EndsAfter, TinyRun

from acclimate.backends.checkpoints import CheckpointFolder


@pytest.fixture
def undisturbed(tmp_path):
    run = TinyRun(tmp_path / "undisturbed")
    run.train()
    return run


@pytest.fixture
def cut(tmp_path):
    """A run that was cut off after five of six steps, with checkpoints of steps 3 and 4."""
    run = TinyRun(tmp_path / "cut")
    with pytest.raises(CutOffError):
        run.train(EndsAfter(5))
    assert names(run) == ["step-000003", "step-000004"]
    return run


def names(run):
    return sorted(path.name for path in run.checkpoints.iterdir())


def truncate(folder, name):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: len(content) // 2])


def flip_one_bit(folder, name):
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(bytes(content))


def remove(folder, name):
    (folder / name).unlink()


OBJECTIVES = ("causal_lm", "masked_lm", "classification", "preference")
FILES = ("weights.safetensors", "optimiser.safetensors", "state.json", "manifest.json", "complete")


@pytest.mark.parametrize("damage", [truncate, flip_one_bit, remove])
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_checkpoint_is_named_set_aside_and_an_older_one_used(undisturbed, cut, damage, name):
    damage(cut.checkpoints / "step-000004", name)
    bar = EndsAfter(-1)
    result = cut.train(bar)
    assert bar.left == -1 - 6
    assert any("damaged-step-000004" in note for note in result.notes)
    assert (cut.checkpoints / "damaged-step-000004").is_dir()
    assert cut.digests() == undisturbed.digests()


def test_when_all_checkpoints_are_damaged_training_starts_over(undisturbed, cut):
    for folder in cut.checkpoints.iterdir():
        flip_one_bit(folder, "weights.safetensors")
    assert len(cut.train().notes) == 2
    assert cut.digests() == undisturbed.digests()


def test_a_damaged_checkpoint_is_still_named_when_the_next_run_is_cut_off_too(cut):
    truncate(cut.checkpoints / "step-000004", "weights.safetensors")
    with pytest.raises(CutOffError):
        cut.train(EndsAfter(5))
    assert any("damaged-step-000004" in note for note in cut.train().notes)


@pytest.mark.parametrize(
    "changes", [{"learning_rate": 2e-3}, {"seed": 1}, {"lora_alpha": 8}, {"per_device_train_batch_size": 3}]
)
def test_a_checkpoint_of_another_plan_is_not_continued(tmp_path, cut, changes):
    expected = TinyRun(tmp_path / "expected").with_plan(**changes)
    expected.train()
    result = cut.with_plan(**changes).train()
    assert any("another plan" in note for note in result.notes)
    assert cut.digests() == expected.digests()


@pytest.mark.parametrize("change", ["questions", "threads"])
def test_a_checkpoint_of_other_data_or_threads_is_not_continued(cut, change):
    values = {"questions": tuple(f"cough since {day} days?" for day in range(8)), "threads": 2}
    setattr(cut, change, values[change])
    assert any("another plan" in note for note in cut.train().notes)


def test_the_newest_checkpoints_and_the_best_are_kept(tmp_path):
    folder = CheckpointFolder(tmp_path, run="run")
    for step in range(1, 7):
        folder.write({"step": step, "best_step": 2}, {"w": torch.ones(1)}, {"m": torch.ones(1)})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-000002", "step-000005", "step-000006"]


def test_a_checkpoint_whose_best_weights_are_damaged_is_not_enough(tmp_path):
    folder = CheckpointFolder(tmp_path, run="run")
    for step, best in ((1, 1), (2, 2), (3, 2), (4, 2)):
        folder.write({"step": step, "best_step": best}, {"w": torch.ones(1)}, {"m": torch.ones(1)})
    flip_one_bit(tmp_path / "step-000002", "weights.safetensors")
    assert folder.newest_valid().checkpoint is None


def killed(folder, *arguments):
    command = [sys.executable, "-m", "tests.unit.backends.killed_training", *arguments[:2], str(folder), *arguments[2:]]
    done = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.parametrize(("objective", "method"), [("causal_lm", "lora"), ("classification", "full")])
def test_killed_at_any_visit_a_run_ends_in_the_same_bytes(tmp_path, objective, method):
    outcome = killed(tmp_path, objective, method)
    assert outcome["visits"] > 30
    assert outcome["differing"] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("objective", "method"),
    [
        ("causal_lm", "full"),
        ("causal_lm", "top_layers"),
        ("masked_lm", "lora"),
        ("masked_lm", "full"),
        ("classification", "lora"),
        ("multi_label_classification", "lora"),
        ("preference", "lora"),
        ("preference", "full"),
    ],
)
def test_killed_at_any_point_a_run_ends_in_the_same_bytes(tmp_path, objective, method):
    outcome = killed(tmp_path, objective, method, "--middle")
    assert outcome["visits"] == outcome["points"] > 5
    assert outcome["differing"] == []


@pytest.mark.slow
def test_killed_at_25_random_moments_a_run_ends_in_the_same_bytes(tmp_path):
    outcome = killed(tmp_path, "causal_lm", "lora", "--moments")
    assert outcome["visits"] > 15
    assert outcome["differing"] == []
