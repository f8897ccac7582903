//! `convergence keys`, as an operator runs it: the program itself, over a CSV file and over a Google that speaks HTTP.

mod commands;
mod failures;
mod file;
mod meanwhile;
mod rotation;
mod sheet;
mod support;
