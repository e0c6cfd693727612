"""Example projects that ship with the package; `acclimate init DIR --example NAME` writes one."""
