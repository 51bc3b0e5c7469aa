// node open.mjs FILE: opens FILE with Automerge's own library and prints what it holds, as JSON, on stdout:
// { "document": the present state, "conflicts": { field: [every value] }, "heads": [...], "changes": n }.
// Exit code 1 when it does not open, 2 without a file.
import { readFileSync } from "node:fs";
import * as Automerge from "@automerge/automerge";

const file = process.argv[2];
if (!file) {
  console.error("usage: node open.mjs FILE");
  process.exit(2);
}
try {
  const doc = Automerge.load(new Uint8Array(readFileSync(file)));
  const conflicts = {};
  for (const key of Object.keys(doc.fields ?? {})) {
    const all = Automerge.getConflicts(doc.fields, key);
    if (all) conflicts[key] = Object.values(all).sort();
  }
  const changes = Automerge.getAllChanges(doc).length;
  console.log(JSON.stringify({ document: doc, conflicts, heads: Automerge.getHeads(doc).sort(), changes }));
} catch (error) {
  console.error(`${file} does not open: ${error.message}`);
  process.exit(1);
}
