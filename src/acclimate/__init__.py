"""Adapt a language model to your domain, keep what it already knew, and prove both."""

__version__ = "0.1.0"
