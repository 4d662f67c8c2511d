// Accounts, containers, blobs; preview, download, upload, delete.
import {bytes, byId, element, fillTable, say} from "./elements.js";
import * as sas from "./sas.js";
import {ask, blobUrl, list, readStart, remove, upload} from "./server.js";

const PAGE = 200;
const PREVIEW_BYTES = 64 * 1024;
const IMAGE_BYTES = 16 * 1024 * 1024;
const IMAGES = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"];

let place = {account: "", container: "", prefix: ""};
let visit = 0;  // answers to an earlier one are of no use any more

export const placeOf = (hash) => {
  const [account = "", container = "", prefix = ""] =
    hash.split("/").slice(1).map(decodeURIComponent);
  return {account, container, prefix};
};
const hashOf = (...parts) => "#browse/" + parts.map(encodeURIComponent).join("/");
const link = (text, ...parts) => element("a", {href: hashOf(...parts)}, text);

const textOf = (node, name) => node.querySelector(":scope > " + name)?.textContent ?? "";
// Names that XML cannot hold come percent-encoded.
function nameOf(node) {
  const name = node.querySelector(":scope > Name");
  return name.getAttribute("Encoded") === "true" ? decodeURIComponent(name.textContent)
                                                 : name.textContent;
}

// Runs what a click asks for; a failure is said.
export const run = (action) => (event) => {
  event?.preventDefault();
  say(null);
  Promise.resolve(action(event)).catch((failure) => say(failure.message));
};

export async function show(where) {
  place = where;
  const mine = ++visit;
  byId("preview").hidden = byId("more").hidden = true;
  byId("tools").hidden = !place.container;
  byId("list").replaceChildren();
  showPath();
  if (!place.account) await showAccounts(mine);
  else if (!place.container) await showContainers(mine);
  else await showBlobs(mine);
}

function showPath() {
  const {account, container, prefix} = place;
  const links = [element("a", {href: "#browse"}, "accounts")];
  if (account) links.push(link(account, account));
  if (container) links.push(link(container, account, container));
  let upTo = "";
  for (const segment of prefix.split("/").slice(0, -1)) {
    upTo += segment + "/";
    links.push(link(segment || "/", account, container, upTo));
  }
  byId("path").replaceChildren(...links.flatMap((one, i) => i ? [" / ", one] : [one]));
}

async function showAccounts(mine) {
  const {accounts} = await ask("accounts");
  if (mine !== visit) return;
  fillTable(byId("list"), ["account", "kind", "sku", "with"], accounts.map((account) => [
    link(account.name, account.name), account.kind, account.sku,
    ["hierarchical", "versioning", "change_feed"].filter((key) => account[key]).join(", ")]));
}

// Follows the marker; `add` gets each page's rows.
async function showPages(mine, parameters, titles, rowsOf, isNumber, rows = []) {
  const page = await list({...parameters, maxresults: String(PAGE)});
  if (mine !== visit) return;
  rows = [...rows, ...rowsOf(page)];
  fillTable(byId("list"), titles, rows, isNumber);
  const marker = textOf(page, "NextMarker");
  const more = byId("more");
  more.hidden = !marker;
  more.onclick = run(() => showPages(mine, {...parameters, marker}, titles, rowsOf, isNumber,
                                    rows));
}

function showContainers(mine) {
  const rowsOf = (page) => [...page.querySelectorAll("Container")].map((node) => {
    const name = nameOf(node);
    const properties = node.querySelector("Properties");
    return [link(name, place.account, name), textOf(properties, "Last-Modified"),
            textOf(properties, "PublicAccess") || "private"];
  });
  return showPages(mine, {account: place.account}, ["container", "changed", "access"], rowsOf);
}

function showBlobs(mine) {
  const {account, container, prefix} = place;
  const rowsOf = (page) => [...page.querySelectorAll("BlobPrefix, Blob")].map((node) => {
    const name = nameOf(node);
    const shown = name.slice(prefix.length);
    if (node.localName === "BlobPrefix") return [link(shown, account, container, name), "", "", ""];
    const properties = node.querySelector("Properties");
    const open = element("a", {href: "#", click: run(() => preview(name, node))}, shown);
    return [open, bytes(Number(textOf(properties, "Content-Length"))),
            textOf(properties, "Content-Type"), textOf(properties, "Last-Modified")];
  });
  const parameters = {account, container, restype: "container", delimiter: "/", prefix,
                      include: "metadata"};
  return showPages(mine, parameters, ["blob", "size", "type", "changed"], rowsOf,
                   (column) => column === 1);
}

// Everything that the listing says of the blob, and what of its content can be shown.
async function preview(name, node) {
  const target = {account: place.account, container: place.container, blob: name};
  const properties = node.querySelector("Properties");
  const rows = [...properties.children].filter((child) => child.textContent)
    .map((child) => [child.localName, child.textContent]);
  for (const child of node.querySelector("Metadata")?.children ?? []) {
    rows.push(["metadata " + child.localName, child.textContent]);
  }
  const table = element("table", {});
  fillTable(table, ["property", "value"], rows);
  const content = element("div", {}, "...");
  const tools = element(
    "p", {}, element("a", {href: blobUrl(target), download: ""}, "Download"), " ",
    element("button", {click: () => sas.open(target.account, target.container, name)},
            "Make a SAS"), " ",
    element("button", {click: run(() => removeBlob(target))}, "Delete"));
  byId("preview").replaceChildren(element("h2", {}, name), tools, content, table);
  byId("preview").hidden = false;
  const size = Number(textOf(properties, "Content-Length"));
  content.replaceChildren(await contentOf(target, textOf(properties, "Content-Type"), size));
}

async function contentOf(target, type, size) {
  if (IMAGES.includes(type.toLowerCase()) && size <= IMAGE_BYTES) {
    return element("img", {src: blobUrl(target), alt: target.blob});
  }
  const start = size > 0 ? await readStart(target, PREVIEW_BYTES) : new ArrayBuffer(0);
  try {
    // stream: the last character may be cut.
    const text = new TextDecoder("utf-8", {fatal: true}).decode(start, {stream: true});
    if (text.includes("\0")) throw new TypeError("binary");
    return element("pre", {}, text, size > PREVIEW_BYTES ? "\n..." : "");
  } catch {
    return element("p", {}, "No preview: not text, and no image that can be shown.");
  }
}

async function removeBlob(target) {
  if (!confirm(`Delete ${target.blob}?`)) return;
  await remove(target);
  await show(place);
}

// The first name that begins with another is that other, if it is there.
async function exists({account, container, blob}) {
  const page = await list({account, container, restype: "container", prefix: blob, maxresults: "1"});
  const first = page.querySelector("Blob");
  return first !== null && nameOf(first) === blob;
}

async function uploadFile(file) {
  const target = {account: place.account, container: place.container,
                  blob: place.prefix + file.name};
  const overwrite = await exists(target);
  if (overwrite && !confirm(`${target.blob} exists. Overwrite it?`)) return;
  const progress = byId("progress");
  progress.value = 0;
  progress.hidden = false;
  try {
    await upload(target, file, overwrite, (sent) => progress.value = sent / (file.size || 1));
  } finally {
    progress.hidden = true;
  }
  await show(place);
}

byId("file").addEventListener("change", run((event) => {
  const file = event.target.files[0];
  event.target.value = "";
  return file && uploadFile(file);
}));
byId("sas-open").addEventListener("click", () => sas.open(place.account, place.container, ""));
