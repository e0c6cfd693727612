"""Answers do not depend on what is answered beside them, and end where they should."""

from __future__ import annotations

import pytest

from acclimate.backends.models import LocalModels
from acclimate.backends.tiny import write_tiny_model
from acclimate.core.errors import ContractError, DataError
from acclimate.core.ports import Example, Message, Sampling
from acclimate.core.progress import no_progress


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_tiny_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def model(folder):
    return LocalModels().load(folder, precision="fp32")


@pytest.fixture(scope="module")
def prompts(model):
    examples = [Example(f"p{count}", (Message("user", "pain and fever " * count),)) for count in (5, 0, 3, 1, 8)]
    return [model.render_prompt(example) for example in examples]


def generate(model, prompts, **sampling):
    return model.generate(prompts, Sampling(**{"max_new_tokens": 10, **sampling}), progress=no_progress("", 1))


class Counted:
    def __init__(self):
        self.done = 0

    def advance(self, amount=1):
        self.done += amount


@pytest.mark.parametrize("sampling", [{}, {"temperature": 1.0, "seed": 3}, {"temperature": 0.3}])
def test_an_answer_does_not_depend_on_its_batch_or_the_order(model, prompts, sampling):
    together = generate(model, prompts, batch_size=5, **sampling)
    alone = [generate(model, [prompt], **sampling)[0] for prompt in prompts]
    in_twos = generate(model, prompts[::-1], batch_size=2, **sampling)[::-1]
    assert together == alone == in_twos
    assert [answer.id for answer in together] == [prompt.id for prompt in prompts]


def test_greedy_takes_the_token_that_the_model_scores_highest(model, prompts):
    import torch

    tokens = list(prompts[0].tokens)
    with torch.inference_mode():
        for _ in range(10):
            tokens.append(int(model.decoder.model(torch.tensor([tokens])).logits[0, -1].argmax()))
    written = tokens[len(prompts[0].tokens) :]
    assert generate(model, prompts[:1])[0].text == model.decoder.tokenizer.decode(written, skip_special_tokens=True)


def test_two_seeds_and_two_ids_draw_two_answers(model, prompts):
    one, other = (generate(model, prompts[:1], temperature=1.0, seed=seed)[0].text for seed in (1, 2))
    assert one != other


def test_draws_follow_the_models_probabilities(model, prompts):
    from dataclasses import replace

    import torch

    many = [replace(prompts[1], id=str(number)) for number in range(800)]
    drawn = [answer.text for answer in generate(model, many, max_new_tokens=1, temperature=0.5, batch_size=400)]
    with torch.inference_mode():
        logits = model.decoder.model(torch.tensor([prompts[1].tokens])).logits[0, -1]
    chance, token = torch.softmax(logits / 0.5, -1).max(-1)
    share = drawn.count(model.decoder.tokenizer.decode([int(token)])) / len(drawn)
    assert abs(share - float(chance)) < 4 * (float(chance) * (1 - float(chance)) / 800) ** 0.5


def test_an_answer_ends_at_a_stop_token_which_is_not_part_of_it(model, prompts):
    from acclimate.backends.generation import generate as with_stops

    free = generate(model, prompts)
    first = model.decoder.tokenizer.encode(free[2].text)[3]
    cut = with_stops(model.decoder, prompts, Sampling(10), stop_ids=[first], progress=no_progress("", 1))
    assert cut[2].stopped
    assert cut[2].tokens < free[2].tokens == 10
    assert free[2].text.startswith(cut[2].text)
    assert not free[2].stopped


def test_progress_counts_every_prompt_once(model, prompts):
    counted = Counted()
    model.generate(prompts, Sampling(3, batch_size=2), progress=counted)
    assert counted.done == len(prompts)


def test_a_prompt_without_room_for_an_answer_is_named(model, prompts):
    with pytest.raises(DataError, match="p5"):
        generate(model, prompts, max_new_tokens=500)


def test_a_tokenizer_alone_renders_and_refuses_to_generate(folder, prompts):
    alone = LocalModels().tokenizer_only(folder)
    assert alone.render_prompt(Example("p0", (Message("user", ""),))).tokens == prompts[1].tokens
    with pytest.raises(ContractError, match="tokenizer only"):
        generate(alone, prompts)


@pytest.mark.parametrize("claimed", [40, 1000])
def test_what_all_prompts_begin_with_is_read_once_and_changes_no_answer(model, claimed):
    shots = "a long example of a dialogue and its note, " * 12
    prompts = [
        model.render_prompt(Example(f"p{count}", (Message("user", shots + "pain and fever " * count),)))
        for count in (5, 0, 3)
    ]
    drawn = Sampling(10, temperature=1.0, seed=1)
    expected = model.generate(prompts, drawn, progress=no_progress("", 1))
    found = model.generate(prompts, drawn, shared_prefix=claimed, progress=no_progress("", 1))
    assert found == expected
    assert len({answer.text for answer in found}) > 1
