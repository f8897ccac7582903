// Measures the dashboard at an address, in so many rounds; prints medians.

import { createRequire } from "node:module";
import path from "node:path";

const [tools, base, rounds] = [process.argv[2], process.argv[3], Number(process.argv[4])];
const { chromium } = createRequire(path.join(tools, "package.json"))("playwright-core");

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

async function timed(work) {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

const get = (route) => timed(async () => (await fetch(base + route)).text());

const results = {};
const note = (name, milliseconds) => (results[name] ??= []).push(milliseconds);

for (let round = 0; round < rounds; round++) {
  for (const range of ["1h", "24h", "30d"]) {
    await pause(12_000); // A look is kept for two seconds, or ten times as long as it took.
    note(`server: the page, ${range}, a fresh look`, await get(`/?range=${range}`));
    note(`server: the page, ${range}, a kept look`, await get(`/?range=${range}`));
    note(`server: the chart, ${range}, a kept look`, await get(`/dashboard/use?range=${range}`));
  }
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
for (let round = 0; round < rounds; round++) {
  const page = await (await browser.newContext()).newPage();
  const chart = await timed(async () => {
    await page.goto(base);
    await page.waitForSelector("#chart[data-drawn] canvas");
  });
  const paint = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime);
  note("browser: first contentful paint", paint);
  note("browser: the chart is drawn", chart);
  note("browser: from a click to the table sorted by name", await timed(async () => {
    await page.click("table.clients thead a >> nth=0");
    await page.waitForSelector('th[aria-sort="ascending"] >> text=Client');
  }));
  note("browser: from a letter to the table that has it", await timed(async () => {
    await page.fill("#q", "client 77");
    await page.waitForFunction(() => document.querySelector("table.clients tbody .name bdi")?.textContent.includes("77"));
  }));
  await page.context().close();
}
await browser.close();

for (const [name, values] of Object.entries(results)) {
  console.log(`${name.padEnd(55)} ${median(values).toFixed(0).padStart(6)} ms  (${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)})`);
}
