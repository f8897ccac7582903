//! The routes, one file for each family.

pub(super) mod audio_quota;
pub(super) mod download;
pub(super) mod generate_audio;
pub(super) mod health;
pub(super) mod jobs;
pub(super) mod me;
mod recording;
pub(super) mod sheet_changed;
pub(super) mod speech;
pub(super) mod status;
pub(super) mod verify;

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response};
use serde::Serialize;

use super::body::Answer;

/// A JSON answer that describes this moment only.
pub(super) fn json(value: &impl Serialize) -> Response<Answer> {
    let body = serde_json::to_vec(value).expect("a struct of plain members serialises");
    let mut answer = Response::new(Answer::from(body));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
