//! A request on its way through the house, over whichever version of HTTP it came.

use http::uri::{Authority, PathAndQuery, Scheme, Uri};
use http::{HeaderName, HeaderValue, Method, Version};
use http_body::Body;
use hyper::body::Incoming;

use crate::wire::{Fields, RequestBody};

/// A request. Its body is read by whoever needs it, as it comes.
pub(crate) struct Request {
    pub(crate) head: Head,
    pub(crate) body: RequestBody,
}

/// What stands ahead of a body.
pub(crate) struct Head {
    pub(crate) method: Method,
    /// Of a target that is more than a path.
    pub(crate) authority: Option<Authority>,
    pub(crate) target: PathAndQuery,
    pub(crate) version: Version,
    pub(crate) fields: Fields,
}

impl Request {
    /// One that came over HTTP/2.
    pub(super) fn of_http2(request: http::Request<Incoming>) -> Self {
        let (parts, body) = request.into_parts();
        let uri = parts.uri.into_parts();
        let target = uri.path_and_query.unwrap_or_else(|| PathAndQuery::from_static("/"));
        let body = if body.is_end_stream() { RequestBody::Empty } else { RequestBody::Http2(body) };
        let head = Head {
            method: parts.method,
            authority: uri.authority,
            target,
            version: parts.version,
            fields: parts.headers.into(),
        };
        Self { head, body }
    }

    /// As libraries take it.
    pub(super) fn into_http(self) -> http::Request<RequestBody> {
        let Head { method, authority, target, version, fields } = self.head;
        let mut request = http::Request::new(self.body);
        let mut uri = http::uri::Parts::default();
        uri.scheme = authority.is_some().then_some(Scheme::HTTP);
        (uri.authority, uri.path_and_query) = (authority, Some(target));
        *request.uri_mut() = Uri::from_parts(uri).unwrap_or_default();
        *request.method_mut() = method;
        *request.version_mut() = version;
        *request.headers_mut() = fields.into_map();
        request
    }
}

/// What is read of a request to decide about it, whoever has parsed it.
pub(crate) trait Asks {
    fn method(&self) -> &Method;

    /// Without the query.
    fn path(&self) -> &str;

    /// The values of all header lines of this name.
    fn all<'a>(&'a self, name: &HeaderName) -> impl Iterator<Item = &'a [u8]>;

    /// Takes all header lines of this name out.
    fn remove(&mut self, name: &HeaderName);
}

impl Asks for Head {
    fn method(&self) -> &Method {
        &self.method
    }

    fn path(&self) -> &str {
        self.target.path()
    }

    fn all<'a>(&'a self, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
        self.fields.all(name)
    }

    fn remove(&mut self, name: &HeaderName) {
        self.fields.remove(name);
    }
}

impl<B> Asks for http::Request<B> {
    fn method(&self) -> &Method {
        self.method()
    }

    fn path(&self) -> &str {
        self.uri().path()
    }

    fn all<'a>(&'a self, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
        self.headers().get_all(name).iter().map(HeaderValue::as_bytes)
    }

    fn remove(&mut self, name: &HeaderName) {
        self.headers_mut().remove(name);
    }
}
