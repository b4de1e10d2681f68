// What operators and numbers are called on the page.

export const OPERATORS = {
  none: { short: "none", long: "none: nothing gets through", style: "none" },
  skip_connect: { short: "skip", long: "skip: the input as it is", style: "skip" },
  nor_conv_1x1: { short: "1×1", long: "1×1 convolution", style: "small" },
  nor_conv_3x3: { short: "3×3", long: "3×3 convolution", style: "large" },
  avg_pool_3x3: { short: "pool", long: "3×3 average pooling", style: "pool" },
  k3_e1: { short: "3×3 e1", long: "kernel 3, expansion 1", style: "small" },
  k3_e1_g2: { short: "3×3 e1 g2", long: "kernel 3, expansion 1, 2 groups", style: "small" },
  k3_e3: { short: "3×3 e3", long: "kernel 3, expansion 3", style: "small" },
  k3_e6: { short: "3×3 e6", long: "kernel 3, expansion 6", style: "small" },
  k5_e1: { short: "5×5 e1", long: "kernel 5, expansion 1", style: "large" },
  k5_e1_g2: { short: "5×5 e1 g2", long: "kernel 5, expansion 1, 2 groups", style: "large" },
  k5_e3: { short: "5×5 e3", long: "kernel 5, expansion 3", style: "large" },
  k5_e6: { short: "5×5 e6", long: "kernel 5, expansion 6", style: "large" },
  skip: { short: "skip", long: "skip: the input as it is", style: "skip" },
};

export const METRICS = {
  latency: "Latency",
  energy: "Energy",
  arithmetic_intensity: "Arithmetic intensity",
};

export const SOURCES = {
  "hw-nas-bench": "HW-NAS-Bench",
  help: "HELP",
  eagle: "eagle",
  archcost: "archcost",
};

const three = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const two = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export const number = (value) => (Math.abs(value) < 1000 ? three : whole).format(value).replace("-", "−");
export const count = (value) => whole.format(value);

export const millions = (value) => `${two.format(value / 1e6)} M`;

/** A relative difference with its sign, e.g. "−12 %". */
export function percent(share) {
  const size = Math.abs(share * 100);
  if (size < 0.05) return "±0 %";
  if (size >= 1000) return `×${three.format(share + 1)}`;
  return `${share < 0 ? "−" : "+"}${size < 10 ? size.toFixed(1) : size.toFixed(0)} %`;
}

export function interval(cost) {
  if (cost.upper - cost.lower < 2e-4 * cost.value) return "exact";
  return `${number(cost.lower)} – ${number(cost.upper)}`;
}

/** An element with properties, attributes (names with a dash) and children. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** The text of an element, written only where it changes: what is left alone is not laid out anew. */
export function write(target, text) {
  if (target.textContent !== text) target.textContent = text;
}
