"""Changes one setting in acclimate.yaml and leaves every other line, comments included, as the person wrote it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from acclimate.core.atomic import write_bytes
from acclimate.core.errors import ConfigError
from acclimate.project.workspace import PROJECT_FILE


def write_setting(folder: Path, section: str, name: str, value: Any) -> None:
    """Sets `section.name` in the project's file; the file is whole before and after, whatever happens.

    Raises ConfigError where the section is written in a form that cannot be changed line by line.
    """
    path = folder / PROJECT_FILE
    text = path.read_text(encoding="utf-8")
    before = yaml.safe_load(text)
    wanted = {**before, section: {**(before.get(section) or {}), name: value}}
    changed = _changed(text, section, name, wanted[section])
    if _parsed(changed) != wanted:
        raise ConfigError(
            f"{PROJECT_FILE}: {section} is written in a form that is not changed by itself.",
            hint=f"write {section}.{name}: {_plain(value)} there yourself",
        )
    write_bytes(path, changed.encode())


def _changed(text: str, section: str, name: str, settings: dict[str, Any]) -> str:
    head = re.search(rf"^{section}:[^\S\n]*(.*)$", text, re.MULTILINE)
    if head is None:
        return f"{text.rstrip()}\n\n{section}: {_plain(settings)}\n"
    if head[1] and not head[1].startswith("#"):
        return f"{text[: head.start()]}{section}: {_plain(settings)}{text[head.end() :]}"
    block = re.compile(
        rf"(^{section}:.*\n(?:(?:[^\S\n]+.*|#.*)?\n)*?)([^\S\n]+){name}:.*?(?=[^\S\n]*(?:#.*)?$)", re.MULTILINE
    )
    line = f"{name}: {_plain(settings[name])}"
    if found := block.search(text):
        return f"{text[: found.start()]}{found[1]}{found[2]}{line}{text[found.end() :]}"
    indent = re.match(r"\n([^\S\n]+)", text[head.end() :])
    return f"{text[: head.end()]}\n{indent[1] if indent else '  '}{line}{text[head.end() :]}"


def _parsed(text: str) -> Any:
    """What the text means; None where it is no YAML."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None


def _plain(value: Any) -> str:
    written: str = yaml.safe_dump(value, default_flow_style=True, width=1000, sort_keys=False)
    return written.removesuffix("...\n").strip()
