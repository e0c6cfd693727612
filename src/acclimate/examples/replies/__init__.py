"""Messages to three made-up shops with two replies each, one of which reviewers preferred; all synthetic."""

from acclimate.examples.replies.write import write_project

__all__ = ["write_project"]
