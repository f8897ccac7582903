//! What a spreadsheet of keys should look like, and the steps from what it is.
//!
//! `survey` reads the present state; the planner is a pure function from that to a list of steps, each in plain words with
//! the API's requests behind it. Only what is missing becomes a step, so that a second run has none. What a person has set
//! differently is left alone, and said. No key and no client's name is in any request: formulas refer to ranges.

mod colours;
mod formulas;
mod keys_tab;
mod plan;
mod requests;
mod summary_tab;
mod survey;
mod table;
mod usage_tab;

#[cfg(test)]
mod tests;

pub(crate) use plan::{Plan, plan};
pub(crate) use survey::{Names, Survey};
