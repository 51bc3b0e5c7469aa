import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";

const base = "/i/";

// The browser begins to fetch the WebAssembly as soon as it has read the page, behind all that is needed to show the first step.
const early: Plugin = {
  name: "fetch-core-early",
  transformIndexHtml: {
    order: "post",
    handler: (_, { bundle }) => {
      const core = Object.keys(bundle ?? {}).filter((name) => name.endsWith(".wasm"));
      return core.map((name) => ({
        tag: "link",
        attrs: { rel: "preload", href: base + name, as: "fetch", type: "application/wasm", crossorigin: "anonymous", fetchpriority: "low" },
        injectTo: "head" as const,
      }));
    },
  },
};

// Everything is a file of its own: the page's policy allows nothing inline.
export default defineConfig({
  base,
  plugins: [svelte(), early],
  worker: { format: "es" },
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false }, sourcemap: false },
});
