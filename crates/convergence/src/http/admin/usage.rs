//! `GET /usage`: what the command `usage --format json` prints, to the last request.

use http::Response;

use crate::app::App;
use crate::http::body::Answer;
use crate::http::code::Code;
use crate::http::openapi::ADMIN;
use crate::http::problem::Problem;
use crate::http::routes::json;
use crate::sync::totals_of_all;
use crate::usage::{Asked, Entry, Question, days_of, of_days, report};

#[utoipa::path(
    get,
    path = "/usage",
    tag = ADMIN,
    operation_id = "usage",
    summary = "What clients have used",
    description = "To the last request, as the command `convergence usage --format json` prints it.",
    params(
        ("since" = Option<String>, Query, description = "From when: `2025-12-31`, `2025-12-31T23:59:59Z`, `30m`, `24h` or `30d`.", example = "24h"),
        ("until" = Option<String>, Query, description = "To when, in the same words."),
        ("client" = Option<String>, Query, description = "Of this client alone."),
        ("by" = Option<String>, Query, pattern = "^(client|key|endpoint|day|hour)$", description = "A line for each of these; `client` if nothing is said."),
        ("servers" = Option<String>, Query, pattern = "^all$", description = "`all`: of every server that shares a Redis, by whole UTC days."),
    ),
    responses((status = 200, description = "A line for each, in the order of the request.", body = [Entry])),
    extensions(("x-codes" = json!([Code::BadRequest, Code::UsageUnreadable, Code::RedisUnavailable]))),
)]
pub(in crate::http) async fn answer(app: &App, query: Option<&str>) -> Response<Answer> {
    let pairs: Vec<_> = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).collect();
    let (mut asked, mut is_of_all) = (Asked::default(), false);
    for (name, value) in &pairs {
        let part = match &**name {
            "since" => &mut asked.since,
            "until" => &mut asked.until,
            "client" => &mut asked.client,
            "by" => &mut asked.by,
            "servers" if value == "all" => {
                is_of_all = true;
                continue;
            }
            "servers" => {
                return bad_request("servers: it is all, or left out for this server alone".to_owned());
            }
            _ => return bad_request("the query takes since, until, client, by and servers".to_owned()),
        };
        *part = Some(value);
    }
    let now = app.clock.now().unix;
    let question = match asked.question(now) {
        Ok(question) => question,
        Err(wrong) => return bad_request(wrong),
    };
    if is_of_all {
        return of_all_servers(app, &question, now).await;
    }
    // What can only be kept in memory is gathered all the same, and is not in the answer: /auth/status says so.
    let gathered = app.books.with(|books, now| {
        books.gather()?;
        books.post(now)
    });
    let _ = gathered.await;
    let folder = app.data_dir.join("usage");
    let entries = tokio::task::spawn_blocking(move || {
        report(&folder, &question, now).map_err(|error| error.to_string())
    });
    match entries.await.map_err(|error| error.to_string()).flatten() {
        Ok(entries) => json(&entries),
        Err(error) => unreadable(&error),
    }
}

/// The sums over all servers: of this one to the last request, of the others as they have last told.
async fn of_all_servers(app: &App, question: &Question, now: i64) -> Response<Answer> {
    let Some(counts) = &app.counts else {
        return bad_request("servers: without REDIS_URL this server knows of no others".to_owned());
    };
    let (first, last) = match days_of(question, now) {
        Ok(days) => days,
        Err(wrong) => return bad_request(wrong),
    };
    let own = app.books.with(move |books, now| {
        books.gather()?;
        books.post(now)?;
        Ok(books.store()?.days(first)?)
    });
    let own = match own.await {
        Ok(own) => own,
        Err(error) => return unreadable(&error.to_string()),
    };
    match totals_of_all(counts, first, last).await {
        Ok(mut rows) => {
            for (row, own) in own {
                // Less where its files are gone, until what it had left is taken over.
                let left = rows.entry(row).or_default();
                if own.requests() >= left.requests() {
                    *left = own;
                }
            }
            json(&of_days(question, &rows))
        }
        Err(trouble) => {
            let detail = format!("the counts of the other servers cannot be had: {trouble}");
            Problem::new(Code::RedisUnavailable, detail).answer()
        }
    }
}

pub(super) fn unreadable(error: &str) -> Response<Answer> {
    let detail = format!("the counts cannot be read: {error}");
    Problem::new(Code::UsageUnreadable, detail).answer()
}

fn bad_request(detail: String) -> Response<Answer> {
    Problem::new(Code::BadRequest, detail).answer()
}
