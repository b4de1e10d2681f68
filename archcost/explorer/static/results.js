// The tables of costs: one row a device, sorted, with intervals on a common logarithmic axis.

import { METRICS, SOURCES, count, element, interval, number, percent, write } from "./names.js";
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
  return [new Set(rows.map((r) => r.device)).size, new Set(every.map((r) => r.device)).size];
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
    this.unit = element("small");
    const head = element(
      "div", { role: "row", className: "head" },
      element("div", { role: "columnheader" }, "device"),
      element("div", { role: "columnheader", "aria-label": "interval" }, this.axis),
      element("div", { role: "columnheader", className: "cost" }, "cost"),
      this.rank,
    );
    this.table = element("div", { role: "table", "aria-label": METRICS[metric] }, element("div", { role: "rowgroup" }, head), this.body);
    this.element = element("section", { className: "metric" }, element("h2", {}, METRICS[metric], this.unit), this.table);
  }

  show(rows, devices) {
    const ends = rows.flatMap((row) => ["a", "b"].flatMap((side) => (row[side] ? [row[side].lower, row[side].upper] : [])));
    const [low, high] = [Math.min(...ends) / 1.06, Math.max(...ends) * 1.06];
    this.at = (value) => (100 * Math.log(value / low)) / Math.log(high / low);
    write(this.unit, ` in ${rows[0].unit}, one run`);
    this.drawAxis(ticks(low, high));
    const compared = rows.some((row) => row.b);
    this.table.classList.toggle("compared", compared);
    const sampled = rows.find((row) => row.a.rank)?.a.rank.sampled;
    write(this.rank, sampled === undefined ? "rank" : sampled ? "networks that cost less" : "cells that cost less");
    const elements = rows.map((row) => this.row(row, devices.get(row.device)));
    const same = elements.length === this.body.children.length && elements.every((one, at) => one === this.body.children[at]);
    if (!same) {
      const focused = document.activeElement;
      this.body.replaceChildren(...elements);
      if (this.body.contains(focused)) focused.focus({ preventScroll: true });
    }
  }

  drawAxis(values) {
    this.axis.replaceChildren(...values.map((value) => {
      const tick = element("span", {}, number(value));
      tick.style.left = `${this.at(value)}%`;
      return tick;
    }));
  }

  row(row, device) {
    let made = this.rows.get(row.key);
    if (!made) this.rows.set(row.key, (made = new Row(device, row.metric, this.select)));
    made.show(row, this.at);
    return made.element;
  }
}

/** What a row shows of one network: its mark on the axis, its cost, its rank. */
class Side {
  constructor(side) {
    this.span = element("span", { className: `span ${side}` });
    this.dot = element("span", { className: `point ${side}` });
    this.mark = element("span", { className: `mark ${side}`, role: "img", "aria-label": side.toUpperCase() });
    this.value = element("b");
    this.unit = element("span", { className: "unit" });
    this.ends = element("small");
    this.cost = element("span", { className: "line" }, this.mark, this.value, " ", this.unit, this.ends);
    this.share = element("b");
    this.bar = element("span", { className: `micro ${side}`, "aria-hidden": "true" }, element("i"));
    this.why = element("small");
    this.rank = element("span", { className: "line" }, this.share, this.bar, this.why);
    this.parts = [this.span, this.dot, this.cost, this.rank];
  }

  show(cost, unit, at, compared) {
    for (const part of this.parts) part.hidden = !cost;
    if (!cost) return;
    this.span.style.left = `${at(cost.lower)}%`;
    this.span.style.width = `${Math.max(at(cost.upper) - at(cost.lower), 0.3)}%`;
    this.dot.style.left = `${at(cost.value)}%`;
    this.mark.hidden = !compared;
    write(this.value, number(cost.value));
    write(this.unit, unit);
    write(this.ends, interval(cost));
    this.place(cost);
  }

  place(cost) {
    const cheaper = share(cost);
    this.share.hidden = this.bar.hidden = cheaper === null;
    this.why.hidden = cheaper !== null;
    if (cheaper === null) {
      const refused = cost.feasible !== null && cost.feasible < 0.5;
      write(this.why, refused ? "does not run" : pending ? "rank …" : "no rank");
      this.rank.title = "";
      return;
    }
    this.bar.firstChild.style.width = `${100 * cheaper}%`;
    write(this.share, `${(100 * cheaper).toFixed(cheaper > 0 && cheaper < 0.01 ? 1 : 0)} %`);
    this.rank.title = `${count(cost.rank.cheaper)} of ${count(cost.rank.of)} ${cost.rank.sampled ? "random networks" : "cells"} are predicted to cost less`;
  }
}

/** One device. Its elements are made once: after a click, most of what it shows stays. */
class Row {
  constructor(device, metric, select) {
    this.device = device;
    this.button = element("button", { type: "button", className: "device", title: `${device.id}: ${device.runtime}. ${device.note}` },
      element("span", {}, device.label));
    this.badges = element("span", { className: "badges" });
    this.sides = { a: new Side("a"), b: new Side("b") };
    const { a, b } = this.sides;
    this.sure = element("small");
    this.difference = element("span", {}, element("span"), this.sure);
    this.element = element("div", { role: "row", "data-device": device.id, "data-metric": metric },
      element("div", { role: "rowheader", className: "name" }, this.button, this.badges),
      element("div", { role: "cell", className: "interval", "aria-hidden": "true" },
        element("div", { className: "track" }, a.span, a.dot, b.span, b.dot)),
      element("div", { role: "cell", className: "cost" }, a.cost, b.cost, this.difference),
      element("div", { role: "cell", className: "rank" }, a.rank, b.rank));
    this.element.addEventListener("click", () => select(device.id, metric));
  }

  show(row, at) {
    const selected = state.device === row.device && state.metric === row.metric;
    this.element.classList.toggle("selected", selected);
    this.button.setAttribute("aria-pressed", String(selected));
    for (const [side, one] of Object.entries(this.sides)) one.show(row[side], row.unit, at, Boolean(row.b));
    this.compare(row);
    const marks = this.marksOf(row);
    const words = marks.map(({ text }) => text).join("|");
    if (words !== this.words) this.badges.replaceChildren(...marks.map(badge));
    this.words = words;
  }

  compare(row) {
    this.difference.hidden = !row.b;
    if (!row.b) return;
    const share = difference(row);
    const same = overlap(row);
    this.difference.className = `difference ${share < 0 ? "less" : "more"}`;
    this.difference.title = same ? "the two intervals overlap: the order may be the other way round" : "the intervals do not overlap";
    write(this.difference.firstChild, `B ${percent(share)}`);
    write(this.sure, same ? "intervals overlap" : "clear");
  }

  marksOf(row) {
    const found = [];
    if (this.device.yours) found.push({ text: "yours", title: "adapted or calibrated by you" });
    if (!this.device.measured) found.push({ text: "simulated", title: "learned from a simulation or an estimate, not from measurements" });
    for (const side of row.b ? ["a", "b"] : ["a"]) {
      const { feasible, extrapolation } = row[side];
      const name = row.b ? `${side.toUpperCase()} ` : "";
      if (feasible !== null) {
        const runs = feasible >= 0.5;
        found.push({
          text: `${name}${runs ? "✓ runs" : "✕ refused"}: ${(100 * feasible).toFixed(0)} % to run`,
          title: "probability that the device's compiler takes the network; the cost is the one if it does",
          kind: runs ? "good" : "bad",
        });
      }
      if (extrapolation > 0.005) {
        found.push({
          text: `${name}extrapolated: ${extrapolation.toFixed(1)} doublings`,
          title: "how far the layers lie outside what was measured; the interval is wider for it",
          kind: "far",
        });
      }
    }
    return found;
  }
}

const badge = ({ text, title, kind = "" }) => element("span", { className: `badge ${kind}`, title }, text);

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
