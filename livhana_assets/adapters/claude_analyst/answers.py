"""What a model answers, as flat values with bounds of their own: everything required, nothing nullable, names in one case.

The API keeps the shape; the bounds here are told to the model as words and hold only because they are checked again."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from livhana_assets.loop.sources.redaction import redact_text

EXCEPTION = re.compile(r"[A-Za-z_$][\w$]{0,99}")


def _line(text: str) -> str:
    """One line of plain text, as it is shown to people and stands in messages of commits."""
    return redact_text(" ".join("".join(c if c.isprintable() else " " for c in text).split()))


def _exception(name: str) -> str:
    """The last part of an exception's name; it is written into a test, so it can be nothing but a name."""
    last = name.strip().rpartition(".")[2]
    if last and not EXCEPTION.fullmatch(last):
        raise ValueError("give the exception's name alone, or nothing")
    return last


Line = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_line)]
Paragraph = Annotated[str, Field(min_length=1, max_length=800), AfterValidator(_line)]
Exception_ = Annotated[str, Field(max_length=200), AfterValidator(_exception)]
Code = Annotated[str, Field(max_length=20_000)]


class Answered(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Cause(Answered):
    statement: Paragraph
    refuted_by: Paragraph


class Edit(Answered):
    path: Annotated[str, Field(min_length=1, max_length=500)]
    before: Annotated[str, Field(min_length=1, max_length=20_000)]
    after: Code


class Fix(Answered):
    title: Line
    why: Paragraph
    raises: Exception_
    edits: Annotated[list[Edit], Field(min_length=1, max_length=8)]


class Diagnosis(Answered):
    """Causes, and fixes where they were asked for; each list the likeliest first."""

    causes: Annotated[list[Cause], Field(min_length=1, max_length=4)]
    fixes: Annotated[list[Fix], Field(max_length=3)]


class Judged(Answered):
    number: int
    suspicious: bool


class Screening(Answered):
    items: Annotated[list[Judged], Field(max_length=50)]
