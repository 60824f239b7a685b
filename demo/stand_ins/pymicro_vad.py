"""Stands in for a voice package without wheels: assist_pipeline imports the name, nothing listens."""


class MicroVad:
    """The one name that is imported."""
