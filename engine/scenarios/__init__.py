"""Ways through a model's diagrams, found and played by the service itself.

`try_model` looks for cases that take every flow of every diagram, and every two branches that can
follow each other, on the real engine with the real handlers and forms; it then plays the chosen
ones from their start and reports what they show and whether they pass.
"""

from engine.scenarios.bench import BEGINNING, Site
from engine.scenarios.report import Coverage, Found, Played, Report, find, play, try_model

__all__ = [
    "BEGINNING",
    "Coverage",
    "Found",
    "Played",
    "Report",
    "Site",
    "find",
    "play",
    "try_model",
]
