"use strict";
// What the page can do beside being read: sort, enlarge, search, change its colours. All text
// stands in the page without it.
const all = (what, where = document) => [...where.querySelectorAll(what)];
const one = (id) => document.getElementById(id);

// A table is sorted by a column's heading: numbers from the greatest, text from A, then the other
// way round, then as it was. What is missing stands last.
const order = new Intl.Collator(document.documentElement.lang, { numeric: true });

function key(row, column) {
  const cell = row.cells[column];
  const value = cell.dataset.value;
  if (value === "") return null;
  return Number.isNaN(Number(value)) ? value ?? cell.textContent : Number(value);
}

function compare(a, b) {
  return typeof a === "number" && typeof b === "number" ? a - b : order.compare(a, b);
}

function sort(table, heading, column, before) {
  const first = heading.classList.contains("number") ? "descending" : "ascending";
  const second = first === "ascending" ? "descending" : "ascending";
  const now = heading.getAttribute("aria-sort");
  const next = now === first ? second : now === second ? null : first;
  all("th", table).forEach((th) => th.removeAttribute("aria-sort"));
  if (next) heading.setAttribute("aria-sort", next);
  const sign = next === "descending" ? -1 : 1;
  const rows = next === null ? before : [...before].sort((one, other) => {
    const [a, b] = [key(one, column), key(other, column)];
    return a === null || b === null ? (a === null) - (b === null) : sign * compare(a, b);
  });
  table.tBodies[0].append(...rows);
}

all("table").filter((table) => table.tHead && table.tBodies[0].rows.length > 2).forEach((table) => {
  const before = [...table.tBodies[0].rows];
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    button.onclick = () => sort(table, heading, column, before);
    heading.append(button);
  });
});

// A figure is enlarged by its button, or by a click on it.
const enlarged = one("enlarged");
all(".chart").forEach((chart) => {
  const picture = chart.querySelector("img");
  const button = document.createElement("button");
  const open = () => {
    enlarged.querySelector("div").replaceChildren(picture.cloneNode());
    enlarged.showModal();
  };
  button.type = "button";
  button.textContent = enlarged.dataset.open;
  button.setAttribute("aria-label", `${enlarged.dataset.open}: ${picture.alt}`);
  button.onclick = picture.onclick = open;
  chart.append(button);
});
enlarged.querySelector("button").onclick = () => enlarged.close();
enlarged.onclick = (event) => { if (event.target === enlarged) enlarged.close(); };

// Search marks each place, leaves out chapters without one, and goes from place to place.
const query = one("query");
const said = one("found");
const links = new Map(all("#contents a").map((link) => [link.hash.slice(1), link]));
let places = [];
let at = -1;

function found(text) {
  const plain = text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const pattern = new RegExp(plain.replace(/\s+/g, "\\s+").replace(/-/g, "[-\u2212\u2013]"), "giu");
  const walker = document.createTreeWalker(one("main"), NodeFilter.SHOW_TEXT);
  const ranges = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    for (const match of node.data.matchAll(pattern)) {
      const range = new Range();
      range.setStart(node, match.index);
      range.setEnd(node, match.index + match[0].length);
      ranges.push(range);
    }
  }
  return ranges;
}

const within = (range) => range.startContainer.parentElement;

function mark(name, ranges) {
  if (window.Highlight) CSS.highlights.set(name, new Highlight(...ranges));
}

function search() {
  const text = query.value.trim();
  places = text.length > 1 ? found(text) : [];
  at = -1;
  mark("found", places);
  mark("here", []);
  const chapters = new Set(places.map((range) => within(range).closest("article")));
  all("article").forEach((chapter) => {
    chapter.hidden = places.length > 0 && !chapters.has(chapter);
    links.get(chapter.id).parentElement.hidden = chapter.hidden;
  });
  const count = { 0: said.dataset.none, 1: said.dataset.one }[places.length] ?? said.dataset.many;
  said.textContent = text.length > 1 ? count.replace("{n}", places.length) : "";
}

function next() {
  if (!places.length) return;
  at = (at + 1) % places.length;
  const place = within(places[at]);
  for (let fold = place.closest("details"); fold; fold = fold.parentElement.closest("details")) {
    fold.open = true;
  }
  mark("here", [places[at]]);
  place.scrollIntoView({ block: "center" });
}

query.oninput = search;
query.onkeydown = (event) => { if (event.key === "Enter") next(); };
one("next").onclick = next;
all("main a").forEach((link) => { link.onclick = () => { query.value = ""; search(); }; });

// The chapter that is being read is the current one of the contents.
const reading = new IntersectionObserver((entries) => entries.forEach((entry) => {
  const link = links.get(entry.target.id);
  if (entry.isIntersecting) link.setAttribute("aria-current", "true");
  else link.removeAttribute("aria-current");
}), { rootMargin: "-25% 0px -75% 0px" });
all("article").forEach((chapter) => reading.observe(chapter));

// Light or dark as the reader's device, until the button says otherwise.
const theme = one("theme");
const dark = one("dark");
const press = (pressed) => theme.setAttribute("aria-pressed", String(pressed));
press(matchMedia("(prefers-color-scheme: dark)").matches);
theme.onclick = () => {
  press(theme.getAttribute("aria-pressed") !== "true");
  dark.media = theme.getAttribute("aria-pressed") === "true" ? "screen" : "not all";
};

// What is folded is printed too.
addEventListener("beforeprint", () => all("details").forEach((fold) => { fold.open = true; }));
document.querySelector(".tools").hidden = false;
