"""Opens a page in headless Chromium: the document after its pictures were drawn, what the console said, and screenshots."""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--enable-logging=stderr", "--v=0",
    "--virtual-time-budget=60000",
)  # fmt: skip
CONSOLE = re.compile(r":CONSOLE[:(]\d+\)?\] \"?(.*)")


@dataclass(frozen=True)
class Opened:
    """A page as the browser has it. console: its messages."""

    dom: str
    console: list[str]

    @property
    def drawn(self) -> tuple[int, int]:
        """Pictures that were drawn, and that failed."""
        found = re.search(r'<html[^>]*data-drawn="(\d+)" data-failed="(\d+)"', self.dom)
        assert found is not None, "the page has not come to its end"
        return int(found[1]), int(found[2])

    @property
    def pictures(self) -> list[str]:
        """The SVG of every picture."""
        parts = re.split(r'<div class="chart[^"]*" id="chart-\d+"', self.dom)[1:]
        return [part.partition("</svg>")[0] for part in parts]


def opened(browser: str, page: Path, *, fragment: str = "", extra: tuple[str, ...] = ("--dump-dom",)) -> Opened:
    """The document after all scripts have run."""
    with tempfile.TemporaryDirectory(prefix="datagen-browser-") as profile:
        done = subprocess.run(
            [browser, *FLAGS, f"--user-data-dir={profile}", "--window-size=1280,1600", *extra, f"{page.as_uri()}{fragment}"],
            capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
    return Opened(done.stdout, CONSOLE.findall(done.stderr))
