"""Which model file belongs to this code; written by make. A new model thus is new code, and reruns the stage."""

MODEL_SHA256 = "9fe183a2d8c2f0b8b725499e3973eb33736bba48fb2e63fa0b17c29b3c5e0654"
