//! Speaks: text in, samples out, and from the samples of single lines one recording. Pure and synchronous: no network, no
//! async, no environment; what is read or written is handed in.
//!
//! | part | module |
//! |---|---|
//! | lines of sound to one recording | [`sound`] |

pub mod sound;
