"""What the agent takes from the machine: its clock and its name servers. Only this process sees the change."""
import signal

from causes import cause
from harness import wait_for
from platform_under_test import BACK

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"  # Debian's libfaketime


def restart_agent(platform, wrapped):
    platform.signal(platform.agent(), signal.SIGKILL)
    platform.wrapped = wrapped
    platform.start_agent()


@cause
def set_the_clock(platform, group):
    """Of the agent, past the ends of all certificates, and back. Units keep the machine's clock: those that are programs
    in Go ask the kernel without a library that could be put before."""
    offset = platform.folder / "clock"
    offset.write_text("+0\n")
    restart_agent(platform, ["env", f"LD_PRELOAD={FAKETIME}", f"FAKETIME_TIMESTAMP_FILE={offset}", "FAKETIME_NO_CACHE=1",
                             "FAKETIME_DONT_FAKE_MONOTONIC=1", "NO_FAKE_STAT=1"])
    try:
        platform.wait_ready(BACK)
        since = platform.last_event()
        offset.write_text("+2d\n")
        platform.await_event("certificate at half its life renewed", since)
        since = platform.last_event()
        yield
        offset.write_text("+0\n")
        wait_for("certificates of the right time", lambda: any(
            "certificate at half its life renewed" in line for line in platform.said((since[0], "9"))), BACK)
        platform.wait_ready(BACK)
    finally:
        restart_agent(platform, [])


@cause
def break_name_servers(platform, group):
    """In a mount namespace of the agent's own."""
    broken = platform.folder / "resolv.conf"
    broken.write_text("nameserver 127.0.0.9\noptions timeout:1 attempts:1\n")
    restart_agent(platform, ["unshare", "--mount", "--propagation", "slave", "sh", "-c",
                             f'mount --bind {broken} /etc/resolv.conf && exec "$@"', "sh"])
    try:
        platform.wait_ready(BACK)
        yield
    finally:
        restart_agent(platform, [])
