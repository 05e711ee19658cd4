"""What a person's form brings: an ordinary one, or one with a file; never more than is said."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qs

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from livhana_assets.web.bodies import given_on, read_body

Form = Mapping[str, str]
FORM_BYTES = 64 * 1024
FIELDS = 20


async def read_form(request: Request, limit: int = FORM_BYTES) -> Form | None:
    """The fields by their names, none where it cannot be read; None where the whole is longer than `limit` bytes.

    A file is its text; where it is no UTF-8 its other bytes are kept as surrogates, for the reader to refuse."""
    body = await read_body(request.receive, limit)
    if body is None:
        return None
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        return await _with_file(request, body, limit)
    given = parse_qs(body.decode("utf-8", "replace"), max_num_fields=FIELDS) if body.count(b"&") < FIELDS else {}
    return {name: _typed(values[0]) for name, values in given.items()}


async def _with_file(request: Request, body: bytes, limit: int) -> Form:
    again = Request(request.scope, given_on(body, request.receive))
    try:
        async with again.form(max_files=1, max_fields=FIELDS, max_part_size=limit) as given:
            return {name: await _text(value) for name, value in given.items()}
    except (MultiPartException, HTTPException):
        return {}


async def _text(value: UploadFile | str) -> str:
    return _typed(value) if isinstance(value, str) else (await value.read()).decode("utf-8", "surrogateescape")


def _typed(text: str) -> str:
    """Browsers send every line's end as two characters."""
    return text.replace("\r\n", "\n")
