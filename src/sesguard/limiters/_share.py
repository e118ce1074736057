"""A share of a limiter, for bulk mail."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sesguard.errors import ConfigurationError

__all__ = ["AsyncShare", "Share"]


class Share:
    """
    A limiter for bulk mail, out of another one: what ``limiter.share(0.8)`` answers.

    Its mail counts in the whole limiter, and has that part of the rate and no more. So what is
    sent by the whole limiter finds the rest free, however much bulk mail waits.

    Raises:
        ConfigurationError: A part that leaves nothing for one of the two.
    """

    def __init__(
        self,
        part: float,
        *,
        take: Callable[[int, float], float],
        put_back: Callable[[int, float], None],
        slow_down: Callable[[float | None], None],
        away: Callable[[], bool],
    ) -> None:
        self._part = _checked(part)
        self._take = take
        self._put_back = put_back
        self._slow_down = slow_down
        self._away = away

    @property
    def away(self) -> bool:
        """Whether the whole limiter's last reserve was made without its backend."""
        return self._away()

    def reserve(self, units: int, /) -> float:
        """Take tokens for *units* recipients now; answers the seconds to wait before sending."""
        return self._take(units, self._part)

    def give_back(self, units: int, /) -> None:
        """Return the tokens of a mail that was not tried."""
        self._put_back(units, self._part)

    def slow_down(self, retry_after: float | None = None, /) -> None:
        """SES throttled: the whole limiter goes more slowly for a while."""
        self._slow_down(retry_after)


class AsyncShare:
    """`Share`, awaited."""

    def __init__(
        self,
        part: float,
        *,
        take: Callable[[int, float], Awaitable[float]],
        put_back: Callable[[int, float], Awaitable[None]],
        slow_down: Callable[[float | None], Awaitable[None]],
        away: Callable[[], bool],
    ) -> None:
        self._part = _checked(part)
        self._take = take
        self._put_back = put_back
        self._slow_down = slow_down
        self._away = away

    @property
    def away(self) -> bool:
        """Whether the whole limiter's last reserve was made without its backend."""
        return self._away()

    async def reserve(self, units: int, /) -> float:
        """Take tokens for *units* recipients now; answers the seconds to wait before sending."""
        return await self._take(units, self._part)

    async def give_back(self, units: int, /) -> None:
        """Return the tokens of a mail that was not tried."""
        await self._put_back(units, self._part)

    async def slow_down(self, retry_after: float | None = None, /) -> None:
        """SES throttled: the whole limiter goes more slowly for a while."""
        await self._slow_down(retry_after)


def _checked(part: object) -> float:
    """
    What ``share`` was given.

    Raises:
        ConfigurationError: It leaves nothing for one of the two.
    """
    if isinstance(part, int | float) and not isinstance(part, bool) and 0 < part < 1:
        return float(part)
    shown = part if isinstance(part, int | float) else type(part).__name__
    raise ConfigurationError(
        f"A share is a number above 0 and below 1, such as 0.8, not {shown}: the rest is left "
        "to mail that is sent by the whole limiter."
    )
