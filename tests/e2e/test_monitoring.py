"""Figures of everything, alerts that reach somebody, and lists of metrics that are true."""
import datetime
import json
import os
import pathlib
import signal
import sys
import unittest
import urllib.parse

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "catalogue"))
import monitoring
from harness import CAPABILITIES, SOURCE, Stack, bring_up, run, wait_for
from receivers import Mail, Webhook, running

WEBHOOK, MAIL = Webhook(18487), Mail(18488)
OUT = ("webhook: 'http://127.0.0.1:18487/hook?of=allod', mailServer: 127.0.0.1, mailPort: 18488, mailTls: false, "
       "mailTo: [ops@example.org]")
APP = "components: {app: {provider: workload, needs: {files: {capability: object-storage}}}}\n"   # for figures of requests
STACK = Stack("e2e-o", 18483, APP, capabilities=CAPABILITIES.replace("retentionSize: 256MB", "retentionSize: 256MB, " + OUT))
UNIT = "prometheus.server"
CATALOGUE = SOURCE / "catalogue"


def setUpModule():
    receivers = running(WEBHOOK, MAIL)
    receivers.__enter__()
    unittest.addModuleCleanup(receivers.__exit__, None, None, None)
    bring_up(STACK)
    wait_for("every target to be up", lambda: all(target["health"] == "up" for target in targets()) and len(targets()) > 8, 120, 2)


def ask(port, path, *arguments):
    """A request to a page of monitoring from its own place, by its own certificate."""
    address = next(r["spec"]["address"] for r in STACK.graph()["resources"] if r["id"] == "network/prometheus")
    folder = STACK.identity(UNIT)
    done = run("ip", "netns", "exec", STACK.namespace("prometheus"), "curl", "-sS", "--fail-with-body", "--max-time", "20", "--cacert", folder / "bundle.pem",
               "--cert", folder / "certificate.pem", "--key", folder / "key.pem", "--resolve", f"prometheus:{port}:{address}",
               *arguments, f"https://prometheus:{port}{path}")
    return done.stdout


def prometheus(path, **query):
    return json.loads(ask(9090, f"/api/v1/{path}?" + urllib.parse.urlencode(query, doseq=True)))["data"]


def targets():
    return prometheus("targets", state="active")["activeTargets"]


def value(expression):
    found = prometheus("query", query=expression)["result"]
    return float(found[0]["value"][1]) if found else None


def alerts():
    return json.loads(ask(9093, "/api/v2/alerts"))


def events():
    done = STACK.allod("--output", "json", "events", "--limit", 1000, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def told(what, action, component=None):
    return [event for event in events() if what in event["what"] and event["action"] == action
            and component in (None, event["component"])]


class Targets(unittest.TestCase):
    def test_everything_is_scraped_over_mutual_tls(self):
        components = {name for name, entry in STACK.status()["components"].items() if entry["units"]} | {"allod"}
        scraped = {target["labels"]["component"] for target in targets()}
        self.assertEqual(scraped, components, "components that nobody scrapes")
        self.assertEqual({target["scrapeUrl"].split(":")[0] for target in targets()}, {"https"})

    def test_figures_are_refused_without_a_certificate(self):
        for target in targets():
            url = urllib.parse.urlsplit(target["scrapeUrl"])
            graph = STACK.graph()["resources"]
            address = next((r["spec"]["address"] for r in graph if r["id"] == f"network/{url.hostname}"), "10.66.0.1")
            done = run("ip", "netns", "exec", STACK.namespace("prometheus"), "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "10",
                       "--cacert", STACK.root_certificate, "--resolve", f"{url.hostname}:{url.port}:{address}",
                       target["scrapeUrl"], check=False)
            self.assertIn(done.stdout[-3:], ("000",), f"{target['scrapeUrl']} answers without a certificate")

    def test_the_lists_of_metrics_are_true(self):
        """What alerts and panels name is really scraped, and is in the list that the build compares with. What is there only
        after something happened stays in a list that has it. ALLOD_ACCEPT=1 adds what is new."""
        components = [*(name for name, entry in STACK.status()["components"].items() if entry["units"]), "allod"]
        scraped, listed = {}, {}
        for component in components:
            path = CATALOGUE / ("agent-metrics.txt" if component == "allod" else f"providers/{component}/metrics.txt")
            names = prometheus("label/__name__/values", **{"match[]": f'{{job=~"{component}(/.*)?"}}'})
            scraped[component] = {name for name in names if not name.startswith("scrape_")} - monitoring.OWN
            listed[component] = set(path.read_text().split())
            if os.environ.get("ALLOD_ACCEPT"):
                path.write_text("\n".join(sorted(listed[component] | scraped[component])) + "\n")
        everything = set().union(*scraped.values()) | monitoring.OWN
        wrong = []
        for path in sorted(CATALOGUE.glob("providers/*/monitoring.yaml")):
            for what, expression in monitoring.expressions(yaml.safe_load(path.read_text())):
                wrong += [f"{path.parent.name}: {what}: {name} is not scraped"
                          for name in sorted(monitoring.metrics_of(expression) - everything)]
        self.assertEqual(wrong, [])
        for component in components:
            self.assertGreater(len(listed[component] & scraped[component]), len(listed[component]) // 2,
                               f"the list of {component} is that of something else")


class Rules(unittest.TestCase):
    def test_promtool_accepts_them(self):
        laid = next(path for path in (STACK.memory / "files").rglob("rules.yaml") if "prometheus" in str(path))
        tool = next(pathlib.Path("/var/cache/allod/rootfs").glob("*/tree/usr/bin/promtool"))
        done = run(tool, "check", "rules", laid)
        rules = sum(len(group["rules"]) for group in yaml.safe_load(laid.read_text())["groups"])
        self.assertIn(f"{rules} rules found", done.stdout + done.stderr)
        self.assertGreater(rules, 20)
        self.assertEqual([rule["lastError"] for group in prometheus("rules")["groups"] for rule in group["rules"] if rule.get("lastError")], [])


class Alerting(unittest.TestCase):
    def test_1_the_heartbeat_arrives(self):
        before = value("allod_heartbeat_seconds")
        wait_for("another heartbeat", lambda: value("allod_heartbeat_seconds") > before, 180, 2)

    def test_2_a_killed_unit_is_told_and_it_ends(self):
        os.kill(STACK.unit("keycloak.server")["pid"], signal.SIGKILL)
        wait_for("the alert to reach the agent", lambda: told("alert UnitRestarted (warning)", "firing", "keycloak"), 180, 2)
        posted = wait_for("the alert to be posted outside", lambda: [
            message for message in WEBHOOK.got if message["commonLabels"].get("component") == "keycloak"], 60)
        self.assertEqual({alert["labels"]["component"] for alert in posted[0]["alerts"]}, {"keycloak"}, "groups are mixed")
        mailed = wait_for("the alert by mail", lambda: [message for message in MAIL.got if "keycloak" in message[1]], 60)
        self.assertEqual(mailed[0][0], ["ops@example.org"])
        self.assertFalse([message for message in WEBHOOK.got if message["commonLabels"].get("alertname") == "Heartbeat"])
        STACK.wait_ready()

    def test_3_a_silence_holds_an_alert_back(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        silence = {"matchers": [{"name": "component", "value": "traefik", "isRegex": False, "isEqual": True}], "createdBy": "test",
                   "comment": "test", "startsAt": now.isoformat(), "endsAt": (now + datetime.timedelta(minutes=30)).isoformat()}
        ask(9093, "/api/v2/silences", "-X", "POST", "-H", "Content-Type: application/json", "-d", json.dumps(silence))
        os.kill(STACK.unit("traefik.signIn")["pid"], signal.SIGKILL)
        found = wait_for("the alert at Alertmanager", lambda: [
            alert for alert in alerts() if alert["labels"]["alertname"] == "UnitRestarted" and alert["labels"]["component"] == "traefik"], 180, 2)
        self.assertEqual(found[0]["status"]["state"], "suppressed")
        self.assertEqual(told("alert UnitRestarted", "firing", "traefik"), [])

    def test_4_alerts_of_one_kind_come_together(self):
        groups = json.loads(ask(9093, "/api/v2/alerts/groups"))
        self.assertTrue(all(set(group["labels"]) == {"alertname", "component"} for group in groups), groups)

    def test_5_when_alerting_is_dead_the_agent_says_so(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        silence = {"matchers": [{"name": "alertname", "value": "Heartbeat", "isRegex": False, "isEqual": True}], "createdBy": "test",
                   "comment": "test", "startsAt": now.isoformat(), "endsAt": (now + datetime.timedelta(minutes=30)).isoformat()}
        made = json.loads(ask(9093, "/api/v2/silences", "-X", "POST", "-H", "Content-Type: application/json", "-d", json.dumps(silence)))
        wait_for("silence to be noticed", lambda: any(event["what"] == "alerting is silent" for event in events()), 330, 5)
        ask(9093, f"/api/v2/silence/{made['silenceID']}", "-X", "DELETE")
        wait_for("life to be noticed", lambda: any(event["what"] == "alerting is alive again" for event in events()), 180, 5)


class Pages(unittest.TestCase):
    def test_nobody_sees_them_without_signing_in(self):
        for page in ("monitoring", "alerts"):
            for path in ("/", "/api/v1/targets", "/api/v2/alerts", "/consoles/index.html"):
                answer = STACK.curl(page, path, "-i").stdout
                self.assertIn(int(answer.split()[1]), (302, 401, 403), f"{page}{path}:\n{answer[:300]}")
                self.assertNotIn("alertname", answer)

    def test_panels_are_those_of_the_providers(self):
        page = ask(9090, "/consoles/index.html")
        for path in CATALOGUE.glob("providers/*/monitoring.yaml"):
            for panel in yaml.safe_load(path.read_text()).get("panels", []):
                self.assertIn(f"{path.parent.name}: {panel['title']}", page)
        self.assertIn("<script", ask(9093, "/"))


if __name__ == "__main__":
    unittest.main()
