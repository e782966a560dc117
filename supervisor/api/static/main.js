// The page: its head, which page of it is shown, and drawing it anew.

import { token } from "./api.js";
import { bytes, count, rate, time } from "./format.js";
import { follow, live, reconnect } from "./live.js";
import { figures, note, stateLabel } from "./parts.js";
import { loadPlan } from "./plan.js";
import { h, render } from "./render.js";
import * as flows from "./pages/flows.js";

// Only the first page comes with this file: the engine answers each request between its other work.
const PAGES = {
  flows: () => flows,
  components: () => import("./pages/components.js"),
  component: () => import("./pages/component.js"),
  charts: () => import("./pages/charts.js"),
  tree: () => import("./pages/tree.js"),
  logs: () => import("./pages/logs.js"),
  letters: () => import("./pages/letters.js"),
  tap: () => import("./pages/tap.js"),
};
const MENU = {
  flows: "Flows",
  components: "Components",
  charts: "Charts",
  tree: "Tree",
  logs: "Logs",
  letters: "Dead letters",
  tap: "Tap",
};
const BELOW = { component: "flows" };

const head = document.getElementById("head");
const main = document.getElementById("main");

let current = null;
let planned = false;

// --- which page ------------------------------------------------------------------------------------------------------

async function route() {
  const { hash } = location;
  const [, wanted = "flows", parameter = ""] = /^#\/([a-z]+)(?:\/(.*))?$/.exec(hash) ?? [];
  const name = Object.hasOwn(PAGES, wanted) ? wanted : "flows";
  const make = await Promise.resolve()
    .then(PAGES[name])
    .then(
      ({ page }) => page,
      () => unloaded,
    );
  // Somebody may have gone on meanwhile.
  if (location.hash !== hash) return;
  current?.page.leave?.();
  current?.page.stop?.();
  clearInterval(current?.timer);
  const page = make({ redraw, parameter: decoded(parameter), width: contentWidth });
  const cameFrom = current;
  current = { name, key: `${name} ${parameter}`, page, timer: 0, started: false };
  if (live.snapshot !== null) begin();
  draw();
  if (cameFrom !== null) (page.focus?.() ?? main.querySelector("h1"))?.focus();
  scrollTo(0, 0);
}

const unloaded = () => ({
  title: "Aftershock",
  view: () => note("This page could not be loaded. Load it anew when the engine answers again."),
});

function begin() {
  current.started = true;
  current.page.start?.();
  const { every } = current.page;
  if (every) current.timer = setInterval(() => document.hidden || every.run(), every.seconds * 1000);
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function contentWidth() {
  const style = getComputedStyle(main);
  return Math.max(280, main.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight));
}

// --- drawing ---------------------------------------------------------------------------------------------------------

let asked = false;

/** Draw soon: once, however often it is asked for until then. */
function redraw() {
  if (asked || document.hidden) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    draw();
  });
}

function draw() {
  if (live.snapshot !== null && !current.started) begin();
  if (live.snapshot !== null && !planned) {
    planned = true;
    // The other pages, when there is time.
    requestIdleCallback(() => Promise.allSettled(Object.values(PAGES).map((load) => load())));
    loadPlan().then(redraw, () => {
      planned = false;
    });
  }
  document.title = `${current.page.title} · Aftershock`;
  drawHead();
  if (live.status === "locked") render(main, lock());
  else if (live.snapshot === null)
    render(
      main,
      h("p", { class: "note", key: "waiting" }, live.status === "lost" ? live.why : "Asking the engine …"),
    );
  else
    render(
      main,
      h(
        "div",
        { key: current.key, class: `page page-${current.name}` },
        h("h1", { tabindex: -1 }, current.page.title),
        current.page.view(),
      ),
    );
}

function drawHead() {
  const { snapshot, totals } = live;
  render(
    head,
    h(
      "div",
      { class: "bar" },
      h(
        "a",
        { class: "brand", href: "#/flows", "aria-label": "Aftershock, to the flows" },
        h("img", { src: "/static/icon.svg", alt: "", width: 22, height: 22 }),
        "Aftershock",
      ),
      snapshot && h("span", { class: "deployment", title: snapshot.file }, snapshot.file.split("/").at(-1)),
      snapshot && stateLabel(snapshot.state),
      connection(),
    ),
    snapshot && figures(summary(snapshot, totals), "The whole deployment"),
    h(
      "nav",
      { "aria-label": "Pages" },
      Object.entries(MENU).map(([name, title]) =>
        h(
          "a",
          {
            key: name,
            href: `#/${name}`,
            "aria-current": (BELOW[current.name] ?? current.name) === name ? "page" : null,
          },
          title,
          name === "letters" &&
            snapshot?.kept_dead_letters > 0 &&
            h("span", { class: "badge" }, ` ${count(snapshot.kept_dead_letters)}`),
        ),
      ),
    ),
  );
}

function summary(snapshot, totals) {
  const rated = (text) => (live.rated ? text : "–");
  return [
    ["In", rated(rate(totals.in))],
    ["Out", rated(rate(totals.out))],
    ["p50", time(totals.p50)],
    ["p99", time(totals.p99)],
    ["Errors", rated(rate(totals.errors)), totals.errors > 0 ? "warn" : ""],
    ["Dropped", rated(rate(totals.dropped))],
    ["Restarts", count(totals.restarts), totals.restarts > 0 ? "warn" : ""],
    ["Dead letters", count(snapshot.dead_letters), snapshot.dead_letters > 0 ? "warn" : ""],
    ["Memory", bytes(totals.memory)],
    ["Hub lag", time(totals.lag), totals.lag > 0.5 ? "warn" : ""],
    ["Components", count(totals.components)],
    [
      "Need a look",
      count(totals.ill.length),
      totals.ill.length ? "warn" : "",
      totals.ill
        .map((node) => node.key)
        .slice(0, 20)
        .join("\n"),
    ],
  ];
}

function connection() {
  const seconds = Math.max(0, Math.ceil((live.again - Date.now()) / 1000));
  const text = {
    live: "live",
    connecting: "connecting …",
    locked: "needs a token",
    lost: `lost, again in ${seconds} s`,
  }[live.status];
  return h(
    "span",
    { class: `connection connection-${live.status}`, role: "status", title: live.why },
    h("span", { class: "dot", "aria-hidden": "true" }),
    text,
    live.status === "lost" &&
      h(
        "button",
        {
          type: "button",
          onclick: () => {
            reconnect();
            redraw();
          },
        },
        "Now",
      ),
  );
}

function lock() {
  const wrong = token.get() !== "";
  return h(
    "form",
    {
      class: "lock",
      key: "lock",
      onsubmit: (event) => {
        event.preventDefault();
        token.set(event.target.elements.token.value.trim());
        reconnect();
        redraw();
      },
    },
    h("h1", {}, "This engine asks for a token"),
    h(
      "p",
      {},
      wrong ? "The token was not right. " : "",
      "It is the ",
      h("code", {}, "token"),
      " of ",
      h("code", {}, "api"),
      " in ",
      h("code", {}, "[supervisor]"),
      ". It stays in this tab until you close it.",
    ),
    h(
      "label",
      {},
      "Token ",
      h("input", {
        name: "token",
        type: "password",
        autocomplete: "off",
        required: true,
        made: (field) => requestAnimationFrame(() => field.focus()),
      }),
    ),
    h("button", { type: "submit", class: "primary" }, "Go on"),
  );
}

// --- what happens ----------------------------------------------------------------------------------------------------

addEventListener("hashchange", route);
addEventListener("resize", redraw);
addEventListener("token-needed", () => {
  if (live.status !== "connecting") live.status = "locked";
  redraw();
});
document.addEventListener("visibilitychange", redraw);
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  if (event.target.matches("input, select, textarea")) event.target.blur();
  else if (current.name === "component" || current.name === "tap") location.hash = "#/flows";
});
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  main.querySelector("h1")?.focus();
});

await route();
follow(redraw);
