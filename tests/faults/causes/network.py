"""Rules and links of the platform's own namespaces."""
from causes import cause
from harness import run


@cause
def remove_edge(platform, group):
    platform.nft("delete", "element", "inet", "allod", "edges", "{", platform.edges()[0], "}")


@cause
def add_edge(platform, group):
    platform.nft("add", "element", "inet", "allod", "edges", "{", "10.66.0.2 . 10.66.0.3 . 22", "}")


@cause
def remove_rule(platform, group):
    platform.nft("flush", "chain", "inet", "allod", "input")


@cause
def remove_table(platform, group):
    platform.nft("delete", "table", "inet", "allod")


@cause
def remove_link(platform, group):
    for name in group:
        run("ip", "-n", platform.namespace(name), "link", "delete", "eth0")
