// Every file of the build once more, compressed as the relay sends it.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const files = (dir) => readdirSync(dir).flatMap((name) => {
  const path = join(dir, name);
  return statSync(path).isDirectory() ? files(path) : [path];
});
let sum = 0;
for (const file of files("dist")) {
  if (file.endsWith(".gz")) {
    rmSync(file);
    continue;
  }
  const small = gzipSync(readFileSync(file), { level: 9 });
  sum += small.length;
  writeFileSync(`${file}.gz`, small);
}
console.log(sum);
