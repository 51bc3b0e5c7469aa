import { mount, unmount } from "svelte";
import App from "./App.svelte";
import Receipt from "./Receipt.svelte";
import "./style.css";

// What stands behind `#` is taken out of the address bar, and out of this page's history, before anything else happens.
const fragment = location.hash.slice(1);
history.replaceState(null, "", location.pathname);

const target = document.getElementById("page");
if (target) {
  const checks = location.pathname.replace(/\/+$/, "").endsWith("/r");
  const shown = mount(checks ? Receipt : App, { target, props: { fragment } });

  // Whoever presses "back" on a shared device finds an empty page: it is not kept as it was, and without the link it opens nothing.
  window.addEventListener("pagehide", () => void unmount(shown));
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  // Another link, opened in the same tab.
  window.addEventListener("hashchange", () => location.reload());
}
