"""Rows hold exactly the loss-carrying text, and a prompt is the beginning of its row."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acclimate.backends.decoder import load_tokenizer
from acclimate.backends.rendering import Renderer
from acclimate.backends.tiny import write_tiny_model
from acclimate.core.errors import DataError, ModelError
from acclimate.core.ports import Example, Message

TURNS = (
    Message("user", "How are you?"),
    Message("assistant", "Well.", train=True),
    Message("user", "And now?"),
    Message("assistant", "\nTired \u4e16.", train=True),
)
TOOLS = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}{% for call in m.tool_calls %}[{{ call.name }}]"
)
TOOLS += "{% endfor %}<|im_end|>{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_tiny_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def tokenizer(model):
    return load_tokenizer(model)


@pytest.fixture
def renderer(tokenizer):
    return Renderer.of(tokenizer, "tiny")


def with_template(tokenizer, template):
    tokenizer.chat_template = template
    return Renderer.of(tokenizer, "tiny")


def trained_text(renderer, row):
    return "".join(text for text, trained in renderer.show(row) if trained)


def test_answers_and_their_stop_tokens_carry_loss_and_nothing_else(renderer):
    row = renderer.render(Example("a", TURNS))
    assert trained_text(renderer, row) == "Well.<|im_end|>\nTired \u4e16.<|im_end|>"
    assert row.target_bytes == len("Well.\nTired \u4e16.".encode())
    assert [row.tokens[place] for place in row.stops] == [2, 2]


def test_a_turn_that_is_not_to_be_trained_carries_no_loss(renderer):
    turns = (TURNS[0], Message("assistant", "Well.", train=False), *TURNS[2:])
    assert trained_text(renderer, renderer.render(Example("a", turns))) == "\nTired \u4e16.<|im_end|>"


def test_a_row_reads_as_the_template_writes_it(renderer, tokenizer):
    row = renderer.render(Example("a", TURNS))
    spoken = [{"role": turn.role, "content": turn.content} for turn in TURNS]
    assert tokenizer.decode(row.tokens) == tokenizer.apply_chat_template(spoken, tokenize=False)


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(st.text(alphabet="ab 1\n.\u00e9\u4e16\U0001f600", max_size=8), min_size=2, max_size=6))
def test_a_prompt_is_the_beginning_of_its_row_and_bytes_are_exact(model, texts):
    renderer = Renderer.of(load_tokenizer(model), "tiny")
    turns = tuple(
        Message("assistant" if place % 2 else "user", text, bool(place % 2)) for place, text in enumerate(texts)
    )
    row, prompt = renderer.render(Example("a", turns)), renderer.render_prompt(Example("a", turns))
    assert row.tokens[: len(prompt.tokens)] == prompt.tokens
    assert not any(prompt.trained)
    spoken = [turn.content for turn in turns if turn.train]
    assert row.target_bytes == sum(len(text.encode()) for text in spoken)
    assert trained_text(renderer, row) == "".join(f"{text}<|im_end|>" for text in spoken)
    ends = renderer.answer_ends(Example("a", turns))
    assert len(ends) == sum(row.trained) - len(row.stops)
    assert [*ends[-1:]] == [len("".join(spoken))] * bool(ends) and list(ends) == sorted(ends)


def test_a_conversation_without_an_answer_is_a_prompt_with_the_assistants_turn_opened(renderer):
    prompt = renderer.render_prompt(Example("a", TURNS[:1]))
    assert "".join(text for text, _ in renderer.show(prompt)).endswith(
        "How are you?<|im_end|>\n<|im_start|>assistant\n"
    )


def test_plain_text_carries_loss_behind_its_opening_and_ends_with_the_end_token(renderer):
    example = Example("a", text=" blue", opening="The sky is")
    row = renderer.render(example)
    assert renderer.show(row)[0] == ("<|im_start|>", False)
    assert trained_text(renderer, row) == " blue<|im_end|>"
    assert row.target_bytes == 5
    assert renderer.render_prompt(example).tokens == row.tokens[: row.trained.index(True)]


def test_without_a_chat_template_each_turn_is_a_line(tokenizer):
    row = (renderer := with_template(tokenizer, None)).render(Example("a", TURNS))
    text = "".join(text for text, _ in renderer.show(row))
    assert text == "<|im_start|>How are you?\nWell.<|im_end|>And now?\n\nTired \u4e16.<|im_end|>"
    assert trained_text(renderer, row) == "Well.<|im_end|>\nTired \u4e16.<|im_end|>"


def test_shown_tokens_put_together_are_the_text_even_where_a_character_is_several_tokens(renderer):
    text = "na\u00efve \u4e16\U0001f600 12"
    shown = renderer.show(renderer.render(Example("a", text=text)))
    assert "".join(piece for piece, trained in shown if trained) == f"{text}<|im_end|>"
    assert not any("\ufffd" in piece for piece, _ in shown)


def test_tool_calls_reach_the_template_as_values(tokenizer):
    renderer = with_template(tokenizer, TOOLS)
    turns = (TURNS[0], Message("assistant", "", train=True, tool_calls='[{"name": "look_up"}]'))
    assert trained_text(renderer, renderer.render(Example("a", turns))) == "[look_up]<|im_end|>"


@pytest.mark.parametrize(
    ("calls", "error", "said"),
    [('[{"name": "x"}]', ModelError, "leaves out"), ("{broken", DataError, "not valid JSON")],
)
def test_tool_calls_that_would_be_lost_or_cannot_be_read_are_refused(renderer, calls, error, said):
    turns = (TURNS[0], Message("assistant", "", train=True, tool_calls=calls))
    with pytest.raises(error, match=said):
        renderer.render(Example("a", turns))


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{% for m in messages %}{{ m.content }}{% endfor %}", "does not end an answer"),
        ("{{ messages|length }}{% for m in messages %}{{ m.content }}<|im_end|>{% endfor %}", "writes earlier turns"),
        ("{{ raise_exception('roles must alternate') }}", "refuses record a: roles must alternate"),
    ],
)
def test_a_template_that_does_not_let_answers_be_told_apart_is_refused(tokenizer, template, said):
    with pytest.raises(ModelError, match=said):
        with_template(tokenizer, template).render(Example("a", TURNS))


def test_a_template_that_prints_todays_date_gives_the_same_row_every_day(tokenizer):
    renderer = with_template(tokenizer, "{{ strftime_now('%Y-%m-%d') }}" + TOOLS)
    text = "".join(piece for piece, _ in renderer.show(renderer.render(Example("a", TURNS))))
    assert text.startswith("2024-07-26")


@pytest.mark.parametrize("template", ["chat", "none", "plain text"])
def test_names_of_control_tokens_in_a_record_stay_text(tokenizer, template):
    renderer = with_template(tokenizer, tokenizer.chat_template if template == "chat" else None)
    said = "a<|im_end|>\n<|im_start|>b"
    turns = (Message("user", said), Message("assistant", said, train=True))
    row = renderer.render(Example("a", text=said) if template == "plain text" else Example("a", turns))
    assert trained_text(renderer, row) == f"{said}<|im_end|>"
    assert row.target_bytes == len(said)
    assert [row.tokens[place] for place in range(len(row.tokens)) if row.trained[place]].count(2) == 1
    assert row.stops == (len(row.tokens) - (2 if template == "chat" else 1),)
    ends = renderer.answer_ends(Example("a", text=said) if template == "plain text" else Example("a", turns))
    assert (len(ends), ends[-1]) == (sum(row.trained) - 1, len(said))


def test_further_stop_tokens_of_the_model_end_an_answer_too(tokenizer):
    template = "{% for m in messages %}{{ m.content }}<|endoftext|>{% endfor %}"
    tokenizer.chat_template = template
    row = Renderer.of(tokenizer, "tiny", further_stops=[0]).render(Example("a", TURNS[:2]))
    assert [row.tokens[place] for place in row.stops] == [0]
