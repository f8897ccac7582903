//! Text in, samples out: English to phonemes, and phonemes to speech in a voice of our own.
//!
//! | step | module | what may go wrong |
//! |---|---|---|
//! | words to phonemes | [`phonemes`] | a word in no script that English has |
//! | phonemes to samples | [`kokoro`] | the model or a voice is missing or damaged |
//!
//! Nothing here waits, knows a clock, the network or the environment. The same input gives the same samples, on any number
//! of threads; on another kind of processor the last bits may differ.

pub mod phonemes;

pub mod kokoro;
