"""Receivers of alerts on the machine's loopback: a webhook, and a mail server that takes everything."""
import contextlib
import http.server
import json
import socketserver
import threading


class Webhook:
    """Keeps what is posted, each as JSON."""

    def __init__(self, port):
        self.got = got = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)


class Mail:
    """SMTP (RFC 5321) as far as handing over a message goes; keeps (recipients, text)."""

    def __init__(self, port):
        self.got = got = []

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                def say(line):
                    self.wfile.write(line.encode() + b"\r\n")
                say("220 test")
                recipients = []
                for raw in self.rfile:
                    verb = raw.decode(errors="replace").strip()
                    word = verb.split(" ")[0].split(":")[0].upper()
                    if word == "RCPT":
                        recipients.append(verb.partition("<")[2].partition(">")[0])
                    if word == "DATA":
                        say("354 go on")
                        lines = []
                        for line in self.rfile:
                            if line.rstrip(b"\r\n") == b".":
                                break
                            lines.append(line.decode(errors="replace"))
                        got.append((recipients, "".join(lines)))
                    if word == "QUIT":
                        say("221 bye")
                        return
                    say("250 ok")

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True

        self.server = Server(("127.0.0.1", port), Handler)


@contextlib.contextmanager
def running(*receivers):
    threads = [threading.Thread(target=receiver.server.serve_forever, daemon=True) for receiver in receivers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for receiver in receivers:
            receiver.server.shutdown()
            receiver.server.server_close()
