"""A file system of its own with little room, for tests of full and read-only disks."""
import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

# A user's own namespace: the same user, with the right to mount there and nowhere else.
OWN_MOUNTS = ["unshare", "--user", "--map-current-user", "--keep-caps", "--mount"]


def with_own_mounts():
    """Begins the script again where an ordinary user may mount, if this machine lets users do so. Root mounts as it is."""
    if os.geteuid() == 0 or "RANKWISE_OWN_MOUNTS" in os.environ:
        return
    if subprocess.run([*OWN_MOUNTS, "true"], capture_output=True).returncode == 0:
        os.environ["RANKWISE_OWN_MOUNTS"] = "1"
        os.execvp(OWN_MOUNTS[0], [*OWN_MOUNTS, *sys.orig_argv])


def mount(folder, kibibytes):
    """Skips the test where it cannot be mounted."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", folder], capture_output=True, text=True)
    if mounted.returncode != 0:
        raise unittest.SkipTest("cannot mount a small file system: this needs root, or a kernel that lets users have namespaces: "
                                + mounted.stderr.strip())


@contextlib.contextmanager
def small_disk(kibibytes):
    with tempfile.TemporaryDirectory() as folder:
        mount(folder, kibibytes)
        try:
            yield pathlib.Path(folder)
        finally:
            subprocess.run(["umount", folder], check=True)
