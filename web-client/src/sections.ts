// A long form in parts that fit a telephone: each group at the top is a part of its own, with all its repetitions; what stands
// between groups is one, too. Consents have a step of their own before.

import type { Row } from "./session";

export function sections(rows: Row[]): Row[][] {
  const parts: Row[][] = [];
  let last: string | null = null;
  for (const row of rows) {
    if (row.consent !== null) continue;
    if (row.depth === 0) {
      // Help that a group's answers bring up stands with the group.
      const name: string | null = row.kind === "group" ? row.linkId : row.kind === "display" ? last : "";
      if (name !== last || parts.length === 0) parts.push([]);
      last = name;
    }
    if (parts.length === 0) parts.push([]);
    parts.at(-1)?.push(row);
  }
  return parts.filter((part) => part.some((row) => row.kind !== "group"));
}
