//! The access log: a line for each finished request, on standard output. A thread of its own writes it. Whoever reads it
//! may be slow or gone: what finds no room is lost, and counted, and no request waits.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use prometheus_client::metrics::counter::Counter;

use super::line::{Form, write};
use crate::http::Record;
use crate::os;

/// How many records wait for their turn: some megabytes.
const MOST_WAITING: usize = 16_384;

/// So much is written at once.
const MOST_AT_ONCE: usize = 65_536;

/// How long lines are gathered. Whoever logs one then has nobody to wake.
const GATHER: Duration = Duration::from_millis(20);

/// How long a stop waits for the last lines.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Where finished requests are handed in.
pub(crate) struct AccessLog {
    /// `None` is the end.
    records: SyncSender<Option<Arc<Record>>>,
    /// Locked by whoever waits for the end.
    ended: Mutex<Receiver<()>>,
    lost: Counter,
}

impl AccessLog {
    /// Starts its thread.
    ///
    /// # Errors
    /// There is none to be had.
    pub(crate) fn start(form: Form, out: impl Write + Send + 'static, lost: Counter) -> io::Result<Self> {
        let (records, waiting) = sync_channel(MOST_WAITING);
        let (ends, ended) = sync_channel(1);
        let unwritten = lost.clone();
        thread::Builder::new().name("access-log".to_owned()).spawn(move || {
            os::let_requests_go_first();
            keep_writing(form, out, &waiting, &unwritten);
            // Nobody may be waiting.
            let _ = ends.try_send(());
        })?;
        Ok(Self { records, ended: Mutex::new(ended), lost })
    }

    /// Has a line written, if there is room for it.
    pub(crate) fn write(&self, record: &Arc<Record>) {
        if self.records.try_send(Some(Arc::clone(record))).is_err() {
            self.lost.inc();
        }
    }

    /// Has the last lines written. Whoever does not read them within a second does not want them.
    pub(crate) fn finish(&self) {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let until = Instant::now() + LAST_LINES;
        while self.records.try_send(None).is_err() {
            if Instant::now() > until {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
        let _ = ended.recv_timeout(until.saturating_duration_since(Instant::now()));
    }
}

/// Until the end, or until there is nobody to hand any in.
fn keep_writing(form: Form, mut out: impl Write, waiting: &Receiver<Option<Arc<Record>>>, lost: &Counter) {
    let mut lines = Vec::new();
    let mut is_last = false;
    while !is_last {
        let (mut next, mut number) = (waiting.recv().unwrap_or(None), 0);
        is_last = next.is_none();
        let mut is_idle = false;
        while let Some(record) = next.take() {
            write(form, &record, &mut lines);
            number += 1;
            if lines.len() < MOST_AT_ONCE {
                let more = waiting.try_recv();
                is_idle = more.is_err();
                is_last = matches!(more, Ok(None));
                next = more.unwrap_or(None);
            }
        }
        if out.write_all(&lines).and_then(|()| out.flush()).is_err() {
            lost.inc_by(number);
        }
        lines.clear();
        if is_idle {
            thread::sleep(GATHER);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logging::line::tests::example;

    /// What is written, while nobody holds it.
    #[derive(Clone, Default)]
    struct Slow(Arc<Mutex<Vec<u8>>>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn whoever_reads_slowly_holds_nobody_up_and_the_last_lines_are_written() {
        let (out, lost) = (Slow::default(), Counter::default());
        let log = AccessLog::start(Form::Text, out.clone(), lost.clone()).expect("a thread");
        let record = Arc::new(example());
        let held = out.0.lock().expect("no panic");
        // Two batches may be on their way besides.
        for _ in 0..MOST_WAITING * 2 {
            log.write(&record);
        }
        let lost = lost.get();
        assert!(lost > 0, "there is an end to what waits");
        drop(held);
        let deadline = Instant::now() + Duration::from_secs(20);
        let ends = |bytes: &[u8]| bytes.split(|byte| *byte == b'\n').count() as u64 - 1;
        let written = || ends(&out.0.lock().expect("no panic"));
        while written() + lost < 2 * MOST_WAITING as u64 {
            assert!(Instant::now() < deadline, "every line is written or counted as lost");
            thread::yield_now();
        }
        log.write(&record);
        log.finish();
        assert_eq!(written() + lost, 2 * MOST_WAITING as u64 + 1, "and the last one as well");
    }

    #[test]
    fn what_cannot_be_written_is_counted() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let lost = Counter::default();
        let log = AccessLog::start(Form::Json, Full, lost.clone()).expect("a thread");
        log.write(&Arc::new(example()));
        let deadline = Instant::now() + Duration::from_secs(20);
        while lost.get() == 0 {
            assert!(Instant::now() < deadline, "it is not counted");
            thread::yield_now();
        }
    }
}
