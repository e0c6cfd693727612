from __future__ import annotations

import pytest
import yaml

from acclimate.pipeline.config import TASKS, base_of, check_config
from acclimate.pipeline.table import STAGE_NAMES, comparison_steps, load_stage, steps_for
from acclimate.pipeline.template import project_template


@pytest.mark.parametrize("name", STAGE_NAMES)
def test_every_stage_of_the_table_can_be_loaded_and_has_a_safe_default(name: str) -> None:
    stage = load_stage(name)
    assert stage.name == name
    needed = [field for field, facts in stage.config.model_fields.items() if facts.is_required()]
    assert needed in ([], ["sources"])
    assert all(facts.description for facts in stage.config.model_fields.values())


@pytest.mark.parametrize("task", TASKS)
def test_a_new_project_of_every_task_is_read_as_it_is_written(task: str) -> None:
    config = check_config(yaml.safe_load(project_template("notes", task=task)))
    assert (config.task, config.base) == (task, base_of(task))


@pytest.mark.parametrize(
    "steps",
    [
        steps_for("generation", select_model=True, evaluation_sets=True),
        steps_for("classification", select_model=False, evaluation_sets=True),
        steps_for("classification", select_model=False, pretrain=True),
        steps_for("multi-label-classification", select_model=False, pretrain=True),
        steps_for("preference", select_model=False, evaluation_sets=True),
        comparison_steps(),
    ],
)
def test_every_step_follows_its_inputs_and_fills_its_roles(steps) -> None:
    seen: set[str] = set()
    for step in steps:
        assert all(name.startswith("@") or name in seen for name in step.inputs.values())
        roles = {role for role, name in step.inputs.items()} | ({"base"} if "@model" in step.inputs.values() else set())
        assert set(load_stage(step.stage).inputs) <= roles
        seen.add(step.name)
