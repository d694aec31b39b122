// What reports share: their data, texts, tables, and drawings in SVG.
const data = JSON.parse(document.getElementById("data").textContent);
const place = id => document.getElementById(id);
const short = number => number === null || number === undefined ? "-" : Number(number).toPrecision(5);

// Signs that control a line or turn the direction of writing are shown, not obeyed.
const readable = text => String(text).replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
  sign => "\\u" + sign.charCodeAt(0).toString(16).padStart(4, "0"));

function make(kind, attributes, parent, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", kind);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== undefined) element.textContent = readable(text);
  if (parent) parent.appendChild(element);
  return element;
}
const titled = (element, text) => { make("title", {}, element, text); return element; };
const drawing = (parent, width, height) =>
  make("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img" }, place(parent));

// A table in `parent`: names of columns, rows of cells, and for each row the class that it gets.
function tabulate(parent, names, rows, mark = () => "") {
  const table = parent.appendChild(document.createElement("table"));
  const line = (cells, kind, name) => {
    const row = table.appendChild(document.createElement("tr"));
    if (name) row.className = name;
    for (const cell of cells) row.appendChild(document.createElement(kind)).textContent = readable(cell);
  };
  line(names, "th", "");
  rows.forEach((cells, place) => line(cells, "td", mark(place)));
}
function paragraph(parent, text, name = "") {
  const element = parent.appendChild(document.createElement("p"));
  element.textContent = readable(text);
  element.className = name;
}

// An axis of numbers (plain or logarithmic, where they spread over a factor of 50) or of words.
function axis(values, begin, end) {
  const numbers = values.map(Number);
  if (values.every(value => value !== "" && value !== null) && numbers.every(Number.isFinite)) {
    let least = Math.min(...numbers), most = Math.max(...numbers);
    const logarithmic = least > 0 && most / least > 50;
    const to = logarithmic ? Math.log10 : number => number, back = logarithmic ? number => 10 ** number : number => number;
    let [a, b] = [to(least), to(most)];
    if (a === b) { a -= Math.abs(a) * 0.1 + 1e-9; b += Math.abs(b) * 0.1 + 1e-9; }
    const at = value => begin + (to(Number(value)) - a) / (b - a) * (end - begin);
    const distinct = [...new Set(numbers)];
    const ticks = distinct.length <= 6 ? distinct.sort((one, other) => one - other) : [0, 1, 2, 3, 4].map(i => back(a + (b - a) * i / 4));
    const apart = [];  // not one over the other
    for (const tick of ticks) if (!apart.length || Math.abs(at(tick) - at(apart.at(-1))) >= 12) apart.push(tick);
    return { at, ticks: apart.map(tick => [tick, Number(tick.toPrecision(4)).toString()]) };
  }
  const words = [...new Set(values.map(String))].sort();
  const at = value => begin + (words.indexOf(String(value)) + 0.5) / words.length * (end - begin);
  return { at, ticks: words.map(word => [word, word === "" || word === "undefined" ? "(none)" : word]) };
}
function axes(svg, x, y, box, xName, yName) {
  for (const [tick, text] of x.ticks) {
    make("path", { class: "grid", d: `M${x.at(tick)} ${box.top}V${box.bottom}` }, svg);
    make("text", { x: x.at(tick), y: box.bottom + 14, "text-anchor": "middle" }, svg, text);
  }
  for (const [tick, text] of y.ticks) {
    make("path", { class: "grid", d: `M${box.left} ${y.at(tick)}H${box.right}` }, svg);
    make("text", { x: box.left - 5, y: y.at(tick) + 4, "text-anchor": "end" }, svg, text);
  }
  make("path", { class: "axis", fill: "none", d: `M${box.left} ${box.top}V${box.bottom}H${box.right}` }, svg);
  make("text", { x: (box.left + box.right) / 2, y: box.bottom + 30, "text-anchor": "middle" }, svg, xName);
  make("text", { x: box.left, y: box.top - 6 }, svg, yName);
}

// An axis from about `least` to about `most` with ticks at round numbers.
function rounded(least, most, begin, end) {
  if (!(most > least)) { const width = Math.abs(least) * 0.1 || 1; least -= width; most += width; }
  const rough = (most - least) / 4, power = 10 ** Math.floor(Math.log10(rough));
  const at = value => begin + (value - least) / (most - least) * (end - begin), steps = [1, 2, 5, 10].map(times => times * power);
  const ticksOf = step => {
    const ticks = [];
    for (let i = Math.ceil(least / step - 1e-9); i * step <= most + step * 1e-9; ++i) ticks.push([i * step, Number((i * step).toPrecision(6)).toString()]);
    return ticks;
  };
  const chosen = steps.findIndex(step => step >= rough), ticks = ticksOf(steps[chosen]);
  return { at, ticks: ticks.length < 2 && chosen > 0 ? ticksOf(steps[chosen - 1]) : ticks };  // one alone gives no scale
}

// Runs what fills the page, then takes out the headings of what stayed empty.
function show(parts) {
  for (const part of parts) part();
  for (const heading of document.querySelectorAll("h2")) if (!heading.nextElementSibling.hasChildNodes()) heading.remove();
}
