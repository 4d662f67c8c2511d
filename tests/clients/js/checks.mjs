// Counts what is checked, a line for each check, as tests/clients/run.py reads it.
import assert from "node:assert";
import { write } from "./recorder.mjs";

let passed = 0, failed = 0;

export async function check(name, run) {
  try {
    await run();
    passed++;
    console.log(`PASS js ${name}`);
  } catch (e) {
    failed++;
    console.log(`FAIL js ${name}: ${e.code ?? ""} ${e.stack}`);
  }
}

export const same = (a, b) =>
  assert.ok(Buffer.compare(Buffer.from(a), Buffer.from(b)) === 0, "content differs");

// What was called, the closing line, and the end of the script.
export function finish() {
  write();
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed || !passed ? 1 : 0);
}
