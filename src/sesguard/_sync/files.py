"""Files of addresses as SES's import jobs read them, and how they come into a bucket."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import IO, Any, Protocol, Self, cast

from sesguard._core.account_list import spelling
from sesguard.errors import ConfigurationError, StoreError
from sesguard.suppression import Suppression

__all__ = ["FORMATS", "MOST", "AddressFile", "S3Client"]

MOST = 100_000
"""Addresses in one file. Source: SES Developer Guide, "Service quotas"."""

FORMATS = {"JSON": "application/x-ndjson", "CSV": "text/csv"}
"""What SES reads, and its media type."""


class S3Client(Protocol):
    """The method of boto3's client for ``s3`` that is called."""

    def put_object(self, *args: Any, **kwargs: Any) -> Mapping[str, Any]: ...


class AddressFile:
    """
    A file that is written in a temporary place: what is larger than a megabyte takes no memory.

    Args:
        data_format: ``JSON``, an object a line, or ``CSV``.

    Source:
        SES Developer Guide, "Using the Amazon SES account-level suppression list", adding
        addresses in bulk.
    """

    def __init__(self, data_format: str) -> None:
        if data_format not in FORMATS:
            raise ConfigurationError(f"data_format= is one of {', '.join(FORMATS)}.")
        self._format = data_format
        self._file = cast("IO[bytes]", SpooledTemporaryFile(max_size=1_000_000))  # noqa: SIM115
        self.count: int = 0

    def write(self, entry: Suppression) -> None:
        """Add a line."""
        self._file.write(f"{self._line(spelling(entry), entry.reason.value)}\n".encode())
        self.count += 1

    def send(self, s3_client: S3Client, bucket: str, key: str) -> None:
        """
        Put it into a bucket.

        Raises:
            StoreError: S3 did not take it.
        """
        self._file.seek(0)
        try:
            s3_client.put_object(
                Bucket=bucket, Key=key, Body=self._file, ContentType=FORMATS[self._format]
            )
        except Exception as error:  # whatever comes out of the client is of S3, and may be anything
            raise StoreError(
                f"S3 did not take the file of addresses ({type(error).__name__}): see "
                "error.original. The credentials must be allowed s3:PutObject in the bucket.",
                original=error,
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        self._file.close()

    def _line(self, address: str, reason: str) -> str:
        if self._format == "JSON":
            return json.dumps({"emailAddress": address, "reason": reason})
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow((address, reason))
        return line.getvalue()
