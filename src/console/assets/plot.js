// Lines over time, as SVG.
import {element} from "./elements.js";

const LEAST = 60, MOST = 300;  // values that are shown, one a second
const HEIGHT = 100;

function svg(tag, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

export class Plot {
  // `show` turns a value into text.
  constructor(title, names, show) {
    this.show = show;
    this.values = names.map(() => []);
    this.lines = names.map((_, i) => svg("polyline", {class: "line" + i}));
    this.labels = names.map((name, i) => element("span", {class: "line" + i}, name));
    this.names = names;
    this.top = element("span", {class: "axis"});
    this.drawing = svg("svg", {preserveAspectRatio: "none"});
    this.drawing.append(...this.lines);
    this.figure = element("figure", {}, this.drawing, element(
      "figcaption", {}, element("strong", {}, title), ...this.labels, this.top));
  }

  // One value for each line; null: there is none.
  add(values) {
    this.values.forEach((line, i) => {
      line.push(values[i]);
      if (line.length > MOST) line.shift();
    });
    const highest = Math.max(...this.values.flat(), 0) || 1;
    const width = Math.max(LEAST, this.values[0].length);
    this.drawing.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    this.top.textContent = `top ${this.show(highest)}, ${width} s`;
    this.lines.forEach((line, i) => {
      line.setAttribute("points", this.points(this.values[i], highest, width));
      const now = values[i] === null ? "-" : this.show(values[i]);
      this.labels[i].textContent = `${this.names[i]} ${now}`;
    });
  }

  // The newest value is at the right edge. Where there is none the line goes straight on.
  points(line, highest, width) {
    const out = [];
    line.forEach((value, i) => {
      if (value === null) return;
      const y = HEIGHT - value / highest * (HEIGHT - 4) - 2;
      out.push(`${width - line.length + i},${y.toFixed(1)}`);
    });
    return out.join(" ");
  }
}
