"""Google's Python client and gspread do against testkit's Google what our own client does.

    clients.py URL CREDENTIALS SHEET_ID
"""

import sys

import gspread
from google.oauth2.service_account import Credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

import redirect  # noqa: F401  leads gspread to the server

SCOPES = ["https://www.googleapis.com/auth/spreadsheets", "https://www.googleapis.com/auth/drive"]


def check(found, expected):
    if found != expected:
        raise SystemExit(f"clients.py: expected {expected!r}, found {found!r}")


def refused(request, status, words):
    try:
        request.execute()
    except HttpError as error:
        check((error.resp.status, error.reason), (status, words))
    else:
        raise SystemExit(f"clients.py: not refused, though {words}")


def googles_client(url, credentials, sheet):
    """google-api-python-client: properties, a tab, a block, an append, reads in every rendering, refusals."""
    options = {"api_endpoint": url + "/"}
    service = build("sheets", "v4", credentials=credentials, client_options=options, cache_discovery=False)
    book = service.spreadsheets()
    properties = book.get(spreadsheetId=sheet, fields="properties(timeZone,locale),sheets.properties").execute()
    check(properties["properties"], {"timeZone": "Etc/GMT", "locale": "en_US"})
    check(properties["sheets"][0]["properties"]["title"], "Sheet1")

    title = "Jon's tab 🔑"
    new = {"title": title, "gridProperties": {"rowCount": 20, "columnCount": 5, "frozenRowCount": 1}}
    replies = book.batchUpdate(
        spreadsheetId=sheet, body={"requests": [{"addSheet": {"properties": new}}]}
    ).execute()["replies"]
    made = replies[0]["addSheet"]["properties"]
    check((made["index"], made["gridProperties"]["frozenRowCount"]), (1, 1))

    tab = "'" + title.replace("'", "''") + "'"
    values = book.values()
    block = [["key", "n", "on"], ["=1+1", 2, True], ["b", 0.5, False]]
    written = values.update(
        spreadsheetId=sheet, range=f"{tab}!A1", valueInputOption="RAW", body={"values": block}
    ).execute()
    check((written["updatedRange"], written["updatedCells"]), (f"{tab}!A1:C3", 9))
    added = values.append(
        spreadsheetId=sheet,
        range=f"{tab}!A1",
        valueInputOption="RAW",
        insertDataOption="INSERT_ROWS",
        includeValuesInResponse=True,
        body={"values": [["c", None, True]]},
    ).execute()
    check((added["tableRange"], added["updates"]["updatedRange"]), (f"{tab}!A1:C3", f"{tab}!A4:C4"))
    check(added["updates"]["updatedData"]["values"], [["c", "", "TRUE"]])

    def read(**options):
        return values.get(spreadsheetId=sheet, range=tab, **options).execute()["values"]

    check(read(valueRenderOption="UNFORMATTED_VALUE"), [*block, ["c", "", True]])
    check(read(majorDimension="COLUMNS")[2], ["on", "TRUE", "FALSE", "TRUE"])
    both = values.batchGet(spreadsheetId=sheet, ranges=[f"{tab}!A:A", f"{tab}!B2:B3"]).execute()
    check([found["range"] for found in both["valueRanges"]], [f"{tab}!A1:A21", f"{tab}!B2:B3"])
    totals = values.batchUpdate(
        spreadsheetId=sheet,
        body={"valueInputOption": "RAW", "data": [{"range": f"{tab}!B4", "values": [[7]]}, {"range": f"{tab}!E1", "values": [["e"]]}]},
    ).execute()
    check((totals["totalUpdatedCells"], totals["totalUpdatedColumns"]), (2, 2))
    check(values.clear(spreadsheetId=sheet, range=f"{tab}!E1:E2", body={}).execute()["clearedRange"], f"{tab}!E1:E2")

    refused(values.get(spreadsheetId=sheet, range="Nowhere"), 400, "Unable to parse range: Nowhere")
    refused(values.get(spreadsheetId="unknown", range="A1"), 404, "Requested entity was not found.")
    again = {"requests": [{"addSheet": {"properties": {"title": title}}}]}
    taken = f'Invalid requests[0].addSheet: A sheet with the name "{title}" already exists. Please enter another name.'
    refused(book.batchUpdate(spreadsheetId=sheet, body=again), 400, taken)
    last = {"requests": [{"deleteSheet": {"sheetId": made["sheetId"]}}]}
    check(book.batchUpdate(spreadsheetId=sheet, body=last).execute()["replies"], [{}])


def gspreads(credentials):
    """gspread: a file made with Drive, found, filled, sorted, formatted, shared and deleted."""
    client = gspread.authorize(credentials)
    book = client.create("Made by gspread")
    check([found["name"] for found in client.list_spreadsheet_files("Made by gspread")], ["Made by gspread"])
    tab = client.open("Made by gspread").sheet1
    tab.update([["name", "n", "on"], ["b", 2, True], ["a", 10, False]], "A1", raw=True)
    tab.append_row(["c", 3, True], table_range="A1")
    check(tab.get_all_values(), [["name", "n", "on"], ["b", "2", "TRUE"], ["a", "10", "FALSE"], ["c", "3", "TRUE"]])
    tab.sort((1, "asc"), range="A2:C4")
    check(tab.col_values(1), ["name", "a", "b", "c"])
    check(tab.get_all_records()[0], {"name": "a", "n": 10, "on": "FALSE"})
    check(tab.find("b").address, "A3")
    tab.update_acell("D1", "=2*21")
    check((tab.acell("D1").value, tab.acell("D1", value_render_option="FORMULA").value), ("42", "=2*21"))
    tab.batch_update([{"range": "A5:B5", "values": [["d", "4"]]}], raw=False)
    check(tab.get("B5", value_render_option="UNFORMATTED_VALUE"), [[4]])
    tab.format("A1:D1", {"textFormat": {"bold": True}})
    tab.freeze(rows=1)
    tab.insert_row(["first"], 2)
    tab.delete_rows(6)
    check(tab.col_values(1), ["name", "first", "a", "b", "c"])
    tab.set_basic_filter()
    kept = next(sheet for sheet in book.fetch_sheet_metadata()["sheets"] if sheet["properties"]["sheetId"] == tab.id)
    check(kept["basicFilter"]["range"]["endColumnIndex"], 26)
    tab.clear_basic_filter()
    tab.add_dimension_group_rows(1, 3)
    check(tab.list_dimension_group_rows()[0]["depth"], 1)
    tab.delete_dimension_group_rows(1, 3)
    check(tab.list_dimension_group_rows(), [])
    tab.hide_columns(1, 2)
    tab.unhide_columns(1, 2)
    tab.columns_auto_resize(0, 1)
    tab.copy_range("A1:A2", "F1:F2")
    tab.cut_range("F1:F2", "G1")
    check(tab.get("F1:G2"), [["", "name"], ["", "first"]])
    tab.update_note("A1", "a note")
    check(tab.get_note("A1"), "a note")
    tab.merge_cells("A8:B9")
    tab.unmerge_cells("A8:B9")
    tab.add_protected_range("A1:D1", editor_users_emails=["a@example.com"], warning_only=False)
    check(len(book.list_protected_ranges(tab.id)), 1)
    tab.resize(rows=50, cols=8)
    tab.batch_clear(["A2:D2"])
    copied = tab.duplicate(new_sheet_name="Copy")
    check([sheet.title for sheet in book.worksheets()], ["Copy", "Sheet1"])
    check((copied.row_count, copied.acell("A3").value), (50, "a"))
    book.reorder_worksheets([tab, copied])
    check([sheet.title for sheet in book.worksheets()], ["Sheet1", "Copy"])
    tab.update_title("Renamed")
    tab.update_tab_color("#ff8000")
    tab.hide()
    tab.show()
    book.del_worksheet(copied)
    book.update_timezone("Europe/Paris")
    check(client.open_by_key(book.id).timezone, "Europe/Paris")
    book.share("a@example.com", perm_type="user", role="reader", notify=False)
    check(len(book.list_permissions()), 2)
    tab.clear()
    check(tab.get_all_values(), [[]])
    client.del_spreadsheet(book.id)
    try:
        client.open_by_key(book.id)
    except gspread.SpreadsheetNotFound:
        return
    raise SystemExit("clients.py: a deleted spreadsheet was opened")


def main(url, file, sheet):
    credentials = Credentials.from_service_account_file(file, scopes=SCOPES)
    googles_client(url, credentials, sheet)
    gspreads(credentials)
    print("Google's Python client and gspread: as with Google")


if __name__ == "__main__":
    main(*sys.argv[1:])
