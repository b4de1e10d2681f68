// The cell of NAS-Bench-201: four nodes, six edges, an operator on each.

import { OPERATORS, number } from "./names.js";
import { choosable } from "./menu.js";

const SVG = "http://www.w3.org/2000/svg";
const NODES = [26, 155, 285, 414];
const LINE = 172;
const RADIUS = 14;
// Of each edge: how far its arc stands off the line of nodes.
const ARCS = { "0-1": 0, "0-2": -72, "1-2": 0, "0-3": -134, "1-3": 72, "2-3": 0 };

function svg(tag, attributes, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Where an edge runs, and where its label stands. */
function course([from, to]) {
  const [x1, x2] = [NODES[from], NODES[to]];
  const off = ARCS[`${from}-${to}`];
  const middle = (x1 + x2) / 2;
  if (!off) return { path: `M${x1 + RADIUS} ${LINE}H${x2 - RADIUS - 6}`, x: middle, y: LINE };
  const side = Math.sign(off);
  const start = LINE + side * RADIUS * 0.8;
  const wide = (x2 - x1) * 0.22;
  const top = LINE + off;
  const bend = (top - start * 0.25) / 0.75;
  const path = `M${x1 + 8} ${start}C${x1 + wide} ${bend} ${x2 - wide} ${bend} ${x2 - 11} ${start + side * 7}`;
  return { path, x: middle, y: top };
}

/**
 * @param edges pairs of nodes
 * @param choose called with edge and operator id
 * @param open called with edge and its element: show the menu
 * @returns function to draw operators, with what was explained of them
 */
export function makeCell(holder, side, edges, names, { choose, open }) {
  const marker = `arrow-${side}`;
  const arrow = svg("marker", {
    id: marker, viewBox: "0 0 8 8", refX: 2, refY: 4,
    markerWidth: 11, markerHeight: 11, orient: "auto", markerUnits: "userSpaceOnUse",
  }, svg("path", { d: "M0 .5L8 4L0 7.5z", class: "arrow" }));
  const drawn = edges.map((edge, place) => makeEdge(edge, place, marker));
  const nodes = NODES.map((x, node) =>
    svg("g", { class: "node", "aria-hidden": "true" },
      svg("circle", { cx: x, cy: LINE, r: RADIUS }),
      label(x, LINE + 4.5, String(node)),
      label(x, LINE + 40, { 0: "input", 3: "output" }[node] ?? "", "value")));
  const picture = svg("svg", { viewBox: "0 0 440 284", class: "cell", role: "group" },
    svg("defs", {}, arrow), ...drawn.map((edge) => edge.line), ...nodes, ...drawn.map((edge) => edge.target));
  picture.setAttribute("aria-label", `Cell ${side.toUpperCase()}: six edges, an operator on each`);
  holder.replaceChildren(picture);
  let now = [];

  function makeEdge(edge, place, arrowhead) {
    const { path, x, y } = course(edge);
    const line = svg("path", { d: path, "marker-end": `url(#${arrowhead})` });
    const text = label(x, y + 5, "");
    const value = label(x, y + 29, "", "value");
    const pill = svg("rect", { x: x - 31, y: y - 15, width: 62, height: 30, rx: 15 });
    const touch = svg("rect", { x: x - 36, y: y - 22, width: 72, height: 44, class: "touch" });
    const target = svg("g", { tabindex: 0, role: "button", "aria-haspopup": "menu" }, touch, pill, text, value);
    choosable(target, {
      count: names.length,
      current: () => now[place],
      choose: (id) => choose(place, id),
      open: () => open(place, target),
    });
    return { edge, line, target, text, value };
  }

  return (ids, other, explained) => {
    now = ids;
    const most = Math.max(...(explained?.parts ?? []).map((part) => Math.abs(part.value)), 0);
    drawn.forEach(({ edge, line, target, text, value }, place) => {
      const operator = OPERATORS[names[ids[place]]];
      const part = explained?.parts.find((one) => one.place === place);
      const removed = part?.runs === false && operator.style !== "none";
      const differs = other && other[place] !== ids[place];
      line.setAttribute("class", `line ${operator.style}${removed ? " removed" : ""}`);
      target.setAttribute("class", `edge ${operator.style}${removed ? " removed" : ""}${differs ? " differs" : ""}`);
      text.textContent = operator.short;
      value.textContent = removed ? "removed" : share(part, explained, most);
      const cost = part ? `, ${removed ? part.why : `contributes ${number(part.value)} ${explained.unit}`}` : "";
      const note = differs ? ", differs from the other cell" : "";
      target.setAttribute("aria-label", `Edge ${edge[0]} to ${edge[1]}: ${operator.long}${cost}${note}`);
    });
  };
}

/** A contribution, unless it is nothing beside the others. */
function share(part, explained, most) {
  if (!part || Math.abs(part.value) < 0.005 * most) return "";
  return `${number(part.value)} ${explained.unit}`;
}

function label(x, y, text, kind = "") {
  const made = svg("text", { x, y, "text-anchor": "middle", class: kind });
  made.textContent = text;
  return made;
}
