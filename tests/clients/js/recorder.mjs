// Notes which methods of an SDK's clients are called, by the script or by one another. write() adds
// one JSON line to the file that BLOB_CALLED names: the SDK, what it offers, what was called.
import fs from "node:fs";

const offered = new Set(), called = new Set();
let sdk;

// Once in a script. `browsers`: names of methods that are of browsers only.
export function watch(name, classes, browsers = []) {
  sdk = name;
  for (const owner of process.env.BLOB_CALLED ? classes : []) watchClass(owner, browsers);
}

function watchClass(owner, browsers) {
  for (const name of Object.getOwnPropertyNames(owner.prototype)) {
    const found = Object.getOwnPropertyDescriptor(owner.prototype, name);
    const full = `${owner.name}.${name}`;
    if (name === "constructor" || typeof found.value !== "function" || browsers.includes(full))
      continue;
    offered.add(full);
    Object.defineProperty(owner.prototype, name, { ...found, value(...values) {
      called.add(full);
      return found.value.apply(this, values);
    } });
  }
}

export function write() {
  if (!process.env.BLOB_CALLED) return;
  const home = new URL(`node_modules/${sdk}/package.json`, import.meta.url);
  const { version } = JSON.parse(fs.readFileSync(home));
  fs.appendFileSync(process.env.BLOB_CALLED, JSON.stringify({
    sdk: `${sdk} ${version}`, language: "JavaScript",
    offered: [...offered].sort(), called: [...called].sort(),
  }) + "\n");
}
