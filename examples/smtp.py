"""
The two 454s of SES over SMTP, told apart: one passes in a second, the other in hours.

Runs without AWS, over TLS, against a server on this machine. For the real thing:
``SMTPTransport.from_iam_secret("AKIA...", "the secret", "eu-west-1")``, on port 465 or 587.
"""

from __future__ import annotations

from loopback_smtp import QUOTA, RATE, serving

from sesguard import Client, Email, RetryPolicy, errors, limiters


def main() -> None:
    email = Email(
        sender="orders@example.com", to="ann@example.org", subject="Your order", text="Thank you."
    )
    with serving() as (ses, transport):
        client = Client(
            suppression=None,
            transport=transport,
            limiter=limiters.MemoryLimiter(14),
            retry=RetryPolicy.none(),
        )
        print("sent as", client.send(email).message_id)
        for refusal in (RATE, QUOTA):
            ses.refusals.append(refusal)
            try:
                client.send(email)
            except errors.ThrottlingError as error:
                print(f"{error.code}: {type(error).__name__}, again in {error.retry_after:.0f} s")
        print("taken by the server:", ses.taken)


if __name__ == "__main__":
    main()
