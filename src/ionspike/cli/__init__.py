"""The command ``ionspike``: every layer from the shell. Wrong input is one line and exit status 2, a failed run one line and 1."""

from __future__ import annotations

import sys
from typing import NoReturn

from ionspike.errors import InputError, RunError

_STOPPED = 130  # what typer makes of Ctrl-C, without a word


def main() -> NoReturn:
    """Run the command and end the process with its exit status."""
    from ionspike.cli.commands import app

    status = 0
    try:
        app()
    except SystemExit as stop:
        status = stop.code if isinstance(stop.code, int) else 1
    except InputError as error:
        status = _tell(error, 2)
    except RunError as error:
        status = _tell(error, 1)
    except OSError as error:  # a full disk or a folder that vanished, wherever it was met
        status = _tell(f"{error.filename or 'a file'}: {error.strerror or error}", 2)
    except KeyboardInterrupt:
        status = _STOPPED
    if status == _STOPPED:
        _tell("stopped; what was finished is kept", status)
    sys.exit(status)


def _tell(problem: object, status: int) -> int:
    print(f"ionspike: {' '.join(str(problem).split())}", file=sys.stderr)
    return status
