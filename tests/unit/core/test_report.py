from __future__ import annotations

import pytest

from acclimate.core.errors import ContractError
from acclimate.core.report import Counts, Report


def test_counts_that_add_up_pass() -> None:
    Counts(inputs=10, created=2, kept=9, dropped={"empty": 2, "language": 1}).check()


@pytest.mark.parametrize("kept", [8, 10])
def test_a_lost_or_invented_record_is_a_defect_of_the_stage(kept: int) -> None:
    with pytest.raises(ContractError, match="do not add up"):
        Counts(inputs=10, kept=kept, dropped={"empty": 1}).check()


def test_a_report_survives_json() -> None:
    report = Report("clean", Counts(2, 1, dropped={"empty": 1}), {"share": 0.5}, ("one warning",))
    assert Report.from_json(report.to_json()) == report
