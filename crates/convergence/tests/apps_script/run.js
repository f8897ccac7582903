// Runs docs/sheet-changed.gs as Apps Script would, in Node: `node run.js FILE`, with a JSON object on standard input:
//   url, secret  the script properties (null: not set)
//   now          what the script's clock says, Unix milliseconds
//   calls        functions to call in turn, as [name, event]
//   refuse       how many requests fail on their way before one arrives
// Prints a JSON object: the triggers that are installed, the pauses that were slept, what was sent and answered, and the
// error that ended it, if one did. Google's services are stood in for by the least that acts alike: the HMAC and the HTTP
// request are real.
'use strict';
const { createHmac, randomUUID } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { spawnSync } = require('node:child_process');
const vm = require('node:vm');

const input = JSON.parse(readFileSync(0, 'utf8'));
const done = { triggers: [], pauses: [], requests: [], error: null };
let now = input.now;

// UrlFetchApp waits for its answer, which fetch does not; another Node waits in its place.
const WAITING = `
  let text = '';
  process.stdin.on('data', (piece) => { text += piece; }).on('end', async () => {
    const { url, options } = JSON.parse(text);
    const answer = await fetch(url, options);
    console.log(JSON.stringify({ status: answer.status, text: await answer.text() }));
  });`;

function fetchNow(url, { method, contentType, headers, payload, followRedirects, muteHttpExceptions }) {
  if (done.requests.length < (input.refuse || 0)) {
    done.requests.push({ status: null });
    throw new Error(`DNS error: ${url}`);
  }
  const options = {
    method: method.toUpperCase(),
    headers: { ...headers, 'Content-Type': contentType },
    body: payload,
    redirect: followRedirects ? 'follow' : 'manual',
  };
  const child = spawnSync(process.execPath, ['-e', WAITING], { input: JSON.stringify({ url, options }) });
  if (child.status !== 0) throw new Error(`Address unavailable: ${url}`);
  const { status, text } = JSON.parse(child.stdout);
  done.requests.push({ status, text, sent: JSON.parse(payload), headers });
  if (status >= 400 && !muteHttpExceptions) throw new Error(`Request failed returned code ${status}`);
  return { getResponseCode: () => status, getContentText: () => text };
}

function newTrigger(handler) {
  const trigger = { getHandlerFunction: () => handler };
  const make = (event) => () => ({
    create: () => {
      trigger.event = event;
      done.triggers.push(trigger);
      return trigger;
    },
  });
  return { forSpreadsheet: () => ({ onEdit: make('onEdit'), onChange: make('onChange') }) };
}

class ScriptDate extends Date {
  static now() {
    return now;
  }
}

const properties = { CONVERGENCE_URL: input.url, CONVERGENCE_SECRET: input.secret };
const context = vm.createContext({
  Date: ScriptDate,
  UrlFetchApp: { fetch: fetchNow },
  SpreadsheetApp: { getActive: () => ({}) },
  PropertiesService: { getScriptProperties: () => ({ getProperty: (name) => properties[name] ?? null }) },
  ScriptApp: {
    newTrigger,
    getProjectTriggers: () => done.triggers.slice(),
    deleteTrigger: (trigger) => done.triggers.splice(done.triggers.indexOf(trigger), 1),
  },
  Utilities: {
    Charset: { UTF_8: 'utf8' },
    getUuid: randomUUID,
    sleep: (milliseconds) => {
      done.pauses.push(milliseconds);
      now += milliseconds;
    },
    // Apps Script's bytes are signed.
    computeHmacSha256Signature: (value, key, charset) =>
      Array.from(new Int8Array(createHmac('sha256', Buffer.from(key, charset)).update(value, charset).digest())),
  },
});
vm.runInContext(readFileSync(process.argv[2], 'utf8'), context, { filename: process.argv[2] });
try {
  for (const [name, event] of input.calls) context[name](event);
} catch (error) {
  done.error = error.message;
}
done.triggers = done.triggers.map((trigger) => [trigger.getHandlerFunction(), trigger.event]);
console.log(JSON.stringify(done));
