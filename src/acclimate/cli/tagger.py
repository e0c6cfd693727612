"""acclimate tagger: train a tagger of the project's own from names that people marked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from acclimate.api import Project
from acclimate.cli.console import listener, next_command, print_json, say
from acclimate.cli.options import HERE, JsonOption, ProjectOption, QuietOption, new_app
from acclimate.core.errors import ConfigError
from acclimate.pipeline.own_tagger import OwnTagger, TaggerTraining, retrain_tagger
from acclimate.stages.deidentify.tagger.size import ITERATIONS, TEXTS

LABELS = ("PER", "ADR", "LOC", "ORG")

app = new_app(
    "acclimate tagger retrain annotations/ --output our-names.json --project demo",
    says="Train a tagger of your own from names that people marked in your records.",
)


@app.callback()
def command() -> None:
    """Train a tagger of your own from names that people marked in your records.

    example: acclimate tagger retrain annotations/ --output our-names.json --project demo
    """


@app.command()
def retrain(
    places: list[Path] = typer.Argument(
        help="Folders of exported annotation snapshots, or files of JSON Lines with text and spans."
    ),
    output: Path = typer.Option(..., "--output", help="The tagger's file; it appears whole or not at all."),
    label: list[str] = typer.Option([], "--label", help="What a label of yours means: ward=LOC (PER, ADR, LOC, ORG)."),
    texts: int = typer.Option(TEXTS, min=1, help="How many generated texts are learnt beside yours."),
    iterations: int = typer.Option(ITERATIONS, min=1, help="How many passes at most."),
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train a tagger on generated text and on yours, and tell how it and the packaged one read people it never saw.

    A fifth of the people is held out for that. The file says by keyed hashes who was learnt, for acclimate erase; whoever
    was erased is left out. `deidentify.tagger_model` names the file; another one makes the step stale.

    example: acclimate tagger retrain annotations/ --output our-names.json --project demo
    """
    training = TaggerTraining(places, output, _labels(label), texts, iterations)
    opened = Project.open(project)
    key = opened.hashing_key()
    with opened.workspace.lock():
        opened.workspace.check_no_erasure_is_unfinished()
        made = retrain_tagger(opened.outside, training, key=key, progress=listener(quiet=quiet).progress)
    print_json(made.to_json()) if as_json else _print(made)
    _say_the_rest(made, quiet=quiet)
    settings = ("deidentify.tagger=names", f"deidentify.tagger_model={output.resolve()}")
    following = next_command("run", "--until", "deidentify", project=project, overrides=settings)
    say(f"next: {following}", quiet=quiet)


def _labels(given: Sequence[str]) -> dict[str, str]:
    pairs = [one.rpartition("=") for one in given]
    wrong = [one for one, (name, _, meaning) in zip(given, pairs, strict=True) if not name or meaning not in LABELS]
    if wrong:
        raise ConfigError(
            f"--label {wrong[0]!r} does not say what a label means.",
            hint=f"write it as ward=LOC, with {', '.join(LABELS)}",
        )
    return {name: meaning for name, _, meaning in pairs}


def _print(made: OwnTagger) -> None:
    print(f"{'label':<6} {'spans':>6}  {'packaged':>18}  {'retrained':>18}")
    for label in sorted({*made.before, *made.after}):
        readings = [made.before.get(label), made.after.get(label)]
        spans = max(one.spans for one in readings if one)
        shown = [f"{one.covered if one else 0} whole, {one.false if one else 0} false" for one in readings]
        print(f"{label:<6} {spans:>6}  {shown[0]:>18}  {shown[1]:>18}")
    print(made.file)


def _say_the_rest(made: OwnTagger, *, quiet: bool) -> None:
    learnt, measured = made.learnt, made.measured
    say(
        f"learnt from {learnt['spans']} spans of {learnt['people']} people, measured on {measured['spans']} spans of"
        f" {measured['people']} others",
        quiet=quiet,
    )
    for label, count in made.unused.items():
        say(f"{count} spans with the label {label} were not used; --label {label}=PER would", quiet=quiet)
    if made.forgotten:
        say(f"{made.forgotten} texts of people who were erased were left out", quiet=quiet)
    if sum(one.covered for one in made.after.values()) < sum(one.covered for one in made.before.values()):
        say("warning: it covers fewer of these spans than the packaged tagger", quiet=quiet)
    say(f"{made.file} holds words of your texts and is readable by you alone: keep it so", quiet=quiet)
