"""What a fortnight came to."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from sesguard.metrics import SendDataPoint

__all__ = ["Figures", "Played"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """
    What a fortnight came to.

    Attributes:
        sent: Mails that SES took, those that it took twice counted twice.

        sent_twice: Mails that SES took more than once.

        not_mailed: Mails that the guard kept back, since the address was on the list.

        lost: Mails that were given up, and that nobody got.

        throttles: Answers that said: too fast, or too much for a day.

        bounces, complaints: As GetSendStatistics counts them.

        peak_bounce_rate, peak_complaint_rate: The highest that the fortnight so far had at the
            end of a day, as a fraction.

        duplicates_ignored: Events that came again and had no second effect.

        points: GetSendStatistics at the end, sorted.
    """

    sent: int
    sent_twice: int
    not_mailed: int
    lost: int
    throttles: int
    bounces: int
    complaints: int
    peak_bounce_rate: float
    peak_complaint_rate: float
    duplicates_ignored: int
    points: tuple[SendDataPoint, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """
    One scenario, twice. As text it is a table of two columns.

    Attributes:
        name: Of the function that played it.

        about: What goes wrong.

        off: With a plain loop over boto3.

        on: With the guard.
    """

    name: str
    about: str
    off: Figures
    on: Figures

    def __str__(self) -> str:
        rows = [f"{self.name}: {self.about}", f"{'':<22}{'guard off':>12}{'guard on':>12}"]
        for name in (one.name for one in fields(Figures) if one.name != "points"):
            off, on = (_shown(getattr(figures, name)) for figures in (self.off, self.on))
            rows.append(f"{name.replace('_', ' '):<22}{off:>12}{on:>12}")
        return "\n".join(rows)


def _shown(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:.2%}"
