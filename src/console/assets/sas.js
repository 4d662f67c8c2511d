// The dialog that makes a SAS. The key stays in the server.
import {byId, element, say} from "./elements.js";
import {tell} from "./server.js";
import {endpoints} from "./status.js";

const LETTERS = {r: "read", a: "add", c: "create", w: "write", d: "delete", l: "list", t: "tags"};
let target = null;

export function open(account, container, blob) {
  target = {account, container, blob};
  byId("sas-for").textContent = [account, container, blob].filter(Boolean).join("/");
  const boxes = Object.entries(LETTERS).filter(([letter]) => !blob || letter !== "l").map(
    ([letter, name]) => element("label", {}, element("input", {
      type: "checkbox", value: letter, ...(letter === "r" ? {checked: ""} : {})}), " " + name));
  byId("sas-letters").replaceChildren(element("legend", {}, "Permissions"), ...boxes);
  byId("sas-url").hidden = true;
  byId("sas").showModal();
}

// Where clients find the Blob endpoint, as far as this page can tell.
function endpoint(tls) {
  const found = endpoints.find((one) => one.tls === tls) ?? endpoints[0];
  const any = ["0.0.0.0", "::"].includes(found.address);
  const host = any ? location.hostname
    : found.address.includes(":") ? `[${found.address}]` : found.address;
  return `${found.tls ? "https" : "http"}://${host}:${found.port}`;
}

async function make() {
  const https = byId("sas-https").checked;
  const chosen = [...byId("sas-letters").querySelectorAll(":checked")];
  const made = await tell("sas", {
    ...target, permissions: chosen.map((box) => box.value).join(""), https_only: https,
    minutes: Number(byId("sas-minutes").value)});
  const path = [target.account, target.container, ...(target.blob ? target.blob.split("/") : [])];
  const url = byId("sas-url");
  url.value = `${endpoint(https)}/${path.map(encodeURIComponent).join("/")}?${made.sas}`;
  url.hidden = false;
  url.select();
}

byId("sas-make").addEventListener("click", () => make().catch((failure) => {
  byId("sas").close();
  say(failure.message);
}));
byId("sas-close").addEventListener("click", () => byId("sas").close());
