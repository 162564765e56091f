"""A real Chromium without a window, spoken to over a pipe (Chrome DevTools Protocol), and its complaints."""

import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

BINARY = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE_SECONDS = 60
# Where the protocol has Chromium read and write.
_READS, _WRITES = 3, 4


class Browser:
    """One page. complaints: what it refused or missed, since it was last asked"""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing
        self._session: str | None = None
        self._number = 0
        self._received = b""
        self._events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Log", "Runtime", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Return what the browser answers; what happens meanwhile is kept for later."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._writing, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            self._events.append(answer)
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def go(self, url: str) -> None:
        """The page is that of the address, loaded."""
        self._events.clear()
        self.call("Page.navigate", url=url)
        self.loaded()

    def loaded(self) -> None:
        """Return once a page that is being loaded has been."""
        while not any(event["method"] == "Page.loadEventFired" for event in self._events):
            self._events.append(self._next())

    def tell(self, script: str) -> Any:
        """Return what the script comes to, as the developer's console would run it."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def wait_for(self, selector: str) -> None:
        """Return once the page has such an element."""
        self.tell(
            f"""new Promise((found, lost) => {{
                const end = Date.now() + {PATIENCE_SECONDS * 1000};
                const look = () => document.querySelector({selector!r}) ? found(true)
                    : Date.now() > end ? lost(new Error("nothing is " + {selector!r})) : setTimeout(look, 50);
                look();
            }})"""
        )

    def complaints(self) -> list[str]:
        """Return what was refused by a policy, could not be loaded, or went wrong in a script."""
        self.tell("new Promise(done => setTimeout(done, 100))")  # what it is about to say, it says by then
        reported = []
        for event in self._events:
            of, found = event["method"], event["params"]
            if of == "Log.entryAdded" and found["entry"]["level"] in ("error", "warning"):
                url = found["entry"].get("url", "")
                if not url.endswith("/favicon.ico"):  # which it asks for of its own accord
                    reported.append(f"{found['entry']['text']} {url}")
            elif of == "Runtime.exceptionThrown":
                reported.append(
                    found["exceptionDetails"].get("exception", found["exceptionDetails"])["description"]
                )
        self._events.clear()
        return reported

    def _next(self) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE_SECONDS
        while b"\0" not in self._received:
            ready, _, _ = select.select([self._reading], [], [], max(0, end - time.monotonic()))
            assert ready, "the browser says nothing"
            got = os.read(self._reading, 1 << 16)
            assert got, "the browser is gone"
            self._received += got
        first, _, self._received = self._received.partition(b"\0")
        message: dict[str, Any] = json.loads(first)
        return message


@contextmanager
def browsing(folder: Path) -> Iterator[Browser]:
    """Give a browser that knows nothing yet. folder: for its own files"""
    assert BINARY
    its_in, our_out = os.pipe()
    our_in, its_out = os.pipe()

    def place() -> None:
        os.dup2(its_in, _READS)
        os.dup2(its_out, _WRITES)

    with (folder / "browser.log").open("w") as log:
        process = subprocess.Popen(
            [
                *(BINARY, "--headless", "--remote-debugging-pipe", f"--user-data-dir={folder / 'profile'}"),
                *("--no-sandbox", "--no-proxy-server", "--disable-gpu", "--disable-dev-shm-usage"),
                *("--no-first-run", "--disable-background-networking", "--disable-component-update"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=place,  # noqa: PLW1509  no other thread of ours holds a lock that it would need
            pass_fds=(_READS, _WRITES),
            env={**os.environ, "HOME": str(folder)},
        )
    os.close(its_in)
    os.close(its_out)
    try:
        yield Browser(our_in, our_out)
    finally:
        os.close(our_out)
        os.close(our_in)
        process.terminate()
        process.wait(PATIENCE_SECONDS)
