"""What is asked of the database once for a page, however often its code asks (docs/decisions/080)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_answers: ContextVar[dict[Any, Any] | None] = ContextVar("_answers", default=None)


@contextmanager
def one_page() -> Iterator[None]:
    """Within it, functions marked by `once_a_page` answer the same question once."""
    token = _answers.set({})
    try:
        yield
    finally:
        _answers.reset(token)


def once_a_page(function: Callable[P, R]) -> Callable[P, R]:
    """Keeps the answers while a page is read; elsewhere (jobs, commands, requests that write) it asks each time.

    The arguments are hashable; nobody changes what comes back.
    """

    @wraps(function)
    def ask(*args: P.args, **kwargs: P.kwargs) -> R:
        answers = _answers.get()
        if answers is None:
            return function(*args, **kwargs)
        key = (function, args, tuple(kwargs.items()))
        if key not in answers:
            answers[key] = function(*args, **kwargs)
        found: R = answers[key]
        return found

    return ask
