//! `GET /`: the page that says who uses the API, how much, and whether all is well. It reads, and changes nothing.
//!
//! | what | file |
//! |---|---|
//! | what the address asks for, and addresses that ask for something else | `address` |
//! | the table of clients, a row each | `rows` |
//! | who was refused; decisions as they are made | `decisions` |
//! | lines drawn as SVG | `spark` |

mod address;
mod decisions;
mod rows;
mod spark;

use askama::Template;
use http::Response;

use self::address::{Address, Head, RangeLink};
use self::decisions::{Decision, Reason};
pub(super) use self::decisions::{MOST_WATCHERS, live};
use self::rows::Row;
use super::page::page;
use crate::app::{App, Door, Guard};
use crate::dashboard::{self, Chart, Fault, Listing, Look, Place, Range, Tile, Tone, words};
use crate::http::body::Answer;
use crate::http::code::Code;
use crate::http::problem::Problem;
use crate::http::routes::json;
use crate::sync::View;
use crate::usage::Totals;

/// So many clients are named that need a look, and so many problems.
const MOST_NOTICES: usize = 8;
const MOST_PROBLEMS: usize = 200;

#[derive(Template)]
#[template(path = "dashboard.html")]
struct Page<'a> {
    instance: String,
    updated: String,
    may_log_out: bool,
    place_link: Option<String>,
    place_file: Option<String>,
    tiles: Vec<Tile>,
    /// Why there are no counts.
    trouble: Option<String>,
    range_title: (&'static str, &'static str),
    ranges: Vec<RangeLink>,
    sums: Vec<Sum>,
    bars: String,
    notices: Vec<Notice>,
    more_notices: usize,
    reasons: Vec<Reason>,
    refusals: Vec<Decision>,
    kept: Vec<(&'static str, &'static str)>,
    filter: &'a str,
    heads: Vec<Head>,
    rows: Vec<Row>,
    no_rows: &'static str,
    found: String,
    number: usize,
    pages: usize,
    previous: Option<String>,
    next: Option<String>,
    is_shared: bool,
    problems: Vec<Fault>,
    more_problems: usize,
    no_problems: &'static str,
}

/// A number over the chart.
struct Sum {
    name: &'static str,
    number: String,
    tone: Tone,
}

/// A client that needs a look.
struct Notice {
    tone: Tone,
    client: String,
    words: String,
    row: u32,
    link: Option<String>,
}

/// The page.
pub(super) async fn answer(app: &App, query: Option<&str>) -> Response<Answer> {
    let address = Address::read(query.unwrap_or_default());
    let (view, look) = match &app.door {
        Door::Open(_) => (View::default(), Ok(None)),
        Door::Guarded(guard) => (guard.freshness.view(), look(app, guard, address.range).await.map(Some)),
    };
    page(&Page::of(app, &address, &view, look.as_ref().map_err(String::as_str).map(Option::as_deref)))
}

/// `GET /dashboard/use`: what the chart draws, of one of the page's ranges or of one that is picked in it.
pub(super) async fn course(app: &App, query: Option<&str>) -> Response<Answer> {
    let Door::Guarded(guard) = &app.door else { return json(&()) };
    let now = app.clock.now().unix;
    let stretches = match address::picked(query.unwrap_or_default()) {
        Ok(None) => Some(Address::read(query.unwrap_or_default()).range.stretches(now)),
        Ok(Some((since, until))) => dashboard::zoomed(since, until, now),
        Err(()) => None,
    };
    let Some(stretches) = stretches else {
        let detail = "give range, one of 1h, 6h, 24h, 7d and 30d, or since and until in Unix seconds";
        return Problem::new(Code::BadRequest, detail).answer();
    };
    match app.looks.look(stretches, &guard.gate, &guard.freshness).await {
        Ok(look) => json(&Chart::of(&look)),
        Err(error) => super::usage::unreadable(&error),
    }
}

async fn look(app: &App, guard: &Guard, range: Range) -> Result<std::sync::Arc<Look>, String> {
    let stretches = range.stretches(app.clock.now().unix);
    let look = app.looks.look(stretches, &guard.gate, &guard.freshness).await;
    look.map_err(|error| format!("The counts cannot be read: {error}"))
}

impl<'a> Page<'a> {
    fn of(app: &App, address: &'a Address, view: &View, look: Result<Option<&Look>, &str>) -> Self {
        let now = app.clock.now();
        let place = match &app.door {
            Door::Guarded(guard) => Some(Place::of(&guard.source, view.tab)),
            Door::Open(_) => None,
        };
        let clients = look.ok().flatten().map_or(&[][..], |look| &look.clients);
        let (notices, notice_count) = dashboard::notices(clients, MOST_NOTICES, now.unix);
        let (refusals, reasons) = decisions::refusals(app);
        let listing = Listing::of(clients, &address.wanted);
        let link = |row: u32| place.as_ref().and_then(|place| place.link_to(&format!("{row}:{row}")));
        let notice = |notice: dashboard::Notice| Notice {
            tone: notice.tone,
            client: notice.client,
            words: notice.words,
            row: notice.row.unwrap_or_default(),
            link: notice.row.and_then(link),
        };
        let notices: Vec<Notice> = notices.into_iter().map(notice).collect();
        let faults = place.as_ref().map(|place| dashboard::faults(view, place, MOST_PROBLEMS));
        let problems = faults.unwrap_or_default();
        Self {
            instance: words::name(&app.instance),
            updated: format!("as of {}", words::moment(look.ok().flatten().map_or(now, |look| look.at).unix)),
            may_log_out: app.admin.token.is_some(),
            place_link: place.as_ref().and_then(Place::link),
            place_file: match &place {
                Some(Place::File(path)) => Some(words::name(path)),
                _ => None,
            },
            tiles: dashboard::tiles(app, view, now),
            trouble: look.err().map(str::to_owned),
            range_title: address.range.title(),
            ranges: address.ranges(),
            sums: sums(clients),
            bars: look
                .ok()
                .flatten()
                .map_or_else(String::new, |look| spark::bars(&Chart::of(look).sums(), 600.0, 120.0)),
            more_notices: notice_count - notices.len(),
            notices,
            reasons,
            refusals,
            kept: address.kept(),
            filter: &address.wanted.filter,
            heads: address.heads(),
            rows: listing.clients.iter().map(|client| Row::of(client, now.unix, link)).collect(),
            no_rows: if clients.is_empty() {
                "There are no clients yet."
            } else {
                "No client has that in its name."
            },
            found: words::count(listing.found as u64, "client"),
            number: listing.page,
            pages: listing.pages,
            previous: (listing.page > 1).then(|| address.of_page(listing.page - 1)),
            next: (listing.page < listing.pages).then(|| address.of_page(listing.page + 1)),
            is_shared: app.fleet.is_some(),
            more_problems: view.problem_count.saturating_sub(problems.len()),
            no_problems: if view.problem_count > 0 {
                "The server that reads the sheet for all lists them."
            } else {
                "Every row can be read."
            },
            problems,
        }
    }
}

/// The numbers over the chart.
fn sums(clients: &[dashboard::Client]) -> Vec<Sum> {
    let mut all = Totals::default();
    for client in clients {
        all.add(&client.used.totals);
    }
    let sum = |name, number: u64, tone| {
        let tone = if number == 0 { Tone::Plain } else { tone };
        Sum { name, number: words::number(number), tone }
    };
    vec![
        sum("Requests", all.requests(), Tone::Plain),
        sum("Admitted", all.admitted, Tone::Plain),
        sum("Over the minute's limit", all.rate_limited.saturating_sub(all.quota_exceeded), Tone::Warn),
        sum("Over a quota", all.quota_exceeded, Tone::Warn),
        sum("Key refused", all.denied, Tone::Warn),
        sum("Answered with 5xx", all.failed, Tone::Bad),
    ]
}
