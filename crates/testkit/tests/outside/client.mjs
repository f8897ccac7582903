// Google's Node client does against testkit's Google what our own client does.
//
//     node client.mjs URL CREDENTIALS SHEET_ID
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const { auth, sheets: api } = createRequire(`${process.env.OUTSIDE_DIR}/`)('@googleapis/sheets');
const [url, file, spreadsheetId] = process.argv.slice(2);
const { client_email: email, private_key: key } = JSON.parse(readFileSync(file));
const jwt = new auth.JWT({ email, key, scopes: ['https://www.googleapis.com/auth/spreadsheets'] });
// The address of the token endpoint is a constant there, whatever the credentials say.
jwt.transporter.interceptors.request.add({
  resolved: async (config) => {
    config.url = new URL(String(config.url).replace('https://oauth2.googleapis.com', url));
    return config;
  },
});
const { spreadsheets } = api({ version: 'v4', auth: jwt, rootUrl: `${url}/` });
const range = "'From node'!A1";

const made = await spreadsheets.batchUpdate({
  spreadsheetId,
  requestBody: {
    requests: [{ addSheet: { properties: { title: 'From node' } } }],
    includeSpreadsheetInResponse: true,
  },
});
const { sheetId } = made.data.replies[0].addSheet.properties;
assert.deepEqual(made.data.updatedSpreadsheet.sheets.map((sheet) => sheet.properties.title), ['Sheet1', 'From node']);

const block = [['key', 'n', 'on'], ['=1', 60, true]];
const written = await spreadsheets.values.update({
  spreadsheetId, range, valueInputOption: 'RAW', requestBody: { values: block },
});
assert.deepEqual([written.data.updatedRange, written.data.updatedCells], ["'From node'!A1:C2", 6]);
const added = await spreadsheets.values.append({
  spreadsheetId, range, valueInputOption: 'RAW', requestBody: { values: [['b', null, false]] },
});
assert.equal(added.data.updates.updatedRange, "'From node'!A3:C3");
const read = await spreadsheets.values.get({
  spreadsheetId, range: "'From node'", valueRenderOption: 'UNFORMATTED_VALUE',
});
assert.deepEqual(read.data.values, [...block, ['b', '', false]]);
const { data } = await spreadsheets.get({ spreadsheetId, fields: 'properties(timeZone,locale),sheets.properties' });
assert.deepEqual(data.properties, { locale: 'en_US', timeZone: 'Etc/GMT' });
const totals = await spreadsheets.values.batchUpdate({
  spreadsheetId,
  requestBody: { valueInputOption: 'USER_ENTERED', data: [{ range, values: [['=4/2', '0042', '2030-01-31']] }] },
});
assert.equal(totals.data.totalUpdatedCells, 3);
const shown = await spreadsheets.values.batchGet({ spreadsheetId, ranges: ["'From node'!1:1"] });
assert.deepEqual(shown.data.valueRanges[0].values, [['2', '42', '2030-01-31']]);

await assert.rejects(spreadsheets.values.get({ spreadsheetId, range: 'Nowhere!A1' }), (error) => {
  assert.equal(Number(error.status ?? error.code), 400);
  return error.message.includes('Unable to parse range: Nowhere!A1');
});
await spreadsheets.batchUpdate({ spreadsheetId, requestBody: { requests: [{ deleteSheet: { sheetId } }] } });
console.log("Google's Node client: as with Google");
