"""The web application: pages on which people annotate, decide and manage, over `acclimate.annotation`."""
