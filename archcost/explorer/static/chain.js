// FBNet: 22 blocks in seven stages, an operator in each.

import { OPERATORS, element, number } from "./names.js";
import { choosable } from "./menu.js";
import { sizes, skeleton } from "./state.js";

/** Of each block: stage, channels before and after, size and stride. */
export function blocks() {
  const shape = skeleton();
  const width = sizes().width / 100;
  const channels = shape.channels.map((c) => (width === 1 ? c : Math.max(8, 8 * Math.round((c * width) / 8))));
  let size = Math.floor((sizes().size - 1) / shape.stem_stride) + 1;
  let before = channels[0];
  return shape.repeats.flatMap((repeats, stage) =>
    Array.from({ length: repeats }, (_, block) => {
      const stride = block === 0 ? shape.strides[stage] : 1;
      const found = { stage, before, after: channels[stage], size, stride };
      found.changes = stride !== 1 || before !== found.after;
      before = found.after;
      size = Math.floor((size - 1) / stride) + 1;
      return found;
    }));
}

/** As makeCell. */
export function makeChain(holder, side, names, { choose, open }) {
  let now = [];
  const shapes = blocks();
  const stages = [...new Set(shapes.map((one) => one.stage))].map((stage) =>
    element("div", { className: "stage" }, element("span", { className: "shape" })));
  const drawn = shapes.map((one, place) => {
    const text = element("span", { className: "name" });
    const value = element("span", { className: "value" });
    const target = element("button", { type: "button", "aria-haspopup": "menu" }, text, value);
    choosable(target, {
      count: names.length,
      current: () => now[place],
      choose: (id) => choose(place, id),
      open: () => open(place, target),
    });
    stages[one.stage].append(target);
    return { target, text, value };
  });
  holder.replaceChildren(element("div", { className: "chain", role: "group", "aria-label": `Network ${side.toUpperCase()}: 22 blocks` }, ...stages));

  return (ids, other, explained) => {
    now = ids;
    const shape = blocks();
    stages.forEach((stage, at) => {
      const first = shape.find((one) => one.stage === at);
      stage.firstChild.textContent = `${first.size}×${first.size} · ${first.after} ch${first.stride > 1 ? " · stride 2" : ""}`;
    });
    drawn.forEach(({ target, text, value }, place) => {
      const operator = OPERATORS[names[ids[place]]];
      const part = explained?.parts.find((one) => one.place === place);
      const differs = other && other[place] !== ids[place];
      const projection = operator.style === "skip" && shape[place].changes;
      target.className = `block ${projection ? "small" : operator.style}${differs ? " differs" : ""}`;
      text.textContent = projection ? "skip 1×1" : operator.short;
      value.textContent = part ? `${number(part.value)} ${explained.unit}` : "";
      const cost = part ? `, contributes ${number(part.value)} ${explained.unit}` : "";
      target.setAttribute("aria-label", `Block ${place + 1}: ${operator.long}${cost}${differs ? ", differs from the other network" : ""}`);
    });
  };
}
