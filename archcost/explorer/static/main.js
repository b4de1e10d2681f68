// Puts the page together: what was clicked changes the state, the state is drawn and asked about.

import { makeCell } from "./cell.js";
import { makeChain, blocks } from "./chain.js";
import { showExplanation } from "./explain.js";
import { openMenu } from "./menu.js";
import { METRICS, SOURCES, count, element, millions } from "./names.js";
import { drawGroups, showCosts } from "./results.js";
import { ask } from "./service.js";
import { publish, showSliders } from "./sliders.js";
import * as store from "./state.js";

const { state } = store;
const $ = (id) => document.getElementById(id);
const POLL = 700;
const PAINTED = 80;

let devices = new Map();
let answer = null;
let explained = {};
let draw = {};
let turn = 0;
let poll = 0;
let why = 0;

function body(extra) {
  return { ...store.place(), ...extra };
}

/** Draw the networks as they are, with what is known of them. */
function drawNetworks() {
  for (const side of ["a", "b"]) {
    const article = document.querySelector(`.network[data-side=${side}]`);
    article.hidden = !state[side];
    if (!state[side]) continue;
    draw[side](state[side], state[side === "a" ? "b" : "a"], explained[side] ?? null);
    article.classList.toggle("active", Boolean(state.b) && state.active === side);
  }
  $("networks").classList.toggle("two", Boolean(state.b));
  $("compare").textContent = state.b ? "Stop comparing" : "Compare two";
}

/** Drawings anew: another search space. */
function makeDrawings() {
  explained = {};
  const found = store.space();
  for (const side of ["a", "b"]) {
    const holder = document.querySelector(`.network[data-side=${side}] .drawing`);
    const act = { choose: (place, id) => choose(side, place, id), open: (place, target) => operatorsOf(side, place, target) };
    draw[side] = found.edges
      ? makeCell(holder, side, found.edges, found.operators, act)
      : makeChain(holder, side, found.operators, act);
  }
  $("hint").textContent = found.edges
    ? "Click an edge, or focus it: digits choose an operator, arrow keys go through them."
    : "Click a block, or focus it: digits choose an operator, arrow keys go through them.";
}

/** @param foreseen promise of the answer that the page will want then, if one was asked for before */
function choose(side, place, id, foreseen = null) {
  state.active = side;
  if (state[side][place] === id) return drawNetworks();
  state[side] = state[side].with(place, id);
  explained[side] = null;
  refresh(foreseen);
}

/** The menu of one edge or block, with what each operator would change for the device looked at. */
function operatorsOf(side, place, target) {
  const names = store.space().operators;
  const edge = store.space().edges?.[place];
  const heading = edge ? `Edge ${edge[0]} → ${edge[1]}` : `Block ${place + 1}`;
  const asked = foresee(side, place, names.length);
  const shape = edge ? null : blocks()[place];
  openMenu(target, {
    heading: state.b ? `${heading} of ${side.toUpperCase()}` : heading,
    names,
    current: state[side][place],
    note: shape?.changes ? { skip: "a 1×1 convolution here: the shape changes" } : {},
    choose: (id) => choose(side, place, id, asked.then((found) => found && only(found, side, id, names.length))),
    what: `${METRICS[state.metric]} on ${devices.get(state.device)?.title ?? state.device}`,
    price: asked.then((found) => found && prices(found, state[side][place], names.length)),
  });
}

/** Costs of all that a menu offers, asked for while it is read: what is chosen is shown at once.
 * Null if that cannot be answered: then it is asked for when it is chosen. */
function foresee(side, place, count) {
  const offered = Array.from({ length: count }, (_, id) => state[side].with(place, id));
  const other = state[side === "a" ? "b" : "a"];
  return ask("menu", "/predict", body({ architectures: other ? [...offered, other] : offered })).catch(() => null);
}

/** Of an answer about all that a menu offers on one side: that about one operator there. */
function only(found, side, id, count) {
  const kept = store.sides().map((one) => (one === side ? id : count));
  const costs = kept.flatMap((position, architecture) =>
    found.costs.filter((cost) => cost.architecture === position).map((cost) => ({ ...cost, architecture })));
  return { ...found, networks: kept.map((position) => found.networks[position]), costs };
}

/** Differences from the operator that is there now, for the device looked at; null if it has no such cost. */
function prices(found, current, count) {
  const costs = found.costs.filter((cost) =>
    cost.device === state.device && cost.metric === state.metric && cost.architecture < count);
  if (!costs.length) return null;
  return costs.map((cost) => cost.value / costs[current].value - 1);
}

/** After any change: draw, put it into the link, ask what it costs, then why. */
async function refresh(foreseen = null) {
  const mine = ++turn;
  clearTimeout(poll);
  clearTimeout(why);
  history.replaceState(null, "", store.link());
  showSliders(refresh);
  drawNetworks();
  $("results").setAttribute("aria-busy", "true");
  try {
    const sides = store.sides();
    let found = await foreseen;
    if (!found && mine === turn) {
      found = await ask("costs", "/predict", body({ architectures: sides.map((side) => state[side]) }));
    }
    // Overtaken: the later turn says when the page is up to date.
    if (!found || mine !== turn) return;
    // The page may show it again after the next click, before the next answer.
    answer = { ...found, sides };
    show();
    $("problem").hidden = true;
    $("results").setAttribute("aria-busy", "false");
  } catch (error) {
    if (mine !== turn) return;
    $("problem").textContent = error.message;
    $("problem").hidden = false;
    $("results").setAttribute("aria-busy", "false");
    return;
  }
  if (answer.pending) poll = setTimeout(refresh, POLL);
  explainLater();
}

/** Why it costs that much can wait until what it costs is painted, and until nobody clicks on. */
function explainLater() {
  clearTimeout(why);
  why = setTimeout(explainSides, PAINTED);
}

/** Everything that follows from the last answer. */
function show() {
  const [shown, all] = showCosts(answer, devices, select);
  const made = answer.models - answer.pending;
  $("status").textContent =
    `${shown === all ? all : `${shown} of ${all}`} devices, ${Math.round(100 * answer.coverage)} % intervals` +
    (answer.pending ? `; ranks: ${made} of ${answer.models} models done …` : "");
  answer.sides.forEach((side, position) => {
    const network = answer.networks[position];
    const article = document.querySelector(`.network[data-side=${side}]`);
    article.querySelector(".index").textContent = network.index === null ? "" : `cell ${count(network.index)}`;
    article.querySelector(".facts").textContent =
      `${millions(network.macs)} multiply-accumulates, ${millions(network.params)} parameters`;
  });
  $("legend").textContent = store.resized()
    ? "Bars: intervals on a logarithmic axis. Priced layer by layer: no rank outside the published skeleton."
    : "Bars: intervals on a logarithmic axis. Costs are of one run: of a whole batch where the device's name says so." +
      (state.space === "fbnet" ? " Ranks: among 5,000 random networks of the space." : "");
  showCode();
}

async function explainSides() {
  const asked = store.sides();
  const device = devices.get(state.device);
  const known = answer.costs.some((cost) => cost.device === state.device && cost.metric === state.metric);
  if (!known) {
    explained = {};
    showExplanation(null);
    return drawNetworks();
  }
  for (const side of asked) {
    try {
      const question = body({ architecture: state[side], device: state.device, metric: state.metric });
      const found = await ask(`explain ${side}`, "/explain", question);
      if (!found) return;
      explained[side] = found;
    } catch {
      explained[side] = null;
    }
  }
  drawNetworks();
  showExplanation(explained[state.active] ?? null, device, (place, name) =>
    choose(state.active, place, store.space().operators.indexOf(name)));
}

function select(device, metric) {
  Object.assign(state, { device, metric });
  explained = {};
  history.replaceState(null, "", store.link());
  show();
  explainSides();
}

function showCode() {
  const networks = answer.networks.map((one) => `'${one.architecture}'`);
  const usual = state.dataset === store.space().skeletons[0].dataset ? "" : ` --dataset ${state.dataset}`;
  $("command").textContent = store.resized()
    ? "# other sizes: archcost.load(device, space=\"custom\") with archcost.Skeleton"
    : `archcost predict ${networks.join(" ")}${usual} --all --coverage ${state.coverage}`;
  const request = JSON.stringify(body({ architectures: answer.networks.map((one) => one.architecture), devices: [state.device] }));
  $("request").textContent = `curl ${location.origin}/predict -H 'Content-Type: application/json' -d '${request}'`;
}

/** Controls as the state has them. */
function showControls() {
  for (const input of document.getElementsByName("space")) input.checked = input.value === state.space;
  $("dataset").replaceChildren(...store.space().skeletons.map(({ dataset }) =>
    element("option", { value: dataset, selected: dataset === state.dataset }, dataset)));
  $("coverage").value = String(state.coverage);
  $("sort").value = state.sort;
  drawGroups($("groups"), devices, (value) => {
    state.group = value;
    history.replaceState(null, "", store.link());
    show();
  });
}

function reopen() {
  store.open(location.hash);
  makeDrawings();
  showControls();
  refresh();
}

function random(side) {
  const { operators, length } = store.space();
  state.active = side;
  state[side] = Array.from({ length }, () => Math.floor(Math.random() * operators.length));
  explained[side] = null;
  refresh();
}

function bind() {
  for (const input of document.getElementsByName("space")) {
    input.addEventListener("change", () => {
      store.enter(input.value);
      makeDrawings();
      showControls();
      refresh();
    });
  }
  $("dataset").addEventListener("change", (event) => {
    state.dataset = event.target.value;
    publish();
    explained = {};
    refresh();
  });
  $("coverage").addEventListener("change", (event) => {
    state.coverage = Number(event.target.value);
    refresh();
  });
  $("sort").addEventListener("change", (event) => {
    state.sort = event.target.value;
    history.replaceState(null, "", store.link());
    show();
  });
  $("find").addEventListener("input", show);
  $("published").addEventListener("click", () => {
    publish();
    refresh();
  });
  $("compare").addEventListener("click", () => {
    state.b = state.b ? null : [...state.a];
    state.active = state.b ? "b" : "a";
    if (!state.b && state.sort === "difference") state.sort = $("sort").value = "cost";
    refresh();
  });
  $("share").addEventListener("click", async () => {
    await navigator.clipboard.writeText(location.href);
    $("share").textContent = "Copied";
    setTimeout(() => ($("share").textContent = "Copy link"), 1500);
  });
  for (const article of document.querySelectorAll(".network")) {
    article.querySelector(".random").addEventListener("click", () => random(article.dataset.side));
  }
  addEventListener("hashchange", reopen);
}

const start = await (await fetch("/devices")).json();
devices = new Map(start.devices.map((device) => [device.id, device]));
// Two tables measured some devices: what tells them apart is part of the name then.
for (const device of start.devices) {
  const same = start.devices.filter((one) => one.title === device.title).length > 1;
  device.label = same ? `${device.title}, ${SOURCES[device.source] ?? device.source}` : device.title;
}
store.know(start.spaces);
bind();
reopen();
