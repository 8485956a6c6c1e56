"""Volumes and disks that are full or slow. The disk is the platform's own: platform_under_test.py."""
import os

from causes import cause


def fill(path):
    """Allocates what is free, down to the last kilobytes."""
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    size, step = 0, 1 << 28
    try:
        while step >= 4096:
            try:
                os.posix_fallocate(descriptor, size, step)
                size += step
            except OSError:
                step //= 2
    finally:
        os.close(descriptor)


@cause
def fill_volume(platform, group):
    """`group`: volumes, as the status names them."""
    files = [platform.memory / "volumes" / name / "data" / ".fill" for name in group]
    files = [file if file.parent.is_dir() else file.parents[1] / ".fill" for file in files]
    try:
        for file in files:
            fill(file)
        yield
    finally:
        for file in files:
            file.unlink(missing_ok=True)


@cause
def fill_disk(platform, group):
    file = platform.disk / ".fill"
    try:
        fill(file)
        yield
    finally:
        file.unlink(missing_ok=True)


@cause
def slow_disk(platform, group):
    """What units write to the volumes' devices and wait for is let through at 64 kB a second each (blkio of control groups
    version 1; writes that the kernel puts off are not slowed by it). For twenty seconds."""
    throttled = []
    devices = {f"{os.major(device)}:{os.minor(device)}"
               for device in (os.stat(platform.memory / "volumes" / name).st_dev for name in platform.status()["volumes"])}
    for pid in set(platform.pids().values()):
        file = platform.control_group(pid, "blkio") / "blkio.throttle.write_bps_device"
        for device in devices:
            file.write_text(f"{device} 65536\n")
            throttled.append((file, device))
    try:
        yield
    finally:
        for file, device in throttled:
            if file.exists():
                file.write_text(f"{device} 0\n")
