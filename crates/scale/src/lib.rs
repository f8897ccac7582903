//! What happens with more servers than there are here: a discrete-event model of servers, Redis and Google, whose figures are
//! measured. docs/SCALE.md is what it says; `cargo run --release -p convergence-scale` prints its tables, with `write` it
//! puts them there, and with `measure` it measures again what they rest on.
//!
//! Nothing here knows a clock, a network or the rest of the house, but for `measure`.
//!
//! | what | module |
//! |---|---|
//! | every figure, and where it is from | `costs` |
//! | time, and chance that is the same everywhere | `agenda`, `random` |
//! | who asks, and the limit they are held to | `mix`, `window` |
//! | servers that share windows in Redis | `fleet` |
//! | the keys' way to all servers; Google's quota | `directory`, `google` |
//! | tables, and the document that has them | `tables`, `document` |
//! | the figures, measured on a real Redis | `measure` |

pub mod agenda;
pub mod costs;
pub mod directory;
pub mod document;
pub mod fleet;
pub mod google;
pub mod measure;
pub mod mix;
pub mod random;
pub mod tables;
pub mod window;
