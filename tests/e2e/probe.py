"""Runs inside a network namespace: tries connections and says how each ended. Reads a list of attempts as
JSON, writes a list of answers.

An attempt without `tls` says whether a port was reached: open, refused (reached, nobody there), timeout,
or unreachable. With `tls` it ends as answered (the server spoke its protocol to us), refused (it ended the
connection by an alert, or told a client without certificate so), or closed (without a word).
"""
import concurrent.futures
import errno
import json
import socket
import ssl
import struct
import sys


def connect(attempt):
    source = attempt.get("source")
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.settimeout(attempt.get("timeout", 1.0))
    if source:
        made.setsockopt(socket.IPPROTO_IP, 19, 1)  # IP_TRANSPARENT: an address that is not ours
        made.bind((source, 0))
    made.connect((attempt["address"], attempt["port"]))
    return made


def reach(attempt):
    try:
        connect(attempt).close()
        return "open"
    except TimeoutError:
        return "timeout"
    except ConnectionRefusedError:
        return "refused"
    except OSError as fault:
        return "unreachable" if fault.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH) else str(fault)


def receive(secure, plain):
    try:
        data = secure.recv(4000)
        return ("answered", data.decode("latin-1")) if data else ("closed", "")
    except ssl.SSLError as fault:
        return "refused" if "ALERT" in (fault.reason or "") else "closed", fault.reason or str(fault)
    except ConnectionError as fault:
        return "closed", str(fault)


def speak(attempt):
    """A handshake and the first words of the protocol."""
    context = ssl.create_default_context(cafile=attempt["root"])
    if attempt.get("certificate"):
        context.load_cert_chain(attempt["certificate"], attempt["key"])
    attempt.setdefault("timeout", 10)
    try:
        plain = connect(attempt)
    except OSError as fault:
        return "unreachable", str(fault)
    with plain:
        database = attempt["tls"] == "postgresql"
        if database:
            plain.sendall(struct.pack("!ii", 8, 80877103))
            if plain.recv(1) != b"S":
                return "no tls", ""
        try:
            secure = context.wrap_socket(plain, server_hostname=attempt["name"])
        except ssl.SSLError as fault:
            return "refused", fault.reason or str(fault)
        except ConnectionError as fault:
            return "closed", str(fault)
        with secure:
            try:
                if database:
                    words = b"user\0" + attempt["user"].encode() + b"\0database\0" + attempt["user"].encode() + b"\0\0"
                    secure.sendall(struct.pack("!ii", len(words) + 8, 196608) + words)
                else:
                    secure.sendall(f"GET / HTTP/1.1\r\nHost: {attempt['name']}\r\nConnection: close\r\n\r\n".encode())
            except OSError:
                pass  # the alert is to be read
            outcome, said = receive(secure, plain)
            if database and outcome == "answered" and said.startswith("E"):
                return "rejected", said.replace("\0", " ")
            return outcome, said[:200]


attempts = json.load(sys.stdin)
with concurrent.futures.ThreadPoolExecutor(64) as pool:
    answers = list(pool.map(lambda attempt: speak(attempt) if attempt.get("tls") else reach(attempt), attempts))
json.dump(answers, sys.stdout)
