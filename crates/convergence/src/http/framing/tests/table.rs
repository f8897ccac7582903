//! What is refused, each by its fault, and what is not.

use super::*;

fn refused(bytes: &[u8]) -> Option<Fault> {
    told([bytes]).fault.map(|(fault, _)| fault)
}

#[test]
fn what_could_be_read_in_two_ways_is_refused() {
    let line_and_host = "POST / HTTP/1.1\r\nhost: x\r\n";
    for (fields, fault) in [
        ("content-length: 3\r\ntransfer-encoding: chunked", Fault::LengthAndCoding),
        ("Transfer-Encoding: chunked\r\nContent-Length: 3", Fault::LengthAndCoding),
        ("content-length: 3\r\ncontent-length: 3", Fault::Lengths),
        ("content-length: 3, 3", Fault::Length),
        ("content-length: +3", Fault::Length),
        ("content-length: -3", Fault::Length),
        ("content-length: 0x3", Fault::Length),
        ("content-length: 3 3", Fault::Length),
        ("content-length:", Fault::Length),
        ("content-length: 99999999999999999999", Fault::Length),
        ("transfer-encoding: gzip, chunked", Fault::Coding),
        ("transfer-encoding: chunked, chunked", Fault::Coding),
        ("transfer-encoding: chunked, identity", Fault::Coding),
        ("transfer-encoding: identity", Fault::Coding),
        ("transfer-encoding: xchunked", Fault::Coding),
        ("transfer-encoding: \"chunked\"", Fault::Coding),
        ("transfer-encoding: chunked;q=1", Fault::Coding),
        ("transfer-encoding:", Fault::Coding),
        ("transfer-encoding: chunked\r\ntransfer-encoding: chunked", Fault::Coding),
        ("transfer-encoding: \u{b}chunked", Fault::Coding),
        ("transfer-encoding : chunked", Fault::SpaceBeforeColon),
        ("transfer-encoding\t: chunked", Fault::SpaceBeforeColon),
        (" transfer-encoding: chunked", Fault::Folded),
        ("a: b\r\n\ttransfer-encoding: chunked", Fault::Folded),
        ("transfer encoding: chunked", Fault::SpaceBeforeColon),
        ("transfer-encoding\0: chunked", Fault::Name),
        ("transfer\u{1}-encoding: chunked", Fault::Name),
        ("transfer-encod\u{131}ng: chunked", Fault::Name),
        (": a", Fault::Name),
        ("a", Fault::Name),
        ("(a): b", Fault::Name),
        ("a: b\nc: d", Fault::BareLf),
        ("a: b\rc: d", Fault::BareCr),
        ("a: b\r\rc: d", Fault::BareCr),
        ("a: b\0", Fault::Control),
        ("a: b\u{7f}", Fault::Control),
        ("a: b\u{1b}c", Fault::Control),
        ("host: x", Fault::Hosts),
        ("Host: y", Fault::Hosts),
    ] {
        let bytes = format!("{line_and_host}{fields}\r\n\r\n");
        assert_eq!(refused(bytes.as_bytes()), Some(fault), "{fields:?}");
    }
}

#[test]
fn the_first_line_is_read_in_one_way() {
    for (line, fault) in [
        ("GET  / HTTP/1.1", Fault::RequestLine),
        ("GET /  HTTP/1.1", Fault::RequestLine),
        ("GET\t/ HTTP/1.1", Fault::RequestLine),
        ("GET / HTTP/1.1 ", Fault::RequestLine),
        (" GET / HTTP/1.1", Fault::RequestLine),
        ("GET /a b HTTP/1.1", Fault::RequestLine),
        ("GET /", Fault::RequestLine),
        ("GET / HTTP/0.9", Fault::RequestLine),
        ("GET / HTTP/2.0", Fault::RequestLine),
        ("GET / http/1.1", Fault::RequestLine),
        ("GET / HTTP/1.10", Fault::RequestLine),
        ("GET / HTTP/01.1", Fault::RequestLine),
        ("G(T / HTTP/1.1", Fault::RequestLine),
        ("GET", Fault::RequestLine),
        ("GET /\0 HTTP/1.1", Fault::RequestLine),
        ("GET x HTTP/1.1", Fault::Target),
        ("GET x:80 HTTP/1.1", Fault::Target),
        ("GET * HTTP/1.1", Fault::Target),
        ("GET ?a HTTP/1.1", Fault::Target),
        ("GET a/b://c HTTP/1.1", Fault::Target),
        ("GET http:// HTTP/1.1", Fault::Target),
        ("GET http:///a HTTP/1.1", Fault::Target),
        ("GET http://a@b/c HTTP/1.1", Fault::Target),
        ("GET /\u{e9} HTTP/1.1", Fault::Target),
        ("CONNECT /a HTTP/1.1", Fault::Target),
        ("\r\n\r\nGET / HTTP/1.1", Fault::BlankLines),
        ("\nGET / HTTP/1.1", Fault::BareLf),
        ("\rGET / HTTP/1.1", Fault::BareCr),
    ] {
        let bytes = format!("{line}\r\nhost: x\r\n\r\n");
        assert_eq!(refused(bytes.as_bytes()), Some(fault), "{line:?}");
    }
    assert_eq!(refused(b"GET / HTTP/1.1\r\n\r\n"), Some(Fault::NoHost));
    assert_eq!(refused(b"GET http://x/ HTTP/1.1\r\n\r\n"), Some(Fault::NoHost));
    for host in ["a b", "a/b", "a@b", "a?b", "a#b", "a\\b", "<a>", "a\"", "\u{e9}"] {
        let bytes = format!("GET / HTTP/1.1\r\nhost: {host}\r\n\r\n");
        assert_eq!(refused(bytes.as_bytes()), Some(Fault::Host), "{host:?}");
    }
    let old = b"POST / HTTP/1.0\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    assert_eq!(refused(old), Some(Fault::OldCoding));
}

#[test]
fn chunks_are_read_in_one_way() {
    let head = "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    for (body, fault) in [
        ("3\nabc\r\n0\r\n\r\n", Fault::BareLf),
        ("3\rabc\r\n0\r\n\r\n", Fault::BareCr),
        ("3\r\nabc\n0\r\n\r\n", Fault::ChunkEnd),
        ("3\r\nabcd\r\n0\r\n\r\n", Fault::ChunkEnd),
        ("3\r\nab\r\n0\r\n\r\n", Fault::ChunkEnd),
        ("3;a=b\nabc\r\n0\r\n\r\n", Fault::BareLf),
        ("3;a\0\r\nabc\r\n0\r\n\r\n", Fault::ChunkSize),
        ("3 \r\nabc\r\n0\r\n\r\n", Fault::ChunkSize),
        ("3;\r\nabc\r\n0\r\n\r\n", Fault::ChunkSize),
        ("3; =\r\nabc\r\n0\r\n\r\n", Fault::ChunkSize),
        (" 3\r\nabc\r\n0\r\n\r\n", Fault::ChunkSize),
        ("3 3\r\nabc\r\n0\r\n\r\n", Fault::ChunkSize),
        ("0x3\r\nabc\r\n0\r\n\r\n", Fault::ChunkSize),
        ("+3\r\nabc\r\n0\r\n\r\n", Fault::ChunkSize),
        ("-3\r\nabc\r\n0\r\n\r\n", Fault::ChunkSize),
        ("g\r\n", Fault::ChunkSize),
        ("\r\n", Fault::ChunkSize),
        (";a\r\n", Fault::ChunkSize),
        ("10000000000000003\r\n", Fault::ChunkSize),
        ("0\r\n\n", Fault::BareLf),
        ("0\r\n\r\r", Fault::BareCr),
        ("0\r\na: b\n\r\n", Fault::BareLf),
        ("0\r\na: b\rc\r\n\r\n", Fault::BareCr),
        ("0\r\na b: c\r\n\r\n", Fault::Trailer),
        ("0\r\n a: b\r\n\r\n", Fault::Trailer),
        ("0\r\na: \0\r\n\r\n", Fault::Trailer),
        ("0\r\nContent-Length: 3\r\n\r\n", Fault::Trailer),
        ("0\r\nTransfer-Encoding: chunked\r\n\r\n", Fault::Trailer),
        ("0\r\nhost: y\r\n\r\n", Fault::Trailer),
        ("0\r\nauthorization: y\r\n\r\n", Fault::Trailer),
        ("0\r\nX-Client-Name: y\r\n\r\n", Fault::Trailer),
        ("0\r\na: b\r\nX-Forwarded-Proto: y\r\n\r\n", Fault::Trailer),
    ] {
        let bytes = format!("{head}{body}");
        let at_once = told([bytes.as_bytes()]);
        assert_eq!((at_once.used, at_once.fault), (0, Some((fault, false))), "{body:?}");
        let apart = told([head.as_bytes(), body.as_bytes()]);
        assert_eq!(apart.fault, Some((fault, true)), "{body:?}");
        assert!(apart.used < bytes.len() && apart.ends.is_empty(), "{body:?}");
    }
    let long = format!("{head}3;{}\r\nabc\r\n0\r\n\r\n", "a".repeat(5_000));
    assert_eq!(refused(long.as_bytes()), Some(Fault::ChunkLine));
}

#[test]
fn what_is_legal_passes() {
    for request in [
        "GET / HTTP/1.1\r\nhost: x\r\n\r\n",
        "\r\nGET / HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nhost:\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET //a?b=/c HTTP/1.1\r\nhost: [::1]:80\r\n\r\n",
        "GET http://other/ HTTP/1.1\r\nhost: x\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n",
        "CONNECT x:80 HTTP/1.1\r\nhost: x\r\n\r\n",
        "brew|pot /pot HTTP/1.1\r\nHOST: \t x \t \r\na:\r\nb: \u{e9}\tc\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0003\r\n\r\na\nb",
        "POST / HTTP/1.1\r\nhost: x\r\nTransfer-Encoding: CHUNKED\r\n\r\n0003 ; a=\"b;\" ;c\r\na\nb\r\nA\r\n0123456789\r\n000\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\na: b\r\ncontent-length-of: 3\r\nc:\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    ] {
        let twice = request.repeat(2);
        let told = told([twice.as_bytes()]);
        assert_eq!((told.used, told.fault), (twice.len(), None), "{request:?}");
        assert_eq!(told.ends, [request.len(), twice.len()], "{request:?}");
    }
}

#[test]
fn a_head_is_told_when_it_is_whole_with_its_parts_in_their_places() {
    let bytes = b"\r\nPOST /a?b HTTP/1.1\r\nHost:x\r\nc: \t d e \r\nContent-Length: 2\r\n\r\nfg";
    let mut machine = Machine::new(MOST);
    for cut in 0..bytes.len() - 2 {
        assert!(machine.head(&bytes[..cut]).is_ok_and(|head| head.is_none()), "{cut}");
    }
    let told = machine.head(bytes).expect("no fault").expect("it is whole");
    assert!(told.persists && !told.expects);
    let length = told.length();
    assert_eq!((length, machine.left()), (bytes.len() - 2, Some(2)));
    let head = crate::http::framing::head(Bytes::copy_from_slice(&bytes[..length]), told);
    let head = head.unwrap_or_else(|fault| panic!("{fault}"));
    assert_eq!((head.method.as_str(), head.target.as_str()), ("POST", "/a?b"));
    let fields: Vec<_> = head.fields.iter().collect();
    assert_eq!(fields, [(&b"Host"[..], &b"x"[..]), (b"c", b"d e"), (b"Content-Length", b"2")]);
}

#[test]
fn whether_a_connection_goes_on_is_read_from_the_head() {
    for (head, persists) in [
        ("GET / HTTP/1.1\r\nhost: x", true),
        ("GET / HTTP/1.1\r\nhost: x\r\nConnection: a, Close", false),
        ("GET / HTTP/1.1\r\nhost: x\r\nconnection: keep-alive\r\nconnection: close", false),
        ("GET / HTTP/1.0", false),
        ("GET / HTTP/1.0\r\nConnection: Keep-Alive", true),
    ] {
        let bytes = format!("{head}\r\n\r\n");
        let told = Machine::new(MOST).head(bytes.as_bytes()).expect("no fault").expect("it is whole");
        assert_eq!(told.persists, persists, "{head}");
    }
}

#[test]
fn a_head_that_is_too_long_is_refused_as_that_if_it_is_good_so_far() {
    let line = format!("GET / HTTP/1.1\r\na: {}", "b".repeat(MOST));
    assert_eq!(refused(line.as_bytes()), Some(Fault::TooLarge));
    assert_eq!(told(line.as_bytes().chunks(7)).fault, Some((Fault::TooLarge, false)));
    let whole = format!("GET / HTTP/1.1\r\nhost: x\r\na: {}\r\n\r\n", "b".repeat(MOST));
    assert_eq!(refused(whole.as_bytes()), Some(Fault::TooLarge));
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(100));
    assert_eq!(refused(many.as_bytes()), Some(Fault::TooLarge));
    let bad = format!("GET / HTTP/1.1\r\na: b\n\r{}", "b".repeat(MOST));
    assert_eq!(refused(bad.as_bytes()), Some(Fault::BareLf));
    let slowly = told(bad.as_bytes().chunks(1));
    assert_eq!((slowly.used, slowly.fault), (0, Some((Fault::BareLf, false))));
}

#[test]
fn trailers_have_a_size_and_are_told_as_they_stand() {
    let head = "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut machine = Machine::new(MOST);
    assert!(machine.head(head.as_bytes()).is_ok_and(|head| head.is_some()));
    let body = b"1\r\na\r\n0\r\nb: c\r\nd:\r\n\r\nGET";
    assert_eq!(machine.body(body), Ok((3, Piece::Data(1))));
    assert_eq!(machine.body(&body[4..]), Ok((body.len() - 4 - 3, Piece::End)));
    assert_eq!(machine.end(), b"b: c\r\nd:\r\n\r\n");
    let long = format!("{head}0\r\n{}\r\n", "a: b\r\n".repeat(3_000));
    assert_eq!(told(long.as_bytes().chunks(1_000)).fault, Some((Fault::Trailer, true)));
}

#[test]
fn something_else_than_http_need_not_be_waited_for() {
    assert_eq!(refused(b"GET / HTTP/1.1\r\na: \x01\r\n"), Some(Fault::Control));
    assert_eq!(refused(b"\x16\x03\x01\x02\x00"), Some(Fault::Control));
    assert_eq!(told(b"ab\x01".chunks(1)).fault, Some((Fault::Control, false)));
}
