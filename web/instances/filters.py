"""What the address of a manager's page asks to see, so that it can be sent to a colleague."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask import url_for

from engine import queries
from handlers import access, practices, vocabulary
from handlers.directory import User
from web.people import now, runtime

LONGEST_WORDS = 100
AGES = {
    "7": "1 week",
    "28": "4 weeks",
    "91": "3 months",
    "182": "6 months",
    "365": "12 months",
}
"""Days for which an instance has been running at least, with their words."""
STATUSES = {"running": "Running", "ended": "Ended"}
SORTS = {"due": "Most urgent first", "oldest": "Oldest first", "newest": "Newest first"}


@dataclass(frozen=True)
class Choices:
    """What a manager may choose among, each by the value in the address: of the maps, versions and
    roles only those of their own council's models."""

    models: Mapping[str, str]
    maps: Mapping[str, str]
    versions: Mapping[str, str]
    roles: Mapping[str, str]
    clusters: Mapping[str, str]


@dataclass(frozen=True)
class Filters:
    """What a list is narrowed down to, as it stands in the address; "" does not narrow it down.

    `map` is a model and a process with a slash between, `version` the number of a deployment, `at`
    a clause or words of a step's name, `age` days.
    """

    map: str = ""
    at: str = ""
    role: str = ""
    cluster: str = ""
    age: str = ""
    version: str = ""
    status: str = "running"
    sort: str = "due"
    overdue: bool = False
    incident: bool = False

    @property
    def narrowed(self) -> bool:
        """Whether the list is narrowed down at all."""
        return replace(self, sort="due") != Filters()

    def query(self, **changes: Any) -> dict[str, str]:
        """The parameters of an address with these filters, some of them changed."""
        filters = replace(self, **changes)
        pairs = ((each.name, getattr(filters, each.name)) for each in fields(Filters))
        plain = Filters()
        return {
            name: "yes" if value is True else value
            for name, value in pairs
            if value and value != getattr(plain, name)
        }

    def link(self, page: int = 1, **changes: Any) -> str:
        """The address of a page of the list."""
        query: dict[str, Any] = self.query(**changes)
        return url_for("instances.index", page=page if page > 1 else None, **query)


def choices(user: User) -> Choices:
    """What this manager may choose among."""
    models = {
        name: queries.model_of(runtime(), name)
        for name in sorted(practices.managed_by(user.roles))
        if queries.deployments(runtime(), [name])
    }
    several = len(models) > 1
    versions = queries.deployments(runtime(), list(models))
    lanes = {
        (element.lane, model.id)
        for model in models.values()
        for process in model.processes.values()
        for element in process.elements.values()
        if element.kind == "userTask"
    }
    return Choices(
        {model.id: model.name for model in models.values()},
        {
            f"{model.id}/{process.id}": f"{process.name} ({model.name})"
            if several
            else process.name
            for model in models.values()
            for process in model.processes.values()
        },
        {str(each.id): f"{models[each.model].name}, version {each.version}" for each in versions},
        {
            role: name
            for model in models.values()
            for role, name in model.roles.items()
            if (name, model.id) in lanes
        },
        {
            cluster: vocabulary.label("cluster", cluster)
            for model in models
            for cluster in practices.by_model(model).clusters
        },
    )


def filters_from(given: Mapping[str, str], known: Choices) -> Filters:
    """The filters that an address names; what it names wrongly does not narrow anything down."""

    def chosen(name: str, among: Mapping[str, str], otherwise: str = "") -> str:
        value = given.get(name, "")
        return value if value in among else otherwise

    status = chosen("status", STATUSES, "running")
    running = status == "running"
    return Filters(
        map=chosen("map", known.maps),
        at=" ".join(given.get("at", "").replace("\0", "").split())[:LONGEST_WORDS],
        role=chosen("role", known.roles),
        cluster=chosen("cluster", known.clusters),
        age=chosen("age", AGES),
        version=chosen("version", known.versions),
        status=status,
        sort=chosen("sort", SORTS, "due"),
        overdue=running and given.get("overdue") == "yes",
        incident=running and given.get("incident") == "yes",
    )


def steps_meant(filters: Filters, known: Choices) -> list[queries.Step] | None:
    """The steps that the words in `at` mean, None where there are no words."""
    if not filters.at:
        return None
    version = int(filters.version) if filters.version else None
    return queries.steps_named(runtime(), list(known.models), filters.at, version)


def narrowing(user: User, filters: Filters, steps: list[queries.Step] | None) -> queries.Narrowing:
    """The filters as the engine takes them, over the cases that the user may see."""
    model, _, process = filters.map.partition("/")
    days = int(filters.age or 0)
    return queries.Narrowing(
        among(user, filters.cluster),
        ended=filters.status == "ended",
        model=model or None,
        process=process or None,
        deployment_id=int(filters.version) if filters.version else None,
        steps=steps,
        role=filters.role or None,
        before=now() - timedelta(days=days) if days else None,
        overdue=filters.overdue,
        incident=filters.incident,
    )


def among(user: User, cluster: str) -> sa.ColumnElement[bool]:
    """Whose instances the user may see, of one cluster area or of all ("")."""
    return access.visible_instances(user, cluster=cluster or None)


def in_words(filters: Filters, known: Choices) -> list[tuple[str, str]]:
    """Each filter in use in words, with the address of the list without it."""
    said = {
        "map": ("Map", known.maps.get(filters.map, "")),
        "at": ("Clause or step", filters.at),
        "role": ("Waits for", known.roles.get(filters.role, "")),
        "cluster": ("Cluster", known.clusters.get(filters.cluster, "")),
        "age": ("Running for at least", AGES.get(filters.age, "")),
        "version": ("Version", known.versions.get(filters.version, "")),
        "status": ("Status", STATUSES[filters.status] if filters.status == "ended" else ""),
    }
    bare = Filters()
    return [
        (f"{name}: {value}", filters.link(**{key: getattr(bare, key)}))
        for key, (name, value) in said.items()
        if value
    ]
