"""Doctor–patient dialogues and note sections of two made-up hospitals, with faults planted in them; all synthetic."""

from acclimate.examples.clinical.write import Sizes, write_project

__all__ = ["Sizes", "write_project"]
