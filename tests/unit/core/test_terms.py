from __future__ import annotations

import pytest

from acclimate.core.errors import ConfigError
from acclimate.core.sources import SourceConfig, check_terms
from acclimate.core.terms import Use, licence_refusal

FREE, SOLD = Use(), Use(commercial=True)


@pytest.mark.parametrize(
    "licence",
    [
        "CC-BY-ND-4.0", "cc by-nc-nd 4.0", "Creative Commons Attribution-NoDerivatives", "no-training", "No AI training",
        "not for training", "MIT AND CC-BY-ND-3.0", "All rights reserved; no text and data mining", "NoAI",
        "training prohibited", "LicenseRef-no-ml-training", "CC-BY-ND-4.0 OR CC-BY-NC-ND-4.0",
    ],
)  # fmt: skip
def test_a_licence_that_forbids_training_is_refused_for_every_use(licence):
    assert licence_refusal(licence, FREE)


@pytest.mark.parametrize(
    "licence", ["CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "PolyForm-Noncommercial-1.0.0", "research use only", "academic-only"]
)
def test_a_licence_for_non_commercial_use_is_refused_for_a_commercial_one_alone(licence):
    assert licence_refusal(licence, FREE) is None
    assert licence_refusal(licence, SOLD)


@pytest.mark.parametrize(
    "licence",
    [
        "Apache-2.0", "MIT", "CC0-1.0", "CC-BY-SA-4.0", "CC BY 4.0 (repository); public pages", "ODC-By-1.0", "BSD-3-Clause",
        "CC-BY-ND-4.0 OR MIT", "GPL-2.0-only WITH Classpath-exception-2.0", "our own notes", "public domain",
        "no restrictions", "Netherlands archive, no aims stated", "NCSA", "NIST-PD", "Training materials of the house",
    ],
)  # fmt: skip
def test_a_licence_that_forbids_nothing_known_passes(licence):
    assert licence_refusal(licence, SOLD) is None


@pytest.mark.parametrize(
    ("terms", "use", "says"),
    [
        ({"licence": "CC-BY-ND-4.0"}, FREE, "its licence 'CC-BY-ND-4.0' allows no derivatives"),
        ({"purpose": "no training"}, FREE, "its purpose excludes training"),
        ({"purpose": ["research"]}, FREE, "the project states none"),
        ({"purpose": ["research"]}, Use(purpose="billing"), "than the project's (billing)"),
        ({"purpose": "research"}, Use(purpose="research", commercial=True), "declares commercial use"),
        ({"consent": "withdrawn"}, FREE, "its consent was not given or was taken back"),
        ({"consent": False}, FREE, "(refused)"),
        ({"consent": "care only, no AI training"}, FREE, "its consent excludes training"),
    ],
)
def test_terms_that_forbid_the_use_are_one_sentence(terms, use, says):
    with pytest.raises(ConfigError) as error:
        check_terms(SourceConfig.model_validate({"path": "a.jsonl", **terms}), use)
    assert says in error.value.message
    assert "use:" in error.value.hint


@pytest.mark.parametrize(
    ("terms", "use"),
    [
        ({"purpose": ["Quality improvement", "research"]}, Use(purpose="quality-improvement", commercial=True)),
        ({"consent": True}, SOLD),
        ({"consent": "broad consent, version 3"}, SOLD),
        ({"licence": "CC-BY-ND-4.0", "consent": "refused", "role": "test"}, SOLD),
    ],
)
def test_terms_that_allow_the_use_pass_and_so_do_those_of_a_test_file(terms, use):
    check_terms(SourceConfig.model_validate({"path": "a.jsonl", **terms}), use)
