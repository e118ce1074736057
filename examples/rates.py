"""
The account's state and its rates, held against the lines at which AWS acts.

Runs without AWS. For the real thing, ``account.check()`` and ``metrics.fetch()`` need no arguments.
"""

from __future__ import annotations

from datetime import timedelta

from sesguard import Email, account, metrics
from sesguard.simulator import Simulator


def main() -> None:
    ses = Simulator()
    client = ses.client()
    for hour in range(24):
        for number in range(60):
            address = f"reader{hour}.{number}@example.org"
            if number < hour // 4:  # the list gets worse by the hour
                ses.bounces(address)
            client.send(
                Email(sender="news@example.com", to=address, subject="News", text="All is well.")
            )
        ses.clock.advance(timedelta(hours=1))

    print(account.check(boto3_client=ses.boto3_client("sesv2")))
    points = metrics.fetch(boto3_client=ses.boto3_client("ses"))
    rates = metrics.rates(points, window=timedelta(days=1))
    print()
    print(metrics.table(rates))
    print()
    print(metrics.chart(points))


if __name__ == "__main__":
    main()
