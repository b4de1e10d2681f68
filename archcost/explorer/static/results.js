// The tables of costs: one row a device, sorted, with intervals on a common logarithmic axis.

import { METRICS, SOURCES, count, element, interval, number, percent } from "./names.js";
import { state } from "./state.js";

const holder = document.getElementById("tables");
const tables = new Map();
let pending = false;
const key = (cost) => `${cost.metric} ${cost.device}`;

/** Costs of A, and of B if there is one, side by side: one entry a device and metric. */
function paired(answer) {
  const rows = new Map();
  for (const cost of answer.costs) {
    const row = rows.get(key(cost)) ?? { key: key(cost), device: cost.device, metric: cost.metric, unit: cost.unit };
    row[answer.sides[cost.architecture]] = cost;
    rows.set(row.key, row);
  }
  return [...rows.values()];
}

const difference = (row) => row.b.value / row.a.value - 1;
const share = (cost) => (cost?.rank ? cost.rank.cheaper / cost.rank.of : null);
const overlap = (row) => row.a.lower <= row.b.upper && row.b.lower <= row.a.upper;

const ORDERS = {
  cost: (row) => row.a.value,
  rank: (row) => share(row.a) ?? 2,
  difference: (row) => (row.b ? difference(row) : row.a.value),
};

function sorted(rows, devices) {
  if (state.sort === "name") {
    return rows.sort((x, y) => devices.get(x.device).label.localeCompare(devices.get(y.device).label));
  }
  const by = ORDERS[state.sort] ?? ORDERS.cost;
  return rows.sort((x, y) => by(x) - by(y));
}

function wanted(device, find) {
  const group = device.yours ? "yours" : device.source;
  const words = `${device.title} ${device.id} ${device.runtime}`.toLowerCase();
  return (state.group === "all" || state.group === group) && words.includes(find);
}

/** @returns how many devices are shown, and of how many */
export function showCosts(answer, devices, select) {
  const find = document.getElementById("find").value.trim().toLowerCase();
  pending = answer.pending > 0;
  const every = paired(answer);
  const rows = every.filter((row) => devices.has(row.device) && wanted(devices.get(row.device), find));
  // What few devices have comes first, or it would stand below all the others.
  const metrics = ["energy", "latency", "arithmetic_intensity"].filter((m) => rows.some((r) => r.metric === m));
  for (const metric of metrics) {
    if (!tables.has(metric)) tables.set(metric, new Table(metric, select));
    tables.get(metric).show(sorted(rows.filter((row) => row.metric === metric), devices), devices);
  }
  const shown = metrics.map((metric) => tables.get(metric).element);
  if (shown.length !== holder.children.length || shown.some((one, at) => one !== holder.children[at])) {
    holder.replaceChildren(...shown);
  }
  slide();
  return [new Set(rows.map((r) => r.device)).size, new Set(every.map((r) => r.device)).size];
}

/** Rows move to their new places, so that one sees which. */
function slide() {
  // All places are read before anything is moved: each read after a move would cost a layout.
  const moves = [...tables.values()].flatMap((table) => table.moves());
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  for (const [row, moved] of moves) {
    row.animate([{ transform: `translateY(${moved}px)` }, { transform: "none" }], { duration: 200, easing: "ease-out" });
  }
}

/** Round values on a logarithmic axis, few enough to be read. */
function ticks(low, high) {
  const found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power += 1) {
    for (const step of [1, 2, 5]) found.push(step * 10 ** power);
  }
  const inside = found.filter((value) => value >= low && value <= high);
  const decades = inside.filter((value) => Number.isInteger(Math.round(Math.log10(value) * 1e6) / 1e6));
  return inside.length > 6 && decades.length > 1 ? decades : inside;
}

class Table {
  constructor(metric, select) {
    this.select = select;
    this.rows = new Map();
    this.axis = element("div", { className: "axis" });
    this.body = element("div", { role: "rowgroup" });
    this.rank = element("div", { role: "columnheader", className: "rank" });
    this.caption = element("h2");
    this.metric = metric;
    const head = element(
      "div", { role: "row", className: "head" },
      element("div", { role: "columnheader" }, "device"),
      element("div", { role: "columnheader", "aria-label": "interval" }, this.axis),
      element("div", { role: "columnheader", className: "cost" }, "cost"),
      this.rank,
    );
    this.table = element("div", { role: "table", "aria-label": METRICS[metric] }, element("div", { role: "rowgroup" }, head), this.body);
    this.element = element("section", { className: "metric" }, this.caption, this.table);
  }

  show(rows, devices) {
    const ends = rows.flatMap((row) => ["a", "b"].flatMap((side) => (row[side] ? [row[side].lower, row[side].upper] : [])));
    const [low, high] = [Math.min(...ends) / 1.06, Math.max(...ends) * 1.06];
    this.at = (value) => (100 * Math.log(value / low)) / Math.log(high / low);
    this.caption.replaceChildren(METRICS[this.metric], element("small", {}, ` in ${rows[0].unit}, one run`));
    this.drawAxis(ticks(low, high));
    const compared = rows.some((row) => row.b);
    this.table.classList.toggle("compared", compared);
    const sampled = rows.find((row) => row.a.rank)?.a.rank.sampled;
    this.rank.textContent = sampled === undefined ? "rank" : sampled ? "networks that cost less" : "cells that cost less";
    const elements = rows.map((row) => this.row(row, devices.get(row.device)));
    const same = elements.length === this.body.children.length && elements.every((one, at) => one === this.body.children[at]);
    if (!same) {
      const focused = document.activeElement;
      this.body.replaceChildren(...elements);
      if (this.body.contains(focused)) focused.focus({ preventScroll: true });
    }
  }

  /** Rows in sight that stand elsewhere now, each with how far it moved; remembers all places. */
  moves() {
    return [...this.rows.values()].flatMap((row) => {
      const before = row.top;
      const { top } = row.element.getBoundingClientRect();
      row.top = row.element.isConnected ? top + scrollY : undefined;
      const inSight = row.element.isConnected && top > -50 && top < innerHeight;
      return inSight && before !== undefined && before !== row.top ? [[row.element, before - row.top]] : [];
    });
  }

  drawAxis(values) {
    const places = values.map((value) => this.at(value));
    this.axis.replaceChildren(...values.map((value, at) => {
      const tick = element("span", {}, number(value));
      tick.style.left = `${places[at]}%`;
      return tick;
    }));
    const lines = places.map((x) => `linear-gradient(var(--rule), var(--rule)) ${x}% 0 / 1px 100% no-repeat`);
    this.table.style.setProperty("--grid", lines.join(", ") || "none");
  }

  row(row, device) {
    let made = this.rows.get(row.key);
    if (!made) this.rows.set(row.key, (made = new Row(device, row.metric, this.select)));
    made.show(row, this.at);
    return made.element;
  }
}

class Row {
  constructor(device, metric, select) {
    this.button = element("button", { type: "button", className: "device", title: `${device.id}: ${device.runtime}. ${device.note}` },
      element("span", {}, device.label));
    this.badges = element("span", { className: "badges" });
    this.track = element("div", { className: "track" });
    this.marks = {};
    for (const side of ["a", "b"]) {
      this.marks[side] = { span: element("span", { className: `span ${side}` }), dot: element("span", { className: `point ${side}` }) };
      this.track.append(this.marks[side].span, this.marks[side].dot);
    }
    this.cost = element("div", { role: "cell", className: "cost" });
    this.rank = element("div", { role: "cell", className: "rank" });
    this.device = device;
    this.element = element("div", { role: "row", "data-device": device.id, "data-metric": metric },
      element("div", { role: "rowheader", className: "name" }, this.button, this.badges),
      element("div", { role: "cell", className: "interval", "aria-hidden": "true" }, this.track), this.cost, this.rank);
    this.element.addEventListener("click", () => select(device.id, metric));
  }

  show(row, at) {
    const selected = state.device === row.device && state.metric === row.metric;
    this.element.classList.toggle("selected", selected);
    this.button.setAttribute("aria-pressed", String(selected));
    for (const side of ["a", "b"]) this.draw(this.marks[side], row[side], at);
    this.badges.replaceChildren(...this.marksOf(row));
    const lines = (row.b ? ["a", "b"] : ["a"]).map((side) => this.line(row, side));
    if (row.b) lines.push(this.compared(row));
    this.cost.replaceChildren(...lines);
    this.rank.replaceChildren(...(row.b ? ["a", "b"] : ["a"]).map((side) => this.place(row[side], side)));
  }

  draw({ span, dot }, cost, at) {
    span.hidden = dot.hidden = !cost;
    if (!cost) return;
    span.style.left = `${at(cost.lower)}%`;
    span.style.width = `${Math.max(at(cost.upper) - at(cost.lower), 0.3)}%`;
    dot.style.left = `${at(cost.value)}%`;
  }

  line(row, side) {
    const cost = row[side];
    const mark = row.b ? element("span", { className: `mark ${side}`, role: "img", "aria-label": side.toUpperCase() }) : null;
    return element("span", { className: "line" }, mark,
      element("b", {}, number(cost.value)), " ", element("span", { className: "unit" }, row.unit),
      element("small", {}, interval(cost)));
  }

  compared(row) {
    const share = difference(row);
    const same = overlap(row);
    return element("span", { className: `difference ${share < 0 ? "less" : "more"}`,
      title: same ? "the two intervals overlap: the order may be the other way round" : "the intervals do not overlap" },
      `B ${percent(share)}`, element("small", {}, same ? "intervals overlap" : "clear"));
  }

  place(cost, side) {
    const line = element("span", { className: "line" });
    const at = share(cost);
    if (at === null) {
      const refused = cost.feasible !== null && cost.feasible < 0.5;
      line.append(element("small", {}, refused ? "does not run" : pending ? "rank …" : "no rank"));
      return line;
    }
    const bar = element("span", { className: `micro ${side}`, "aria-hidden": "true" }, element("i"));
    bar.firstChild.style.width = `${100 * at}%`;
    line.append(element("b", {}, `${(100 * at).toFixed(at > 0 && at < 0.01 ? 1 : 0)} %`), bar);
    line.title = `${count(cost.rank.cheaper)} of ${count(cost.rank.of)} ${cost.rank.sampled ? "random networks" : "cells"} are predicted to cost less`;
    return line;
  }

  marksOf(row) {
    const found = [];
    if (this.device.yours) found.push(badge("yours", "adapted or calibrated by you"));
    if (!this.device.measured) found.push(badge("simulated", "learned from a simulation or an estimate, not from measurements"));
    for (const side of row.b ? ["a", "b"] : ["a"]) {
      const { feasible, extrapolation } = row[side];
      const name = row.b ? `${side.toUpperCase()} ` : "";
      if (feasible !== null) {
        const chance = `${(100 * feasible).toFixed(0)} %`;
        const runs = feasible >= 0.5;
        found.push(badge(`${name}${runs ? "✓ runs" : "✕ refused"}: ${chance} to run`, "probability that the device's compiler takes the network; the cost is the one if it does", runs ? "good" : "bad"));
      }
      if (extrapolation > 0.005) {
        found.push(badge(`${name}extrapolated: ${extrapolation.toFixed(1)} doublings`, "how far the layers lie outside what was measured; the interval is wider for it", "far"));
      }
    }
    return found;
  }
}

const badge = (text, title, kind = "") => element("span", { className: `badge ${kind}`, title }, text);

/** Buttons for the groups of devices that there are. */
export function drawGroups(target, devices, changed) {
  const groups = { all: "All" };
  for (const one of devices.values()) groups[one.yours ? "yours" : one.source] = one.yours ? "Yours" : (SOURCES[one.source] ?? one.source);
  const buttons = Object.entries(groups).map(([value, text]) => {
    const input = element("input", { type: "radio", name: "group", value, checked: value === state.group });
    input.addEventListener("change", () => changed(value));
    return element("label", {}, input, element("span", {}, text));
  });
  target.replaceChildren(target.querySelector("legend"), ...buttons);
}
