"""SES's bounce as pydantic models, under SES's own names."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

__all__ = ["Bounced", "Envelope"]


class Envelope(BaseModel):
    Type: str
    MessageId: str
    TopicArn: str
    Message: str
    Timestamp: datetime


class Header(BaseModel):
    name: str
    value: str


class CommonHeaders(BaseModel):
    senders: list[str] = Field(alias="from")
    replyTo: list[str]
    to: list[str]
    subject: str


class Mail(BaseModel):
    timestamp: datetime
    source: str
    sourceArn: str
    sendingAccountId: str
    messageId: str
    destination: list[str]
    headersTruncated: bool
    headers: list[Header]
    commonHeaders: CommonHeaders
    tags: dict[str, list[str]]


class BouncedRecipient(BaseModel):
    emailAddress: str
    action: str | None
    status: str | None
    diagnosticCode: str | None


class Bounce(BaseModel):
    feedbackId: str
    bounceType: str
    bounceSubType: str
    bouncedRecipients: list[BouncedRecipient]
    timestamp: datetime
    reportingMTA: str | None


class Bounced(BaseModel):
    eventType: str
    bounce: Bounce
    mail: Mail
