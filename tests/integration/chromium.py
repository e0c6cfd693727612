"""A real Chromium for tests: the system's, or the one that `playwright install chromium` brings; else tests skip."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Error as PlaywrightError


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser, closed afterwards; without one the test is skipped by name."""
    found = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=found)
        except PlaywrightError as error:
            pytest.skip(f"no Chromium, run playwright install chromium: {str(error).splitlines()[0]}")
        yield browser
        browser.close()
