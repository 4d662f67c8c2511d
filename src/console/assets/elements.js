// Small pieces of the page. Text is always set as text: names and metadata are what clients chose.

export const byId = (id) => document.getElementById(id);

// element("td", {class: "number"}, "7"); properties that are functions are listeners.
export function element(tag, properties, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (typeof value === "function") made.addEventListener(name, value);
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

// `isNumber` tells of a column's index whether it holds numbers.
export function fillTable(table, titles, rows, isNumber = () => false) {
  const line = (tag, values) => element("tr", {}, ...values.map(
    (value, i) => element(tag, isNumber(i) ? {class: "number"} : {}, value)));
  table.replaceChildren(line("th", titles), ...rows.map((row) => line("td", row)));
}

export function fillFigures(definitions, figures) {
  definitions.replaceChildren(...Object.entries(figures).map(
    ([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value))));
}

export function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let at = 0;
  for (; count >= 1024 && at + 1 < units.length; ++at) count /= 1024;
  return `${at === 0 ? Math.round(count) : count.toFixed(1)} ${units[at]}`;
}

export function number(value) {
  return value >= 100 || value === 0 ? String(Math.round(value)) : value.toPrecision(2);
}

// `text` null: what was said is over.
export function say(text) {
  const message = byId("message");
  message.hidden = text === null;
  message.textContent = text ?? "";
}
