"""Templates checked before they are used."""

from __future__ import annotations

from ...errors import RefusedTemplate, ServerFailure
from ...requests.objects import TemplateToValidate
from ...templates import InvalidTemplate, TemplateMeter, read_template
from .. import Context, Outcome


def validate_template(_: Context, body: TemplateToValidate) -> Outcome:
    """Check the syntax of a template, and how many loops it has.

    Raises RefusedTemplate; ServerFailure where Jinja fails, and TooLarge.
    """
    # Prefect: api/templates.py, validate_template.
    try:
        read_template(body.root, TemplateMeter())
    except InvalidTemplate as error:
        _check_encodable(body.root)
        raise RefusedTemplate(str(error), error.line, body.root) from None
    return Outcome(None)


def _check_encodable(text: str) -> None:
    """Raise ServerFailure for a lone surrogate, which no reply can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ServerFailure("a lone surrogate in a template", retryable=False) from None
