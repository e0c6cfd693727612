"""Words that many organisations have in their names, so that they tell nothing of one."""

from __future__ import annotations

_WORDS = (
    "of the and for in at de la inc incorporated corp corporation co company ltd limited llc llp lp plc gmbh ag kg sa sarl"
    " spa srl bv nv ab as oy group holdings partners associates sons brothers hospital clinic medical center centre health"
    " healthcare pharmacy university college school institute academy bank trust fund insurance society association"
    " federation union council department ministry office agency services systems technologies software foundation church"
    " museum library hotel restaurant club police city county state national international general memorial"
)
ORGANISATION_WORDS = frozenset(_WORDS.split())
