// Where a cost comes from: contributions, what the runtime removes, the best single change.

import { METRICS, OPERATORS, element, number, percent } from "./names.js";
import { state } from "./state.js";

const holder = document.getElementById("explain");
// On a phone it would stand between the network and its costs.
holder.open = matchMedia("(min-width: 861px)").matches;

const places = (name) => name.replace("-", "→").replace(/^block (\d+)$/, (_, n) => `block ${Number(n) + 1}`);
const short = (name) => OPERATORS[name]?.short ?? name;

/**
 * @param found what the service explained; null: nothing to show
 * @param device that was looked at
 * @param apply called with a place and the name of an operator
 */
export function showExplanation(found, device, apply) {
  holder.hidden = !found;
  if (!found) return;
  const whose = state.b ? `${state.active.toUpperCase()}'s` : "the";
  holder.querySelector("summary").replaceChildren(`Where ${whose} cost comes from`, element("span", {},
    `${METRICS[found.metric].toLowerCase()}, ${device.title}: ${number(found.value)} ${found.unit}`));
  holder.querySelector(".why").replaceChildren(
    ...bestChange(found, apply),
    contributions(found),
    ...byStage(found),
    element("p", { className: "note" }, found.runtime[0].toUpperCase() + found.runtime.slice(1) + "."),
    element("p", { className: "note" }, `Contributions: ${found.method}.`),
    ...(device.note ? [element("p", { className: "note" }, device.note)] : []),
  );
}

function contributions(found) {
  const most = Math.max(...found.parts.map((part) => Math.abs(part.value)));
  // Of 22 blocks the first ones by size say most.
  const parts = found.parts.filter((part) => part.value !== 0 || part.place !== null);
  const kept = parts.length > 9 ? [...parts].sort((x, y) => Math.abs(y.value) - Math.abs(x.value)).slice(0, 9) : parts;
  const rows = kept.map((part) => {
    const bar = element("span", { className: `micro ${part.value < 0 ? "less" : "a"}`, "aria-hidden": "true" }, element("i"));
    bar.firstChild.style.width = `${(100 * Math.abs(part.value)) / most}%`;
    const operator = part.operator ? `: ${short(part.operator)}` : "";
    return element("li", { className: part.runs === false ? "removed" : "" },
      element("span", { className: "part" }, places(part.name) + operator, part.why ? element("small", {}, part.why) : null),
      bar, element("span", { className: "amount" }, `${number(part.value)} ${found.unit}`));
  });
  const rest = parts.length - kept.length;
  if (rest > 0) rows.push(element("li", {}, element("small", {}, `and ${rest} smaller ones, on the drawing`)));
  return element("ul", { className: "parts" }, ...rows);
}

function byStage(found) {
  const sums = Object.entries(found.by_stage);
  if (!sums.length) return [];
  const text = sums.map(([name, value]) => `${name} ${number(value)}`).join(", ");
  return [element("p", { className: "note" }, `By stage, in ${found.unit}: ${text}.`)];
}

function bestChange(found, apply) {
  const change = found.best;
  if (!change) return [element("p", { className: "note" }, "No single change of one operator saves anything without cutting something off.")];
  const button = element("button", { type: "button", className: "apply main-action" },
    `${places(change.name)}: ${short(change.before)} → ${short(change.after)}`,
    element("small", {}, `saves ${number(change.saved)} ${found.unit} (${percent(-change.saved / found.value)})`));
  button.addEventListener("click", () => apply(change.place, change.after));
  return [element("p", { className: "label" }, "Best single change"), button];
}
