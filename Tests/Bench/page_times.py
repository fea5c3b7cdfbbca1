"""Milliseconds until a page of a server shows a text in headless Chromium, from the start of the navigation.

usage: page_times.py ADDRESS TEXT RUNS

Each run has a browser context of its own: nothing is cached. The DevTools protocol goes over descriptors 3 and 4.
"""
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time


class Browser:
    def __init__(self):
        program = shutil.which("chromium")
        if not program:
            sys.exit("there is no chromium; Docker/install.sh bench installs it")
        self.folder = tempfile.mkdtemp()
        there, self.out = os.pipe()
        self.inside, back = os.pipe()

        def connect():
            # First out of the way, in case they are 3 or 4 themselves.
            os.dup2(there, 30), os.dup2(back, 31), os.dup2(30, 3), os.dup2(31, 4)

        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe",
             f"--user-data-dir={self.folder}", "about:blank"],
            preexec_fn=connect, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(there), os.close(back)
        self.rest, self.last = b"", 0
        self.version = self.ask("Browser.getVersion")["product"]

    def ask(self, method, session=None, **parameters):
        self.last += 1
        command = {"id": self.last, "method": method, "params": parameters}
        if session:
            command["sessionId"] = session
        os.write(self.out, json.dumps(command).encode() + b"\0")
        while True:
            while b"\0" not in self.rest:
                part = os.read(self.inside, 1 << 20)
                if not part:
                    sys.exit("the browser has ended")
                self.rest += part
            text, self.rest = self.rest.split(b"\0", 1)
            message = json.loads(text)
            if message.get("id") == self.last:
                if "error" in message:
                    sys.exit(f"{method}: {message['error']['message']}")
                return message["result"]

    def milliseconds(self, address, text):
        """Until `text` stands on the page, by the page's own clock, which begins with the navigation."""
        context = self.ask("Target.createBrowserContext")["browserContextId"]
        target = self.ask("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.ask("Page.enable", session)
        watch = f"""(() => {{
            const look = () => {{
                if (document.body?.innerText.includes({json.dumps(text)})) window.shownAfter = performance.now();
                else setTimeout(look, 1);
            }};
            look();
        }})()"""
        self.ask("Page.addScriptToEvaluateOnNewDocument", session, source=watch)
        self.ask("Page.navigate", session, url=address)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            time.sleep(0.2)
            value = self.ask("Runtime.evaluate", session, expression="window.shownAfter", returnByValue=True)["result"].get("value")
            if value is not None:
                self.ask("Target.disposeBrowserContext", browserContextId=context)
                return value
        sys.exit(f"in two minutes {address} did not show '{text}'")

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def measure(address, text, runs, about=""):
    browser = Browser()
    try:
        # The first fills the program's own caches, and the server's.
        first = browser.milliseconds(address, text)
        times = [browser.milliseconds(address, text) for _ in range(runs)]
    finally:
        browser.close()
    print(json.dumps({
        "about": ", ".join(filter(None, [about, browser.version])), "first": first, "median": statistics.median(times), "best": min(times),
    }))


if __name__ == "__main__":
    measure(sys.argv[1], sys.argv[2], int(sys.argv[3]))
