// The supervision tree: who watches whom, who was restarted how often, and why.

import { ask } from "../api.js";
import { plural } from "../format.js";
import { live } from "../live.js";
import { componentPath, note, stateLabel } from "../parts.js";
import { h } from "../render.js";

const MOST_OPEN = 60;
const folded = new Map();

export function page({ redraw }) {
  let tree = null;
  let search = "";
  let focus = "";

  async function load() {
    try {
      tree = await ask("GET", "/api/v1/tree");
    } catch (error) {
      tree = error;
    }
    redraw();
  }

  const size = (node) => 1 + node.children.reduce((total, child) => total + size(child), 0);
  const isFolded = (path, node) =>
    folded.get(path) ??
    (node.kind === "supervisor" && path.includes("/flow:") && size(tree) > MOST_OPEN && !troubled(node));

  function rows() {
    const list = [];
    const walk = (node, path, level) => {
      const below = search ? node.children.filter((child) => matches(child)) : node.children;
      const closed = !search && isFolded(path, node);
      list.push({ node, path, level, closed, parent: path.slice(0, path.lastIndexOf("/")) });
      if (!closed) for (const child of below) walk(child, `${path}/${child.name.replaceAll("/", "|")}`, level + 1);
    };
    const matches = (node) => node.name.toLowerCase().includes(search.toLowerCase()) || node.children.some(matches);
    walk(tree, tree.name, 1);
    return list;
  }

  function key(event, list) {
    const index = list.findIndex((row) => row.path === event.target.dataset?.path);
    if (index < 0) return;
    const row = list[index];
    let next = null;
    if (event.key === "ArrowDown") next = list[index + 1];
    else if (event.key === "ArrowUp") next = list[index - 1];
    else if (event.key === "Home") next = list[0];
    else if (event.key === "End") next = list.at(-1);
    else if (event.key === "ArrowRight" && row.node.children.length) {
      if (row.closed) folded.set(row.path, false);
      else next = list[index + 1];
    } else if (event.key === "ArrowLeft") {
      if (row.node.children.length && !row.closed) folded.set(row.path, true);
      else next = list.find((each) => each.path === row.parent);
    } else if (event.key === "Enter" && row.node.kind === "worker") {
      location.hash = componentPath(row.node.name);
      return;
    } else return;
    event.preventDefault();
    focus = (next ?? row).path;
    redraw();
    requestAnimationFrame(() => document.querySelector(`[data-path="${CSS.escape(focus)}"]`)?.focus());
  }

  return {
    title: "Supervision tree",
    start: load,
    every: { seconds: 2, run: load },
    view() {
      if (tree === null) return note("…");
      if (tree instanceof Error) return note(tree.message);
      const list = rows();
      const entry = list.some((row) => row.path === focus) ? focus : list[0].path;
      const known = new Set(live.snapshot.components.map((component) => component.name));
      return [
        h(
          "div",
          { class: "toolbar" },
          h(
            "label",
            { class: "search" },
            h("span", { class: "hidden-text" }, "Search the tree"),
            h("input", {
              type: "search",
              placeholder: "Search the tree",
              autocomplete: "off",
              value: search,
              oninput: (event) => {
                search = event.target.value;
                redraw();
              },
            }),
          ),
          h("span", { class: "muted" }, plural(size(tree), "actor")),
        ),
        h(
          "div",
          { class: "tree", role: "tree", "aria-label": "Supervision tree", onkeydown: (event) => key(event, list) },
          list.map((row) => treeRow(row, row.path === entry, known)),
        ),
      ];
    },
  };

  function treeRow({ node, path, level, closed }, isEntry, known) {
    const toggle = () => {
      folded.set(path, !closed);
      focus = path;
      redraw();
    };
    const parents = node.children.length > 0;
    return h(
      "div",
      {
        class: node.restarts || node.last_error ? "branch touched" : "branch",
        key: path,
        role: "treeitem",
        tabindex: isEntry ? 0 : -1,
        "aria-level": level,
        "aria-expanded": parents ? String(!closed) : null,
        "data-path": path,
        style: { "--level": String(level - 1) },
        onclick: parents ? toggle : null,
      },
      h("span", { class: "caret", "aria-hidden": "true" }, parents ? (closed ? "▸" : "▾") : ""),
      h(
        "span",
        { class: "branch-name" },
        known.has(node.name) ? h("a", { href: componentPath(node.name), tabindex: -1 }, node.name) : node.name,
      ),
      stateLabel(node.state),
      parents && closed && h("span", { class: "muted" }, `${size(node) - 1} below`),
      node.restarts > 0 && h("span", { class: "tag state-restarting" }, plural(node.restarts, "restart")),
      node.blocked_on && h("span", { class: "muted" }, `waits for ${node.blocked_on}`),
      node.last_error && h("span", { class: "branch-error" }, node.last_error),
    );
  }
}

const troubled = (node) =>
  node.restarts > 0 || (node.state !== "running" && node.state !== "stopped") || node.children.some(troubled);
