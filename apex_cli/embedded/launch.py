"""A script that turns itself into a server, in a fresh interpreter: nothing unsafe happens between fork and exec.

Its one argument is JSON: `argv` (the server's), `parent` (pid that the server must not outlive), `death_signal` (what
the kernel sends it when that parent ends; Linux only), `lock` (descriptor of the lock file, inherited by the server),
`account` (`[uid, gid]` to become, or null) and `keep_reach` (keep the one capability to pass closed directories).
Uses the standard library alone and imports nothing of this package.
"""

from __future__ import annotations

import ctypes
import json
import os
import sys

PR_SET_PDEATHSIG, PR_SET_SECUREBITS, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 1, 28, 47, 2
SECBIT_NO_SETUID_FIXUP = 4
CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2


def main(argument: str) -> None:
    """Prepare this process and replace it by the server. Does not return."""
    order = json.loads(argument)
    os.ftruncate(order["lock"], 0)
    os.pwrite(order["lock"], str(os.getpid()).encode(), 0)
    libc = ctypes.CDLL(None, use_errno=True)
    linux = sys.platform == "linux"
    if order["account"] is not None:
        if linux and order["keep_reach"]:
            # Without this bit access(2), which PostgreSQL asks about its own programs, counts no capability.
            _call(libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0))
        uid, gid = order["account"]
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
        if linux and order["keep_reach"]:
            _keep_reach(libc)
    if linux:
        # Changing the user clears the death signal, so this comes after; a parent that ended before it is seen here.
        _call(libc.prctl(PR_SET_PDEATHSIG, order["death_signal"], 0, 0, 0))
        if os.getppid() != order["parent"]:
            sys.exit("the starting process has ended")
    os.umask(0o077)
    os.execv(order["argv"][0], order["argv"])  # noqa: S606 - a shell is what must not come between


def _keep_reach(libc: ctypes.CDLL) -> None:
    """Give up all capabilities but, over exec, the weakest at hand that passes closed directories: capabilities(7)."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)()
    _call(libc.capget(header, sets))
    permitted = sets[1]
    capability = CAP_DAC_READ_SEARCH if permitted & (1 << CAP_DAC_READ_SEARCH) else CAP_DAC_OVERRIDE
    bit = 1 << capability
    _call(libc.capset(header, (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)))
    _call(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0))


def _call(result: int) -> None:
    if result != 0:
        why = os.strerror(ctypes.get_errno())
        sys.exit(f"root may not prepare this server ({why}): install apex where all users may read, or run as one")


if __name__ == "__main__":
    main(sys.argv[1])
