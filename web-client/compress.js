// Every file of the build twice more, compressed as the relay sends it. Says what all of it weighs, with gzip and with Brotli.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const files = (dir) => readdirSync(dir).flatMap((name) => {
  const path = join(dir, name);
  return statSync(path).isDirectory() ? files(path) : [path];
});
const sum = { gzip: 0, brotli: 0 };
for (const file of files("dist")) {
  if (/\.(gz|br)$/.test(file)) {
    rmSync(file);
    continue;
  }
  const plain = readFileSync(file);
  const gzip = gzipSync(plain, { level: 9 });
  const brotli = brotliCompressSync(plain, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length },
  });
  sum.gzip += gzip.length;
  sum.brotli += brotli.length;
  writeFileSync(`${file}.gz`, gzip);
  writeFileSync(`${file}.br`, brotli);
}
console.log(`${sum.gzip} ${sum.brotli}`);
