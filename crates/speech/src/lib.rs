//! Text in, samples out. Pure and synchronous: no HTTP, no environment, no clock, no keys.
//!
//! | step | module | what |
//! |---|---|---|
//! | 1 | [`text`] | written English to words as they are spoken |

pub mod text;
