//! The headers that answers of several routes have.

use std::collections::BTreeMap;

use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Ref, RefOr};

pub(super) const REQUEST_ID: &str = "X-Request-Id";
pub(super) const CHALLENGE: &str = "WWW-Authenticate";
pub(super) const RETRY_AFTER: &str = "Retry-After";

/// Of every answer to a known client, and to a limited one.
pub(super) const OF_CLIENT: [&str; 3] = ["X-Client-Name", "RateLimit-Policy", "RateLimit"];

/// All of them, for the document's components.
pub(super) fn all() -> BTreeMap<String, RefOr<Header>> {
    let text = |description: &str, example: &str| {
        HeaderBuilder::new()
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
            .description(Some(description))
            .example(Some(example.into()))
    };
    let [client, policy, limit] = OF_CLIENT;
    // The builder has no word for it.
    let required = || Some(Extensions::from_iter([("required", true)]));
    let headers = [
        (
            REQUEST_ID,
            text("Names this one answer, here and in the server's log.", "2463534242-17")
                .extensions(required()),
        ),
        (
            client,
            text(
                "Whose key it was, percent-encoded outside of printable ASCII; refused requests with a known key have it too.",
                "MyApp Production",
            ),
        ),
        (
            policy,
            text(
                "The client's limits: `q` requests in `w` seconds (draft-ietf-httpapi-ratelimit-headers).",
                r#""default";q=60;w=60, "day";q=5000;w=86400"#,
            ),
        ),
        (
            limit,
            text(
                "What is left of them: `r` requests, and more in `t` seconds.",
                r#""default";r=59;t=60, "day";r=4211;t=35000"#,
            ),
        ),
        (
            CHALLENGE,
            text(
                "What to authenticate with; several lines where several would do.",
                r#"Bearer realm="convergence""#,
            )
            .extensions(required()),
        ),
        (
            RETRY_AFTER,
            HeaderBuilder::new()
                .schema(Some(ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0))))
                .description(Some("In how many seconds to try again."))
                .example(Some(42.into())),
        ),
    ];
    headers.into_iter().map(|(name, header)| (name.to_owned(), header.build().into())).collect()
}

/// A reference to one of them.
pub(super) fn reference(name: &str) -> RefOr<Header> {
    RefOr::Ref(Ref::new(format!("#/components/headers/{name}")))
}
