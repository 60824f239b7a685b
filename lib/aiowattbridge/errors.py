"""What can go wrong with a cloud, as one shallow tree whose classes say what the caller should do.

WattbridgeError
├── CredentialsError        fix the credentials
├── TryLaterError           wait `retry_after_s` (or as you like) and ask again
│   ├── UnreachableError    no connection, or it broke (also a ConnectionError)
│   ├── RequestTimeoutError no whole answer in time (also a TimeoutError)
│   ├── RateLimitedError    429
│   └── ServerError         408, 425, 5xx
├── RejectedError           stop: the same request will be refused again
│   ├── ForbiddenError      403: this account may not see that
│   └── NotFoundError       404
└── ResponseError           report: we cannot read what the cloud answered

No message of these holds a secret, a query string or a payload.
"""


class WattbridgeError(Exception):
    """Something a cloud did or could not do; names the vendor and the endpoint, never a secret or a payload."""

    def __init__(
        self,
        message: str,
        *,
        vendor: str,
        endpoint: str = "",
        status: int | None = None,
        may_have_arrived: bool = False,
        answer: str | None = None,
    ) -> None:
        """Keep the facts beside the message.

        `may_have_arrived`: the request may have taken effect although its answer was lost.
        `answer`: a short scrubbed excerpt of what the cloud said; for people who ask, not for logs.
        """
        super().__init__(f"{vendor}{f' {endpoint}' if endpoint else ''}: {message}")
        self.reason = message
        self.vendor = vendor
        self.endpoint = endpoint
        self.status = status
        self.may_have_arrived = may_have_arrived
        self.answer = answer


class CredentialsError(WattbridgeError):
    """The cloud refuses the credentials: they have to be given anew."""


class TryLaterError(WattbridgeError):
    """The cloud cannot answer now; the same request may go through later."""

    def __init__(
        self,
        message: str,
        *,
        vendor: str,
        endpoint: str = "",
        status: int | None = None,
        may_have_arrived: bool = False,
        answer: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        """Keep also for how many seconds the cloud asked us to wait, if it did."""
        super().__init__(
            message, vendor=vendor, endpoint=endpoint, status=status, may_have_arrived=may_have_arrived, answer=answer
        )
        self.retry_after_s = retry_after_s


class UnreachableError(TryLaterError, ConnectionError):
    """No connection could be made, or it broke before the whole answer was there."""


class RequestTimeoutError(TryLaterError, TimeoutError):
    """No whole answer within the time allowed."""


class RateLimitedError(TryLaterError):
    """Too many requests (429)."""


class ServerError(TryLaterError):
    """The cloud is in trouble (408, 425, 5xx)."""


class RejectedError(WattbridgeError):
    """The request itself is refused: sending it again will not help."""


class ForbiddenError(RejectedError):
    """This account may not see or do that (403)."""


class NotFoundError(RejectedError):
    """There is no such thing (404)."""


class ResponseError(WattbridgeError):
    """The answer cannot be read: wrong type, truncated, or a field is malformed."""
