const content = JSON.parse(document.getElementById("content").textContent);
const tooltip = document.getElementById("tooltip");
const dark = matchMedia("(prefers-color-scheme: dark)");
const filters = [...document.querySelectorAll("select[data-filter]")];
const views = new Map();

// Names of the pieces of a drawing, as `archcost.charts.drawing.pieces` gives them.
function pieceNames(text) {
  if (!text.includes("~")) {
    const blocks = text.split("|");
    return [`chain/${blocks.length}`, ...blocks.map((op, i) => `chain/${blocks.length}/${i}/${op}`)];
  }
  const targets = text.split("+").map((part) => part.slice(1, -1).split("|"));
  const cell = `cell/${targets.length + 1}`;
  const names = [cell];
  targets.forEach((tokens, target) => {
    const seen = {};
    for (const token of tokens) {
      const source = token.split("~")[1];
      seen[source] = (seen[source] ?? -1) + 1;
      names.push(`${cell}/${target + 1}/${token}/${seen[source]}`);
    }
  });
  return names;
}

function drawing(text) {
  return pieceNames(text).map((name) => content.pieces[name] ?? "").join("") + "</svg>";
}

function element(name, text, kind) {
  const made = document.createElement(name);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

// Vega's handler: the value is what the chart lists as its tooltip, null when the pointer leaves.
function showTooltip(handler, event, item, value) {
  tooltip.hidden = value == null || value === "";
  if (tooltip.hidden) return;
  tooltip.replaceChildren();
  const { architecture, ...rest } = typeof value === "object" ? value : { "": value };
  if (architecture) tooltip.innerHTML = drawing(architecture);
  const list = document.createElement("dl");
  for (const [name, shown] of Object.entries(rest)) {
    list.append(element("dt", name), element("dd", String(shown)));
  }
  tooltip.append(list);
  if (architecture) tooltip.append(element("p", architecture, "name"));
  const { width, height } = tooltip.getBoundingClientRect();
  const left = event.clientX + 14 + width > innerWidth ? event.clientX - 14 - width : event.clientX + 14;
  const top = event.clientY + 14 + height > innerHeight ? event.clientY - 14 - height : event.clientY + 14;
  tooltip.style.left = `${Math.max(4, Math.min(left, innerWidth - width - 4))}px`;
  tooltip.style.top = `${Math.max(4, top)}px`;
}

// A finger does not hover: a tap, not the end of a swipe, shows what pointing shows.
function showOnTap(view) {
  let start;
  view.addEventListener("touchstart", (event) => { [start] = event.changedTouches; });
  view.addEventListener("touchend", (event, item) => {
    const [end] = event.changedTouches;
    if (start && Math.hypot(end.clientX - start.clientX, end.clientY - start.clientY) < 10) {
      showTooltip(null, end, item, item?.tooltip);
    }
  });
}

function choose(view) {
  for (const { dataset, value } of filters) {
    if (view.getState().signals?.[dataset.filter] !== undefined) view.signal(dataset.filter, value);
  }
  return view.runAsync();
}

async function draw(chart) {
  const spec = structuredClone(content.specs[chart.dataset.spec]);
  spec.datasets = content.datasets;
  const options = {
    config: content.config[dark.matches ? "dark" : "light"],
    actions: { export: true, source: false, compiled: false, editor: false },
    tooltip: showTooltip,
    renderer: "canvas",
  };
  try {
    views.get(chart)?.finalize();
    const result = await window.vegaEmbed(chart, spec, options);
    views.set(chart, result);
    showOnTap(result.view);
    await choose(result.view);
    chart.dataset.drawn = "yes";
  } catch (error) {
    chart.replaceChildren(element("p", `This chart cannot be drawn: ${error}`, "problem"));
    throw error;
  }
}

// Charts are drawn when they come near the screen: a long page opens at once.
const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    near.unobserve(target);
    draw(target);
  }
}, { rootMargin: "600px" });
const charts = [...document.querySelectorAll(".chart")];
charts.forEach((chart) => near.observe(chart));

function applyFilters() {
  for (const figure of document.querySelectorAll("figure")) {
    figure.hidden = filters.some(({ dataset, value }) => {
      const tag = figure.getAttribute(`data-tag-${dataset.filter}`);
      return value && tag !== null && tag !== value;
    });
  }
  return Promise.all([...views.values()].map(({ view }) => choose(view)));
}
filters.forEach((select) => select.addEventListener("change", applyFilters));
applyFilters();

dark.addEventListener("change", () => [...views.keys()].forEach(draw));
addEventListener("beforeprint", () => charts.filter((c) => !views.has(c)).forEach(draw));
addEventListener("scroll", () => { tooltip.hidden = true; }, { passive: true });
