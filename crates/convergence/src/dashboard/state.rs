//! How the server and the sheet are doing, a tile for each question.

use gate::Now;

use super::words::{self, Tone};
use crate::app::{App, Door, Guard, SourceKind};
use crate::sync::{Standing, View};

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tile {
    pub(crate) question: &'static str,
    pub(crate) answer: String,
    pub(crate) note: String,
    pub(crate) tone: Tone,
}

fn tile(question: &'static str, answer: impl Into<String>, note: impl Into<String>, tone: Tone) -> Tile {
    Tile { question, answer: answer.into(), note: note.into(), tone }
}

/// All of them, at this moment.
pub(crate) fn tiles(app: &App, view: &View, now: Now) -> Vec<Tile> {
    let guard = match &app.door {
        Door::Guarded(guard) => guard,
        Door::Open(why) => return vec![tile("Door", "open to everybody", why.to_string(), Tone::Bad)],
    };
    let google = matches!(guard.source, SourceKind::Google { .. }).then(|| google(guard, now));
    let tiles = [Some(door(guard, now)), Some(age(guard, now)), Some(table(guard, view)), google];
    tiles.into_iter().flatten().chain([change(guard), counts(app)]).collect()
}

fn door(guard: &Guard, now: Now) -> Tile {
    let keys = words::count(guard.gate.keys() as u64, "key");
    let source = match &guard.source {
        SourceKind::File { .. } => "of a file".to_owned(),
        SourceKind::Google { tab, .. } => format!("of the tab {}", words::name(tab)),
    };
    if guard.gate.decides(now) {
        return tile("Door", "guarded", format!("by {keys} {source}"), Tone::Good);
    }
    tile("Door", "shut", "there are no keys fresh enough to decide by: all get 503", Tone::Bad)
}

/// How old the keys in use are.
fn age(guard: &Guard, now: Now) -> Tile {
    let report = guard.freshness.report();
    let every = words::length(i64::try_from(guard.cache_duration.as_secs()).unwrap_or(i64::MAX));
    let Some(read_at) = report.last_read else {
        return tile("Keys read", "not yet", "nobody is let in until then", Tone::Bad);
    };
    let answer = words::ago(read_at, now.unix);
    let (at, tone) = (words::time(read_at), if report.connected { Tone::Good } else { Tone::Warn });
    tile("Keys read", answer, format!("at {at} UTC, every {every}"), tone)
}

/// Whether the table is what is in use, and what is wrong with it.
fn table(guard: &Guard, view: &View) -> Tile {
    let name = match &guard.source {
        SourceKind::File { .. } => "File",
        SourceKind::Google { .. } => "Sheet",
    };
    let report = guard.freshness.report();
    if !report.connected {
        return match report.last_error {
            Some(error) => tile(name, "cannot be read", error, Tone::Bad),
            None => tile(name, "not read yet", "the first read is under way", Tone::Warn),
        };
    }
    match &view.standing {
        Standing::Held(held) => {
            let note = format!("{held}; repair it, or confirm with `convergence keys accept`");
            tile(name, "a refresh is held", note, Tone::Bad)
        }
        Standing::RolledBack(back) => {
            let note = format!("to entry {}, until it changes", back.to);
            tile(name, "rolled back", note, Tone::Warn)
        }
        Standing::AsRead if view.problem_count > 0 => {
            tile(name, words::count(view.problem_count as u64, "problem"), "listed below", Tone::Warn)
        }
        Standing::AsRead => tile(name, "in good order", "every row can be read", Tone::Good),
    }
}

/// Google allows 60 reads a minute.
fn google(guard: &Guard, now: Now) -> Tile {
    let (free, most) = guard.early.room(now.uptime);
    let tone = if free == 0 { Tone::Warn } else { Tone::Good };
    tile("Google's quota", format!("{free} of {most} free"), "reads of the sheet; one more each 1.25 s", tone)
}

/// How long the last change took from the sheet to its effect.
fn change(guard: &Guard) -> Tile {
    let question = "A change takes";
    let Some(lag) = guard.early.last().and_then(|outcome| outcome.lag) else {
        return tile(question, "not known yet", "no change was seen since the start", Tone::Plain);
    };
    let (at_most, via) =
        if lag.via.is_bound() { ("\u{2264} ", lag.via.name()) } else { ("", lag.via.name()) };
    let note = format!("the last one, via {}", via.replace('_', " "));
    tile(question, format!("{at_most}{:.1} s", lag.seconds), note, Tone::Good)
}

/// Where counts are kept.
fn counts(app: &App) -> Tile {
    match app.books.tally.trouble() {
        None => tile("Counts", "on disk", "to the last request", Tone::Good),
        Some(trouble) => tile("Counts", "in memory only", trouble, Tone::Bad),
    }
}
