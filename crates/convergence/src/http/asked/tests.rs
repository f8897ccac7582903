use http::HeaderValue;
use proptest::prelude::*;

use super::*;

fn trusted() -> Vec<Network> {
    ["10.0.0.0/8", "127.0.0.1", "2001:db8::/64"].map(|text| text.parse().unwrap()).into()
}

fn request(lines: &[(&'static str, &str)]) -> http::Request<()> {
    let mut request = http::Request::new(());
    for (name, text) in lines {
        request.headers_mut().append(*name, HeaderValue::from_str(text).unwrap());
    }
    request
}

fn seen(peer: &str, lines: &[(&'static str, &str)]) -> String {
    client(peer.parse().unwrap(), &request(lines), &trusted())
        .map_or("unknown".to_owned(), |address| address.to_string())
}

#[test]
fn a_trusted_proxy_tells_the_client_and_nobody_else_does() {
    const XFF: &str = "x-forwarded-for";
    const FWD: &str = "forwarded";
    assert_eq!(seen("192.0.2.1", &[]), "192.0.2.1");
    assert_eq!(seen("192.0.2.1", &[(XFF, "203.0.113.9"), (FWD, "for=203.0.113.9")]), "192.0.2.1");
    assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1", "a probe of the proxy itself");
    for (value, client) in [
        ("203.0.113.9", "203.0.113.9"),
        ("198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, 10.0.0.7,127.0.0.1", "203.0.113.9"),
        ("10.9.9.9, 10.0.0.7", "10.9.9.9"),
        ("garbage, 203.0.113.9", "203.0.113.9"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("2001:db8:1::9", "2001:db8:1::9"),
        ("[2001:db8:1::9]:443", "2001:db8:1::9"),
        ("203.0.113.9, garbage", "unknown"),
        ("203.0.113.9, unknown", "unknown"),
        ("203.0.113.9,", "unknown"),
        ("", "unknown"),
        ("unix:", "unknown"),
    ] {
        assert_eq!(seen("10.0.0.1", &[(XFF, value)]), client, "{value}");
        assert_eq!(seen("::ffff:10.0.0.1", &[(XFF, value)]), client, "{value}");
    }
    for (value, client) in [
        ("for=203.0.113.9", "203.0.113.9"),
        ("For=\"203.0.113.9:80\";proto=https, by=10.0.0.1;FOR=10.0.0.7", "203.0.113.9"),
        ("for=\"[2001:db8:1::9]:4711\"", "2001:db8:1::9"),
        ("proto=https", "unknown"),
        ("for=_hidden", "unknown"),
        ("for=203.0.113.9;for=10.0.0.1", "unknown"),
        ("for=\"203.0.113.9", "unknown"),
    ] {
        assert_eq!(seen("10.0.0.1", &[(FWD, value)]), client, "{value}");
    }
    assert_eq!(seen("10.0.0.1", &[(XFF, "198.51.100.1"), (XFF, "203.0.113.9, 10.0.0.2")]), "203.0.113.9");
    assert_eq!(seen("10.0.0.1", &[(XFF, "203.0.113.9"), (FWD, "for=203.0.113.9")]), "203.0.113.9");
    assert_eq!(seen("10.0.0.1", &[(XFF, "203.0.113.9"), (FWD, "for=10.5.5.5")]), "unknown", "one is a lie");
}

#[test]
fn a_path_is_taken_from_what_a_proxy_was_asked() {
    for (uri, path) in [
        ("/v1/x?y=/z", Some("/v1/x")),
        ("/", Some("/")),
        ("//v1//x", Some("//v1//x")),
        ("http://host/v1?x", Some("/v1")),
        ("http://host", Some("/")),
        ("http://host?x=/y", Some("/")),
        ("/http://host/v1", Some("/http://host/v1")),
        ("*", None),
        ("", None),
        ("v1/x", None),
        ("?http://host/v1", None),
    ] {
        assert_eq!(path_of(uri), path, "{uri}");
    }
}

#[test]
fn what_two_headers_say_differently_is_not_said() {
    let of = |lines: &[(&'static str, &str)]| match told(&request(lines), &PATHS) {
        Told::Nothing => "nothing".to_owned(),
        Told::Once(text) => text.to_owned(),
        Told::Unclear => "unclear".to_owned(),
    };
    assert_eq!(of(&[]), "nothing");
    assert_eq!(of(&[("x-forwarded-uri", "/a")]), "/a");
    assert_eq!(of(&[("x-original-uri", "/a")]), "/a");
    assert_eq!(of(&[("x-original-uri", "/a"), ("x-forwarded-uri", "/a")]), "/a");
    assert_eq!(of(&[("x-original-uri", "/a"), ("x-forwarded-uri", "/b")]), "unclear");
    assert_eq!(of(&[("x-original-uri", "/caf\u{e9}")]), "unclear");
}

proptest! {
    /// Whatever a client writes ahead of what its proxy adds.
    #[test]
    fn a_client_cannot_choose_its_address(written in "[ -~]{0,40}", name in "x-forwarded-for|forwarded") {
        let (own, added) = match &*name {
            "forwarded" => ("203.0.113.9", "for=203.0.113.9"),
            _ => ("203.0.113.9", "203.0.113.9"),
        };
        let mut request = request(&[]);
        let name: HeaderName = name.parse().unwrap();
        request.headers_mut().append(&name, HeaderValue::from_str(&format!("{written}, {added}")).unwrap());
        let address = client("10.0.0.1".parse().unwrap(), &request, &trusted());
        prop_assert_eq!(address, own.parse().ok());
    }
}
