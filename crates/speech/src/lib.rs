//! Speaks: text in, samples out, and from the samples of single lines one recording. Pure and synchronous: no network, no
//! async, no environment; what is read or written is handed in, but for the files of the neural voice.
//!
//! | part | module |
//! |---|---|
//! | written English to words as they are spoken | [`text`] |
//! | English words to phonemes | [`phonemes`] |
//! | phonemes to samples, by the neural voice | [`kokoro`] |
//! | lines of sound to one recording | [`sound`] |
//!
//! The same phonemes are the same samples, on any number of threads; on another kind of processor the last bits may differ.

pub mod phonemes;

pub mod kokoro;

pub mod text;

pub mod sound;
