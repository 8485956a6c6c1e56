"""What a stack leaves on the machine, and what of the machine itself no stack may change.

Other stacks may come and go meanwhile, so a trace counts as ours only by our names and folders, by the
namespaces that our processes and mounts were seen in, and by the stack's own cgroup.
"""
import os
import pathlib
import re

from harness import run


def text_of(path, missing=""):
    try:
        return pathlib.Path(path).read_text(errors="replace")
    except OSError:
        return missing


def processes():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def namespaces_of(pid):
    found = set()
    for kind in ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts"):
        try:
            found.add(os.readlink(f"/proc/{pid}/ns/{kind}"))
        except OSError:
            pass
    return found


def named(stack):
    """A pattern for what carries the stack's name as a whole: allod-NAME, allod-NAME-keycloak, /NAME/."""
    roots = "|".join(re.escape(str(folder)) for folder in (stack.state, stack.memory))
    return re.compile(rf"(?:{roots})(?![\w-])|allod-{re.escape(stack.name)}(?![\w])|/allod/{re.escape(stack.name)}(?![\w-])"
                      rf"|--stack {re.escape(stack.name)}(?![\w-])")


def processes_of(stack):
    """Process ids with their command lines: the agent, monitors, units and what they started."""
    pattern, found = named(stack), {}
    for pid in processes():
        if pid == os.getpid():
            continue
        command = text_of(f"/proc/{pid}/cmdline").replace("\0", " ").strip()
        if pattern.search(command) or pattern.search(text_of(f"/proc/{pid}/cgroup")):
            found[pid] = command
    return found


def namespaces(stack):
    """Of the stack's processes and network namespaces, without the machine's own."""
    found = set()
    for pid in processes_of(stack):
        found |= namespaces_of(pid)
    for path in pathlib.Path("/run/netns").glob(f"allod-{stack.name}*"):
        if named(stack).search(path.name):
            found.add(f"net:[{path.stat().st_ino}]")
    return found - namespaces_of(1) - namespaces_of(os.getpid())


def in_namespaces(wanted):
    """Whoever is in one of these namespaces, or holds one by a mount or an open file."""
    found = []
    for pid in processes():
        if common := namespaces_of(pid) & wanted:
            found.append(f"process {pid} in {sorted(common)}: " + text_of(f"/proc/{pid}/cmdline").replace("\0", " "))
        try:
            for name in os.listdir(f"/proc/{pid}/fd"):
                if os.readlink(f"/proc/{pid}/fd/{name}") in wanted:
                    found.append(f"process {pid} holds a namespace open")
        except OSError:
            pass
    for line in text_of("/proc/self/mountinfo").splitlines():
        if line.split()[3] in wanted:
            found.append(f"mount {line}")
    return found


def traces(stack):
    """What there is of a stack, by kind. Nothing of it may be left after destroy."""
    pattern = named(stack)

    def lines(*command):
        return sorted(line for line in run(*command, check=False).stdout.splitlines() if pattern.search(line))

    cgroups = [str(path) for mount in re.findall(r"^\S+ (\S+) cgroup2? ", text_of("/proc/mounts"), re.M)
               for path in [pathlib.Path(mount) / "allod" / stack.name] if path.exists()]
    files = [str(path) for path in (stack.state, stack.memory) if path.exists()]
    for folder in ("/etc", "/run", "/dev/shm", "/tmp", "/var/lib/allod", "/var/log"):
        for path in [path for depth in ("*", "*/*", "*/*/*", "*/*/*/*") for path in pathlib.Path(folder).glob(depth)]:
            if folder != "/etc" and len(path.parts) > len(pathlib.Path(folder).parts) + 1:
                continue
            if pattern.search(path.name) or f"@{stack.name}." in path.name:
                files.append(str(path))
    return {
        "processes": sorted(processes_of(stack).values()),
        "network namespaces": lines("ip", "netns", "list"),
        "mounts": sorted(line for line in text_of("/proc/self/mountinfo").splitlines() if pattern.search(line)),
        "loop devices": lines("losetup", "--all", "--noheadings", "--output", "NAME,BACK-FILE"),
        "cgroups": sorted(cgroups),
        "files": sorted(set(files)),
        "keyrings": sorted(line for line in text_of("/proc/keys").splitlines() if pattern.search(line)),
        "user ids": re.findall(rf'"{re.escape(stack.name)}"[^,}}]*', text_of(stack.state_root / "machine.json")),
    }


def own_settings():
    """What of the machine no stack may touch, while it runs or ever."""
    sysctls = ["net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding", "net.ipv6.conf.all.forwarding",
               "net.ipv4.conf.all.rp_filter", "net.ipv4.conf.all.route_localnet", "net.ipv4.ip_unprivileged_port_start",
               "kernel.core_pattern", "vm.overcommit_memory", "fs.inotify.max_user_watches"]
    return {
        "addresses": run("ip", "-o", "addr", "show").stdout.replace("\\", "\n").splitlines(),
        "links": sorted(line.split(": ")[1] for line in run("ip", "-o", "link", "show").stdout.splitlines()),
        "routes": [run("ip", version, "route", "show", "table", "all").stdout for version in ("-4", "-6")],
        "routing rules": run("ip", "rule").stdout,
        "packet filter": re.sub(r"packets \d+ bytes \d+", "", run("nft", "list", "ruleset").stdout),
        "sysctls": {name: text_of("/proc/sys/" + name.replace(".", "/")) for name in sysctls},
        "names": {path: text_of(path) for path in ("/etc/hosts", "/etc/resolv.conf", "/etc/passwd", "/etc/group")},
        "etc": sorted(str(path) for path in pathlib.Path("/etc").rglob("*") if "allod" in path.name),
        "trust": sorted(os.listdir("/etc/ssl/certs")),
    }
