from __future__ import annotations

import pytest
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from acclimate.core.errors import ConfigError
from acclimate.stages.clean import CleanConfig
from acclimate.stages.clean.language import _detector, check_languages, foreign_language
from acclimate.stages.clean.quality import Drop
from acclimate.stages.clean.rules import Verdict, judge, missing_payload, own_breaches

SPANISH = "La paciente acude por dolor lumbar de dos semanas de evolución, sin fiebre."


def find_drop(record, config):
    return next(own_breaches(record, config), None)


@pytest.mark.parametrize(
    ("record", "missing"),
    [
        ({"prompt": "What is the dose?", "completion": ""}, "completion"),
        ({"prompt": " ", "completion": "5 mg"}, "prompt"),
        ({"text": " \n"}, "text"),
        ({"chosen": "yes", "rejected": None}, "rejected"),
        ({"messages": [{"role": "user", "content": "Hello?", "tool_calls": None}]}, "messages"),
        ({}, "everything"),
    ],
)
def test_a_record_without_a_whole_payload_says_what_is_missing(record, missing):
    assert missing_payload(record) == missing


@pytest.mark.parametrize(
    "record",
    [
        {"text": "Stable.", "completion": ""},
        {"prompt": "q", "completion": "a"},
        {"prompt": "q", "chosen": "a", "rejected": "b"},
        {"messages": [{"role": "assistant", "content": None, "tool_calls": "[{}]"}]},
    ],
)
def test_one_whole_form_of_payload_is_enough(record):
    assert missing_payload(record) == ""


@pytest.mark.parametrize(
    ("text", "drop"),
    [
        ("ab", Drop("too_short", "2", "3")),
        ("word " * 30, Drop("too_long", "150", "100")),
        (SPANISH, Drop("language", "es 0.95", "0.8")),
        ("Chest pain for three days, no fever.", None),
    ],
)
def test_each_drop_names_its_reason_the_value_that_broke_the_rule_and_its_threshold(text, drop):
    assert find_drop({"text": text}, CleanConfig(max_chars=100)) == drop


@pytest.mark.parametrize(
    "text",
    [
        "BP 120/80, HR 72",
        "pt c/o SOB x 3d, hx CHF, CAD s/p CABG, DM2, HTN. BP 120/80 HR 72 RR 18 T 98.6",
        "A/O x3, PERRLA, EOMI, CN II-XII intact, MAE, no c/c/e",
        "asa 81 mg po qd, metoprolol 25 mg po bid, lisinopril 10 mg po qd, metformin 500 mg po bid",
        "1. Diabetes mellitus. 2. Neuropathy. 3. Status post cerebrovascular accident.",
        "set an alarm for two hours from now",
        "Patient seen at Hôpital Saint-Louis by Dr. Müller; Frau Schmidt denies pain.",
    ],
)
def test_professional_shorthand_is_not_called_foreign(text):
    assert find_drop({"text": text}, CleanConfig()) is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Der Patient klagt seit drei Tagen über Husten.", "de"),
        ("Le patient tousse depuis hier et se plaint de fièvre.", "fr"),
        ("患者主诉胸痛三天，伴有咳嗽和发热，既往有高血压病史。", "zh"),
        ("Пациент жалуется на боль в груди.", "ru"),
    ],
)
def test_another_language_is_recognised_in_one_sentence(text, language):
    found = foreign_language(text, {"en"}, min_probability=0.8)
    assert found is not None
    assert found.language == language


@pytest.mark.parametrize("text", [SPANISH, "Chest pain for three days.", "患者主诉胸痛三天", ""])
def test_the_model_read_without_a_temporary_file_ranks_as_the_library_does(text):
    library = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    assert _detector().rank(text) == library.rank(text)


def test_several_languages_may_be_wanted_or_all():
    assert find_drop({"text": SPANISH}, CleanConfig(languages=("en", "es"))) is None
    assert find_drop({"text": SPANISH}, CleanConfig(languages=())) is None


def test_a_short_text_is_not_judged_by_language():
    assert find_drop({"text": "Tengo tos."}, CleanConfig()) is None


def test_an_unknown_language_code_is_named():
    with pytest.raises(ConfigError, match="'english'"):
        check_languages(("english",))


EMPTY, SHORT, FOREIGN = Drop("empty", "text"), Drop("too_short", "2", "3"), Drop("language", "es 0.95", "0.8")


@pytest.mark.parametrize(
    ("breaches", "overruled", "by_hand", "verdict"),
    [
        ([], [], False, Verdict()),
        ([SHORT, FOREIGN], [], False, Verdict(SHORT)),
        ([SHORT, FOREIGN], ["too_short"], False, Verdict(FOREIGN)),
        ([SHORT, FOREIGN], ["language", "too_short"], False, Verdict(reincluded="too_short")),
        ([SHORT, FOREIGN], [], True, Verdict(reincluded="too_short")),
        ([EMPTY, SHORT], ["too_short"], True, Verdict(EMPTY)),
    ],
)
def test_a_record_stays_when_every_rule_it_breaks_is_overruled(breaches, overruled, by_hand, verdict):
    assert judge(breaches, overruled=overruled, by_hand=by_hand) == verdict
