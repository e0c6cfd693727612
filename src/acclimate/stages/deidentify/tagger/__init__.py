"""Names of people, places and organisations that no pattern gives away, found by a small trained sequence model."""

from acclimate.stages.deidentify.tagger.tag import OwnTagger, name_hits, people_and_places, pieces_of_name, shipped

__all__ = ["OwnTagger", "name_hits", "people_and_places", "pieces_of_name", "shipped"]
