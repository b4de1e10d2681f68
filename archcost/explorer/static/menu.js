// The menu of operators for one edge or block.

import { OPERATORS, element, percent } from "./names.js";

const menu = document.getElementById("menu");
let origin = null;

/**
 * @param anchor the edge or block
 * @param heading what it is called
 * @param names operators, in the order of their ids
 * @param current id
 * @param choose called with an id
 * @param what the cost whose differences are shown
 * @param price promise of them, relative, one an operator; null: there is no such cost
 */
export function openMenu(anchor, { heading, names, current, note, choose, what, price }) {
  origin = anchor;
  const items = names.map((name, id) => {
    const text = OPERATORS[name].long + (note?.[name] ? ` (${note[name]})` : "");
    const item = element(
      "button",
      { type: "button", role: "menuitemradio", "aria-checked": String(id === current), tabIndex: -1 },
      element("kbd", { "aria-hidden": "true" }, String(id + 1)),
      element("span", { className: `swatch ${OPERATORS[name].style}`, "aria-hidden": "true" }),
      element("span", { className: "label" }, text),
      element("span", { className: "delta" }),
    );
    item.addEventListener("click", () => pick(id));
    return item;
  });
  const pick = (id) => {
    menu.hidePopover();
    choose(id);
  };
  // There from the start: nothing may move under the pointer when the costs arrive.
  const priced = element("p", { className: "note" }, what);
  menu.replaceChildren(element("p", { className: "heading" }, heading), ...items, priced);
  menu.setAttribute("aria-label", heading);
  menu.onkeydown = (event) => {
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (to !== undefined) items.at(to % items.length).focus();
    else if (event.key >= "1" && Number(event.key) <= items.length) pick(Number(event.key) - 1);
    else if (event.key === "Tab") menu.hidePopover();
    else return;
    event.preventDefault();
  };
  menu.showPopover();
  position(anchor);
  items[current].focus({ preventScroll: true });
  price.then((differences) => {
    if (!differences) priced.style.visibility = "hidden";
    differences?.forEach((share, id) => {
      if (id === current) return;
      items[id].lastChild.textContent = percent(share);
      items[id].lastChild.classList.add(share < 0 ? "less" : "more");
    });
  });
}

function position(anchor) {
  const at = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const left = Math.min(Math.max(8, at.left + at.width / 2 - width / 2), innerWidth - width - 8);
  const below = at.bottom + 6 + height < innerHeight;
  menu.style.left = `${left}px`;
  menu.style.top = `${Math.max(8, below ? at.bottom + 6 : at.top - height - 6)}px`;
}

menu.addEventListener("toggle", (event) => {
  if (event.newState === "closed" && origin?.isConnected) origin.focus({ preventScroll: true });
});

/** An edge or block whose operator is chosen by a click, which opens the menu, or by keys: digits
 * choose, arrows go through the operators. */
export function choosable(target, { count, current, choose, open }) {
  target.addEventListener("click", open);
  target.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (step) choose((current() + step + count) % count);
    else if (event.key >= "1" && Number(event.key) <= count) choose(Number(event.key) - 1);
    else if (event.key === "Enter" || event.key === " ") open();
    else return;
    event.preventDefault();
  });
}
