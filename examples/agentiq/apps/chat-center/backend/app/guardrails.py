"""The rules of GUARDRAILS.md, and what of a text breaks them. No rule is written down here."""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from app.settings import settings


class GuardrailsError(ValueError):
    """GUARDRAILS.md is not as this module reads it."""


@dataclass(frozen=True)
class Violation:
    """One rule that a text breaks, and what of the text does."""

    rule: str
    found: str


@dataclass(frozen=True)
class Guardrails:
    """The rules of one GUARDRAILS.md."""

    banned: tuple[str, ...]
    personal_data: tuple[tuple[str, re.Pattern[str]], ...]
    min_length: int
    max_length: int

    def violations(self, text: str) -> list[Violation]:
        """All that is wrong with an answer, in the order of the rules."""
        flat = _flat(text)
        found = [Violation("banned phrase", phrase) for phrase in self.banned if phrase in flat]
        found += [
            Violation(f"personal data: {kind}", match.group())
            for kind, pattern in self.personal_data
            for match in pattern.finditer(text)
        ]
        if not self.min_length <= len(text.strip()) <= self.max_length:
            found.append(Violation("length", str(len(text.strip()))))
        return found

    def without_personal_data(self, text: str) -> str:
        """The text as it may be shown and kept: what a customer tells about themselves is struck out."""
        for kind, pattern in self.personal_data:
            text = pattern.sub(f"[{kind}]", text)
        return text


def parse(markdown: str) -> Guardrails:
    """Reads the lists below the headings `Banned phrases`, `Personal data` and `Limits`."""
    sections = _lists(markdown)
    limits = dict(_pair(item) for item in sections.get("Limits", []))
    try:
        rules = Guardrails(
            banned=tuple(_flat(phrase) for phrase in sections.get("Banned phrases", [])),
            personal_data=tuple(
                (kind, re.compile(pattern.strip("`")))
                for kind, pattern in map(_pair, sections.get("Personal data", []))
            ),
            min_length=int(limits["min-length"]),
            max_length=int(limits["max-length"]),
        )
    except KeyError as error:
        raise GuardrailsError(f"`Limits` has no {error}") from error
    except (re.error, ValueError) as error:
        raise GuardrailsError(str(error)) from error
    if not rules.banned or not rules.personal_data:
        raise GuardrailsError("`Banned phrases` and `Personal data` must each have a list")
    return rules


@lru_cache
def load(path: Path) -> Guardrails:
    """The rules of a file, read once."""
    return parse(path.read_text(encoding="utf-8"))


def current() -> Guardrails:
    """The rules of this service."""
    return load(settings().guardrails)


def _flat(text: str) -> str:
    return " ".join(text.lower().split())


def _lists(markdown: str) -> dict[str, list[str]]:
    sections: dict[str, list[str]] = {}
    heading = ""
    for line in markdown.splitlines():
        if line.startswith("## "):
            heading = line[3:].strip()
        elif line.startswith("- "):
            sections.setdefault(heading, []).append(line[2:].strip())
    return sections


def _pair(item: str) -> tuple[str, str]:
    key, colon, value = item.partition(":")
    if not colon:
        raise GuardrailsError(f"`{item}` is not `name: value`")
    return key.strip(), value.strip()
