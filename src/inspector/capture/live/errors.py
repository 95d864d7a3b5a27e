"""Why a capture could not be made."""

from typing import ClassVar

from inspector.model.errors import InspectorError


class NoRightError(InspectorError):
    """The system does not let this user capture; the text names the call that failed and the ways out."""

    exit_code: ClassVar[int] = 5


class CaptureFailedError(InspectorError):
    """No such interface, a filter that cannot be compiled, or a capture that broke off."""

    exit_code: ClassVar[int] = 6
