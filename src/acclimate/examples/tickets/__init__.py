"""Messages of customers to three made-up shops, each with a label; all synthetic."""

from acclimate.examples.tickets.write import write_project

__all__ = ["write_project"]
