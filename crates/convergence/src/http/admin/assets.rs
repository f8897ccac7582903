//! `GET /assets/...`: what pages are made of, from the program itself. Nobody has to log in to read it.

use std::sync::LazyLock;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use sha2::{Digest, Sha256};

use super::page;
use crate::http::body::Answer;
use crate::http::problem::not_found;

/// What their paths begin with.
pub(super) const FOLDER: &str = "/assets/";

struct Asset {
    name: &'static str,
    media_type: &'static str,
    bytes: &'static [u8],
}

macro_rules! assets {
    ($($name:literal: $media_type:expr),* $(,)?) => {
        &[$(Asset {
            name: $name,
            media_type: $media_type,
            bytes: include_bytes!(concat!("../../../assets/", $name)),
        }),*]
    };
}

const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

const ASSETS: &[Asset] = assets! {
    "admin.css": CSS,
    "dashboard.js": JAVASCRIPT,
    "docs.css": CSS,
    "icon.svg": "image/svg+xml",
    "uplot.css": CSS,
    "uplot.js": JAVASCRIPT,
    "uplot-LICENSE": TEXT,
};

/// For each of them, what its bytes are known by.
static TAGS: LazyLock<Vec<HeaderValue>> = LazyLock::new(|| {
    let tag = |asset: &Asset| {
        let sum = Sha256::digest(asset.bytes);
        let (number, _) = sum.split_first_chunk().expect("8 of 32 bytes");
        HeaderValue::from_str(&format!("\"{:016x}\"", u64::from_be_bytes(*number)))
            .expect("hex digits and quotes")
    };
    ASSETS.iter().map(tag).collect()
});

/// The asset of this name. A browser asks each time whether it has changed, so that a new version of the program has no
/// page with the old one's style.
pub(super) fn answer(name: &str, headers: &HeaderMap) -> Response<Answer> {
    let Some((asset, tag)) = ASSETS.iter().zip(TAGS.iter()).find(|(asset, _)| asset.name == name) else {
        return not_found();
    };
    let is_known = headers.get_all(IF_NONE_MATCH).iter().any(|known| known == tag);
    let mut answer = Response::new(Answer::empty());
    if is_known {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        *answer.body_mut() = Answer::Bytes(Bytes::from_static(asset.bytes));
    }
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(ETAG, tag.clone());
    page::guard(headers);
    answer
}
