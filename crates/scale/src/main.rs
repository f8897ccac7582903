//! Prints the tables, puts them into docs/SCALE.md, or measures: see the library.

use std::io;
use std::path::Path;

use scale::{document, measure, tables};

const WINDOW: &str = "crates/convergence/src/fleet/window.lua";

fn main() -> io::Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => tables::all().iter().for_each(|(name, table)| println!("{name}\n{table}")),
        ["write"] => {
            let text = std::fs::read_to_string(document::PATH)?;
            let text = document::with(&text, &tables::all()).map_err(io::Error::other)?;
            std::fs::write(document::PATH, text)?;
        }
        ["measure"] => measure::costs(Path::new(WINDOW))?,
        ["measure", window] => measure::costs(Path::new(window))?,
        _ => {
            return Err(io::Error::other(
                "there is nothing, `write`, and `measure [WINDOW.LUA]`, from the root",
            ));
        }
    }
    Ok(())
}
