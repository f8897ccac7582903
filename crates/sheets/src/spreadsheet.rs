//! The calls that we make of the Google Sheets API, version 4.

use std::time::{Instant, SystemTime};

use reqwest::{Method, Url};
use serde_json::Value as Json;

use crate::credentials::Credentials;
use crate::error::{Error, Service};
use crate::range::Range;
use crate::refusal::{self, Asked};
use crate::token::{AccessToken, TokenSource};
use crate::transport::{Answer, Clocks, Limits, Transport};
use crate::value::Value;
use crate::wire::{OwnProperties, SheetProperties, SpreadsheetAnswer, ValueRange};

/// Google's own address, for [`Spreadsheet::new`].
pub const DEFAULT_ENDPOINT: &str = "https://sheets.googleapis.com";

/// The only form of values that does not depend on the spreadsheet's language: JSON booleans and numbers, dates
/// as serial numbers. [`Value`] is read from it.
const UNFORMATTED: &[(&str, &str)] = &[
    ("majorDimension", "ROWS"),
    ("valueRenderOption", "UNFORMATTED_VALUE"),
    ("dateTimeRenderOption", "SERIAL_NUMBER"),
];

/// One spreadsheet, read and written as one account. It keeps its own token and its own connections.
///
/// A call takes at most 30 s for itself and as much for each step to a token that it has to fetch (at most three). Calls may run at once.
pub struct Spreadsheet {
    transport: Transport,
    tokens: TokenSource,
    /// `{endpoint}/v4/spreadsheets/{id}`.
    address: String,
}

/// One tab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab {
    /// Google's number for it, which stays when it is renamed or moved.
    pub id: i64,
    /// What a person calls it.
    pub title: String,
    /// The rows of its grid, empty ones included.
    pub rows: usize,
    /// The columns of its grid.
    pub columns: usize,
}

/// What a spreadsheet says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Properties {
    /// An IANA name such as `America/New_York`, or the form `GMT-07:00`. Serial dates are in this zone.
    pub time_zone: String,
    /// The tabs, from left to right.
    pub tabs: Vec<Tab>,
}

impl Spreadsheet {
    /// Makes ready to use a spreadsheet; nothing is sent yet.
    ///
    /// `sheet_id` is the part of its address between `/d/` and `/edit`. `endpoint` is a base URL without `/v4`:
    /// [`DEFAULT_ENDPOINT`], or another server's in tests. Proxies named by the environment are used, except for
    /// an endpoint on this machine.
    ///
    /// # Errors
    /// [`Error::Endpoint`], [`Error::SheetId`] or [`Error::Setup`].
    pub fn new(credentials: Credentials, sheet_id: &str, endpoint: &str) -> Result<Self, Error> {
        Self::with_limits(credentials, sheet_id, endpoint, Limits::USUAL)
    }

    pub(crate) fn with_limits(
        credentials: Credentials,
        sheet_id: &str,
        endpoint: &str,
        limits: Limits,
    ) -> Result<Self, Error> {
        let endpoint = base_url(endpoint).ok_or(Error::Endpoint)?;
        if !is_id(sheet_id) {
            return Err(Error::SheetId);
        }
        let address = format!("{}/v4/spreadsheets/{sheet_id}", endpoint.as_str().trim_end_matches('/'));
        let transport = Transport::new(&endpoint, limits)?;
        Ok(Self { transport, tokens: TokenSource::new(credentials), address })
    }

    /// Gets an access token unless there is one: proof that the account is good, whatever it may see.
    pub async fn sign_in(&self) -> Result<(), Error> {
        self.tokens.token(&self.transport).await.map(drop)
    }

    /// Both clocks at Google's last answer; `None` before the first.
    pub fn clocks(&self) -> Option<Clocks> {
        self.transport.clocks()
    }

    /// Takes over the token of an earlier one, if that calls as the same account by the same credentials: reading
    /// credentials again does not cost a token that works.
    #[must_use]
    pub fn with_token_of(mut self, earlier: Option<Self>) -> Self {
        if let Some(earlier) = earlier
            && earlier.tokens.is_same_as(&self.tokens)
        {
            self.tokens = earlier.tokens;
        }
        self
    }

    /// Reads every value of a tab (`values.get`), from its first row and column.
    ///
    /// Rows differ in length: Google leaves out the empty cells at the end of a row and the empty rows at the end
    /// of the tab. A row that is empty inside the tab is an empty list.
    pub async fn values(&self, tab: &str) -> Result<Vec<Vec<Value>>, Error> {
        self.values_in(&Range::tab(tab)).await
    }

    /// Reads the values of a block, as [`values`](Self::values) does those of a tab: from the block's first row and
    /// column. An end past the tab's grid is clipped by Google; a start past it is an error.
    pub async fn values_in(&self, range: &Range) -> Result<Vec<Vec<Value>>, Error> {
        let url = format!("{}/values/{}", self.address, range.in_path());
        let answer = self.call(&Call::get("values.get", Some(&range.tab), url, UNFORMATTED)).await?;
        let ValueRange { values, .. } = answer.read()?;
        Ok(values)
    }

    /// Reads the time zone and the tabs (`spreadsheets.get`).
    pub async fn properties(&self) -> Result<Properties, Error> {
        let options = &[("fields", "properties(timeZone),sheets.properties")];
        let answer = self.call(&Call::get("spreadsheets.get", None, self.address.clone(), options)).await?;
        let SpreadsheetAnswer { properties: OwnProperties { time_zone }, sheets } = answer.read()?;
        let tabs = sheets.into_iter().map(|sheet| sheet.properties.into_tab()).collect();
        Ok(Properties { time_zone, tabs })
    }

    /// Reads what a field mask names of the spreadsheet (`spreadsheets.get`), as JSON in the API's own shape.
    pub async fn describe(&self, fields: &'static str) -> Result<Json, Error> {
        self.describe_in(&[], fields).await
    }

    /// The same, of these blocks only: a tab without one is left out, and of the cells (`sheets.data`) come those inside.
    /// No block at all is the whole spreadsheet.
    pub async fn describe_in(&self, ranges: &[Range], fields: &'static str) -> Result<Json, Error> {
        let parts: Vec<String> = ranges.iter().map(|range| format!("ranges={}", range.in_path())).collect();
        let query = if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) };
        let tab = ranges.first().map(|range| &*range.tab);
        let options = &[("fields", fields)];
        let answer = self.call(&Call::get("spreadsheets.get", tab, self.address(&query), options)).await?;
        answer.read()
    }

    /// `{endpoint}/v4/spreadsheets/{id}`, and what is given behind it.
    pub(crate) fn address(&self, rest: &str) -> String {
        format!("{}{rest}", self.address)
    }

    /// Asks with the kept token, and once more with a new one if that is not taken: tokens end early when
    /// permissions change or the machine has slept. A 401 means that nothing was done, so this holds for writes too.
    pub(crate) async fn call(&self, call: &Call<'_>) -> Result<Answer, Error> {
        let token = self.tokens.token(&self.transport).await?;
        let mut answer = self.ask(call, &token).await?;
        if answer.status == 401 {
            self.tokens.forget(&token);
            let token = self.tokens.token(&self.transport).await?;
            answer = self.ask(call, &token).await?;
        }
        if answer.is_success() {
            return Ok(answer);
        }
        let write = call.body.is_some();
        let asked = Asked { client_email: self.tokens.client_email(), tab: call.tab, write };
        Err(self.tokens.explain(refusal::of_api(&answer, &asked, SystemTime::now())))
    }

    async fn ask(&self, call: &Call<'_>, token: &AccessToken) -> Result<Answer, Error> {
        let started = Instant::now();
        let method = if call.body.is_some() { Method::POST } else { Method::GET };
        let mut request = self.transport.client().request(method, &call.url).query(call.options);
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        let request = self.tokens.charge(request.bearer_auth(token.expose()));
        let answer = self.transport.exchange(Service::Sheets, request).await;
        let status = answer.as_ref().map(|answer| answer.status).ok();
        let duration_ms = started.elapsed().as_millis();
        tracing::debug!(query = call.method, tab = call.tab, status, duration_ms, "google query");
        answer
    }
}

/// One request, and what of it may be logged: the method and the tab, never the address, which holds the id, nor the
/// body, which may hold keys.
pub(crate) struct Call<'a> {
    method: &'static str,
    tab: Option<&'a str>,
    url: String,
    options: &'a [(&'static str, &'static str)],
    /// Posted if there is one; otherwise the request is a GET.
    body: Option<Json>,
}

impl<'a> Call<'a> {
    fn get(
        method: &'static str,
        tab: Option<&'a str>,
        url: String,
        options: &'a [(&'static str, &'static str)],
    ) -> Self {
        Self { method, tab, url, options, body: None }
    }

    pub(crate) fn post(method: &'static str, tab: Option<&'a str>, url: String, body: Json) -> Self {
        Self { method, tab, url, options: &[], body: Some(body) }
    }
}

impl SheetProperties {
    fn into_tab(self) -> Tab {
        let Self { sheet_id, title, grid_properties } = self;
        Tab { id: sheet_id, title, rows: grid_properties.row_count, columns: grid_properties.column_count }
    }
}

fn base_url(endpoint: &str) -> Option<Url> {
    let url = Url::parse(endpoint.trim()).ok()?;
    let plain = matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none();
    plain.then_some(url)
}

/// Google's ids are base64url. The check is for what people paste instead, and for what would change the path.
fn is_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use testkit::{Fault, Google, Times};

    use super::*;

    fn limited(google: &Google, limits: Limits) -> Spreadsheet {
        let credentials = Credentials::from_json(google.credentials_json().as_bytes()).unwrap();
        Spreadsheet::with_limits(credentials, google.sheet_id(), &google.url(), limits).unwrap()
    }

    #[tokio::test]
    async fn an_answer_that_is_too_slow_is_given_up() {
        let google = Google::start().await;
        let patient = limited(&google, Limits::USUAL);
        let hasty = limited(&google, Limits { total: Duration::from_millis(200), ..Limits::USUAL });
        google.inject(Fault::Slow(Duration::from_hours(1)), Times::Always);

        // Either the token or the values may be what is too slow; both are the same error.
        let error = hasty.values("Sheet1").await.unwrap_err();
        assert!(matches!(error, Error::Timeout { .. }), "{error}");
        assert!(error.is_transient());
        assert!(error.to_string().contains("did not answer within 0.2 s"), "{error}");

        google.heal();
        assert!(patient.values("Sheet1").await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn an_answer_that_is_too_large_is_given_up() {
        let google = Google::start().await;
        google.set_tab("Big", vec![vec!["x".repeat(40_000).into()]; 60]);
        let small = limited(&google, Limits { body: 2 << 20, ..Limits::USUAL });

        let error = small.values("Big").await.unwrap_err();
        assert!(matches!(error, Error::TooLarge { limit: 0x20_0000, .. }), "{error}");
        assert!(error.to_string().contains("larger than 2 MiB"), "{error}");
        assert!(!error.is_transient());
        assert_eq!(limited(&google, Limits::USUAL).values("Big").await.unwrap().len(), 60);
    }
}
