//! Requests that are finished, as the page shows them: the last refusals, and all of them as they come.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, stream};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::app::App;
use crate::dashboard::{Tone, words};
use crate::http::body::Answer;
use crate::http::code::Code;
use crate::http::live::Watch;
use crate::http::problem::Problem;
use crate::http::record::Record;

/// So many pages may watch at a time: each has a connection, and others need some too.
pub(in crate::http::admin) const MOST_WATCHERS: usize = 16;

/// How long decisions are gathered before they are sent together, and how many at most.
const GATHER: Duration = Duration::from_millis(250);
const MOST_AT_ONCE: usize = 50;

/// After such a silence something is sent, so that a page that is gone is noticed.
const SILENCE: Duration = Duration::from_secs(15);

/// One of them. Its texts are a stranger's, made harmless to look at.
#[derive(Serialize)]
pub(super) struct Decision {
    pub(super) when: String,
    /// The client, or else what is known of who it was.
    pub(super) who: String,
    pub(super) what: String,
    /// What came of it.
    pub(super) why: String,
    tone: &'static str,
    took: String,
}

/// How often a reason was given lately.
pub(super) struct Reason {
    pub(super) code: &'static str,
    pub(super) number: usize,
}

impl Decision {
    fn of(record: &Record) -> Self {
        let asked = record.asked.as_ref();
        let address = || asked.and_then(|asked| asked.address).map(|address| address.to_string());
        let key = || record.key.map(|key| format!("key {key}"));
        let client = record.client.as_deref().map(words::name);
        let tone = match record.status {
            _ if record.outcome.is_refusal() => Tone::Warn,
            500.. => Tone::Bad,
            _ => Tone::Good,
        };
        let why = reason(record);
        Self {
            when: words::time(record.ended.div_euclid(1_000)),
            who: client.or_else(key).or_else(address).unwrap_or_else(|| "nobody known".to_owned()),
            what: asked.map_or_else(String::new, |asked| {
                format!("{} {}", words::name(asked.method.as_str()), words::name(&asked.path))
            }),
            why: if why == "admitted" { record.status.to_string() } else { why.to_owned() },
            tone: tone.class(),
            took: format!("{:.1} ms", record.took.whole.as_secs_f64() * 1_000.0),
        }
    }
}

/// The `code` that the client was told, or what else came of it.
fn reason(record: &Record) -> &'static str {
    record.code.unwrap_or_else(|| record.outcome.word())
}

/// The last refusals, the newest first, and how often each reason was given in them.
pub(super) fn refusals(app: &App) -> (Vec<Decision>, Vec<Reason>) {
    let records = app.live.refusals();
    let mut numbers: HashMap<&'static str, usize> = HashMap::new();
    for record in &records {
        *numbers.entry(reason(record)).or_default() += 1;
    }
    let mut reasons: Vec<Reason> =
        numbers.into_iter().map(|(code, number)| Reason { code, number }).collect();
    reasons.sort_by(|a, b| b.number.cmp(&a.number).then(a.code.cmp(b.code)));
    (records.iter().rev().map(|record| Decision::of(record)).collect(), reasons)
}

/// `GET /dashboard/live`: decisions as they are made, as server-sent events; of many at once a part.
pub(in crate::http::admin) fn live(app: &App, watchers: &Arc<Semaphore>) -> Response<Answer> {
    let Ok(slot) = Arc::clone(watchers).try_acquire_owned() else {
        let detail = format!("{MOST_WATCHERS} pages are watching already; close one of them");
        return Problem::new(Code::TooManyWatchers, detail).answer();
    };
    let begin = stream::once(async { Bytes::from_static(b"retry: 3000\n\n") });
    let events = stream::unfold((app.live.watch(), slot), next);
    let mut answer = Response::new(Answer::Events(begin.chain(events).boxed()));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    super::super::page::guard(headers);
    answer
}

type Watcher = (Watch, OwnedSemaphorePermit);

/// The next event: what has happened in a moment, or a comment that nothing has.
async fn next((mut watch, slot): Watcher) -> Option<(Bytes, Watcher)> {
    let Ok(first) = tokio::time::timeout(SILENCE, watch.next()).await else {
        return Some((Bytes::from_static(b":\n\n"), (watch, slot)));
    };
    let mut decisions = vec![Decision::of(&*first?)];
    tokio::time::sleep(GATHER).await;
    while let Some(Some(record)) = watch.next().now_or_never() {
        if decisions.len() < MOST_AT_ONCE {
            decisions.push(Decision::of(&record));
        }
    }
    let json = serde_json::to_string(&decisions).expect("a list of plain texts serialises");
    Some((Bytes::from(format!("data: {json}\n\n")), (watch, slot)))
}
