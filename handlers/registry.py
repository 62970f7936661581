"""The registry on which every service task and choice list of the council is entered."""

from __future__ import annotations

from engine.services import ServiceRegistry

services = ServiceRegistry()
