# SPDX-License-Identifier: Apache-2.0
"""What the kernel logs of system calls that a filter did not allow: audit records of type SECCOMP (1326). Filters of
units make some when systemd runs with SYSTEMD_LOG_SECCOMP, be the call answered with an error or the process killed;
where auditd runs, it takes them away."""
import os
import re

SECCOMP = re.compile(r"type=1326 .*")
# clone3: a filter cannot look at its flags, so RestrictNamespaces= says of it that there is no such call (ENOSYS), and
# the C library turns to clone. Were that denied, too, there would be no thread and no name of an endpoint resolved.
ANSWERED = " syscall=435 "


class KernelLog:
    """From the moment on at which it was made."""

    def __init__(self):
        self._fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
        os.lseek(self._fd, 0, os.SEEK_END)

    def close(self):
        os.close(self._fd)

    def denials(self, program):
        """Those of the program at this path since this was asked last, but for what is answered so by design."""
        found = []
        while True:
            try:
                record = os.read(self._fd, 8192).decode(errors="replace")
            except BlockingIOError:
                return found
            except BrokenPipeError:
                continue  # some were overwritten: the next read goes on after them
            match = SECCOMP.search(record)
            if match and f'exe="{program}"' in match[0] and ANSWERED not in match[0]:
                found.append(match[0])
