//! The document's tables, each between two marks that a reader does not see.

/// Where it is, from the root.
pub const PATH: &str = "docs/SCALE.md";

const END: &str = "<!-- end of the table -->\n";

fn begin(name: &str) -> String {
    format!("<!-- the table {name}: `cargo run --release -p convergence-scale write` -->\n")
}

/// A table as the document has it.
pub fn table<'a>(document: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = document.split_once(&begin(name))?;
    rest.split_once(END).map(|(table, _)| table)
}

/// The document with these tables in their places.
///
/// # Errors
/// It has no place for one of them.
pub fn with(document: &str, tables: &[(&str, String)]) -> Result<String, String> {
    let mut text = document.to_owned();
    for (name, new) in tables {
        let old = table(&text, name).ok_or_else(|| format!("{PATH} has no place for the table {name}"))?;
        let place = format!("{}{old}{END}", begin(name));
        text = text.replacen(&place, &format!("{}{new}{END}", begin(name)), 1);
    }
    Ok(text)
}

/// The names of all places for tables.
pub fn places(document: &str) -> Vec<&str> {
    let marks = document.split("<!-- the table ").skip(1);
    marks.filter_map(|rest| rest.split_once(':')).map(|(name, _)| name).collect()
}
