"""A real browser without network, for tests of pages."""
import os
import re
import shutil
import subprocess

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-shell")  # Debian's packages of these names
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
WHY_SKIPPED = f"skipped: no browser: none of {', '.join(BROWSERS)} is installed (scripts/dependencies.sh --test)"


class Browser:
    """Opens files, each time as if for the first time."""

    def __init__(self, folder):
        self.folder = folder
        # Where this user may, in a network that leads nowhere; else names lead nowhere.
        isolated = ["unshare", "--net"] if subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode == 0 else []
        self.command = [*isolated, BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                        "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--virtual-time-budget=10000", f"--user-data-dir={folder}/profile"]

    def open(self, page, *options):
        done = subprocess.run([*self.command, *options, page.as_uri()], capture_output=True, text=True, timeout=120, cwd=self.folder,
                              env=dict(os.environ, HOME=str(self.folder)))
        if done.returncode:
            raise AssertionError(f"{BROWSER}: {done.returncode}: {done.stderr}")
        return done

    def document(self, page):
        """The page as its scripts left it, and what they complained about."""
        done = self.open(page, "--dump-dom")
        return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]

    def screenshot(self, page, width, height):
        path = self.folder / "page.png"
        self.open(page, f"--screenshot={path}", f"--window-size={width},{height}")
        return path


def marks(text, kind):
    return len(re.findall(rf"<{kind}[ >]", text))
