"""Erasing a person: find what holds them, say what it means, delete it, and leave a receipt that can be checked."""

from acclimate.project.erasure.affected import SOURCE, Affected
from acclimate.project.erasure.annotations import Annotated, Annotations
from acclimate.project.erasure.carry_out import ERASED_EVENT
from acclimate.project.erasure.erase import Erased, Key, Request, erase, preview, resume
from acclimate.project.erasure.person import Place
from acclimate.project.erasure.receipts import Receipt, read_receipts, receipt_file, receipts_of_artifact
from acclimate.project.erasure.taggers import TAGGER_EVENT

__all__ = [
    "ERASED_EVENT",
    "SOURCE",
    "TAGGER_EVENT",
    "Affected",
    "Annotated",
    "Annotations",
    "Erased",
    "Key",
    "Place",
    "Receipt",
    "Request",
    "erase",
    "preview",
    "read_receipts",
    "receipt_file",
    "receipts_of_artifact",
    "resume",
]
