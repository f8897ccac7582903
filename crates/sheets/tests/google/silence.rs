//! The log at its most talkative shows each query with its duration, and no secret (P24).

use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock};

use testkit::{Fault, Google, Times};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{assert_holds_no_secret, spreadsheet};

/// What was logged so far.
#[derive(Clone, Default)]
pub(crate) struct Page(Arc<Mutex<Vec<u8>>>);

impl Page {
    /// What is on it.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("no writer panics").clone()).expect("the log is UTF-8")
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no writer panics").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Page {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// The log of every test in this program. It is one for all and begins before the first client is made, since a
/// log for one thread misses the events that another thread came to first.
pub(crate) fn page() -> &'static Page {
    static PAGE: OnceLock<Page> = OnceLock::new();
    PAGE.get_or_init(|| {
        let page = Page::default();
        let log = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_ansi(false);
        let log = log.with_writer(page.clone()).finish();
        tracing::subscriber::set_global_default(log).expect("nothing else sets a log");
        page
    })
}

#[tokio::test]
async fn p24_the_log_shows_queries_with_duration_and_never_a_secret() {
    let google = Google::start().await;
    google.set_tab("Logged", vec![vec!["cell content".into()]]);
    let spreadsheet = spreadsheet(&google);
    spreadsheet.values("Logged").await.unwrap();
    spreadsheet.properties().await.unwrap();
    google.inject(Fault::QuotaExceeded, Times::Once);
    spreadsheet.values("Logged").await.unwrap_err();
    google.inject(Fault::ExpireTokens, Times::Once);
    spreadsheet.values("Logged").await.unwrap();

    let log = page().text();
    for query in [
        r#"query="token" status=200 duration_ms="#,
        r#"query="values.get" tab="Logged" status=200 duration_ms="#,
        r#"query="values.get" tab="Logged" status=429 duration_ms="#,
        r#"query="values.get" tab="Logged" status=401 duration_ms="#,
        r#"query="spreadsheets.get" status=200 duration_ms="#,
    ] {
        assert!(
            log.lines().any(|line| line.contains("DEBUG") && line.contains(query)),
            "no {query} in:\n{log}"
        );
    }
    assert_holds_no_secret(&google, &log);
    assert!(!log.contains("cell content"));
}
