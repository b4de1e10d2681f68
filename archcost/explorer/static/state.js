// What the page shows, and the link that reopens it.

export const SIZES = ["size", "classes", "width", "cells"];
const START = { nasbench201: [3, 3, 4, 1, 3, 1], fbnet: Array(22).fill(3) };

export const state = {
  space: "nasbench201",
  dataset: "cifar10",
  a: START.nasbench201,
  b: null,
  active: "a",
  coverage: 0.9,
  device: "raspi4",
  metric: "latency",
  sort: "cost",
  group: "all",
  size: null,
  classes: null,
  width: null,
  cells: null,
};

let spaces = {};

export function know(found) {
  spaces = Object.fromEntries(found.map((space) => [space.name, space]));
}

export const space = () => spaces[state.space];
export const skeleton = () => space().skeletons.find((one) => one.dataset === state.dataset);
export const operators = (side) => state[side].map((id) => space().operators[id]);
export const sides = () => (state.b ? ["a", "b"] : ["a"]);

/** What the sliders say, or what is published. */
export function sizes() {
  const published = skeleton();
  const cells = state.space === "nasbench201";
  return {
    size: state.size ?? published.image_size,
    classes: state.classes ?? published.classes,
    width: state.width ?? (cells ? published.channels[0] : 100),
    cells: state.cells ?? published.repeats[0],
  };
}

export const resized = () => SIZES.some((name) => state[name] !== null);

/** The skeleton as the service takes it; undefined: the published one. */
export function skeletonOfRequest() {
  if (!resized()) return undefined;
  const now = sizes();
  const found = { image_size: now.size, classes: now.classes };
  if (state.space === "nasbench201") {
    found.channels = [now.width, 2 * now.width, 4 * now.width];
    found.repeats = [now.cells, now.cells, now.cells];
  } else if (now.width !== 100) {
    found.channels = skeleton().channels.map((c) => Math.max(8, 8 * Math.round((c * now.width) / 800)));
  }
  return found;
}

export function place() {
  return {
    space: state.space,
    dataset: state.dataset,
    coverage: state.coverage,
    skeleton: skeletonOfRequest(),
  };
}

/** Another search space or data set: what was chosen for the other does not fit here. */
export function enter(name, dataset = null) {
  if (name !== state.space) Object.assign(state, { a: START[name], b: null, active: "a" });
  state.space = name;
  const known = spaces[name].skeletons.map((one) => one.dataset);
  state.dataset = known.includes(dataset) ? dataset : known[0];
  for (const size of SIZES) state[size] = null;
}

export function link() {
  const words = new URLSearchParams({ space: state.space, data: state.dataset, a: state.a.join("") });
  if (state.b) words.set("b", state.b.join(""));
  for (const name of SIZES) if (state[name] !== null) words.set(name, state[name]);
  words.set("device", state.device);
  words.set("metric", state.metric);
  words.set("coverage", state.coverage);
  if (state.sort !== "cost") words.set("sort", state.sort);
  if (state.group !== "all") words.set("show", state.group);
  return `#${words}`;
}

const read = (text, space) => {
  const ids = [...(text ?? "")].map(Number);
  const fits = ids.length === space.length && ids.every((id) => id < space.operators.length);
  return fits ? ids : null;
};

/** Take over what a link says; what it does not say, or says wrongly, is as at the start. */
export function open(hash) {
  const words = new URLSearchParams(hash.replace(/^#/, ""));
  enter(words.get("space") in spaces ? words.get("space") : "nasbench201", words.get("data"));
  state.a = read(words.get("a"), space()) ?? START[state.space];
  state.b = read(words.get("b"), space());
  state.active = "a";
  for (const name of SIZES) {
    const value = Number.parseInt(words.get(name), 10);
    state[name] = value > 0 ? value : null;
  }
  const coverage = Number(words.get("coverage"));
  state.coverage = [0.5, 0.8, 0.9, 0.95, 0.99].includes(coverage) ? coverage : 0.9;
  state.device = words.get("device") ?? "raspi4";
  state.metric = words.get("metric") ?? "latency";
  state.sort = words.get("sort") ?? "cost";
  state.group = words.get("show") ?? "all";
}
