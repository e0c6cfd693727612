"""Small files in the forms that the tools publish, written for these tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CONFIG = """<View>
  <Header value="Read the note"/>
  <Text name="txt" value="$note"/>
  <Choices name="urgency" toName="txt" choice="single" required="true">
    <Choice value="low"/><Choice value="High one" alias="high"/>
  </Choices>
  <Taxonomy name="topic" toName="txt" leafsOnly="true">
    <Choice value="heart"><Choice value="rhythm"/></Choice><Choice value="skin"/>
  </Taxonomy>
  <Relations><Relation value="of"/></Relations>
  <Labels name="mention" toName="txt"><Label value="drug"/><Label value="dose" background="red"/></Labels>
  <TextArea name="why" toName="txt"/>
  <Rating name="care" toName="txt" maxRating="4"/>
</View>"""


def result(kind: str, name: str, value: dict[str, Any], *, id: str = "r") -> dict[str, Any]:
    return {"id": id, "from_name": name, "to_name": "txt", "type": kind, "value": value, "origin": "manual"}


def annotation(who: Any, *results: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": 7, "completed_by": who, "result": list(results), "was_cancelled": False, "lead_time": 4.2, **more}


LOW = result("choices", "urgency", {"choices": ["low"]})
HIGH = result("choices", "urgency", {"choices": ["high"]})


def task(number: int, text: str, *annotations: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "data": {"note": text},
        "annotations": list(annotations),
        "predictions": [],
        "project": 3,
        "created_at": "2026-03-09T21:52:49.513742Z",
        **more,
    }


def label_studio(folder: Path, *tasks: dict[str, Any], config: str = CONFIG) -> Path:
    (folder / "config.xml").write_text(config)
    (folder / "tasks.json").write_text(json.dumps(tasks))
    return folder


def json_lines(path: Path, rows: Sequence[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
