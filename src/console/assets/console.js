// The page's views, and who may see them.
import {placeOf, run, show} from "./browse.js";
import {byId, say} from "./elements.js";
import {tell} from "./server.js";
import {poll} from "./status.js";

const VIEWS = ["login", "status", "browse"];
let isIn = false;
let isLost = false;  // the last poll failed

function showView(view) {
  for (const id of VIEWS) byId(id).hidden = id !== view;
  document.querySelector("nav").hidden = view === "login";
}

function showPlace() {
  if (!isIn) return;
  const hash = location.hash;
  const view = hash.startsWith("#browse") ? "browse" : "status";
  showView(view);
  if (view === "browse") run(() => show(placeOf(hash)))();
}

function leave() {
  isIn = false;
  byId("sas").close();
  showView("login");
}

async function watch() {
  try {
    await poll();
    if (!isIn) {
      isIn = true;
      showPlace();
    }
    if (isLost) say(null);
    isLost = false;
  } catch (failure) {
    if (failure.status === 401) return leave();
    say(failure.message);
    isLost = true;
  }
  setTimeout(watch, 1000);
}

byId("login").querySelector("form").addEventListener("submit", run(async () => {
  const field = byId("token");
  const token = field.value.trim();
  field.value = "";
  await tell("login", {token});
  await watch();
}));
byId("logout").addEventListener("click", run(() => tell("logout")));
addEventListener("hashchange", showPlace);
watch();
