//! What a request asks for, as far as a key may be restricted in it. Plain data: who makes one knows the wire.

use core::net::IpAddr;

/// One request, beside its key.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Who asks: the client's own address, not that of a proxy in front. `None`, where it is not known, is on no list.
    pub address: Option<IpAddr>,
    /// `GET`, `POST` and so on, as the request has it.
    pub method: &'a str,
    /// What it needs to be allowed to do.
    pub scopes: Scopes<'a>,
    /// Where this server stands, in lower case; empty where nobody has said.
    pub environment: &'a str,
}

/// The scopes that a request needs.
#[derive(Clone, Copy, Debug)]
pub enum Scopes<'a> {
    /// All of these.
    Needed(&'a [Box<str>]),
    /// Its path may be read in two ways that need different ones.
    Unclear,
}
