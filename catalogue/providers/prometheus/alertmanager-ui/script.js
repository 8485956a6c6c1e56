// Shows what Alertmanager's API (version 2) tells, makes silences and ends them.
"use strict";

async function api(path, method = "GET", body) {
  const answer = await fetch("/api/v2/" + path, {
    method, body: body && JSON.stringify(body), headers: body ? {"Content-Type": "application/json"} : {},
  });
  if (!answer.ok) throw new Error(path + ": " + answer.status + " " + await answer.text());
  return (answer.headers.get("Content-Type") || "").includes("json") ? answer.json() : null;
}

function row(table, cells, label, action) {
  const line = document.querySelector(table + " tbody").insertRow();
  for (const cell of cells) line.insertCell().textContent = cell;
  const button = document.createElement("button");
  button.textContent = label;
  button.onclick = () => action().then(show).catch(fault);
  line.insertCell().append(button);
  return line;
}

function fault(error) { document.querySelector("#fault").textContent = error; }

function silence(labels) {
  const why = prompt("Why is this silenced for two hours?");
  if (!why) return Promise.resolve();
  const matchers = Object.entries(labels).map(([name, value]) => ({name, value, isRegex: false, isEqual: true}));
  const now = Date.now();
  return api("silences", "POST", {
    matchers, comment: why, createdBy: "the page alerts",
    startsAt: new Date(now).toISOString(), endsAt: new Date(now + 7200000).toISOString(),
  });
}

async function show() {
  const [alerts, silences] = await Promise.all([api("alerts"), api("silences")]);
  for (const body of document.querySelectorAll("tbody")) body.replaceChildren();
  for (const {labels, annotations, startsAt, status} of alerts) {
    if (labels.severity === "none") continue;
    const line = row("#alerts", [labels.alertname, labels.component || "", annotations.summary || "", annotations.action || "",
      new Date(startsAt).toLocaleString(), status.state], "Silence", () => silence(labels));
    line.cells[0].className = labels.severity;
  }
  for (const {id, matchers, endsAt, createdBy, comment, status} of silences) {
    if (status.state === "expired") continue;
    row("#silences", [matchers.map(m => m.name + "=" + m.value).join(", "), new Date(endsAt).toLocaleString(), createdBy,
      comment], "End", () => api("silence/" + id, "DELETE"));
  }
  fault("");
}

show().catch(fault);
setInterval(() => show().catch(fault), 15000);
