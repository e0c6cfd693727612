"""How far several annotators agree, with intervals: on labels and on spans."""

from acclimate.annotation.agreement.coefficients import (
    cohen_kappa,
    fleiss_kappa,
    gwet_ac1,
    krippendorff_alpha,
    percent_agreement,
)
from acclimate.annotation.agreement.figure import Agreement, Bootstrap, TooFewReadingsError
from acclimate.annotation.agreement.groups import by_label, by_pair, by_slice
from acclimate.annotation.agreement.spans import span_alpha, span_f1

__all__ = [
    "Agreement",
    "Bootstrap",
    "TooFewReadingsError",
    "by_label",
    "by_pair",
    "by_slice",
    "cohen_kappa",
    "fleiss_kappa",
    "gwet_ac1",
    "krippendorff_alpha",
    "percent_agreement",
    "span_alpha",
    "span_f1",
]
