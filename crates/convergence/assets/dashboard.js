// The page is whole without this. It keeps the page fresh, draws the chart, and shows decisions as they are made.

const FRESH_EVERY = 5_000; // milliseconds
const MOST_LIVE = 50; // rows

const $ = (id) => document.getElementById(id);

// ---- The page, again and again: its parts are taken from a fresh copy, so that the server alone says what they look like.

let loading = null;

async function load(address) {
  loading?.abort();
  const mine = (loading = new AbortController());
  try {
    const answer = await fetch(address, { signal: mine.signal, headers: { accept: "text/html" } });
    if (answer.redirected) return location.reload(); // The session is over.
    if (!answer.ok) throw new Error(`${answer.status}`);
    swap(new DOMParser().parseFromString(await answer.text(), "text/html"));
    $("lost").hidden = true;
  } catch (error) {
    if (error.name !== "AbortError") $("lost").hidden = false;
  }
}

function swap(fresh) {
  for (const part of document.querySelectorAll("[data-part]")) {
    const next = fresh.getElementById(part.id);
    if (!next || next.innerHTML === part.innerHTML) continue;
    const focused = part.contains(document.activeElement) ? trail(part, document.activeElement) : null;
    const scrolled = [...part.querySelectorAll(".scroll")].map((box) => box.scrollTop);
    part.replaceChildren(...next.childNodes);
    part.querySelectorAll(".scroll").forEach((box, place) => (box.scrollTop = scrolled[place] ?? 0));
    if (focused !== null) part.querySelectorAll("a, button, [tabindex]")[focused]?.focus({ preventScroll: true });
  }
}

// Which of the things that can have the focus has it: who uses the keyboard stays where they are.
function trail(part, element) {
  const place = [...part.querySelectorAll("a, button, [tabindex]")].indexOf(element);
  return place < 0 ? null : place;
}

async function go(address) {
  history.replaceState(null, "", address);
  await Promise.all([load(address), draw()]);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-swap]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  go(link.getAttribute("href"));
});

let typing;
$("find").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(find, 200);
});
$("find").addEventListener("submit", (event) => {
  event.preventDefault();
  find();
});

function find() {
  const query = new URLSearchParams(location.search);
  query.delete("page");
  query.set("q", $("q").value);
  if (!$("q").value) query.delete("q");
  go(`/${query.size ? "?" : ""}${query}`);
}

// ---- The chart: clients on top of each other, each bar a stretch of time.

let chart = null;
let picked = null; // what somebody has zoomed into, in Unix seconds
let drawn = "";

async function draw() {
  const query = picked ?? new URLSearchParams({ range: new URLSearchParams(location.search).get("range") ?? "24h" });
  try {
    const answer = await fetch(`${$("chart").dataset.source}?${query}`);
    if (!answer.ok) return;
    const text = await answer.text();
    if (text === drawn && chart) return;
    drawn = text;
    show(JSON.parse(text));
  } catch {
    // The page says that the server is away.
  }
}

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const count = new Intl.NumberFormat("en");

// From the top of the pile down: what is below covers what is above.
function piled(data) {
  let below = data.times.map(() => 0);
  const sums = data.series.map((series) => (below = below.map((sum, place) => sum + series.requests[place])));
  return sums.reverse();
}

function show(data) {
  if (!data?.series?.length) {
    chart?.destroy();
    chart = null;
    const none = document.createElement("p");
    none.className = "quiet empty";
    none.textContent = "No requests in this time.";
    return $("chart").replaceChildren(none);
  }
  const places = data.series.map((_, place) => place).reverse();
  const colour = (place) => style(data.series[place].is_rest ? "--series-other" : `--series-${place + 1}`);
  const bars = uPlot.paths.bars({ size: [0.82, 60], align: 1 });
  const series = places.map((place) => ({
    label: data.series[place].name,
    fill: colour(place),
    stroke: colour(place),
    width: 0,
    paths: bars,
    points: { show: false },
    value: (_, __, ___, at) => (at === null ? "" : count.format(data.series[place].requests[at])),
  }));
  const axis = { stroke: style("--quiet"), grid: { stroke: style("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  const figure = $("chart");
  const options = {
    width: figure.clientWidth,
    height: 260,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
    scales: {
      x: { range: () => [data.since, data.since + data.length * data.times.length] },
      y: { range: (_, __, most) => [0, Math.max(most, 1) * 1.08] },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 30, values: (_, times) => times.map(tick) },
      { ...axis, size: 56, values: (_, values) => values.map((value) => (Number.isInteger(value) ? count.format(value) : "")) },
    ],
    series: [{}, ...series],
    hooks: { setSelect: [zoom], setCursor: [(plot) => tell(data, plot.cursor.idx)] },
  };
  chart?.destroy();
  figure.replaceChildren();
  chart = new uPlot(options, [data.times, ...piled(data)], figure);
  figure.dataset.drawn = data.times.length;
  $("hint").hidden = false;
  tell(data, null);
}

// Under the chart: the stretch that the mouse is over, or what can be done.
function tell(data, at) {
  const whole = picked ? "Double-click to see the whole range again" : "Drag over the chart to look closer";
  const sum = (place) => data.series.reduce((all, series) => all + series.requests[place], 0);
  $("hint").textContent = at == null ? `${whole}; times are UTC.` : `${when(data.times[at])} UTC: ${count.format(sum(at))} requests`;
}

// An hour, or at midnight the day.
function tick(seconds) {
  const text = new Date(seconds * 1000).toISOString();
  return text.slice(11, 16) === "00:00" ? day.format(seconds * 1000) : text.slice(11, 16);
}

const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const when = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");

function zoom(plot) {
  if (plot.select.width < 8) return;
  const at = (pixels) => Math.round(plot.posToVal(pixels, "x"));
  picked = new URLSearchParams({ since: at(plot.select.left), until: at(plot.select.left + plot.select.width) });
  draw();
}

$("chart").addEventListener("dblclick", () => {
  picked = null;
  draw();
});
document.addEventListener("click", (event) => {
  if (event.target.closest(".tabs a")) picked = null;
}, { capture: true });
new ResizeObserver(() => chart?.setSize({ width: $("chart").clientWidth, height: 260 })).observe($("chart"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  drawn = "";
  draw();
});

// ---- Decisions as they are made.

let isPaused = false;

function watch() {
  const events = new EventSource("/dashboard/live");
  events.onopen = () => ($("watch").hidden = false);
  events.onmessage = (event) => {
    if (isPaused || document.hidden) return;
    const rows = JSON.parse(event.data).map(row);
    if (!rows.length) return;
    $("quiet").hidden = true;
    $("live").prepend(...rows.reverse());
    while ($("live").childElementCount > MOST_LIVE) $("live").lastElementChild.remove();
  };
}

// Names and paths are strangers' text: they become text, never HTML.
function row(decision) {
  const line = document.createElement("tr");
  const cell = (text, className, kind) => {
    const cell = line.insertCell();
    if (className) cell.className = className;
    const inner = kind ? cell.appendChild(document.createElement(kind)) : cell;
    inner.textContent = text;
  };
  cell(decision.when, "quiet");
  cell(decision.who, "", "bdi");
  cell(decision.what, "", "code");
  cell(decision.why, decision.tone, "code");
  cell(decision.took, "number");
  return line;
}

$("pause").addEventListener("click", () => {
  isPaused = !isPaused;
  $("pause").setAttribute("aria-pressed", isPaused);
  $("pause").textContent = isPaused ? "Go on" : "Pause";
});

draw();
watch();
setInterval(() => {
  if (document.hidden) return;
  load(location.pathname + location.search);
  draw();
}, FRESH_EVERY);
