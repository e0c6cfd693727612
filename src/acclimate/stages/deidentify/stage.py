"""The stage: reads restricted records, writes open ones, and refuses to end while an identifier is left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from acclimate.core.artifacts import Output
from acclimate.core.errors import ContractError, DataError, WorkspaceError
from acclimate.core.ports import Context, Recognisers
from acclimate.core.report import Counts, Report
from acclimate.core.stage import Equality, ExpectedCost, Inputs, InputSizes, Stage, StageConfig, Zone
from acclimate.core.surrogates import MINIMUM_KEY_BYTES
from acclimate.stages.deidentify.gather import Gathered, gather
from acclimate.stages.deidentify.hits import KINDS
from acclimate.stages.deidentify.known_values import is_looked_for, know
from acclimate.stages.deidentify.own_classes import OwnClasses, check_lists, check_patterns
from acclimate.stages.deidentify.own_files import names_of, own_tagger
from acclimate.stages.deidentify.places import SPARSE_ZIPS
from acclimate.stages.deidentify.rare import Rare
from acclimate.stages.deidentify.recognised import RecogniserHits, Together
from acclimate.stages.deidentify.records import OpenRecords, Tally
from acclimate.stages.deidentify.rewrite import Finder, nothing
from acclimate.stages.deidentify.tagger import name_hits, people_and_places

_FINDERS: Mapping[str, Finder] = {"off": nothing, "names": people_and_places, "organisations": name_hits}
_RECORDS_PER_SECOND = 700.0
_TAGGED_RECORDS_PER_SECOND = 80.0
"""Of records of ten sentences; the tagger reads 900 sentences a second on a busy core."""
_RECOGNISED_RECORDS_PER_SECOND = 15.0
"""Presidio reads 170 sentences a second on a free core."""
_NAMED_IDS = 5


class DeidentifyConfig(StageConfig):
    """How identifiers are replaced."""

    key: str = "surrogates"
    """Name of the secret key from which surrogates, hashed ids and date shifts are drawn; `acclimate key new` makes it."""
    tagger: Literal["off", "names", "organisations"] = "off"
    """`names`: a small trained model also looks for people, street addresses and places that no field or pattern gives
    away, and now and then takes another word for one; `organisations`: for these and organisations."""
    tagger_model: str = ""
    """A tagger of your own in place of the packaged one: a file that `acclimate tagger retrain` wrote from spans annotated
    in your records. It stays in the restricted zone."""
    recognisers: Mapping[Literal["spacy", "presidio"], str] = Field(default_factory=dict)
    """Further libraries that look for names, each with the folder or installed package of its spaCy model, as in
    {presidio: en_core_web_sm}. Organisations are taken from them with `tagger: organisations` alone."""
    rare: Literal["off", "reported", "replaced"] = "reported"
    """Words with a capital and codes that stand in one person's records alone, and that nothing else finds: `reported`
    counts them and names the records, `replaced` replaces them too, and with them drugs and eponyms that occur once."""
    day_first: bool = False
    """Read 3/4/2021 as the third of April instead of March 4. A day above 12 decides for itself."""
    max_shift_days: int = Field(default=364, ge=30, le=364)
    """Dates of one subject move together by 1 to this many days, back or forth. 364: after 365, a date without a year
    would read the same."""
    zip_codes: Literal["replaced", "first_three"] = "replaced"
    """`first_three` keeps the first three digits of a ZIP code that stands by itself, or writes 000 for those of
    `sparse_zips`, as Safe Harbor allows; the others are drawn."""
    sparse_zips: tuple[str, ...] = SPARSE_ZIPS
    """First three digits of ZIP codes where at most 20,000 people live. These 17 are those of the 2000 census that the
    HHS guidance of 2012 lists; newer censuses go before it."""
    also: tuple[Literal["tax", "company"], ...] = ()
    """Further classes: `tax` (EIN, UTR, VAT) and `company` (registration numbers, LEI)."""
    patterns: Annotated[Mapping[str, str], AfterValidator(check_patterns)] = Field(default_factory=dict)
    """Classes of your own by expression, as {deal: 'Project [A-Z][a-z]+'}, in RE2's syntax, which no text makes slow. Of an
    expression with a group, the first group is replaced. The same value has the same surrogate in all records."""
    lists: Annotated[Mapping[str, str], AfterValidator(check_lists)] = Field(default_factory=dict)
    """Classes of your own by file, as {counterparty: counterparties.txt}, one name a line; the file stays in the restricted
    zone. A single word is found only with its capital."""

    @field_validator("recognisers", mode="before")
    @classmethod
    def _no_gliner(cls, given: object) -> object:
        if isinstance(given, Mapping) and "gliner" in given:
            raise ValueError(
                "GLiNER cannot be used here: it lets a model's folder name code to be run, and asks the hub for what the folder"
                " lacks; take spacy or presidio, or train a tagger of your own with acclimate tagger retrain"
            )
        return given

    @model_validator(mode="after")
    def _tagger_is_on(self) -> Self:
        if self.tagger_model and self.tagger == "off":
            raise ValueError("tagger_model is given and tagger is off: set tagger to names or organisations")
        return self


def run(config: DeidentifyConfig, inputs: Inputs, output: Output, context: Context) -> Report:
    """Replaces identifiers in every text by surrogates and every id by its keyed hash; drops nothing."""
    key = _key(config.key, context.secrets)
    records = inputs["records"]
    gathered = gather(records, batch_rows=context.batch_rows, rare=config.rare != "off")
    open_records = opener(config, gathered, key=key, inputs=inputs, recognisers=context.recognisers)
    total = Tally()
    with context.progress("deidentify", gathered.records) as progress:
        for batch in context.engine.map_batches(open_records, records.batches(batch_rows=context.batch_rows)):
            output.keep(batch.records)
            total.add(batch.tally)
            progress.advance(batch.records.num_rows)
    refuse_leftovers(total.left)
    metrics = _metrics(gathered, total)
    return Report(
        "deidentify", Counts(gathered.records, gathered.records), metrics, tuple(_warnings(config, metrics, total))
    )


def opener(
    config: DeidentifyConfig, gathered: Gathered, *, key: bytes, inputs: Inputs, recognisers: Recognisers | None
) -> OpenRecords:
    """What turns batches of restricted records into open ones, as `config` says; `inputs` are those of the stage."""
    lists = inputs.get("lists")
    return OpenRecords(
        key,
        gathered.values,
        config.max_shift_days,
        config.day_first,
        _finder(config, inputs, recognisers),
        OwnClasses(tuple(config.also), tuple(sorted(config.patterns.items())), names_of(lists) if lists else ()),
        frozenset(config.sparse_zips) if config.zip_codes == "first_three" else None,
        Rare(gathered.rare, config.rare == "replaced"),
    )


def _finder(config: DeidentifyConfig, inputs: Inputs, recognisers: Recognisers | None) -> Finder:
    """The tagger and what else is to look for names."""
    tagger = _FINDERS[config.tagger]
    if config.tagger_model:
        tagger = own_tagger(inputs["tagger"], organisations=config.tagger == "organisations")
    if not config.recognisers:
        return tagger
    if recognisers is None:
        raise ContractError("deidentify.recognisers needs a context with recognisers")
    wanted = [(library, inputs[f"recogniser.{library}"]) for library in sorted(config.recognisers)]
    loaded = [recognisers.load(library, model.path, model.identity) for library, model in wanted]
    return Together((tagger, *(RecogniserHits(one, config.tagger == "organisations") for one in loaded)))


def own_kinds(config: DeidentifyConfig) -> tuple[str, ...]:
    """The classes beyond those that are always looked for."""
    return tuple(dict.fromkeys((*config.also, *sorted(config.patterns), *sorted(config.lists))))


def _metrics(gathered: Gathered, total: Tally) -> dict[str, Any]:
    return {
        "replaced": {kind: total.by_class[kind] for kind in [*KINDS, *_further(total)] if total.by_class[kind]},
        "records_touched": total.touched,
        "subjects": gathered.subjects,
        "records_without_subject": gathered.records_without_subject,
        "known_values": sum(map(is_looked_for, chain.from_iterable(gathered.values.values()))),
        "known_values_too_short": sum(know(values).unsearched for values in gathered.values.values()),
        "rare": {kind: total.rare[kind] for kind in sorted(total.rare)},
        "records_with_rare": len(total.with_rare),
        "residual": len(total.left),
    }


def _further(total: Tally) -> list[str]:
    return sorted(set(total.by_class) - set(KINDS))


def _warnings(config: DeidentifyConfig, metrics: Mapping[str, Any], total: Tally) -> Iterator[str]:
    if total.with_rare and config.rare == "reported":
        yield (
            f"{sum(total.rare.values())} words or codes in {len(total.with_rare)} records stand in one person's records "
            f"alone and may be identifiers (as in {', '.join(sorted(total.with_rare)[:_NAMED_IDS])}); "
            "deidentify.rare: replaced replaces them"
        )
    if metrics["records_without_subject"]:
        yield (
            f"{metrics['records_without_subject']} records name no subject: each counts as a person of its own, so names "
            "and dates do not agree between them"
        )
    if metrics["known_values_too_short"]:
        yield (
            f"{metrics['known_values_too_short']} values of the source's identifiers are too short to be told from other "
            "words and numbers; they are not looked for by themselves"
        )


def refuse_leftovers(record_ids: Sequence[str]) -> None:
    """Stops the stage, naming the first few records, when an identifier was left in any."""
    if record_ids:
        named = ", ".join(sorted(record_ids)[:_NAMED_IDS])
        raise DataError(
            f"{len(record_ids)} records still hold an identifier after replacement ({named}), so nothing may pass into "
            "the open zone.",
            hint="leave these records out of the source, and report the form of the identifier as a defect",
        )


def _key(name: str, secrets: Mapping[str, bytes]) -> bytes:
    key = secrets.get(name)
    if key is None:
        raise WorkspaceError(
            f"The key {name!r} is missing; without it ids and surrogates cannot be made.",
            hint="acclimate key new",
        )
    if len(key) < MINIMUM_KEY_BYTES:
        raise WorkspaceError(
            f"The key {name!r} has {len(key)} bytes; fewer than {MINIMUM_KEY_BYTES} can be guessed, and with it every id.",
            hint="acclimate key new",
        )
    return key


def _estimate(config: DeidentifyConfig, known: InputSizes) -> ExpectedCost | None:
    if "records" not in known.rows:
        return None
    per_second = _RECORDS_PER_SECOND if config.tagger == "off" else _TAGGED_RECORDS_PER_SECOND
    per_second = _RECOGNISED_RECORDS_PER_SECOND if config.recognisers else per_second
    return ExpectedCost(known.rows["records"] / per_second, because=f"{per_second:.0f} records a second")


STAGE = Stage(
    name="deidentify",
    config=DeidentifyConfig,
    run=run,
    zone=Zone.OPEN,
    equality=Equality.BYTES,
    order_matters=False,
    secrets=("key",),
    estimate=_estimate,
)
