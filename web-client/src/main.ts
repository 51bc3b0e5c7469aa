import { mount } from "svelte";
import App from "./App.svelte";
import "./style.css";

// What stands behind `#` is taken out of the address bar, and out of the history, before anything else happens.
const fragment = location.hash.slice(1);
history.replaceState(null, "", location.pathname);

const target = document.getElementById("page");
if (target) mount(App, { target, props: { fragment } });
