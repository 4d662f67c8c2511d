// Health, figures of the store, and rates and times of requests, each second.
import {bytes, byId, element, fillFigures, fillTable, number} from "./elements.js";
import {Plot} from "./plot.js";
import {ask} from "./server.js";

const perSecond = (value) => bytes(value) + "/s";
const milliseconds = (value) => number(value) + " ms";
const plots = {
  requests: new Plot("Requests", ["per second", "refused", "in flight"], number),
  bytes: new Plot("Bytes", ["in", "out"], perSecond),
  times: new Plot("Time in the server", ["mean", "99 %", "median"], milliseconds),
};
byId("plots").append(...Object.values(plots).map((plot) => plot.figure));

export let endpoints = [];
let before = null;  // {at, requests}: the last answer, and when it came, ms

// Counters of an account start anew when it was removed and added again.
const since = (now, then) => now >= then ? now - then : now;

const COUNTED = ["requests", "errors", "failed", "received_bytes", "sent_bytes", "server_ns"];

function difference(now, then) {
  const out = {name: now.name};
  for (const key of COUNTED) out[key] = since(now[key] ?? 0, then?.[key] ?? 0);
  out.buckets = (now.buckets ?? []).map((count, i) => since(count, then?.buckets[i] ?? 0));
  return out;
}

function differences(now, then) {
  const old = new Map(then.map((row) => [row.name, row]));
  return now.map((row) => difference(row, old.get(row.name)))
    .filter((row) => row.requests > 0).sort((a, b) => b.requests - a.requests);
}

function sum(rows) {
  const out = {buckets: []};
  for (const key of COUNTED) out[key] = rows.reduce((total, row) => total + row[key], 0);
  for (const row of rows) row.buckets.forEach((n, i) => out.buckets[i] = (out.buckets[i] ?? 0) + n);
  return out;
}

// The bound below which `share` of the requests were, ms; the highest one when they were above all.
function quantile(row, bounds, share) {
  let seen = 0;
  const at = row.buckets.findIndex((count) => (seen += count) >= share * row.requests);
  return bounds[at < 0 || at >= bounds.length ? bounds.length - 1 : at] / 1e6;
}

const mean = (row) => row.server_ns / row.requests / 1e6;

function showRates(requests, then, seconds) {
  const rows = differences(requests.operations, then.operations);
  const all = sum(rows);
  const bounds = requests.bounds_ns;
  const any = all.requests > 0;
  plots.requests.add([all.requests / seconds, (all.errors + all.failed) / seconds,
                      requests.in_flight]);
  plots.bytes.add([all.received_bytes / seconds, all.sent_bytes / seconds]);
  plots.times.add(any ? [mean(all), quantile(all, bounds, 0.99), quantile(all, bounds, 0.5)]
                      : [null, null, null]);
  const rates = (row) => [
    number(row.requests / seconds), number(row.errors / seconds), number(row.failed / seconds),
    bytes(row.received_bytes / seconds), bytes(row.sent_bytes / seconds)];
  const isRate = (column) => column > 0;
  const titles = ["requests/s", "4xx/s", "5xx/s", "in/s", "out/s"];
  fillTable(byId("operations"), ["operation", ...titles, "mean ms", "median ms", "99 % ms"],
            rows.map((row) => [row.name, ...rates(row), number(mean(row)),
                               number(quantile(row, bounds, 0.5)),
                               number(quantile(row, bounds, 0.99))]), isRate);
  fillTable(byId("accounts"), ["account", ...titles],
            differences(requests.accounts, then.accounts).map((row) => [row.name, ...rates(row)]), isRate);
}

function showHealth(status) {
  const health = byId("health");
  health.className = status.reasons.length === 0 ? "good" : "bad";
  health.textContent = status.reasons.map((reason) => reason.message).join("; ") || "healthy";
  byId("version").textContent = `blobgate ${status.version}`;
}

function showStore(store, scrubRate) {
  fillFigures(byId("store"), {
    "live": bytes(store.live_bytes), "segments": bytes(store.segment_bytes),
    "garbage": bytes(store.garbage_bytes), "disk free": bytes(store.disk_free_bytes),
    "disk size": bytes(store.disk_size_bytes), "commits": String(store.commits),
    "damaged reads": String(store.corruption_errors),
    "takes writes": store.read_only ? "no" : "yes"});
  const last = store.last_scrub ? new Date(store.last_scrub * 1000).toLocaleString() : "never";
  fillFigures(byId("scrub"), {
    "state": store.scrub_running ? "running" : scrubRate === 0 ? "off" : "waiting",
    "read in this pass": bytes(store.scrub_pass_bytes), "last complete pass": last,
    "damaged extents": String(store.damaged_extents)});
}

export async function poll() {
  const status = await ask("status");
  const at = performance.now();
  endpoints = status.endpoints;
  showHealth(status);
  showStore(status.store, status.scrub_bytes_per_second);
  if (before) showRates(status.requests, before.requests, (at - before.at) / 1000);
  before = {at, requests: status.requests};
}
