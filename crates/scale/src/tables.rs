//! The tables of docs/SCALE.md.

mod check;
mod decisions;
pub mod failure;
mod reading;
mod words;

/// A table of that document: how it is called there, and what makes it, as Markdown.
pub type Table = (&'static str, fn() -> String);

/// All of them, in the order of the document.
pub const TABLES: [Table; 12] = [
    ("summary", decisions::summary),
    ("google", reading::google),
    ("load", decisions::load),
    ("batching", decisions::batching),
    ("ends", decisions::ends),
    ("overload", failure::overload),
    ("bounds", failure::bounds),
    ("return", failure::comes_back),
    ("directory", reading::directory),
    ("idle", reading::idle),
    ("ledger", reading::ledger),
    ("check", check::check),
];

/// Makes all tables, several at a time.
pub fn all() -> Vec<(&'static str, String)> {
    std::thread::scope(|scope| {
        let running: Vec<_> = TABLES.iter().map(|(name, make)| (*name, scope.spawn(make))).collect();
        let done = running.into_iter().map(|(name, table)| (name, table.join().expect("no table panics")));
        done.collect()
    })
}
