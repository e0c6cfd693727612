"""The report is one file that stands alone, and says on its first screen what a signature needs."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

from acclimate.api import Project, Silent
from acclimate.core.errors import WorkspaceError
from acclimate.core.ports import Progress
from acclimate.report.figures import GAIN, LOSS, MUTED


def test_the_report_stands_alone_and_says_what_was_not_tested(finished: Path) -> None:
    path = Project.open(finished).write_report()
    page = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert "<script" not in page
    assert not re.findall(r'(?:src|href)="(?!#)[^"]*"', page.replace("xlink:href", ""))
    assert "Not tested" in page and "what people think of the answers" in page
    assert page.count("<svg") >= 4


def test_training_and_the_dial_are_drawn_beside_the_profile_of_the_data(finished: Path) -> None:
    page = Project.open(finished).write_report().read_text()
    assert "How much" in page
    for heading in ("while it trained</h3>", "Loss by source of the rows</h3>"):
        assert page[page.index(heading) + len(heading) :].startswith("<svg")
    assert "strength (dashed: kept)" in page


def test_what_the_model_remembers_is_told_without_naming_anybody(finished: Path) -> None:
    project = Project.open(finished)
    page = project.write_report().read_text()
    section = page[page.index("<h2>What the model remembers") :].partition("<h2>What went in")[0]
    assert "Who holds a record and both models" in section
    assert (project.artifact("evaluate").path / "leakage.parquet").is_file()
    assert not re.findall(r"\bs[0-9a-f]{12,}", section)


def test_the_report_is_the_same_whenever_it_is_written(finished: Path) -> None:
    project = Project.open(finished)
    assert project.write_report().read_bytes() == project.write_report().read_bytes()


def cells(page: str, heading: str) -> list[list[str]]:
    """The rows of the table behind a heading, each cell as a reader sees it."""
    table = page[page.index(f"<h2>{heading}") :].partition("</table>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)[1:]
    return [[re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<td.*?>(.*?)</td>", row)] for row in rows]


def test_what_went_in_and_out_of_each_step_is_what_its_report_counts(finished: Path) -> None:
    project = Project.open(finished)
    shown = {row[0]: row[1:5] for row in cells(project.write_report().read_text(), "What went in and out")}
    assert {"ingest", "dedup", "split", "train", "evaluate"} <= shown.keys()
    for step, row in shown.items():
        counts = project.report(step).counts
        dropped = ", ".join(f"{reason.replace('_', ' ')} {number}" for reason, number in sorted(counts.dropped.items()))
        assert row == [str(counts.inputs), str(counts.created or ""), f"{counts.kept} {counts.unit}", dropped]


def test_planted_faults_are_shown_with_their_counts_and_how_sources_were_read(finished: Path) -> None:
    from acclimate.report.gather import gather
    from acclimate.report.page import render

    planted = {"kind": "name", "record": "n0", "field": "dialogue", "value": "Ruth Vale"}
    (finished / "data/planted.json").write_text(json.dumps({"faults": [], "identifiers": [planted]}))
    project = Project.open(finished)
    story = gather(project.workspace, project.config)
    page, unknown = render(story), render(replace(story, faults=[{**story.faults[-1], "wrongly_touched": None}]))
    assert cells(page, "Planted faults")[-2:] == [
        ["mojibake", "0 records", "0", "0", "–", "0", "48 records"],
        ["name", "1 identifiers", "1", "0", "1.000", "94", "1088 words"],
    ]
    assert cells(unknown, "Planted faults")[0][5] == "–"
    assert ("another key" in unknown, "another key" in page) == (True, False)
    assert [row[:3] for row in cells(page, "The sources")] == [
        ["north", "jsonl, columns as mapped", "24"],
        ["south", "csv, columns as mapped", "24"],
    ]


def test_planted_identifiers_are_not_counted_with_a_key_that_did_not_replace_them(finished: Path) -> None:
    from acclimate.report.faults import planted_faults
    from acclimate.report.gather import made_for

    (finished / "data/planted.json").write_text(json.dumps({"faults": [], "identifiers": []}))
    project = Project.open(finished)
    made = made_for(project.workspace, "deidentify")
    rows = planted_faults(made, project.workspace, replace(project.config, project="tickets"))
    assert [row["kind"] for row in rows] == ["empty", "other_language", "mojibake"]


def test_text_in_the_report_cannot_become_markup(finished: Path) -> None:
    from acclimate.report.gather import ExampleRow, gather
    from acclimate.report.page import render

    project = Project.open(finished)
    story = gather(project.workspace, project.config)
    evil = ExampleRow("x", "<img src=x>", "<script>alert(1)</script>", "&", {"base": "<b>"}, 0.0)
    page = render(type(story)(**{**vars(story), "examples": [evil]}))
    assert "<script>alert" not in page and "<img" not in page


def test_what_an_answer_states_without_its_source_is_marked_in_the_example(finished: Path) -> None:
    from acclimate.report.gather import ExampleRow, gather
    from acclimate.report.page import render

    project = Project.open(finished)
    story = gather(project.workspace, project.config)
    row = ExampleRow("x", "a", "I take 20 mg <daily>.", "Takes 20 mg.", {"adapted": "Takes <40 mg> & 20 mg."}, 0.0)
    grounded = {**story.evaluate["support"], "is_grounded": True}
    page = render(replace(story, examples=[row], evaluate={**story.evaluate, "support": grounded}))
    assert 'Takes &lt;<mark title="dose: does not stand in the text">40 mg</mark>&gt; &amp; 20 mg.' in page
    assert "Marked is what does not stand" in page


def test_one_general_text_gives_a_report_that_calls_the_interval_not_known(finished: Path) -> None:
    general = finished / "data/general.jsonl"
    general.write_text(general.read_text().splitlines(keepends=True)[0])
    project = Project.open(finished)
    project.run()
    row = measure_row(project.write_report().read_text(), "general text")
    assert "not known: one text only" in row and "None" not in row


def test_the_divergence_and_its_interval_are_both_in_bits(finished: Path) -> None:
    project = Project.open(finished)
    sampled = project.report("evaluate").metrics["retention"]["sampled"]
    low, high = (sampled[bound] / math.log(2) for bound in ("low", "high"))
    row = measure_row(project.write_report().read_text(), "KL from the base")
    assert f"{sampled['bits_per_token']:z.3f}</td>" in row
    assert f"{low:z.3f} to {high:z.3f}</td>" in row


def test_intervals_are_named_by_the_confidence_they_were_made_with(finished: Path) -> None:
    project = Project.open(finished, overrides=["evaluate.confidence=0.8", "profile.confidence=0.8"])
    project.run()
    page = project.write_report().read_text()
    assert "95 % interval" not in page and ", 95 % " not in page
    assert page.count("80 % interval") >= 2 and ", 80 % " in page and "90 % interval" in page


def test_compared_base_models_are_shown_with_the_winner_or_undecided(finished: Path) -> None:
    from acclimate.testing.models import write_tiny_model

    write_tiny_model(finished / "other", seed=5)
    assert "Base models compared" not in Project.open(finished).write_report().read_text()
    project = Project.open(finished, overrides=["select_model.candidates=[./tiny-model, ./other]"])
    project.run(until="select_model")
    section = project.write_report().read_text().partition("<h2>Base models compared")[2].partition("<h2>")[0]
    winner = project.report("select_model").metrics["winner"]
    assert f"<p>{'Undecided: ' if winner == 'undecided' else winner}" in section
    assert "<td>./tiny-model</td>" in section and "<td>./other</td>" in section
    assert "scoring took" in section and "not known" not in section


def test_times_of_a_step_that_was_interrupted_are_not_told_as_if_they_were_whole(finished: Path) -> None:
    from acclimate.testing.models import write_tiny_model

    write_tiny_model(finished / "other", seed=5)
    project = Project.open(finished, overrides=["select_model.candidates=[./tiny-model, ./other]"])
    with pytest.raises(KeyboardInterrupt):
        project.run(until="select_model", listener=InterruptedAtTheSecondBar())
    project.run(until="select_model")
    page = project.write_report().read_text()
    section = page.partition("<h2>Base models compared")[2].partition("<h2>")[0]
    assert section.count("not known") == 2
    assert "more than" in page.partition("What it cost")[2].partition("</p>")[0]


class InterruptedAtTheSecondBar(Silent):
    def __init__(self) -> None:
        self.bars = 0

    def progress(self, description: str, total: int) -> Progress:
        self.bars += 1
        if self.bars == 2:
            raise KeyboardInterrupt
        return super().progress(description, total)


def test_a_figure_has_the_colours_of_the_verdicts_below_it(finished: Path) -> None:
    page = Project.open(finished).write_report().read_text()
    gain = page.partition("<h2>Gain")[2].partition("<table")[0]
    verdicts = {row["verdict"] for row in Project.open(finished).report("evaluate").metrics["comparisons"]}
    assert verdicts == {"insufficient evidence"}
    assert MUTED in gain and GAIN not in gain and LOSS not in gain


def test_a_small_budget_is_not_rounded_away(finished: Path) -> None:
    project = Project.open(finished, overrides=["evaluate.general_budget=0.005"])
    project.run()
    assert "(budget +0.5 %)" in project.write_report().read_text()


def measure_row(page: str, measure: str) -> str:
    """The table row of one measure of retention."""
    rows = page.partition("<h2>What the model kept</h2>")[2].split("<tr>")
    return next(row for row in rows if row.startswith("<td") and measure in row)


def test_the_data_has_a_page_before_anything_is_trained(project: Path) -> None:
    opened = Project.open(project)
    opened.run(until="profile")
    path = opened.write_profile()
    page = path.read_text()
    assert path.name == "profile.html" and path.stat().st_mode & 0o777 == 0o600
    assert "To look at before training" in page and "<script" not in page
    assert page.count("<svg") >= 4
    assert opened.write_profile().read_text() == page


def test_the_report_shows_the_profile_of_its_own_data_alone(finished: Path) -> None:
    assert "<h2>The data</h2>" in Project.open(finished).write_report().read_text()
    other = Project.open(finished, overrides=["ingest.limit=20"])
    other.run(until="profile")
    page = other.write_report().read_text()
    assert "<h2>The data</h2>" not in page and "step profile was not run on this data" in page


def test_names_of_sites_cannot_become_markup_in_the_profile(project: Path) -> None:
    settings = project / "acclimate.yaml"
    settings.write_text(settings.read_text().replace("site: south", "site: <img src=x>"))
    opened = Project.open(project)
    opened.run(until="profile")
    page = opened.write_profile().read_text()
    assert "<img" not in page and "&lt;img src=x&gt;" in page


def test_a_report_before_evaluate_says_what_to_run(project: Path) -> None:
    with pytest.raises(WorkspaceError, match="evaluate has not been run"):
        Project.open(project).write_report()


def test_every_report_json_has_what_scripts_rely_on(finished: Path) -> None:
    reports = [json.loads(file.read_text()) for file in finished.rglob("report.json")]
    assert len(reports) == 17
    assert all({"stage", "counts", "metrics", "warnings"} <= report.keys() for report in reports)
