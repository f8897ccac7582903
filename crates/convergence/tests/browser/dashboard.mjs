// Looks at the dashboard with Chromium as a person does. The test that starts it has made the servers and the traffic, and
// says on the command line where they are. One line on stdout asks the test to do something, one on stdin says that it is done.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import path from "node:path";
import { pathToFileURL } from "node:url";

const world = JSON.parse(process.argv[2]);
const tools = createRequire(path.join(world.tools, "package.json"));
const { chromium } = tools("playwright-core");
const { PNG } = tools("pngjs");
const pixelmatch = (await import(pathToFileURL(path.join(world.tools, "node_modules/pixelmatch/index.js")))).default;
const axe = readFileSync(tools.resolve("axe-core/axe.min.js"), "utf8");

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--font-render-hinting=none", "--force-color-profile=srgb",
];
// So much of a picture may differ: fonts are drawn a little differently on each machine.
const MOST_DIFFERENT = 0.03;

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
async function ask(what) {
  console.log(what);
  await lines.next();
}

const fonts = '* { font-family: "DejaVu Sans" !important; } code { font-family: "DejaVu Sans Mono" !important; }';
const style = (await (await fetch(`${world.admin}/assets/admin.css`)).text()) + fonts;
const browser = await chromium.launch({ executablePath: world.chromium, args: FLAGS });
const complaints = [];

// A window of its own, with the fonts that the pictures are made with, and an ear for what the browser complains about.
async function open(options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 1360 }, timezoneId: "UTC", locale: "en-GB", reducedMotion: "reduce", ...options });
  await context.route("**/assets/admin.css", (route) => route.fulfill({ contentType: "text/css", body: style }));
  const page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(`error: ${error}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on("dialog", (dialog) => complaints.push(`a dialog: ${dialog.message()}`));
  page.on("request", (request) => {
    const ours = [world.admin, world.guarded, "data:"].some((begin) => request.url().startsWith(begin));
    if (!ours) complaints.push(`a request to ${request.url()}`);
  });
  return page;
}

function noComplaints() {
  assert.deepEqual(complaints.splice(0), []);
}

async function drawn(page) {
  await page.waitForSelector("#chart[data-drawn] canvas");
}

// Puts axe into the page by the debugger's way: the page's policy lets no other script in.
async function accessible(page, what) {
  await page.evaluate(axe);
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  const said = found.violations.map((it) => `${it.id}: ${it.help}: ${it.nodes.map((node) => node.html).join(" | ").slice(0, 600)} ${it.nodes[0].failureSummary}`);
  assert.deepEqual(said, [], what);
}

async function fits(page, what) {
  const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert(wide <= room, `${what}: ${wide} px in ${room}`);
}

async function picture(page, name) {
  const shot = await page.screenshot({ animations: "disabled", caret: "hide" });
  const file = path.join(world.images, `${name}.png`);
  writeFileSync(path.join(world.shots, `${name}.png`), shot);
  if (world.update) {
    mkdirSync(world.images, { recursive: true });
    writeFileSync(file, shot);
    return;
  }
  assert(existsSync(file), `there is no ${file}; make it with UPDATE_IMAGES=1`);
  const [wanted, is] = [PNG.sync.read(readFileSync(file)), PNG.sync.read(shot)];
  assert.deepEqual([is.width, is.height], [wanted.width, wanted.height], name);
  const difference = new PNG({ width: is.width, height: is.height });
  const pixels = pixelmatch(wanted.data, is.data, difference.data, is.width, is.height, { threshold: 0.2 });
  const share = pixels / (is.width * is.height);
  if (share > MOST_DIFFERENT) {
    writeFileSync(path.join(world.shots, `${name}-difference.png`), PNG.sync.write(difference));
    assert.fail(`${name}: ${(share * 100).toFixed(1)} % of the picture differ; see ${world.shots}, and UPDATE_IMAGES=1 if it is meant`);
  }
}

const number = (text) => Number(text.replaceAll(",", ""));
const json = async (base, route, headers = {}) => (await fetch(base + route, { headers })).json();
const sum = (numbers) => numbers.reduce((all, one) => all + one, 0);

// What the page says of each client on all of its pages.
const table = (page) =>
  page.$$eval("table.clients tbody tr", (rows) =>
    rows.map((row) => ({
      name: row.querySelector(".name bdi").textContent,
      requests: row.cells[2].textContent,
      refused: row.cells[3].textContent,
      left: row.cells[4].textContent.trim(),
    })),
  );

// ---- Without a script all of it is there.
{
  const page = await open({ javaScriptEnabled: false });
  await page.goto(world.admin);
  assert.equal(await page.title(), "api-1 · Convergence");
  assert.equal((await page.$$("table.clients tbody tr")).length, world.clients);
  assert.equal(await page.locator(".bars path").count(), 1);
  assert(await page.locator("#watch").isHidden(), "nothing that only a script can fill");
  await page.click("table.clients thead >> text=Requests");
  assert.match(page.url(), /reverse=1/);
  await page.fill("#q", "batch");
  await page.press("#q", "Enter");
  assert.equal((await page.$$("table.clients tbody tr")).length, 1);
  await page.context().close();
}
noComplaints();

// ---- With one: the numbers are those of /usage, wherever they stand.
const page = await open();
await page.goto(world.admin);
await drawn(page);
await picture(page, "dashboard");
await accessible(page, "light");

async function numbersAgree() {
  const usage = await json(world.admin, "/usage?since=24h&by=client");
  const shown = await table(page);
  for (const client of usage) {
    const row = shown.find((row) => row.name === client.client_name);
    if (!row) continue; // One whose name is not shown as it is.
    assert.equal(number(row.requests), client.requests, row.name);
    assert.equal(number(row.refused), client.rate_limited + client.denied, row.name);
  }
  assert.equal(sum(shown.map((row) => number(row.requests))), sum(usage.map((client) => client.requests)));
  const sums = await page.$$eval("#sums dd", (cells) => cells.map((cell) => cell.textContent));
  const all = (of) => sum(usage.map(of));
  assert.deepEqual(sums.map(number), [
    all((it) => it.requests),
    all((it) => it.admitted),
    all((it) => it.rate_limited - it.quota_exceeded),
    all((it) => it.quota_exceeded),
    all((it) => it.denied),
    all((it) => it.failed),
  ]);
  const chart = await json(world.admin, "/dashboard/use?range=24h");
  const hours = await json(world.admin, "/usage?since=24h&by=hour");
  for (const [place, time] of chart.times.entries()) {
    const hour = new Date(time * 1000).toISOString().replace(".000Z", "Z");
    const counted = sum(hours.filter((it) => it.hour === hour).map((it) => it.requests));
    assert.equal(sum(chart.series.map((series) => series.requests[place])), counted, hour);
  }
  return chart;
}
const chart = await numbersAgree();

// What the chart says under the mouse is what it was given.
{
  const box = await page.locator(".u-over").boundingBox();
  await page.mouse.move(box.x + box.width - 10, box.y + 50);
  const legend = await page.$$eval(".u-legend tr", (rows) => rows.map((row) => [row.querySelector(".u-label").textContent, row.querySelector(".u-value").textContent]));
  const last = chart.times.length - 1;
  const wanted = chart.series.map((series) => [series.name, series.requests[last].toLocaleString("en")]).reverse();
  assert.deepEqual(legend.slice(1), wanted);
  const all = sum(chart.series.map((series) => series.requests[last])).toLocaleString("en");
  assert.equal(await page.textContent("#hint"), `2025-12-01 20:00 UTC: ${all} requests`);
}

// ---- Names are strangers' text.
{
  const names = (await table(page)).map((row) => row.name);
  assert(names.includes("<script>alert(1)</script>"), names.join(", "));
  assert(names.includes("evil\\u{202e}gpj.exe"));
  assert(names.some((name) => name.startsWith("xxxx") && name.length === 65), "a long one is cut");
  assert.equal(await page.locator("main script, main iframe, main object").count(), 0);
}

// ---- Links open the very cell.
{
  const links = await page.$$eval("#problems a", (links) => links.map((link) => [link.textContent, link.href, link.rel]));
  assert.deepEqual(links, [["F9", `https://docs.google.com/spreadsheets/d/${world.sheet}/edit#gid=${world.tab}&range=F9`, "noopener noreferrer"]]);
}

// ---- By keyboard alone: to the head of a column, sort, find, page.
{
  await page.focus("table.clients thead a >> nth=0");
  await page.keyboard.press("Enter");
  await page.waitForSelector('th[aria-sort="ascending"] >> text=Client');
  const names = (await table(page)).map((row) => row.name);
  assert.deepEqual(names, [...names].sort((a, b) => Buffer.compare(Buffer.from(a.replace("\\u{202e}", "\u202e")), Buffer.from(b.replace("\\u{202e}", "\u202e")))));
  assert.match(page.url(), /sort=name/);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Client", "the focus stays");
  await page.focus("#q");
  await page.keyboard.type("nightly");
  await page.waitForFunction(() => document.querySelectorAll("table.clients tbody tr").length === 1);
  assert.match(page.url(), /q=nightly/);
  await page.reload();
  assert.equal(await page.inputValue("#q"), "nightly", "an address is the whole of what is seen");
  await page.goto(world.admin);
  await drawn(page);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
}

// ---- Another range, and a closer look by dragging.
{
  await page.click(".tabs >> text=1h");
  await page.waitForSelector('#chart[data-drawn="60"]');
  assert.equal(await page.locator(".tabs [aria-current]").textContent(), "1h");
  await page.click(".tabs >> text=7d");
  await page.waitForSelector('#chart[data-drawn="28"]');
  const box = await page.locator(".u-over").boundingBox();
  const zoomed = page.waitForResponse((answer) => answer.url().includes("since="));
  await page.mouse.move(box.x + box.width * 0.5, box.y + 50);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.9, box.y + 50, { steps: 4 });
  await page.mouse.up();
  const closer = await (await zoomed).json();
  assert(closer.length < 21_600, `stretches of ${closer.length} s`);
  await page.waitForSelector(`#chart[data-drawn="${closer.times.length}"]`);
  await page.dblclick(".u-over");
  await page.waitForSelector('#chart[data-drawn="28"]');
  await page.goto(world.admin);
  await drawn(page);
}

// ---- Under live traffic: decisions come in, and the numbers follow.
{
  await page.waitForSelector("#watch:not([hidden])");
  const asked = Array.from({ length: 20 }, (_, place) =>
    fetch(`${world.api}/auth/verify`, { headers: { authorization: `Bearer ${place % 5 ? world.key : "unknown"}` } }),
  );
  const statuses = (await Promise.all(asked)).map((answer) => answer.status);
  assert.deepEqual([statuses.filter((it) => it === 200).length, statuses.filter((it) => it === 401).length], [16, 4]);
  await page.waitForFunction(() => document.querySelectorAll("#live tr").length >= 20);
  const live = await page.$$eval("#live tr", (rows) => rows.map((row) => [...row.cells].slice(1, 4).map((cell) => cell.textContent).join(" ")));
  assert.equal(live.filter((it) => it === "Acme Website GET /auth/verify 200").length, 16, live.join("\n"));
  assert.equal(live.filter((it) => it.endsWith("GET /auth/verify unknown_api_key")).length, 4);
  await page.click("#pause");
  assert.equal(await page.getAttribute("#pause", "aria-pressed"), "true");
  await ask("advance"); // Until then a look is kept.
  const before = number(await page.textContent("#sums dd >> nth=0"));
  await page.waitForFunction((before) => Number(document.querySelector("#sums dd").textContent.replaceAll(",", "")) === before + 16, before);
  await numbersAgree();
  await accessible(page, "with traffic");
}
noComplaints();
await page.context().close();

// ---- In the dark, and on a phone.
for (const [name, options] of [
  ["dashboard-dark", { colorScheme: "dark" }],
  ["dashboard-phone", { viewport: { width: 390, height: 1400 }, deviceScaleFactor: 1, hasTouch: true, isMobile: true }],
]) {
  const page = await open(options);
  await page.goto(world.admin);
  await drawn(page);
  await picture(page, name);
  await accessible(page, name);
  await fits(page, name);
  // The other page, by its link.
  await page.click('a[href="/docs"]');
  await page.waitForURL(`${world.admin}/docs`);
  await accessible(page, `${name}: the API`);
  await fits(page, `${name}: the API`);
  await page.context().close();
}
noComplaints();

// ---- Where there is a token: a form, its refusals, a session and its end.
{
  const page = await open();
  await page.goto(`${world.guarded}/?range=7d`);
  assert.equal(new URL(page.url()).pathname, "/login");
  await accessible(page, "login");
  noComplaints();
  await page.fill("#token", "a guess");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#wrong");
  assert.equal(await page.getAttribute("#token", "aria-invalid"), "true");
  await accessible(page, "a wrong token");
  complaints.splice(0); // The console names each 401.
  assert.deepEqual(await page.context().cookies(), []);
  await page.fill("#token", world.token);
  await page.keyboard.press("Enter");
  await drawn(page);
  assert.equal(page.url(), `${world.guarded}/?range=7d`, "where they wanted to go");
  const [cookie] = await page.context().cookies();
  assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.secure], [true, "Strict", false]);
  assert(!cookie.value.includes(world.token));
  await page.waitForSelector("#watch:not([hidden])");
  noComplaints();

  // Another site's page can neither use the session nor end it.
  const other = createServer((_, answer) => answer.setHeader("content-type", "text/html").end(
    `<form method="post" action="${world.guarded}/logout"><button>Win</button></form>
     <form method="post" action="${world.guarded}/login"><input name="token" value="${world.token}"><button id="in">Win</button></form>`));
  await new Promise((ready) => other.listen(0, "127.0.0.1", ready));
  const evil = await page.context().newPage();
  for (const button of ["button >> nth=0", "#in"]) {
    await evil.goto(`http://localhost:${other.address().port}/`);
    const [answer] = await Promise.all([evil.waitForResponse((it) => it.url().startsWith(world.guarded)), evil.click(button)]);
    assert.equal(answer.status(), 403);
  }
  await evil.close();
  other.close();

  await page.reload();
  await drawn(page);
  await page.click("text=Log out");
  await page.waitForSelector("#token");
  assert.deepEqual(await page.context().cookies(), []);
  const again = await fetch(world.guarded, { headers: { cookie: `${cookie.name}=${cookie.value}`, accept: "text/html" }, redirect: "manual" });
  assert.equal(again.status, 303, "the session is over for whoever has its cookie");
  await page.goBack();
  await page.waitForSelector("#token", { timeout: 5_000 });
  await page.context().close();
}

await browser.close();
console.log("done");
process.exit(0);
