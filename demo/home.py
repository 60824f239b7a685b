"""A Home Assistant process of our own: started in a scratch folder, watched, stopped, killed, started again."""

import asyncio
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Self

import aiohttp

from .api import Api, ApiError, onboard
from .configuration import write_configuration

ROOT = Path(__file__).parents[1]
INTEGRATION = ROOT / "custom_components" / "wattbridge"
STAND_INS = ROOT / "demo" / "stand_ins"
CHILD = ROOT / "demo" / "child.py"
START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 45.0
POLL_S = 0.1
WANTS_RESTART = 100
"""The exit code with which Home Assistant asks to be started again."""


class HomeError(Exception):
    """Home Assistant did not start, or ended by itself; the text has the end of its log."""


def free_port() -> int:
    """Find a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Home:
    """One configuration folder and at most one process in it; leaving the context ends the process."""

    def __init__(self, folder: Path, *, integration: Path = INTEGRATION, port: int = 0, recorder_url: str = "") -> None:
        """Write the configuration into a folder that is empty or does not exist."""
        self.folder = folder
        self.port = port or free_port()
        self.log_path = folder / "console.log"
        self._process: asyncio.subprocess.Process | None = None
        self._api: Api | None = None
        self._token = ""
        write_configuration(folder, self.port, integration, recorder_url)

    async def __aenter__(self) -> Self:
        """Enter without starting anything."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the process in any case."""
        await self.stop()

    @property
    def url(self) -> str:
        """Name the address, without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def api(self) -> Api:
        """Reach the running Home Assistant."""
        if self._api is None:
            raise HomeError("Home Assistant does not run.")
        return self._api

    async def start(self) -> None:
        """Start the process and wait until everything in it runs; the first time, make its owner."""
        if self._process is not None:
            raise HomeError("Home Assistant runs already.")
        self._process = await self._spawn()
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await self._wait_for_answer()
                self._token = self._token or await onboard(self.url)
                self._api = Api(self.url, self._token)
                await self._wait_for_running()
        except (TimeoutError, aiohttp.ClientError, ApiError) as err:
            raise HomeError(f"Home Assistant did not start: {type(err).__name__} {err}\n{self.log_tail()}") from err

    async def wait(self) -> int:
        """Wait until the process ends by itself and return its exit code."""
        if self._process is None:
            raise HomeError("Home Assistant does not run.")
        code = await self._process.wait()
        await self._forget_api()
        self._process = None
        return code

    async def stop(self) -> None:
        """End the process as an orderly shutdown does, and after a while in any way."""
        await self._end(signal.SIGTERM, STOP_TIMEOUT_S)

    async def kill(self) -> None:
        """End the process as a power cut does."""
        await self._end(signal.SIGKILL, STOP_TIMEOUT_S)

    def log_tail(self, lines: int = 40) -> str:
        """Return the end of what the process wrote."""
        if not self.log_path.exists():
            return "(nothing was logged)"
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    async def logged(self, *levels: str) -> list[str]:
        """Return what is in Home Assistant's system log of these levels, each entry in one line."""
        entries = await self.api.command("system_log/list")
        return [
            f"{entry['level']} {entry['name']}: {' / '.join(entry['message'])} {entry['exception']}".strip()
            for entry in entries
            if entry["level"] in levels
        ]

    async def _spawn(self) -> asyncio.subprocess.Process:
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        # Only the stand-ins: the integration has to find its library by itself, as it does when HACS installed it.
        environment["PYTHONPATH"] = str(STAND_INS)
        # -P: neither our folder nor the working directory is a place to import from.
        arguments = ("-P", str(CHILD), "-c", str(self.folder), "--skip-pip", "--log-no-color")
        with self.log_path.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                *arguments,
                cwd=self.folder,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C in the terminal is for us alone: we end the process ourselves.
                start_new_session=True,
            )

    async def _wait_for_answer(self) -> None:
        """Wait for a page that needs no token."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            while True:
                with suppress(aiohttp.ClientError, TimeoutError):
                    async with session.get(f"{self.url}/manifest.json") as answer:
                        if answer.status == 200:  # noqa: PLR2004 - HTTP's OK
                            return
                await self._pause()

    async def _wait_for_running(self) -> None:
        """Wait until the integrations are set up; the web server answers earlier than that."""
        while (await self.api.command("get_config"))["state"] != "RUNNING":
            await self._pause()

    async def _pause(self) -> None:
        """Let some time pass, unless the process has ended."""
        if self._process is None or self._process.returncode is not None:
            code = None if self._process is None else self._process.returncode
            raise HomeError(f"Home Assistant ended with {code} while it started.\n{self.log_tail()}")
        await asyncio.sleep(POLL_S)

    async def _end(self, how: signal.Signals, timeout_s: float) -> None:
        process = self._process
        # An open connection would hold an orderly shutdown up for ten seconds.
        await self._forget_api()
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.send_signal(how)
            try:
                await asyncio.wait_for(process.wait(), timeout_s)
            except TimeoutError as err:
                raise HomeError(f"Home Assistant did not end in {timeout_s:g} s.\n{self.log_tail()}") from err
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
                self._process = None
        self._process = None

    async def _forget_api(self) -> None:
        api, self._api = self._api, None
        if api is not None:
            await api.__aexit__()
