// The sizes of the skeleton: beyond those published, networks are priced layer by layer.

import { element, number } from "./names.js";
import { SIZES, resized, sizes, state } from "./state.js";

const holder = document.querySelector("#skeleton .sliders");

const CELLS = {
  width: { text: "Channels of the first stage", min: 8, max: 96, step: 8, shown: (v) => `${v}, ${2 * v}, ${4 * v}` },
  cells: { text: "Cells in a stage", min: 1, max: 12, step: 1, shown: (v) => `${v}` },
  size: { text: "Image size", min: 8, max: 224, step: 8, shown: (v) => `${v} × ${v}` },
  classes: { text: "Classes", min: 2, max: 1000, step: 1, shown: (v) => `${v}` },
};
const BLOCKS = {
  width: { text: "Channels", min: 50, max: 200, step: 25, shown: (v) => `× ${number(v / 100)}` },
  size: { text: "Image size", min: 32, max: 320, step: 16, shown: (v) => `${v} × ${v}` },
  classes: CELLS.classes,
};

let drawn = null;
let inputs = {};

/** Draw the sliders of the search space, and what they stand at. */
export function showSliders(changed) {
  if (drawn !== state.space) {
    drawn = state.space;
    inputs = {};
    const shown = Object.entries(state.space === "fbnet" ? BLOCKS : CELLS).map(([name, of]) => slider(name, of, changed));
    holder.replaceChildren(...shown);
  }
  const now = sizes();
  for (const [name, { input, output, of }] of Object.entries(inputs)) {
    input.value = now[name];
    output.textContent = of.shown(now[name]);
    input.setAttribute("aria-valuetext", of.shown(now[name]));
  }
  document.getElementById("skeleton-state").textContent = resized() ? "changed" : "as published";
  document.getElementById("published").disabled = !resized();
  document.getElementById("skeleton-note").textContent = resized()
    ? "Beyond the published skeleton: priced layer by layer, with wider intervals and no rank. How far outside the measurements it lies stands at each device."
    : "As measured. Other sizes are priced layer by layer.";
}

function slider(name, of, changed) {
  const input = element("input", { type: "range", id: `size-${name}`, min: of.min, max: of.max, step: of.step });
  const output = element("output", { htmlFor: input.id });
  input.addEventListener("input", () => {
    const value = Number(input.value);
    state[name] = null;
    if (sizes()[name] !== value) state[name] = value;
    changed();
  });
  inputs[name] = { input, output, of };
  return element("label", { htmlFor: input.id }, element("span", {}, of.text), output, input);
}

export function publish() {
  for (const name of SIZES) state[name] = null;
}
