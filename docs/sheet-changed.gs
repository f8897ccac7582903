// Tells a Convergence server that this spreadsheet has changed, so that a revoked key stops working within a second
// or two. Set-up, step by step: docs/google-sheets.md in Convergence's repository.
//
// Two script properties (Project Settings > Script Properties) are read:
//   CONVERGENCE_URL      the server's address from outside, such as https://api.example.com
//   CONVERGENCE_SECRET   the same value as the server's SHEET_WEBHOOK_SECRET
// Then run `install` once, and allow what it asks for. `uninstall` takes it back.

/** Makes the two triggers, in place of those of an earlier run, and sends a first notice to see that it works. */
function install() {
  settings_();
  uninstall();
  var spreadsheet = SpreadsheetApp.getActive();
  ScriptApp.newTrigger('sheetEdited').forSpreadsheet(spreadsheet).onEdit().create();
  ScriptApp.newTrigger('sheetChanged').forSpreadsheet(spreadsheet).onChange().create();
  notify_(null);
}

/** Removes the triggers. */
function uninstall() {
  ScriptApp.getProjectTriggers().forEach(function (trigger) {
    if (['sheetEdited', 'sheetChanged'].indexOf(trigger.getHandlerFunction()) >= 0) {
      ScriptApp.deleteTrigger(trigger);
    }
  });
}

/** Cells were edited. */
function sheetEdited() {
  notify_(Date.now());
}

/** Rows, columns or tabs came, went or moved. Edited cells are told by `sheetEdited` already. */
function sheetChanged(event) {
  if (!event || event.changeType !== 'EDIT') notify_(Date.now());
}

// The same notice is signed anew for each try. If none succeeds, the error goes to the script's owner by mail.
function notify_(editedAt) {
  var settings = settings_();
  var id = Utilities.getUuid();
  var pauses = [1000, 2000, 4000, 8000];
  for (var tries = 0; ; tries++) {
    var failure = send_(settings, { id: id, sent_at: Date.now(), edited_at: editedAt });
    if (!failure) return;
    if (!failure.again || tries === pauses.length) throw new Error('Convergence was not told: ' + failure.why);
    Utilities.sleep(pauses[tries]);
  }
}

// Nothing where it succeeded; else why not, and whether it is worth another try.
function send_(settings, notice) {
  var body = JSON.stringify(notice);
  var time = Math.floor(Date.now() / 1000);
  var mac = Utilities.computeHmacSha256Signature(time + '.' + body, settings.secret, Utilities.Charset.UTF_8);
  var hex = mac.map(function (byte) { return ('0' + (byte & 255).toString(16)).slice(-2); }).join('');
  try {
    var answer = UrlFetchApp.fetch(settings.url.replace(/\/+$/, '') + '/hooks/sheet-changed', {
      method: 'post',
      contentType: 'application/json',
      headers: { 'X-Convergence-Signature': 't=' + time + ',v1=' + hex },
      payload: body,
      followRedirects: false,
      muteHttpExceptions: true,
    });
  } catch (error) {
    return { again: true, why: String(error) };
  }
  var status = answer.getResponseCode();
  if (status >= 200 && status < 300) return null;
  var why = status + ' ' + answer.getContentText().slice(0, 300);
  return { again: status === 429 || status >= 500, why: why };
}

function settings_() {
  var properties = PropertiesService.getScriptProperties();
  var url = (properties.getProperty('CONVERGENCE_URL') || '').trim();
  var secret = (properties.getProperty('CONVERGENCE_SECRET') || '').trim();
  if (!url || !secret) throw new Error('set the script properties CONVERGENCE_URL and CONVERGENCE_SECRET first');
  return { url: url, secret: secret };
}
