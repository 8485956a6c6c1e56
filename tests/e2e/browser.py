"""A headless Chromium that trusts one platform's root and nothing else is switched off in it; driven by
the W3C WebDriver protocol, of which only the few calls that the tests need are here."""
import contextlib
import json
import pathlib
import shutil
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request

from harness import process, run, wait_for

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key of a reference, from the specification
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--lang=en",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps",
         "--disable-dev-shm-usage", "--window-size=1200,850"]


class WebDriverError(Exception):
    pass


class Browser:
    def __init__(self, driver, profile):
        self._driver, self._session = driver, ""
        chrome = {"args": [*FLAGS, f"--user-data-dir={profile}"], "binary": shutil.which("chromium")}
        wanted = {"browserName": "chrome", "goog:chromeOptions": chrome, "timeouts": {"pageLoad": 60000}}
        made = self._call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._session = "/session/" + made["sessionId"]

    def _call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._driver + self._session + path, data,
                                         {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=90) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as fault:
            value = json.load(fault)["value"]
            raise WebDriverError(f'{value["error"]}: {value["message"].splitlines()[0]}') from None

    def open(self, url):
        self._call("POST", "/url", {"url": url})

    @property
    def url(self):
        return self._call("GET", "/url")

    @property
    def source(self):
        return self._call("GET", "/source")

    def script(self, text, *arguments):
        return self._call("POST", "/execute/sync", {"script": text, "args": list(arguments)})

    @property
    def text(self):
        return self.script("return document.body ? document.body.innerText : ''")

    def find(self, css):
        return [found[ELEMENT] for found in self._call("POST", "/elements", {"using": "css selector", "value": css})]

    def wait(self, what, condition, seconds=60):
        try:
            return wait_for(what, condition, seconds)
        except AssertionError as fault:
            raise AssertionError(f"{fault}; the page is {self.url}:\n{self.text[:600]}") from None

    def type(self, css, text):
        """Until the field holds the text: a page that still loads may empty it again."""
        def typed():
            element = self.find(css)[0]
            self._call("POST", f"/element/{element}/clear", {})
            self._call("POST", f"/element/{element}/value", {"text": text})
            return self.script("return document.querySelector(arguments[0]).value === arguments[1]", css, text)
        self.wait(css, lambda: self.find(css))
        self.wait(f"the text in {css}", typed)

    def click(self, css):
        element = self.wait(css, lambda: self.find(css))[0]
        self._call("POST", f"/element/{element}/click", {})

    def click_text(self, css, text):
        """The first element of that kind that shows the text."""
        found = "return [...document.querySelectorAll(arguments[0])].find(e => e.innerText.includes(arguments[1]))"
        element = self.wait(f"{css} “{text}”", lambda: self.script(found, css, text))
        self._call("POST", f"/element/{element[ELEMENT]}/click", {})

    def windows(self):
        return self._call("GET", "/window/handles")

    def switch(self, window):
        self._call("POST", "/window", {"handle": window})

    def cookies(self):
        return self._call("GET", "/cookie")

    def forget_cookies(self):
        self._call("DELETE", "/cookie")

    def close(self):
        self._call("DELETE", "")


def _free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def chromium(root_certificate):
    """A browser with a fresh profile; it and its driver are gone afterwards."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="allod-e2e-browser-", dir="/var/tmp"))
    try:
        store = home / ".pki" / "nssdb"
        store.mkdir(parents=True)
        run("certutil", "-d", f"sql:{store}", "-N", "--empty-password")
        run("certutil", "-d", f"sql:{store}", "-A", "-n", "platform", "-t", "C,,", "-i", root_certificate)
        port = _free_port()
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"),
                       "XDG_CACHE_HOME": str(home / "cache"), "LANG": "C.UTF-8"}
        with process("chromedriver", f"--port={port}", "--allowed-ips=127.0.0.1", env=environment,
                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
            driver = f"http://127.0.0.1:{port}"
            wait_for("chromedriver", lambda: urllib.request.urlopen(driver + "/status", timeout=5).read())
            browser = Browser(driver, home / "profile")
            try:
                yield browser
            finally:
                with contextlib.suppress(WebDriverError, OSError):
                    browser.close()
    finally:
        shutil.rmtree(home, ignore_errors=True)
