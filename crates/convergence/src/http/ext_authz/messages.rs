//! The messages of Envoy's `envoy.service.auth.v3.Authorization`, as far as they are read or written here. Numbers and
//! names are those of Envoy's API: `envoy/service/auth/v3/external_auth.proto` and `attribute_context.proto`,
//! `envoy/config/core/v3/base.proto` and `address.proto`, `envoy/type/v3/http_status.proto`, `google/rpc/status.proto`.
//!
//! What Envoy passes on of a request is `bytes` here where the API has `string`: the two are the same on the wire, and a
//! request with other bytes than UTF-8 is the client's fault, not the message's. None has `Debug`: a key is in there.

use std::collections::HashMap;

use prost::{Message, Oneof};

/// `envoy.service.auth.v3.CheckRequest`
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct CheckRequest {
    #[prost(message, optional, tag = "1")]
    pub(crate) attributes: Option<Attributes>,
}

/// `envoy.service.auth.v3.AttributeContext`
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct Attributes {
    #[prost(message, optional, tag = "1")]
    pub(crate) source: Option<Peer>,
    #[prost(message, optional, tag = "4")]
    pub(crate) request: Option<AskedAbout>,
}

/// `envoy.service.auth.v3.AttributeContext.Peer`
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct Peer {
    #[prost(message, optional, tag = "1")]
    pub(crate) address: Option<Address>,
}

/// `envoy.config.core.v3.Address`
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct Address {
    #[prost(message, optional, tag = "1")]
    pub(crate) socket_address: Option<SocketAddress>,
}

/// `envoy.config.core.v3.SocketAddress`
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct SocketAddress {
    /// An IP address.
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) address: Vec<u8>,
}

/// `envoy.service.auth.v3.AttributeContext.Request`
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct AskedAbout {
    #[prost(message, optional, tag = "2")]
    pub(crate) http: Option<HttpRequest>,
}

/// `envoy.service.auth.v3.AttributeContext.HttpRequest`
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct HttpRequest {
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) method: Vec<u8>,
    /// By name in lower case; values of one name are joined by commas.
    #[prost(map = "string, bytes", tag = "3")]
    pub(crate) headers: HashMap<String, Vec<u8>>,
    /// With the query.
    #[prost(bytes = "vec", tag = "4")]
    pub(crate) path: Vec<u8>,
    /// In place of `headers`, each value by itself, where the filter has `encode_raw_headers`.
    #[prost(message, optional, tag = "13")]
    pub(crate) header_map: Option<RawHeaders>,
}

/// `envoy.config.core.v3.HeaderMap`
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct RawHeaders {
    #[prost(message, repeated, tag = "1")]
    pub(crate) headers: Vec<RawHeader>,
}

/// `envoy.config.core.v3.HeaderValue`, as it is read
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct RawHeader {
    #[prost(string, tag = "1")]
    pub(crate) key: String,
    #[prost(bytes = "vec", tag = "3")]
    pub(crate) raw_value: Vec<u8>,
}

/// `envoy.service.auth.v3.CheckResponse`
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct CheckResponse {
    #[prost(message, optional, tag = "1")]
    pub(crate) status: Option<RpcStatus>,
    #[prost(oneof = "Verdict", tags = "2, 3")]
    pub(crate) http_response: Option<Verdict>,
}

/// `google.rpc.Status`; 0 lets the request pass.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct RpcStatus {
    #[prost(int32, tag = "1")]
    pub(crate) code: i32,
}

/// The `http_response` of a [`CheckResponse`].
#[derive(Clone, PartialEq, Oneof)]
#[prost(skip_debug)]
pub(crate) enum Verdict {
    #[prost(message, tag = "2")]
    Denied(Denied),
    #[prost(message, tag = "3")]
    Allowed(Allowed),
}

/// `envoy.service.auth.v3.DeniedHttpResponse`: what the client gets.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct Denied {
    #[prost(message, optional, tag = "1")]
    pub(crate) status: Option<HttpStatus>,
    #[prost(message, repeated, tag = "2")]
    pub(crate) headers: Vec<HeaderOption>,
    #[prost(string, tag = "3")]
    pub(crate) body: String,
}

/// `envoy.type.v3.HttpStatus`
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct HttpStatus {
    #[prost(int32, tag = "1")]
    pub(crate) code: i32,
}

/// `envoy.service.auth.v3.OkHttpResponse`
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct Allowed {
    /// For the upstream.
    #[prost(message, repeated, tag = "2")]
    pub(crate) headers: Vec<HeaderOption>,
    /// Not for the upstream.
    #[prost(string, repeated, tag = "5")]
    pub(crate) headers_to_remove: Vec<String>,
    /// For the client.
    #[prost(message, repeated, tag = "6")]
    pub(crate) response_headers_to_add: Vec<HeaderOption>,
}

/// `envoy.config.core.v3.HeaderValueOption`
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct HeaderOption {
    #[prost(message, optional, tag = "1")]
    pub(crate) header: Option<Header>,
    /// Whether values that are there stay. Always said: versions of Envoy differ in what they do without it.
    #[prost(message, optional, tag = "2")]
    pub(crate) append: Option<bool>,
}

/// `envoy.config.core.v3.HeaderValue`, as it is written
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct Header {
    #[prost(string, tag = "1")]
    pub(crate) key: String,
    #[prost(string, tag = "2")]
    pub(crate) value: String,
}
