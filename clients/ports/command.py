"""What every command's `main` does with errors and Ctrl-C: one sentence, and the documented exit status."""

import os
import sys
from collections.abc import Callable

from clients.types.errors import FedJuryError, ProtocolError

INTERRUPTED = 130


def guard(run: Callable[[], int], on_interrupt: Callable[[], str] = lambda: "Stopped.") -> int:
    """Return `run()`'s exit status, or the one of the error that ended it, told in a sentence on stderr."""
    try:
        return run()
    except KeyboardInterrupt:
        print(f"\n{on_interrupt()}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output is gone: that is a way of stopping us.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return INTERRUPTED
    except ProtocolError as error:
        print(f"error: the protocol refused an action: {error}", file=sys.stderr)
        return error.exit_code
    except FedJuryError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except MemoryError:
        print("error: there is no memory left. Free some, or ask for less.", file=sys.stderr)
        return 3
    except OSError as error:
        print(
            f"error: {error.filename or 'the system'}: {error.strerror}.",
            file=sys.stderr,
        )
        return 3
