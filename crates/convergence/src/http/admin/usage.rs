//! `GET /usage`: what the command `usage --format json` prints, to the last request.

use http::{Response, StatusCode};

use crate::app::App;
use crate::http::body::Answer;
use crate::http::problem::Problem;
use crate::http::routes::json;
use crate::usage::{Asked, report};

pub(super) async fn answer(app: &App, query: Option<&str>) -> Response<Answer> {
    let pairs: Vec<_> = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).collect();
    let mut asked = Asked::default();
    for (name, value) in &pairs {
        let part = match &**name {
            "since" => &mut asked.since,
            "until" => &mut asked.until,
            "client" => &mut asked.client,
            "by" => &mut asked.by,
            _ => return bad_request("the query takes since, until, client and by".to_owned()),
        };
        *part = Some(value);
    }
    let now = app.clock.now().unix;
    let question = match asked.question(now) {
        Ok(question) => question,
        Err(wrong) => return bad_request(wrong),
    };
    // What can only be kept in memory is gathered all the same, and is not in the answer: /auth/status says so.
    let folder = app.books.with(|books, now| {
        books.gather()?;
        books.post(now)
    });
    let _ = folder.await;
    let folder = app.data_dir.join("usage");
    let entries = tokio::task::spawn_blocking(move || {
        report(&folder, &question, now).map_err(|error| error.to_string())
    });
    match entries.await.map_err(|error| error.to_string()).flatten() {
        Ok(entries) => json(&entries),
        Err(error) => {
            let detail = format!("the counts cannot be read: {error}");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "usage_unreadable", "Usage unreadable", detail)
                .answer()
        }
    }
}

fn bad_request(detail: String) -> Response<Answer> {
    Problem::new(StatusCode::BAD_REQUEST, "bad_request", "Bad request", detail).answer()
}
