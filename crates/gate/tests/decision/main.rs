//! One decision after another, through the public interface only: what the promises say of keys, limits and answers.

#![allow(clippy::unwrap_used, reason = "helpers of tests may unwrap as the tests do: the panic says where")]

mod support;

mod answers;
mod clients;
mod elsewhere;
mod limits;
mod model;
mod quota_model;
mod quotas;
mod refresh;
mod restrictions;
mod secrets;
mod standing;
mod stragglers;
mod threads;
mod window;
