"""`model.toml`: what an operating model is called, who takes part, and how its cases are named."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Formatter
from typing import Any

from engine import feel
from engine.errors import Finding
from engine.models import LONGEST_ID

PATH = "model.toml"
_LONGEST_KEY = 100
_LAST_NUMBER = 10**12


@dataclass(frozen=True)
class MessageType:
    """A message that a person may send to a running case: who may, and with which form."""

    name: str
    label: str
    form: str | None
    roles: tuple[str, ...]


@dataclass
class Manifest:
    """The settings of a model; where the file says nothing, what stands here.

    `entry` is how a person starts a case on a page: who may, and with which form. `given` are the
    variables that a case is started with, with their types in FEEL; None if the file lists none.
    """

    id: str = ""
    name: str = ""
    start: str = ""
    business_key: str = "{year}-{number:05}"
    timescales: str | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    trays: Mapping[str, str] = field(default_factory=dict)
    messages: Mapping[str, MessageType] = field(default_factory=dict)
    entry: MessageType | None = None
    given: Mapping[str, feel.TypeName] | None = None


def read_manifest(files: Mapping[str, bytes], findings: list[Finding]) -> Manifest:
    """Read `model.toml` from a model's files; what is wrong with it is added to `findings`."""
    if PATH not in files:
        findings.append(
            Finding(
                "error",
                "no-model",
                "The folder has no model.toml. Add one that gives id, name, start, roles and "
                "trays.",
                PATH,
            )
        )
        return Manifest()
    try:
        settings = tomllib.loads(files[PATH].decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        findings.append(
            Finding("error", "model-malformed", f"model.toml can't be read: {error}.", PATH)
        )
        return Manifest()
    return _Reader(findings).read(settings)


class _Reader:
    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings

    def read(self, settings: Mapping[str, Any]) -> Manifest:
        manifest = Manifest(
            **{key: self.required(settings, key) for key in ("id", "name", "start")},
            roles=self.labels(settings, "roles"),
            trays=self.labels(settings, "trays"),
            messages={
                name: message
                for name, entry in self.table(settings, "messages").items()
                if (message := self.message(name, entry, f"messages.{name}")) is not None
            },
            entry=self.message("entry", settings["entry"], "entry")
            if "entry" in settings
            else None,
            timescales=self.text(settings, "timescales", "timescales"),
            given=self.types(settings, "given") if "given" in settings else None,
        )
        pattern = self.text(settings, "business_key", "business_key")
        if pattern is not None:
            manifest.business_key = pattern
        self.check_key(manifest.business_key)
        if len(manifest.id) > _LONGEST_KEY:
            self.malformed(f"“id” is longer than {_LONGEST_KEY} characters. Shorten it.")
        return manifest

    def malformed(self, message: str) -> None:
        self.findings.append(Finding("error", "model-malformed", message, PATH))

    def required(self, settings: Mapping[str, Any], key: str) -> str:
        value = settings.get(key)
        if isinstance(value, str) and value:
            return value
        self.findings.append(
            Finding("error", "model-incomplete", f"model.toml does not say “{key}”.", PATH)
        )
        return ""

    def text(self, settings: Mapping[str, Any], key: str, where: str) -> str | None:
        value = settings.get(key)
        if value is None or isinstance(value, str):
            return value
        self.malformed(f"“{where}” has to be text in quotation marks.")
        return None

    def table(self, settings: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        value = settings.get(key, {})
        if isinstance(value, dict):
            return value
        self.malformed(f"“{key}” has to be a table: write [{key}] and its entries below.")
        return {}

    def labels(self, settings: Mapping[str, Any], key: str) -> dict[str, str]:
        """A table of ids with the label that people see."""
        found: dict[str, str] = {}
        for name in (entries := self.table(settings, key)):
            label = self.text(entries, name, f"{key}.{name}")
            if len(name) > _LONGEST_KEY:
                self.malformed(
                    f"“{key}.{name}” is longer than {_LONGEST_KEY} characters. Shorten it."
                )
            if label in found.values():
                self.malformed(f"Two of [{key}] are called “{label}”. Rename one.")
            if label is not None:
                found[name] = label
        return found

    def types(self, settings: Mapping[str, Any], key: str) -> dict[str, feel.TypeName]:
        """A table of variables with the type of each."""
        found = {}
        for name in (entries := self.table(settings, key)):
            written = self.text(entries, name, f"{key}.{name}")
            try:
                found[name] = feel.type_named(written or "Any")
            except feel.FeelError as error:
                self.malformed(f"“{key}.{name}”: {error.message}")
        return found

    def message(self, name: str, entry: Any, where: str) -> MessageType | None:
        if not isinstance(entry, dict):
            self.malformed(f"“{where}” has to be a table with label, form and roles.")
            return None
        roles = entry.get("roles", [])
        if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
            self.malformed(f"“{where}.roles” has to be a list of roles, such as [“manager”].")
            roles = []
        return MessageType(
            name,
            self.text(entry, "label", f"{where}.label") or name,
            self.text(entry, "form", f"{where}.form"),
            tuple(roles),
        )

    def check_key(self, pattern: str) -> None:
        """A business key is made before anything else of a case, so its pattern must never fail,
        and two cases must never share one."""
        try:
            named = {name for _, name, _, _ in Formatter().parse(pattern) if name is not None}
            keys = [
                pattern.format(year=2026, number=number) if named <= {"year", "number"} else ""
                for number in (1, 2, _LAST_NUMBER)
            ]
        except (ValueError, LookupError) as error:
            self.malformed(f"The pattern “{pattern}” of “business_key” can't be filled: {error}.")
            return
        if "number" not in named or not named <= {"year", "number"}:
            self.malformed(
                f"The pattern “{pattern}” of “business_key” has to hold {{number}} and may hold "
                "{year}, and nothing else in braces, for example CAF-{year}-{number:05}."
            )
        elif len(set(keys)) != len(keys) or max(map(len, keys)) > LONGEST_ID:
            self.malformed(
                f"The pattern “{pattern}” of “business_key” gives keys that are longer than "
                f"{LONGEST_ID} characters or not different. Write {{number:05}}."
            )
