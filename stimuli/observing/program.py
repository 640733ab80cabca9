"""A program that is asked trial by trial: a line of JSON goes out, one comes back."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Any, Final

from stimuli.observing.rules import ObservingError

# A longer line is no response.
_MOST_BYTES: Final = 1 << 20
_SHOWN: Final = 200
_GRACE_S: Final = 0.5


class ProgramError(ObservingError):
    """A program that hangs, dies or says what is no response."""


@dataclass
class Program:
    """A running program and the pipes to it.

    Attributes:
        words: The program and what it is given; no shell looks at it.
        timeout_s: How long it may take for one response, in seconds.
    """

    words: Sequence[str]
    timeout_s: float
    _process: subprocess.Popen[bytes] = field(init=False, repr=False)
    _lines: queue.SimpleQueue[bytes] = field(init=False, repr=False)
    _errors: IO[bytes] = field(init=False, repr=False)
    _listener: threading.Thread = field(init=False, repr=False)

    @property
    def name(self) -> str:
        """As messages call it."""
        return repr(" ".join(self.words))

    def __enter__(self) -> Program:
        self._errors = tempfile.TemporaryFile()
        try:
            # In a session of its own, so that what it starts ends with it.
            self._process = subprocess.Popen(  # noqa: S603 - what the researcher typed
                list(self.words),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            self._errors.close()
            raise ProgramError(
                f"{self.name} cannot be started: {error}; give the program's path, "
                "and make it executable"
            ) from error
        self._lines = queue.SimpleQueue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            if self._process.stdin is not None:
                self._process.stdin.close()
        self._end()
        # It reads to the end, which has come with the last process of the session.
        self._listener.join(_GRACE_S)
        if self._process.stdout is not None and not self._listener.is_alive():
            self._process.stdout.close()
        self._errors.close()

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """What it says to one line.

        Raises:
            ProgramError: If it hangs, dies, or says no JSON object in one line.
        """
        ends_at = time.monotonic() + self.timeout_s
        self._send(json.dumps(request, ensure_ascii=False).encode() + b"\n")
        try:
            line = self._lines.get(timeout=max(0.0, ends_at - time.monotonic()))
        except queue.Empty:
            raise self._hung() from None
        if not line:
            raise self._died()
        return self._read(line)

    def _send(self, line: bytes) -> None:
        """Write, as long as it may take: a pipe that nobody reads is full some time."""
        is_late = threading.Event()

        def end() -> None:
            is_late.set()
            self._kill()

        timer = threading.Timer(self.timeout_s, end)
        timer.start()
        stdin = self._process.stdin
        try:
            if stdin is not None:
                stdin.write(line)
                stdin.flush()
        except OSError as error:
            raise (self._hung() if is_late.is_set() else self._died()) from error
        finally:
            timer.cancel()

    def _read(self, line: bytes) -> dict[str, Any]:
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict) or len(line) >= _MOST_BYTES:
            shown = line[:_SHOWN].decode(errors="replace").strip()
            raise ProgramError(
                f"{self.name} said what is no response: expected one JSON object in "
                f"a line, got {shown!r}; what else it has to say goes to stderr"
            )
        return said

    def _listen(self) -> None:
        stdout = self._process.stdout
        while stdout is not None:
            line = stdout.readline(_MOST_BYTES)
            self._lines.put(line)
            if not line:
                return

    def _hung(self) -> ProgramError:
        self._end()
        return ProgramError(
            f"{self.name} did not respond within {self.timeout_s:g} s and was "
            f"ended; raise --timeout, or mend it{self._said()}"
        )

    def _died(self) -> ProgramError:
        self._end()
        code = self._process.returncode
        how = f"exit code {code}"
        if code is not None and code < 0:
            how = signal.Signals(-code).name
        return ProgramError(
            f"{self.name} ended ({how}) before it responded{self._said()}"
        )

    def _said(self) -> str:
        """The end of what it wrote to stderr."""
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return f"; it said: {lines[-1][-_SHOWN:]}" if lines else ""

    def _end(self) -> None:
        # Whoever is done ends by itself once nobody asks any more.
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_S)
        # Also where it ended by itself: what it started may go on without it.
        self._kill()
        self._process.wait()

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
